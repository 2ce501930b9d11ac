//! What is observed arrives at a collector over real sockets: over gRPC and HTTP, plain and by TLS.
#![cfg(feature = "otlp")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use svckit_collector::{Collector, SERVER};
use svckit_core::call::{Body, IncomingCall};
use svckit_core::clock::Env;
use svckit_core::error::Result;
use svckit_core::tls::TlsConnect;
use svckit_security::{ClientTls, ServerTls, TlsConfig};
use svckit_telemetry::{Otlp, System, Telemetry, TelemetryConfig, Trust};

use self::support::{Answers, GET};

const METRIC: &str = "rpc.server.call.duration";

/// By the files of a configuration, as an app does it.
fn tls(trust: &Trust) -> Result<Arc<dyn TlsConnect>> {
    let (client_cert, client_key) = trust.identity.clone().unzip();
    let config =
        TlsConfig { ca: trust.ca.clone(), client_cert, client_key, ..TlsConfig::default() };
    Ok(Arc::new(ClientTls::new(&config, Env::default())?))
}

/// One call, and the end.
async fn observed(config: &TelemetryConfig) {
    let telemetry = Telemetry::secured(config, Env::default(), tls).unwrap();
    let accept = telemetry.accept(Arc::new(Answers), System::Grpc);
    accept.accept(&GET, IncomingCall::new(Body::One(Bytes::new()))).await.unwrap();
    telemetry.shutdown().await;
}

fn to(otlp: Otlp, url: &str) -> TelemetryConfig {
    TelemetryConfig { service_name: "test".to_owned(), ..TelemetryConfig::to(otlp, url) }
}

/// The call was seen, once, and measured.
fn arrived(collector: &Collector) {
    let came = collector.came();
    assert_eq!(came.named("a.v1.AService/Get", SERVER).len(), 1);
    assert_eq!(came.spans[0].0, "test");
    assert!(came.metrics.iter().any(|name| name == METRIC), "{:?}", came.metrics);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_and_metrics_arrive_over_both_protocols() {
    for (otlp, paths) in [
        (Otlp::Grpc, ["TraceService/Export", "MetricsService/Export"]),
        (Otlp::Http, ["/v1/traces", "/v1/metrics"]),
    ] {
        let collector = Collector::start().await;
        observed(&to(otlp, collector.url())).await;
        arrived(&collector);
        let came = collector.came();
        for path in paths {
            let request = came.requests.iter().find(|request| request.path == path);
            let headers = &request.unwrap_or_else(|| panic!("{path}: {:?}", came.requests)).headers;
            assert!(!headers.contains_key("content-encoding"), "{headers:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_go_beside_and_bodies_are_compressed_where_that_is_asked_for() {
    for protocol in ["grpc", "http/protobuf"] {
        let collector = Collector::start().await;
        let config = TelemetryConfig::from_variables(|name| {
            let value = match name {
                "OTEL_SERVICE_NAME" => "test",
                "OTEL_EXPORTER_OTLP_ENDPOINT" => collector.url(),
                "OTEL_EXPORTER_OTLP_PROTOCOL" => protocol,
                "OTEL_EXPORTER_OTLP_HEADERS" => "authorization=Basic%20Zm9v,x-of=both",
                "OTEL_EXPORTER_OTLP_METRICS_HEADERS" => "x-of=metrics",
                "OTEL_EXPORTER_OTLP_COMPRESSION" => "gzip",
                _ => return None,
            };
            Some(value.to_owned())
        });
        observed(&config.unwrap()).await;
        arrived(&collector);
        let came = collector.came();
        for request in &came.requests {
            let header = |name: &str| request.headers.get(name).map(String::as_str);
            let traces = request.path.to_lowercase().contains("trace");
            let expected =
                if traces { (Some("Basic Zm9v"), Some("both")) } else { (None, Some("metrics")) };
            assert_eq!((header("authorization"), header("x-of")), expected, "{request:?}");
            let coded = header("grpc-encoding").or(header("content-encoding"));
            assert_eq!(coded, Some("gzip"), "{request:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_both_may_go_elsewhere_or_nowhere() {
    let (all, own) = (Collector::start().await, Collector::start().await);
    let grpc = to(Otlp::Grpc, own.url());
    observed(&TelemetryConfig { metrics: grpc.metrics, ..to(Otlp::Http, all.url()) }).await;
    assert!(all.came().metrics.is_empty() && own.came().spans.is_empty());
    assert_eq!(all.came().spans.len(), 1);
    assert!(own.came().metrics.iter().any(|name| name == METRIC));

    let alone = Collector::start().await;
    observed(&TelemetryConfig { traces: None, ..to(Otlp::Http, alone.url()) }).await;
    assert!(alone.came().spans.is_empty() && !alone.came().metrics.is_empty());
}

/// Certificates made here, in files.
struct Files {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Files {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), authority }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn ca(&self) -> PathBuf {
        self.write("ca.pem", &self.authority.pem())
    }

    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.authority).unwrap();
        let cert = self.write(&format!("{name}.crt"), &cert.pem());
        (cert, self.write(&format!("{name}.key"), &key.serialize_pem()))
    }

    /// A collector that lets in only whom the authority has signed.
    async fn collector(&self) -> Collector {
        let (cert, key) = self.pair("collector");
        let config = TlsConfig {
            cert: Some(cert),
            key: Some(key),
            client_ca: Some(self.ca()),
            client_required: true,
            ..TlsConfig::default()
        };
        let tls = ServerTls::new(&config, Env::default()).unwrap().unwrap();
        Collector::secured(Arc::new(tls)).await
    }
}

fn trusting(mut config: TelemetryConfig, trust: &Trust) -> TelemetryConfig {
    for collector in [&mut config.traces, &mut config.metrics].into_iter().flatten() {
        collector.trust = trust.clone();
        // Who is not let in is not waited for.
        collector.timeout = Duration::from_secs(2);
    }
    config
}

/// What is logged by anybody in these tests.
fn log() -> Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Arc::<Mutex<Vec<u8>>>::default();
        let lines = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || Lines(lines.clone()));
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
        log
    });
    log.clone()
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_at_https_is_believed_by_its_authority_and_believes_by_ours() {
    let files = Files::new();
    let trust = Trust { ca: Some(files.ca()), identity: Some(files.pair("own")) };
    for otlp in [Otlp::Grpc, Otlp::Http] {
        let collector = files.collector().await;
        observed(&trusting(to(otlp, collector.url()), &trust)).await;
        arrived(&collector);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_to_a_stranger_and_the_log_says_so() {
    let log = log();
    let (files, other) = (Files::new(), Files::new());
    for trust in [
        Trust { ca: Some(other.ca()), identity: Some(files.pair("own")) },
        Trust { ca: Some(files.ca()), identity: None },
    ] {
        for otlp in [Otlp::Grpc, Otlp::Http] {
            let collector = files.collector().await;
            observed(&trusting(to(otlp, collector.url()), &trust)).await;
            let came = collector.came();
            assert!(came.spans.is_empty() && came.metrics.is_empty(), "{otlp:?} {trust:?}");
            let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
            let said = format!("traces do not reach the collector {}", collector.url());
            let lines: Vec<_> = text.lines().filter(|line| line.contains(&said)).collect();
            assert_eq!(lines.len(), 1, "{text}");
            assert!(lines[0].contains(otlp.name()) && lines[0].contains("WARN"), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_collector_that_can_never_be_reached_is_refused_at_once() {
    let away = PathBuf::from("/there/is/no/such.pem");
    let cases: [(TelemetryConfig, &[&str]); 3] = [
        (to(Otlp::Http, "https://a:4318"), &["https is not spoken here", "traces at https://a"]),
        (to(Otlp::Grpc, "http://a b:4317"), &["http://a b:4317", "http://127.0.0.1:4317"]),
        (to(Otlp::Http, "http://a b:4318"), &["http://a b:4318", "http://127.0.0.1:4318"]),
    ];
    for (config, expected) in cases {
        let error = Telemetry::new(&config, Env::default()).unwrap_err().to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{error}");
    }
    let trust = Trust { ca: Some(away), identity: None };
    let config = trusting(to(Otlp::Grpc, "https://a:4317"), &trust);
    let error = Telemetry::secured(&config, Env::default(), tls).unwrap_err().to_string();
    assert!(error.contains("such.pem") && error.contains("no such file"), "{error}");
}
