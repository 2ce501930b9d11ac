//! What OpenTelemetry's own collector makes of what is sent to it.
#![cfg(all(feature = "otlp", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use svckit_core::call::{Body, IncomingCall};
use svckit_core::clock::Env;
use svckit_telemetry::{Otlp, System, Telemetry, TelemetryConfig};
use svckit_tests::peers::{go, not_run};

use self::support::{Answers, GET};

/// The collector's process.
struct Collector(Child);

impl Collector {
    /// Returns once it takes what is sent.
    fn start(otelcol: &Path, folder: &Path, grpc: &str, http: &str) -> Self {
        let config = json!({
            "receivers": { "otlp": { "protocols": {
                "grpc": { "endpoint": grpc },
                "http": { "endpoint": http },
            } } },
            "exporters": { "file": { "path": folder.join("came.json") } },
            "service": {
                "telemetry": { "metrics": { "level": "none" } },
                "pipelines": {
                    "traces": { "receivers": ["otlp"], "exporters": ["file"] },
                    "metrics": { "receivers": ["otlp"], "exporters": ["file"] },
                },
            },
        });
        let path = folder.join("config.yaml");
        // JSON is YAML, too.
        std::fs::write(&path, config.to_string()).unwrap();
        let mut child = Command::new(otelcol)
            .arg(format!("--config=file:{}", path.display()))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        loop {
            let line = lines.next().and_then(|line| line.ok());
            said.push(line.unwrap_or_else(|| panic!("it ended: {}", said.join("\n"))));
            if said.last().is_some_and(|line| line.contains("Everything is ready")) {
                break;
            }
        }
        std::thread::spawn(move || lines.count());
        Self(child)
    }

    /// Has it write down what it has, and end.
    fn stop(&mut self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// What `pick` finds in any line, for the service.
fn found(lines: &[Value], service: &str, list: &str, inner: &str, items: &str) -> Vec<Value> {
    let resources = lines.iter().flat_map(|line| line[list].as_array().into_iter().flatten());
    let ours = resources.filter(|of| of["resource"].to_string().contains(service));
    let scopes = ours.flat_map(|of| of[inner].as_array().into_iter().flatten());
    scopes.flat_map(|scope| scope[items].as_array().into_iter().flatten()).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opentelemetrys_own_collector_takes_both_protocols() {
    let Some(otelcol) = go("otelcol") else {
        return not_run("OTLP to OpenTelemetry's own collector", "otelcol");
    };
    let folder = tempfile::tempdir().unwrap();
    let (grpc, http) = (free(), free());
    let mut collector = Collector::start(&otelcol, folder.path(), &grpc, &http);
    for (otlp, name, at, gzip) in [
        (Otlp::Grpc, "over-grpc", &grpc, false),
        (Otlp::Http, "over-http", &http, false),
        (Otlp::Grpc, "small-grpc", &grpc, true),
        (Otlp::Http, "small-http", &http, true),
    ] {
        let to = TelemetryConfig::to(otlp, &format!("http://{at}"));
        let mut config = TelemetryConfig { service_name: name.to_owned(), ..to };
        for to in [&mut config.traces, &mut config.metrics].into_iter().flatten() {
            to.gzip = gzip;
        }
        let telemetry = Telemetry::new(&config, Env::default()).unwrap();
        let accept = telemetry.accept(Arc::new(Answers), System::Grpc);
        accept.accept(&GET, IncomingCall::new(Body::One(Bytes::new()))).await.unwrap();
        telemetry.shutdown().await;
    }
    collector.stop();
    let text = std::fs::read_to_string(folder.path().join("came.json")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for name in ["over-grpc", "over-http", "small-grpc", "small-http"] {
        let spans = found(&lines, name, "resourceSpans", "scopeSpans", "spans");
        assert_eq!(spans.len(), 1, "{name}: {text}");
        assert_eq!(
            (&spans[0]["name"], &spans[0]["kind"]),
            (&"a.v1.AService/Get".into(), &2.into())
        );
        let metrics = found(&lines, name, "resourceMetrics", "scopeMetrics", "metrics");
        let calls = metrics.iter().find(|metric| metric["name"] == "rpc.server.call.duration");
        let points = &calls.unwrap_or_else(|| panic!("{name}: {text}"))["histogram"]["dataPoints"];
        assert_eq!(points[0]["count"], "1", "{name}: {points}");
    }
}
