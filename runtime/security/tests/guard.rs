//! Tokens, keys and tenants, judged by a guard; the issuer is a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::{Value, json};
use svckit_core::call::{Accept, Answer, Body, IncomingCall, PrincipalKind};
use svckit_core::clock::{Clock, Env};
use svckit_core::error::{Code, Error, Result};
use svckit_core::operation::{Auth, Operation, ServiceDescriptor};
use svckit_security::{ApiKeyConfig, AuthConfig, Guard, GuardOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ISSUER: &str = "https://id.shop.example";

static READ: Operation = Operation::query("t.v1.Orders", "Read", "/t.v1.Orders/Read");
static WRITE: Operation =
    Operation::command("t.v1.Orders", "Write", "/t.v1.Orders/Write").scopes(&["orders:write"]);

static OPERATIONS: [&Operation; 2] = [&READ, &WRITE];

const fn service(auth: Auth) -> ServiceDescriptor {
    ServiceDescriptor {
        name: "t.v1.Orders",
        wire_name: "t.v1.Orders",
        operations: &OPERATIONS,
        calls: &[],
        auth,
        file_descriptor: None,
    }
}

static JWT: ServiceDescriptor = service(Auth::jwt(ISSUER).audience(&["orders"]).tenant("org"));
static KEYS: ServiceDescriptor = service(Auth::API_KEY.tenant("org"));
static OPEN: ServiceDescriptor = service(Auth::NONE);
static INNER: ServiceDescriptor = service(Auth::DEPLOYMENT);
static CERTIFICATES: ServiceDescriptor = service(Auth::MTLS);

/// Keeps what came through.
struct Seen(&'static ServiceDescriptor, Mutex<Option<IncomingCall>>);

impl Accept for Seen {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![self.0]
    }

    fn accept(
        &self,
        _: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        *self.1.lock().unwrap() = Some(call);
        std::future::ready(Ok(Answer::one(Bytes::new()))).boxed()
    }
}

/// A clock that is moved by hand.
struct Hand {
    start: Instant,
    moved: AtomicU64,
}

impl Hand {
    fn forward(&self, seconds: u64) {
        self.moved.fetch_add(seconds, Ordering::SeqCst);
    }

    fn seconds(&self) -> u64 {
        1_800_000_000 + self.moved.load(Ordering::SeqCst)
    }
}

impl Clock for Hand {
    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.seconds())
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.moved.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Instant) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// A guard, what it guards, and its clock.
struct World {
    guard: Guard,
    seen: Arc<Seen>,
    clock: Arc<Hand>,
}

#[expect(clippy::disallowed_methods, reason = "the start of a clock that is moved by hand")]
fn world(service: &'static ServiceDescriptor, config: AuthConfig) -> World {
    let seen = Arc::new(Seen(service, Mutex::default()));
    let clock = Arc::new(Hand { start: Instant::now(), moved: AtomicU64::new(0) });
    let env = Env { clock: clock.clone(), ..Env::default() };
    let auth = BTreeMap::from([("t.v1.Orders".to_owned(), config)]);
    let guard = Guard::new(seen.clone(), &GuardOptions { env, auth, tls: None }).unwrap();
    World { guard, seen, clock }
}

impl World {
    /// Calls from far away with these headers.
    async fn call(
        &self,
        operation: &'static Operation,
        headers: &[(&str, &str)],
    ) -> Result<IncomingCall> {
        self.call_from(Some("10.1.2.3:4000"), operation, headers).await
    }

    async fn call_from(
        &self,
        peer: Option<&str>,
        operation: &'static Operation,
        headers: &[(&str, &str)],
    ) -> Result<IncomingCall> {
        let mut call = IncomingCall::new(Body::One(Bytes::new()));
        call.peer = peer.map(Into::into);
        for (name, value) in headers {
            call.meta.set(name, *value);
        }
        self.guard.accept(operation, call).await?;
        Ok(self.seen.1.lock().unwrap().take().expect("the call went on"))
    }

    async fn with_token(&self, token: &str) -> Result<IncomingCall> {
        self.call(&READ, &[("authorization", &format!("Bearer {token}"))]).await
    }

    fn claims(&self) -> Value {
        let now = self.clock.seconds();
        json!({ "iss": ISSUER, "aud": ["orders", "x"], "sub": "ann", "org": "acme", "iat": now,
                "exp": now + 300, "scope": "orders:read" })
    }
}

struct Signer(KeyPair, &'static str);

impl Signer {
    fn new(id: &'static str) -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), id)
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.1.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&self.0.serialize_der()))
            .unwrap()
    }

    /// The point, `04 x y`.
    fn point(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn jwk(&self) -> Value {
        let point = self.point();
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.1,
                "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..65]) })
    }
}

/// A real server of keys, which may be down, and counts.
#[derive(Clone, Default)]
struct Issuer(Arc<Mutex<(Vec<Value>, bool, u32)>>);

impl Issuer {
    async fn start(keys: Vec<Value>) -> (Self, String) {
        let issuer = Self(Arc::new(Mutex::new((keys, false, 0))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = issuer.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let _ = stream.read(&mut head).await;
                let (body, down) = {
                    let mut state = shared.0.lock().unwrap();
                    state.2 += 1;
                    (json!({ "keys": state.0 }).to_string(), state.1)
                };
                let status = if down { "503 Service Unavailable" } else { "200 OK" };
                let text = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        (issuer, url)
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().2
    }
}

async fn tokens() -> (World, Signer, Issuer) {
    let signer = Signer::new("one");
    let (issuer, url) = Issuer::start(vec![signer.jwk()]).await;
    let config = AuthConfig {
        jwks_url: Some(url),
        claims: vec!["email".to_owned()],
        ..AuthConfig::default()
    };
    (world(&JWT, config), signer, issuer)
}

fn refusal(done: Result<IncomingCall>) -> Error {
    done.expect_err("it is refused")
}

#[tokio::test]
async fn a_good_token_says_who_calls_and_goes_no_further() {
    let (world, signer, _) = tokens().await;
    let mut claims = world.claims();
    claims["email"] = json!("ann@shop.example");
    let token = signer.sign(&claims);
    let headers =
        [("authorization", &*format!("Bearer {token}")), ("x-tenant", "other"), ("cookie", "a=b")];
    let call = world.call(&READ, &headers).await.unwrap();
    let principal = call.principal.clone().unwrap();
    assert_eq!(
        (principal.kind, &*principal.subject, &*principal.key()),
        (PrincipalKind::Jwt, "ann", "jwt:ann")
    );
    assert_eq!(principal.claims["email"], "ann@shop.example");
    assert_eq!(
        call.meta.get("x-tenant"),
        Some("acme"),
        "what the token says, not what the caller says"
    );
    assert_eq!((call.meta.get("authorization"), call.meta.get("cookie")), (None, None));
    let shown = format!("{call:?}");
    assert!(!shown.contains(&token) && !shown.contains("ann@shop"), "{shown}");
}

#[tokio::test]
async fn claims_that_are_wrong_are_refused_by_name() {
    let (world, signer, _) = tokens().await;
    let now = world.clock.seconds();
    for (claim, value, wanted) in [
        ("aud", json!("payments"), "another audience than orders"),
        ("aud", Value::Null, "another audience"),
        ("iss", json!("https://evil.example"), "another issuer"),
        ("exp", json!(now - 31), "has expired"),
        ("exp", Value::Null, "its `exp` is no time"),
        ("nbf", json!(now + 31), "not valid yet"),
        ("iat", json!(now + 31), "issued in the future"),
        ("sub", json!(""), "whose it is"),
        ("org", json!(""), "belong to no tenant"),
    ] {
        let mut claims = world.claims();
        claims[claim] = value;
        let token = signer.sign(&claims);
        let error = refusal(world.with_token(&token).await);
        assert!(error.message().contains(wanted), "{claim}: {error}");
        assert!(!error.message().contains(&token) && !error.message().contains("evil"), "{error}");
        let code = if claim == "org" { Code::PermissionDenied } else { Code::Unauthenticated };
        assert_eq!(error.code(), code, "{claim}");
    }
    let mut claims = world.claims();
    (claims["exp"], claims["nbf"], claims["iat"]) =
        (json!(now - 29), json!(now + 29), json!(now + 29));
    world.with_token(&signer.sign(&claims)).await.expect("clocks may differ a little");
}

#[tokio::test]
async fn tokens_that_anybody_can_make_are_refused() {
    let (world, signer, issuer) = tokens().await;
    let claims = world.claims();
    let part = |value: &Value| B64.encode(value.to_string());
    for alg in ["none", "None", "NONE", "HS256", "HS384", "RS1", ""] {
        let unsigned = format!("{}.{}.", part(&json!({ "alg": alg, "kid": "one" })), part(&claims));
        let error = refusal(world.with_token(&unsigned).await);
        assert!(error.message().contains("is not allowed here"), "{alg}: {error}");
    }
    // The public key as a shared secret, in each of the forms in which a library may hold it.
    let pem = signer.0.public_key_pem();
    let der = signer.0.subject_public_key_info();
    for secret in [signer.point(), pem.as_bytes(), &*der] {
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        let token =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(refusal(world.with_token(&token).await).code(), Code::Unauthenticated);
    }
    assert_eq!(issuer.asked(), 0, "for those the issuer is not even asked");
    let other = Signer::new("one").sign(&claims);
    assert!(refusal(world.with_token(&other).await).message().contains("its signature is wrong"));
    let good = signer.sign(&claims);
    let mut parts: Vec<_> = good.split('.').collect();
    let mut forged = claims.clone();
    forged["org"] = json!("other");
    let payload = part(&forged);
    parts[1] = &payload;
    assert!(refusal(world.with_token(&parts.join(".")).await).message().contains("signature"));
    for garbage in ["", "a", "a.b.c", "..", &"x".repeat(20_000)] {
        assert_eq!(refusal(world.with_token(garbage).await).code(), Code::Unauthenticated);
    }
    let basic = refusal(world.call(&READ, &[("authorization", "Basic YTpi")]).await);
    assert!(basic.message().contains("write `Bearer …`") && !basic.message().contains("YTpi"));
    assert!(refusal(world.call(&READ, &[]).await).message().contains("no token was shown"));
}

#[tokio::test]
async fn keys_are_rotated_and_strangers_cannot_make_the_issuer_work() {
    let (world, signer, issuer) = tokens().await;
    world.with_token(&signer.sign(&world.claims())).await.unwrap();
    let next = Signer::new("two");
    issuer.0.lock().unwrap().0 = vec![next.jwk()];
    // The pause between two fetches is not over.
    for _ in 0..20 {
        let error = refusal(world.with_token(&next.sign(&world.claims())).await);
        assert!(error.message().contains("has no such key"), "{error}");
    }
    assert_eq!(issuer.asked(), 1);
    world.clock.forward(11);
    world.with_token(&next.sign(&world.claims())).await.unwrap();
    assert_eq!(issuer.asked(), 2);
    let error = refusal(world.with_token(&signer.sign(&world.claims())).await);
    assert!(error.message().contains("has no such key"), "the old one is withdrawn: {error}");
}

#[tokio::test]
async fn an_issuer_that_is_down_stops_nobody_whose_key_is_known() {
    let (world, signer, issuer) = tokens().await;
    issuer.0.lock().unwrap().1 = true;
    let error = refusal(world.with_token(&signer.sign(&world.claims())).await);
    assert_eq!(error.code(), Code::Unavailable, "nobody can be judged yet");
    issuer.0.lock().unwrap().1 = false;
    world.clock.forward(11);
    world.with_token(&signer.sign(&world.claims())).await.unwrap();
    issuer.0.lock().unwrap().1 = true;
    world.clock.forward(3600);
    world.with_token(&signer.sign(&world.claims())).await.expect("the known key is used");
    let stranger = Signer::new("two").sign(&world.claims());
    assert_eq!(refusal(world.with_token(&stranger).await).code(), Code::Unauthenticated);
    world.clock.forward(24 * 3600);
    let error = refusal(world.with_token(&signer.sign(&world.claims())).await);
    assert_eq!(error.code(), Code::Unavailable, "a key that may be withdrawn ends some day");
}

#[tokio::test]
async fn an_operation_may_need_scopes() {
    let (world, signer, _) = tokens().await;
    let write = async |claims: &Value| {
        let token = format!("Bearer {}", signer.sign(claims));
        world.call(&WRITE, &[("authorization", &token)]).await
    };
    let error = refusal(write(&world.claims()).await);
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(error.message().contains("needs the scope `orders:write`"), "{error}");
    for (claim, value) in [
        ("scope", json!("a orders:write")),
        ("scp", json!(["orders:write"])),
        ("scp", json!("orders:write")),
    ] {
        let mut claims = world.claims();
        claims[claim] = value;
        write(&claims).await.unwrap();
    }
    let mut near = world.claims();
    near["scope"] = json!("orders:writes orders:writ");
    assert_eq!(refusal(write(&near).await).code(), Code::PermissionDenied);
}

#[tokio::test]
async fn keys_are_known_by_name_and_bring_their_tenant() {
    let key = |name: &str, sha256: &str, tenant: Option<&str>| ApiKeyConfig {
        name: name.to_owned(),
        sha256: sha256.to_owned(),
        tenant: tenant.map(str::to_owned),
        scopes: vec![],
    };
    let test = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    // Of "a".
    let lone = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let keys = vec![key("partner", test, Some("acme")), key("lone", lone, None)];
    let world = world(&KEYS, AuthConfig { keys, ..AuthConfig::default() });
    let call = world.call(&READ, &[("x-api-key", "test"), ("x-tenant", "other")]).await.unwrap();
    assert_eq!((call.meta.get("x-tenant"), call.meta.get("x-api-key")), (Some("acme"), None));
    assert_eq!(call.principal.unwrap().key(), "api_key:partner");
    let wrong = refusal(world.call(&READ, &[("x-api-key", "wrong-key")]).await);
    assert!(
        wrong.code() == Code::Unauthenticated && !wrong.message().contains("wrong-key"),
        "{wrong}"
    );
    assert_eq!(refusal(world.call(&READ, &[]).await).code(), Code::Unauthenticated);
    let none = refusal(world.call(&READ, &[("x-api-key", "a"), ("x-tenant", "acme")]).await);
    assert!(
        none.code() == Code::PermissionDenied && none.message().contains("no tenant"),
        "{none}"
    );
    assert_eq!(
        refusal(world.call(&WRITE, &[("x-api-key", "test")]).await).code(),
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn without_auth_only_peers_call_and_only_they_are_believed() {
    let inner = world(&INNER, AuthConfig::default());
    let tenant = [("x-tenant", "acme")];
    for near in [None, Some("127.0.0.1:4000"), Some("[::1]:4000")] {
        let call = inner.call_from(near, &WRITE, &tenant).await.unwrap();
        assert_eq!(call.meta.get("x-tenant"), Some("acme"));
        assert_eq!(call.principal.unwrap().kind, PrincipalKind::Deployment);
    }
    for far in ["10.0.0.1:1", "", "localhost:1"] {
        let error = refusal(inner.call_from(Some(far), &READ, &tenant).await);
        assert!(
            error.code() == Code::PermissionDenied && error.message().contains("client_ca"),
            "{error}"
        );
    }
    let behind = world(&INNER, AuthConfig { behind_proxy: true, ..AuthConfig::default() });
    refusal(behind.call_from(Some("127.0.0.1:1"), &READ, &[]).await);
    let open = world(&OPEN, AuthConfig::default());
    let call =
        open.call(&READ, &[("x-tenant", "acme"), ("authorization", "Bearer x")]).await.unwrap();
    assert_eq!((call.meta.get("x-tenant"), call.meta.get("authorization")), (None, None));
    assert_eq!(refusal(open.call(&WRITE, &[]).await).code(), Code::PermissionDenied);
    let certificates = world(&CERTIFICATES, AuthConfig::default());
    assert_eq!(
        refusal(certificates.call_from(Some("127.0.0.1:1"), &READ, &[]).await).code(),
        Code::Unauthenticated
    );
}

#[test]
fn a_configuration_that_makes_no_sense_is_told_of() {
    let message = |service, config: AuthConfig| {
        let auth = BTreeMap::from([("t.v1.Orders".to_owned(), config)]);
        let seen = Arc::new(Seen(service, Mutex::default()));
        let options = GuardOptions { auth, ..GuardOptions::default() };
        Guard::new(seen, &options).expect_err("refused").message().to_owned()
    };
    let url = |url: &str| AuthConfig { jwks_url: Some(url.to_owned()), ..AuthConfig::default() };
    assert!(message(&JWT, url("http://id.shop.example/keys")).contains("write https://"));
    assert!(message(&JWT, url("keys.json")).contains("write https://"));
    assert!(message(&OPEN, url("https://a/b")).contains("auth jwt"));
    static WEAK: ServiceDescriptor = service(Auth::jwt(ISSUER).algorithms(&["HS256"]));
    assert!(message(&WEAK, AuthConfig::default()).contains("whoever can verify it can sign it"));
}
