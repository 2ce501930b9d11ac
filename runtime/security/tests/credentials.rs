//! What this process shows to those that it calls, and who a certificate is of.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use svckit_core::call::{Accept, Answer, Body, IncomingCall, Metadata, OutgoingCall, Transport};
use svckit_core::clock::{Clock, Env};
use svckit_core::error::{Code, Result};
use svckit_core::operation::{Auth, Operation, ServiceDescriptor};
use svckit_security::{Credentialed, Credentials, CredentialsConfig, Guard, GuardOptions};

static READ: Operation = Operation::query("t.v1.T", "Read", "/t.v1.T/Read");
static OPERATIONS: [&Operation; 1] = [&READ];
static BY_CERTIFICATE: ServiceDescriptor = ServiceDescriptor {
    name: "t.v1.T",
    wire_name: "t.v1.T",
    operations: &OPERATIONS,
    calls: &[],
    auth: Auth::MTLS,
    file_descriptor: None,
};

/// Keeps what is shown to it.
#[derive(Clone, Debug, Default)]
struct Callee(Arc<Mutex<Metadata>>);

impl Transport for Callee {
    fn call(
        &self,
        _: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        *self.0.lock().unwrap() = call.meta;
        std::future::ready(Ok(Answer::one(Bytes::new()))).boxed()
    }
}

struct Hand(Instant, AtomicU64);

impl Clock for Hand {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn now(&self) -> Instant {
        self.0 + Duration::from_secs(self.1.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Instant) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

async fn shown(transport: &impl Transport, callee: &Callee, name: &str) -> Option<String> {
    let meta = Metadata::default();
    let call = OutgoingCall { meta, deadline: None, body: Body::One(Bytes::new()) };
    transport.call(&READ, call).await.unwrap();
    callee.0.lock().unwrap().get(name).map(str::to_owned)
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the start of a clock that is moved by hand")]
async fn a_token_in_a_file_is_read_again_when_it_is_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "first\n").unwrap();
    let hand = Arc::new(Hand(Instant::now(), AtomicU64::new(0)));
    let env = Env { clock: hand.clone(), ..Env::default() };
    let config = CredentialsConfig { bearer_file: Some(path.clone()), api_key_env: None };
    let credentials = Credentials::configured(&config, |_| None, env).unwrap();
    assert!(!format!("{credentials:?}").contains("first"));
    let callee = Callee::default();
    let transport = Credentialed::new(callee.clone(), credentials, "https://t.example").unwrap();
    let now = async || shown(&transport, &callee, "authorization").await;
    assert_eq!(now().await.as_deref(), Some("Bearer first"));
    std::fs::write(&path, "second one").unwrap();
    assert_eq!(now().await.as_deref(), Some("Bearer first"), "it is not looked at each time");
    hand.1.fetch_add(6, Ordering::SeqCst);
    assert_eq!(now().await.as_deref(), Some("Bearer second one"));
    for broken in [Some(""), None] {
        match broken {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        hand.1.fetch_add(6, Ordering::SeqCst);
        assert_eq!(now().await.as_deref(), Some("Bearer second one"), "the old one is kept");
    }
    std::fs::write(&path, "third").unwrap();
    hand.1.fetch_add(6, Ordering::SeqCst);
    assert_eq!(now().await.as_deref(), Some("Bearer third"));
}

#[tokio::test]
async fn a_key_comes_from_a_variable_and_what_is_wrong_is_told() {
    let config = |bearer_file: Option<&str>, api_key_env: Option<&str>| CredentialsConfig {
        bearer_file: bearer_file.map(Into::into),
        api_key_env: api_key_env.map(str::to_owned),
    };
    let read = |config: &CredentialsConfig| {
        let variable = |name: &str| (name == "KEY").then(|| " secret \n".to_owned());
        Credentials::configured(config, variable, Env::default())
    };
    let callee = Callee::default();
    let credentials = read(&config(None, Some("KEY"))).unwrap();
    let transport = Credentialed::new(callee.clone(), credentials, "http://127.0.0.1:1").unwrap();
    assert_eq!(shown(&transport, &callee, "x-api-key").await.as_deref(), Some("secret"));
    for (config, wanted) in [
        (config(None, None), "say one of `bearer_file` and `api_key_env`"),
        (config(Some("/t"), Some("KEY")), "say one of `bearer_file` and `api_key_env`"),
        (config(None, Some("NO_KEY")), "the variable NO_KEY (`api_key_env`) is not set"),
        (config(Some("/no/such/token"), None), "bearer_file /no/such/token"),
    ] {
        let error = read(&config).unwrap_err();
        assert!(error.message().contains(wanted), "{error}");
    }
    for url in ["http://t.example:80", "http+json://10.0.0.1:1", "http://127.0.0.1.evil.example"] {
        let error =
            Credentialed::new(Callee::default(), Credentials::bearer("t"), url).unwrap_err();
        assert!(error.message().contains("write https://"), "{url}: {error}");
    }
}

/// Keeps who came through.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Option<IncomingCall>>>);

impl Accept for Seen {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![&BY_CERTIFICATE]
    }

    fn accept(
        &self,
        _: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        *self.0.lock().unwrap() = Some(call);
        std::future::ready(Ok(Answer::one(Bytes::new()))).boxed()
    }
}

#[tokio::test]
async fn a_certificate_names_its_holder_by_the_first_name_in_it() {
    let seen = Seen::default();
    let guard = Guard::new(Arc::new(seen.clone()), &GuardOptions::default()).unwrap();
    let uri = || SanType::URI("spiffe://shop/orders".try_into().unwrap());
    let dns = || SanType::DnsName("orders.shop".try_into().unwrap());
    let mail = || SanType::Rfc822Name("orders@shop.example".try_into().unwrap());
    for (names, common, wanted) in [
        (vec![dns(), uri(), mail()], "cn", Some("spiffe://shop/orders")),
        (vec![mail(), dns()], "cn", Some("orders.shop")),
        (vec![mail()], "cn", Some("orders@shop.example")),
        (vec![], "orders", Some("orders")),
        (vec![], "", None),
    ] {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, common);
        let key = KeyPair::generate().unwrap();
        let mut call = IncomingCall::new(Body::One(Bytes::new()));
        call.peer = Some("10.0.0.1:1".into());
        call.certificate = Some(params.self_signed(&key).unwrap().der().as_ref().into());
        call.meta.set("x-principal", "mtls:somebody-else");
        let done = guard.accept(&READ, call).await;
        let Some(wanted) = wanted else {
            let error = done.expect_err("it names nobody");
            assert_eq!(error.code(), Code::Unauthenticated);
            assert!(error.message().contains("subjectAltName"), "{error}");
            continue;
        };
        done.unwrap();
        let call = seen.0.lock().unwrap().take().unwrap();
        assert_eq!(call.principal.unwrap().key(), format!("mtls:{wanted}"));
        assert_eq!(call.meta.get("x-principal"), None, "what a caller says of itself");
    }
}
