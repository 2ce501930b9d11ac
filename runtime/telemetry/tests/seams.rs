//! Policies' decisions, a panic and a drain, seen from outside.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Accept, Answer, Body, IncomingCall};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Reason, Result};
use svckit_core::observe::{BreakerState, Event, Gate, NoRetry, Replay, Side};
use svckit_core::operation::{Operation, ServiceDescriptor};
use svckit_telemetry::metrics::names;
use svckit_telemetry::{Admin, AdminParts, System, Telemetry, TelemetryConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

static GET: Operation = Operation::query("a.v1.A", "Get", "/a.v1.AService/Get");

fn telemetry() -> Telemetry {
    Telemetry::new(&TelemetryConfig::default(), Env::default()).unwrap()
}

#[test]
fn every_decision_of_a_policy_is_counted() {
    let telemetry = telemetry();
    let operation = &GET;
    let env = Env::default().observed_by(telemetry.observer());
    let breaker = |endpoint, state| Event::Breaker { operation, endpoint: Some(endpoint), state };
    let pause = Duration::from_millis(5);
    let events = [
        Event::Attempt { operation, endpoint: None, number: 1, code: None, took: pause },
        Event::Retry { operation, attempt: 1, code: Code::Unavailable, pause },
        Event::RetryRefused { operation, why: NoRetry::Budget },
        Event::Rejected { operation, side: Side::Server, by: Gate::Shed },
        Event::Hedge { operation, after: pause },
        Event::Fallback { operation, code: Code::DeadlineExceeded },
        Event::Ejected { service: "a.v1.A", endpoint: "a:1", pause },
        breaker("a:1", BreakerState::Open),
        breaker("a:2", BreakerState::Open),
        breaker("a:1", BreakerState::HalfOpen),
        breaker("a:1", BreakerState::Closed),
    ];
    for event in events {
        env.observe.tell(|| event);
    }
    let text = telemetry.prometheus().unwrap();
    let method = "rpc_method=\"a.v1.AService/Get\"";
    for expected in [
        format!(
            "svckit_call_attempt_duration_seconds_count{{{method},rpc_response_status_code=\"OK\"}} 1"
        ),
        format!("svckit_call_retries_total{{error_type=\"UNAVAILABLE\",{method}}} 1"),
        format!("svckit_call_retries_refused_total{{reason=\"budget\",{method}}} 1"),
        format!("svckit_call_rejections_total{{reason=\"shed\",{method},side=\"server\"}} 1"),
        format!("svckit_call_hedges_total{{{method}}} 1"),
        format!("svckit_call_fallbacks_total{{error_type=\"DEADLINE_EXCEEDED\",{method}}} 1"),
        "svckit_endpoints_ejected{rpc_service=\"a.v1.A\"} 1".to_owned(),
        format!("svckit_breakers_open{{{method}}} 1"),
        format!("svckit_breaker_changes_total{{{method},state=\"half_open\"}} 1"),
    ] {
        let sorted = |line: &str| {
            let mut parts: Vec<String> = line.split(['{', '}', ',']).map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert!(text.lines().any(|line| sorted(line) == sorted(&expected)), "{expected}\n{text}");
    }
}

#[test]
fn endpoints_repeats_and_reloads_are_counted_and_what_left_is_not_broken() {
    let telemetry = telemetry();
    let env = Env::default().observed_by(telemetry.observer());
    let (operation, service) = (&GET, GET.service);
    let endpoint = |endpoint, joined| Event::Endpoint { service, endpoint, joined };
    let open = |at| Event::Breaker { operation, endpoint: Some(at), state: BreakerState::Open };
    let pause = Duration::from_secs(5);
    for event in [
        Event::Resolved { service, endpoints: Some(2), code: None },
        Event::Resolved { service, endpoints: None, code: Some(Code::Unavailable) },
        endpoint("a:1", true),
        endpoint("a:2", true),
        Event::Picked { operation, endpoint: "a:1" },
        open("a:1"),
        open("a:2"),
        Event::Ejected { service, endpoint: "a:1", pause },
        endpoint("a:1", false),
        Event::Replayed { operation, how: Replay::Answer },
        Event::Configured { part: "policy", taken: false },
    ] {
        env.observe.tell(|| event);
    }
    let text = telemetry.prometheus().unwrap();
    for expected in [
        format!("svckit_endpoints_known{{rpc_service=\"{service}\"}} 2"),
        format!("svckit_discovery_resolutions_total{{rpc_service=\"{service}\"}} 1"),
        format!(
            "svckit_discovery_resolutions_total{{error_type=\"UNAVAILABLE\",rpc_service=\"{service}\"}} 1"
        ),
        format!("svckit_endpoint_changes_total{{change=\"left\",rpc_service=\"{service}\"}} 1"),
        format!(
            "svckit_endpoint_picks_total{{rpc_service=\"{service}\",server_address=\"a\",server_port=\"1\"}} 1"
        ),
        "svckit_breakers_open{rpc_method=\"a.v1.AService/Get\"} 1".to_owned(),
        format!("svckit_endpoints_ejected{{rpc_service=\"{service}\"}} 0"),
        "svckit_call_replays_total{outcome=\"answer\",rpc_method=\"a.v1.AService/Get\"} 1"
            .to_owned(),
        "svckit_config_reloads_total{outcome=\"refused\",part=\"policy\"} 1".to_owned(),
    ] {
        assert!(text.lines().any(|line| line == expected), "{expected}\n{text}");
    }
}

#[test]
fn what_comes_from_afar_makes_no_more_series_than_are_allowed() {
    let telemetry = telemetry();
    let env = Env::default().observed_by(telemetry.observer());
    for number in 0..names::CARDINALITY * 2 {
        let service = format!("s{number}");
        let failed = Event::PublishFailed { service: &service, code: Code::Unavailable };
        env.observe.tell(|| failed);
    }
    let text = telemetry.prometheus().unwrap();
    let lines = text.lines().filter(|line| line.starts_with("svckit_outbox_failures_total{"));
    assert!(lines.count() <= names::CARDINALITY + 1);
    assert!(text.contains("otel_metric_overflow=\"true\""));
}

/// A handler that panicked, as a host tells it.
struct Panics;

impl Accept for Panics {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        Vec::new()
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        let reason = Reason {
            reason: "PANICKED".to_owned(),
            domain: "svckit".to_owned(),
            metadata: std::collections::BTreeMap::new(),
        };
        async { Err(Error::internal("card 4111 1111").with_reason(reason)) }.boxed()
    }
}

#[tokio::test]
async fn a_panic_is_seen_and_what_it_said_is_not() {
    let telemetry = telemetry();
    let accept = telemetry.accept(Arc::new(Panics), System::Grpc);
    let call = IncomingCall::new(Body::One(Bytes::new()));
    assert!(accept.accept(&GET, call).await.is_err());
    let text = telemetry.prometheus().unwrap();
    assert!(text.contains("error_type=\"panic\""), "{text}");
    assert!(text.contains("rpc_response_status_code=\"INTERNAL\""), "{text}");
    assert!(!text.contains("4111"), "{text}");
}

async fn asked(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_process_that_drains_lives_and_is_not_ready() {
    let admin = Admin::bind("127.0.0.1:0").await.unwrap();
    let (address, drain, end) =
        (admin.address(), CancellationToken::new(), CancellationToken::new());
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = broken.clone();
    let parts = AdminParts {
        telemetry: telemetry(),
        checks: Arc::new(move || {
            let broken = seen.load(std::sync::atomic::Ordering::SeqCst);
            let wrong = broken.then(|| "unavailable".to_owned());
            async move { vec![("broker".to_owned(), wrong)] }.boxed()
        }),
        refresh: Arc::new(|| async {}.boxed()),
        drain: drain.clone(),
    };
    let serving = tokio::spawn(admin.serve(parts, end.clone()));
    assert!(asked(address, "/readyz").await.contains("200 OK"));
    broken.store(true, std::sync::atomic::Ordering::SeqCst);
    let answer = asked(address, "/readyz").await;
    assert!(answer.contains("503") && answer.contains("\"broker\":\"unavailable\""), "{answer}");
    broken.store(false, std::sync::atomic::Ordering::SeqCst);
    drain.cancel();
    let answer = asked(address, "/readyz").await;
    assert!(answer.contains("503") && answer.contains("draining"), "{answer}");
    assert!(asked(address, "/livez").await.contains("200 OK"));
    assert!(asked(address, "/elsewhere").await.contains("404"));
    end.cancel();
    serving.await.unwrap();
}

/// `runtime/METRICS.md` is written from the table; `BLESS=1` writes it.
#[test]
fn the_page_of_metrics_is_the_table() {
    let mut page = String::from(
        "# Metrics\n\nWhat a process exports at `/metrics` and by OTLP; written by `BLESS=1 cargo test -p svckit-telemetry`. \
         Names of calls, HTTP and messages are OpenTelemetry's; those of policies begin with `svckit.`. A metric has at \
         most 1000 sets of attributes; what is beyond is counted under `otel.metric.overflow`.\n\n\
         | OpenTelemetry | Prometheus | kind | says | attributes |\n| --- | --- | --- | --- | --- |\n",
    );
    for metric in names::ALL {
        let attributes: Vec<String> =
            metric.attributes.iter().map(|name| format!("`{name}`")).collect();
        page.push_str(&format!(
            "| `{}` | `{}` | {} | {} | {} |\n",
            metric.name,
            metric.prometheus(),
            metric.kind.name(),
            metric.about.trim(),
            attributes.join(" "),
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../METRICS.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, page, "BLESS=1 writes it");
}
