//! A collector that does not answer, or is not there, over real sockets: calls go on, and the process ends.
#![cfg(feature = "otlp")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use svckit_core::call::{Body, IncomingCall};
use svckit_core::clock::Env;
use svckit_telemetry::{Otlp, Sampling, System, Telemetry, TelemetryConfig};
use tokio::net::TcpListener;

use self::support::{Answers, GET};

/// More calls than spans may wait to be sent.
const CALLS: usize = 10_000;
/// Longer than the two last flushes may take, which are bounded, and shorter than a test's patience.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes more calls than can wait to be sent, and ends.
async fn goes_on(otlp: Otlp, collector: &str) {
    let config =
        TelemetryConfig { sampling: Sampling::Always, ..TelemetryConfig::to(otlp, collector) };
    let telemetry = Telemetry::new(&config, Env::default()).unwrap();
    let accept = telemetry.accept(Arc::new(Answers), System::Grpc);
    for _ in 0..CALLS {
        accept.accept(&GET, IncomingCall::new(Body::One(Bytes::new()))).await.unwrap();
    }
    let text = telemetry.prometheus().unwrap();
    let mut lines = text.lines();
    let count = "rpc_server_call_duration_seconds_count{";
    let counted = lines.find(|line| line.starts_with(count)).unwrap();
    assert!(counted.ends_with(&format!(" {CALLS}")), "{counted}");
    telemetry.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Connections are taken and nothing is ever said on them.
    let holds = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    for otlp in [Otlp::Grpc, Otlp::Http] {
        tokio::time::timeout(PATIENCE, goes_on(otlp, &url)).await.expect("it ends");
    }
    holds.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for otlp in [Otlp::Grpc, Otlp::Http] {
        let ended =
            tokio::time::timeout(PATIENCE, goes_on(otlp, &format!("http://{nobody}"))).await;
        ended.expect("it ends");
    }
}
