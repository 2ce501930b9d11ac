//! Calls that nobody else can read.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use svckit::{App, Code, Config, Credentials, TlsConfig};

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
