//! Calls that nobody else can read.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use svckit::{App, Clock, Code, Config, Credentials, Env, Error, Running, TlsConfig};

use crate::generated_shape::*;
use crate::shop::{self, place};

/// A folder with an authority, and a server's certificate that it has signed.
fn certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("ca.crt", authority.pem());
    write("tls.crt", certificate.pem());
    write("tls.key", key.serialize_pem());
    folder
}

fn trusting(folder: &tempfile::TempDir) -> App {
    let tls = TlsConfig { ca: Some(folder.path().join("ca.crt")), ..TlsConfig::default() };
    App::with(Config { tls, ..Config::default() })
}

#[tokio::test]
async fn grpc_and_http_are_served_by_tls_to_those_who_trust_the_authority() {
    let (folder, other) = (certificates(), certificates());
    let tls = TlsConfig {
        cert: Some(folder.path().join("tls.crt")),
        key: Some(folder.path().join("tls.key")),
        ..TlsConfig::default()
    };
    let (app, _probe) = shop::app_with(Config { tls, ..Config::default() });
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    let grpc = running.url().unwrap();
    let http = grpc.replace("https://", "https+json://");
    for url in [&grpc, &http] {
        let app = trusting(&folder).endpoint("sample.v1.Orders", url);
        let client = orders::Client::connect(&app).await.unwrap();
        client.place_order(place("MUG", 1)).await.unwrap();
        let stranger = trusting(&other).endpoint("sample.v1.Orders", url);
        let client = orders::Client::connect(&stranger).await.unwrap();
        let error = svckit::Error::from(client.place_order(place("MUG", 1)).await.unwrap_err());
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        assert!(error.message().contains("invalid peer certificate"), "{error}");
    }
    let plain = App::local().endpoint("sample.v1.Orders", grpc.replace("https", "http"));
    orders::Client::connect(&plain).await.unwrap().place_order(place("MUG", 1)).await.unwrap_err();
    running.shutdown().await;
}

#[tokio::test]
async fn credentials_go_nowhere_that_others_can_read() {
    let app = App::local()
        .endpoint("sample.v1.Orders", "http://orders.example:7001")
        .credentials("sample.v1.Orders", Credentials::bearer("secret-token"));
    let error = orders::Client::connect(&app).await.unwrap_err();
    assert!(error.message().contains("write https://"), "{error}");
    assert!(!format!("{error:?} {app:?}").contains("secret-token"));
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificates in files.
struct Files(tempfile::TempDir);

impl Files {
    fn write(&self, name: &str, text: String) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A certificate for a host, good from one year to another, and its key.
    fn pair(
        &self,
        name: &str,
        by: &Authority,
        host: &str,
        years: (i32, i32),
    ) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, by).unwrap();
        let cert = self.write(&format!("{name}.crt"), certificate.pem());
        (cert, self.write(&format!("{name}.key"), key.serialize_pem()))
    }
}

const GOOD: (i32, i32) = (2001, 2090);

fn with_env(tls: TlsConfig, env: Env) -> App {
    let (app, _probe) = shop::app_in(Config { tls, ..Config::default() }, env);
    app.listen("127.0.0.1:0")
}

async fn serving(tls: TlsConfig) -> Running {
    with_env(tls, Env::default()).start().await.unwrap()
}

fn urls(running: &Running) -> [String; 2] {
    let grpc = running.url().unwrap();
    let http = grpc.replace("https://", "https+json://");
    [grpc, http]
}

async fn asked(url: &str, tls: &TlsConfig) -> Result<(), Error> {
    let app = App::with(Config { tls: tls.clone(), ..Config::default() });
    let client = orders::Client::connect(&app.endpoint("sample.v1.Orders", url)).await.unwrap();
    client.place_order(place("MUG", 1)).await.map(drop).map_err(Error::from)
}

#[tokio::test]
async fn a_server_that_is_not_what_it_should_be_gets_no_call() {
    let files = Files(tempfile::tempdir().unwrap());
    let (ours, other) = (authority(), authority());
    let trusting =
        TlsConfig { ca: Some(files.write("ca.crt", ours.pem())), ..TlsConfig::default() };
    for (name, by, host, years, wanted) in [
        ("good", &ours, "127.0.0.1", GOOD, None),
        ("expired", &ours, "127.0.0.1", (2001, 2002), Some("expired")),
        ("early", &ours, "127.0.0.1", (2088, 2090), Some("not valid yet")),
        ("host", &ours, "orders.example", GOOD, Some("not valid for name")),
        ("stranger", &other, "127.0.0.1", GOOD, Some("invalid peer certificate")),
    ] {
        let (cert, key) = files.pair(name, by, host, years);
        let tls = TlsConfig { cert: Some(cert), key: Some(key), ..TlsConfig::default() };
        let running = serving(tls).await;
        for url in urls(&running) {
            let done = asked(&url, &trusting).await;
            let Some(wanted) = wanted else {
                done.unwrap();
                continue;
            };
            let error = done.expect_err(name);
            assert_eq!(error.code(), Code::Unavailable, "{name}, {url}: {error}");
            assert!(error.message().contains(wanted), "{name}, {url}: {error}");
        }
        running.shutdown().await;
    }
}

#[tokio::test]
async fn a_caller_that_has_no_good_certificate_is_turned_away_where_one_is_demanded() {
    let files = Files(tempfile::tempdir().unwrap());
    let (ours, other) = (authority(), authority());
    let ca = files.write("ca.crt", ours.pem());
    let (cert, key) = files.pair("server", &ours, "127.0.0.1", GOOD);
    let running = serving(TlsConfig {
        cert: Some(cert),
        key: Some(key),
        client_ca: Some(ca.clone()),
        client_required: true,
        ..TlsConfig::default()
    })
    .await;
    let own = |pair: Option<(PathBuf, PathBuf)>| {
        let (client_cert, client_key) = pair.unzip();
        TlsConfig { ca: Some(ca.clone()), client_cert, client_key, ..TlsConfig::default() }
    };
    for (pair, good) in [
        (Some(files.pair("friend", &ours, "friend", GOOD)), true),
        (None, false),
        (Some(files.pair("stranger", &other, "friend", GOOD)), false),
        (Some(files.pair("late", &ours, "friend", (2001, 2002))), false),
        (Some(files.pair("early", &ours, "friend", (2088, 2090))), false),
    ] {
        let tls = own(pair);
        for url in urls(&running) {
            let done = asked(&url, &tls).await;
            assert_eq!(done.is_ok(), good, "{url}, {tls:?}: {done:?}");
            if let Err(error) = done {
                assert_eq!(error.code(), Code::Unavailable, "{error}");
            }
        }
    }
    running.shutdown().await;
}

/// The system's clock, which can be moved forward.
struct Moved(Arc<dyn Clock>, AtomicU64);

impl Clock for Moved {
    fn wall(&self) -> SystemTime {
        self.0.wall()
    }

    fn now(&self) -> Instant {
        self.0.now() + Duration::from_secs(self.1.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        self.0.sleep_until(at - Duration::from_secs(self.1.load(Ordering::SeqCst))).boxed()
    }
}

#[tokio::test]
async fn certificates_are_rotated_while_calls_go_on() {
    let files = Files(tempfile::tempdir().unwrap());
    let (first, second) = (authority(), authority());
    let trust = |name: &str, by: &Authority| TlsConfig {
        ca: Some(files.write(name, by.pem())),
        ..TlsConfig::default()
    };
    let (before, after) = (trust("first.ca", &first), trust("second.ca", &second));
    let (cert, key) = files.pair("server", &first, "127.0.0.1", GOOD);
    let moved = Arc::new(Moved(Env::default().clock, AtomicU64::new(0)));
    let env = Env { clock: moved.clone(), ..Env::default() };
    let tls =
        TlsConfig { cert: Some(cert.clone()), key: Some(key.clone()), ..TlsConfig::default() };
    let running = with_env(tls, env).start().await.unwrap();
    // One that is connected stays so.
    let app = App::with(Config { tls: before.clone(), ..Config::default() });
    let app = app.endpoint("sample.v1.Orders", running.url().unwrap());
    let connected = orders::Client::connect(&app).await.unwrap();
    connected.place_order(place("MUG", 1)).await.unwrap();
    let (new_cert, new_key) = files.pair("new", &second, "127.0.0.1", GOOD);
    std::fs::copy(&new_cert, &cert).unwrap();
    moved.1.fetch_add(6, Ordering::SeqCst);
    for url in urls(&running) {
        asked(&url, &before).await.expect("half of a pair is refused, and the old one kept");
        asked(&url, &after).await.unwrap_err();
    }
    std::fs::copy(&new_key, &key).unwrap();
    moved.1.fetch_add(6, Ordering::SeqCst);
    for url in urls(&running) {
        asked(&url, &after).await.expect("the new pair is shown");
        asked(&url, &before).await.unwrap_err();
    }
    connected.place_order(place("MUG", 1)).await.expect("its connection was not cut");
    running.shutdown().await;
}
