//! Connections over real sockets, with certificates made here.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use svckit_core::clock::{Clock, Env};
use svckit_core::tls::{Protocol, TlsAccept, TlsConnect};
use svckit_security::{ClientTls, ServerTls, TlsConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

struct Files(tempfile::TempDir);

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// A certificate for a host, and its key.
    fn issue(&self, name: &str, by: &Authority, host: &str, expired: bool) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        if expired {
            (params.not_before, params.not_after) =
                (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, by).unwrap();
        let cert = self.write(&format!("{name}.crt"), &certificate.pem());
        (cert, self.write(&format!("{name}.key"), &key.serialize_pem()))
    }
}

struct Hand(Instant, AtomicU64);

impl Clock for Hand {
    #[expect(
        clippy::disallowed_methods,
        reason = "certificates are judged by the system's time of day"
    )]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn now(&self) -> Instant {
        self.0 + Duration::from_secs(self.1.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Instant) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

#[expect(clippy::disallowed_methods, reason = "the start of a clock that is moved by hand")]
fn hand() -> (Arc<Hand>, Env) {
    let hand = Arc::new(Hand(Instant::now(), AtomicU64::new(0)));
    (hand.clone(), Env { clock: hand, ..Env::default() })
}

/// Answers each connection with what it has seen of the caller's certificate: `y` or `n`.
async fn serve(tls: Arc<ServerTls>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut secured) = tls.accept(Box::new(stream)).await {
                let seen = if secured.certificate.is_some() { b"y" } else { b"n" };
                let _ = secured.io.write_all(seen).await;
                let _ = secured.io.shutdown().await;
            }
        }
    });
    address
}

async fn ask(client: &ClientTls, address: SocketAddr, host: &str) -> Result<String, String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let connected = client.connect(Box::new(stream), host, Protocol::Http2).await;
    let mut io = connected.map_err(|error| error.to_string())?;
    let mut text = String::new();
    io.read_to_string(&mut text).await.map_err(|error| error.to_string())?;
    Ok(text)
}

fn trusting(ca: &Path) -> TlsConfig {
    TlsConfig { ca: Some(ca.to_owned()), ..TlsConfig::default() }
}

fn serving((cert, key): (PathBuf, PathBuf)) -> TlsConfig {
    TlsConfig { cert: Some(cert), key: Some(key), ..TlsConfig::default() }
}

fn server(config: &TlsConfig, env: Env) -> Arc<ServerTls> {
    Arc::new(ServerTls::new(config, env).unwrap().expect("a certificate is named"))
}

#[tokio::test]
async fn only_the_right_certificate_for_the_right_host_is_believed() {
    let files = Files(tempfile::tempdir().unwrap());
    let (ours, other) = (authority(), authority());
    let ca = files.write("ca.crt", &ours.pem());
    let client = ClientTls::new(&trusting(&ca), Env::default()).unwrap();
    let at = async |name: &str, by: &Authority, expired: bool| {
        let config = serving(files.issue(name, by, "localhost", expired));
        serve(server(&config, Env::default())).await
    };
    let good = at("good", &ours, false).await;
    assert_eq!(ask(&client, good, "localhost").await.as_deref(), Ok("n"));
    let why = ask(&client, good, "other.example").await.unwrap_err();
    assert!(why.contains("not valid for name"), "{why}");
    let expired = at("expired", &ours, true).await;
    let why = ask(&client, expired, "localhost").await.unwrap_err();
    assert!(why.contains("expired"), "{why}");
    let unknown = at("unknown", &other, false).await;
    let why = ask(&client, unknown, "localhost").await.unwrap_err();
    assert!(why.contains("UnknownIssuer") || why.contains("BadSignature"), "{why}");
}

#[tokio::test]
async fn callers_show_certificates_of_the_authority() {
    let files = Files(tempfile::tempdir().unwrap());
    let (ours, other) = (authority(), authority());
    let ca = files.write("ca.crt", &ours.pem());
    let mut config = serving(files.issue("server", &ours, "localhost", false));
    config.client_ca = Some(ca.clone());
    let asking = serve(server(&config, Env::default())).await;
    config.client_required = true;
    let demanding = serve(server(&config, Env::default())).await;
    let client = |own: Option<(PathBuf, PathBuf)>| {
        let (client_cert, client_key) = own.unzip();
        ClientTls::new(&TlsConfig { client_cert, client_key, ..trusting(&ca) }, Env::default())
            .unwrap()
    };
    let (nobody, friend) =
        (client(None), client(Some(files.issue("friend", &ours, "caller", false))));
    let stranger = client(Some(files.issue("stranger", &other, "caller", false)));
    let late = client(Some(files.issue("late", &ours, "caller", true)));
    assert_eq!(ask(&friend, asking, "localhost").await.as_deref(), Ok("y"));
    assert_eq!(ask(&friend, demanding, "localhost").await.as_deref(), Ok("y"));
    assert_eq!(ask(&nobody, asking, "localhost").await.as_deref(), Ok("n"));
    ask(&nobody, demanding, "localhost").await.expect_err("a certificate is demanded");
    for bad in [&stranger, &late] {
        ask(bad, asking, "localhost").await.expect_err("its certificate is no good");
    }
}

#[tokio::test]
async fn certificates_are_exchanged_while_it_serves() {
    let files = Files(tempfile::tempdir().unwrap());
    let (first, second) = (authority(), authority());
    let trust = |name: &str, by: &Authority| {
        ClientTls::new(&trusting(&files.write(name, &by.pem())), Env::default()).unwrap()
    };
    let (before, after) = (trust("first.crt", &first), trust("second.crt", &second));
    let (hand, env) = hand();
    let config = serving(files.issue("server", &first, "localhost", false));
    let address = serve(server(&config, env)).await;
    ask(&before, address, "localhost").await.unwrap();
    // A half-written pair: a certificate, and the key of another.
    let (cert, _) = files.issue("new", &second, "localhost", false);
    std::fs::copy(cert, files.path("server.crt")).unwrap();
    hand.1.fetch_add(6, Ordering::SeqCst);
    ask(&before, address, "localhost").await.expect("the old pair is kept");
    std::fs::copy(files.path("new.key"), files.path("server.key")).unwrap();
    let key = std::fs::File::options().append(true).open(files.path("server.key")).unwrap();
    key.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    ask(&before, address, "localhost").await.expect("files are not looked at each time");
    hand.1.fetch_add(6, Ordering::SeqCst);
    ask(&after, address, "localhost").await.expect("the new pair is taken");
    ask(&before, address, "localhost").await.expect_err("the old one is gone");
}

#[test]
fn what_is_wrong_with_certificates_is_told_with_what_to_do() {
    let files = Files(tempfile::tempdir().unwrap());
    let ours = authority();
    let (cert, cert_key) = files.issue("one", &ours, "localhost", false);
    let (_, key) = files.issue("two", &ours, "localhost", false);
    let message = |config: &TlsConfig| {
        ServerTls::new(config, Env::default()).err().map(|e| e.message().to_owned())
    };
    let half = TlsConfig { cert: Some(cert.clone()), ..TlsConfig::default() };
    assert!(message(&half).unwrap().contains("both `cert` and `key`"));
    let demanding =
        TlsConfig { client_required: true, ..serving((cert.clone(), cert_key.clone())) };
    assert!(message(&demanding).unwrap().contains("client_required needs `client_ca`"));
    assert_eq!(message(&TlsConfig::default()), None);
    let none = files.path("none.crt");
    let text = files.write("text", "hello");
    let empty = files.write("empty", "");
    let binary = files.path("binary");
    std::fs::write(&binary, [0x30, 0x82, 0xff, 0xfe]).unwrap();
    let locked = files.write(
        "locked",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let asked = files.write(
        "asked",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    );
    for (cert, key, wanted) in [
        (&none, &cert_key, "none.crt can't be used: there is no such file"),
        (&cert, &none, "none.crt can't be used: there is no such file"),
        (&text, &cert_key, "it holds no PEM; a `-----BEGIN CERTIFICATE-----` is needed"),
        (&empty, &cert_key, "it holds nothing"),
        (&binary, &cert_key, "openssl x509 -inform der"),
        (&cert_key, &cert, "it holds a private key; a `-----BEGIN CERTIFICATE-----` is needed"),
        (&asked, &cert_key, "a request for a certificate, not yet signed"),
        (&cert, &cert, "it holds a certificate; a `-----BEGIN PRIVATE KEY-----` is needed"),
        (&cert, &locked, "encrypted (`openssl pkey` decrypts it)"),
        (&cert, &key, "two.key is not that of the first certificate in"),
    ] {
        let said = message(&serving((cert.clone(), key.clone()))).expect("it is refused");
        assert!(said.starts_with("[tls]: ") && said.contains(wanted), "{wanted}: {said}");
        let client = TlsConfig {
            client_cert: Some(cert.clone()),
            client_key: Some(key.clone()),
            ..trusting(&files.write("ca.crt", &ours.pem()))
        };
        let said = ClientTls::new(&client, Env::default()).unwrap_err().message().to_owned();
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let lost = ClientTls::new(&trusting(&none), Env::default()).unwrap_err();
    assert!(lost.message().contains("there is no such file"), "{lost}");
}

#[tokio::test]
async fn a_certificate_is_not_believed_before_its_time() {
    let files = Files(tempfile::tempdir().unwrap());
    let ours = authority();
    let ca = files.write("ca.crt", &ours.pem());
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1));
    let key = KeyPair::generate().unwrap();
    let early = params.signed_by(&key, &ours).unwrap();
    let pair = (files.write("e.crt", &early.pem()), files.write("e.key", &key.serialize_pem()));
    let address = serve(server(&serving(pair), Env::default())).await;
    let client = ClientTls::new(&trusting(&ca), Env::default()).unwrap();
    let why = ask(&client, address, "localhost").await.unwrap_err();
    assert!(why.contains("not valid yet") || why.contains("NotValidYet"), "{why}");
}
