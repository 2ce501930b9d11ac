//! A unary call over loopback whose traces a collector takes, of one call in a hundred and of all, beside the same call
//! that nobody observes and beside tonic by hand.

#![allow(clippy::disallowed_methods, reason = "what measures time reads the clock")]

use std::time::{Duration, Instant};

use svckit::{App, Otlp, Sampling, TelemetryConfig};
use svckit_bench::echo::{order, request, tonic_by_hand};
use svckit_bench::ours::Order;
use svckit_bench::ours::echo::{self, SendContext, SendError};
use svckit_bench::{Contest, Lap, Runner, in_earnest};
use svckit_collector::Collector;
use tokio::runtime::Runtime;

struct Mine;

impl echo::Service for Mine {
    async fn send(&self, _: &mut SendContext, order: Order) -> Result<Order, SendError> {
        Ok(order)
    }
}

/// The runners, by their places.
const ONE_PERCENT: usize = 0;
const SILENT: usize = 2;
const TONIC: usize = 3;

fn main() {
    let runtime = Runtime::new().expect("threads can be started");
    // It takes all and keeps nothing.
    let collector = runtime.block_on(Collector::forgetful());
    let url = collector.url().to_owned();
    let observed = |share| Some((url.clone(), share));
    let one_percent = runtime.block_on(ours(observed(0.01)));
    let all = runtime.block_on(ours(observed(1.0)));
    let silent = runtime.block_on(ours(None));
    let theirs = runtime.block_on(tonic_by_hand());
    let (rounds, calls) = if in_earnest() { (41, 300) } else { (1, 1) };
    let (order, request) = (order(20), request(20));
    let mine = |client: &echo::Client| {
        let (client, order, runtime) = (client.clone(), order.clone(), &runtime);
        move || {
            runtime.block_on(lap(calls, async || {
                client.send(order.clone()).await.map(drop).expect("is answered");
            }))
        }
    };
    let tonics = || {
        runtime.block_on(lap(calls, async || {
            theirs.clone().send(request.clone()).await.map(drop).expect("is answered");
        }))
    };
    let runners: Vec<Runner<'_>> = vec![
        ("sampled at 1 %", Box::new(mine(&one_percent))),
        ("sampled, all", Box::new(mine(&all))),
        ("nobody observes", Box::new(mine(&silent))),
        ("tonic by hand", Box::new(tonics)),
    ];
    let contest = Contest::hold(rounds, runners);
    contest.report_all(calls);
    contest.report_throughput(ONE_PERCENT, SILENT, 0.90);
    contest.report_throughput(ONE_PERCENT, TONIC, 0.90);
}

async fn lap(calls: usize, call: impl AsyncFn()) -> Lap {
    let (begun, mut each) = (Instant::now(), Vec::with_capacity(calls));
    for _ in 0..calls {
        let start = Instant::now();
        call().await;
        each.push(start.elapsed());
    }
    let took = begun.elapsed();
    each.sort_unstable();
    let p99 = each.get(calls * 99 / 100).or(each.last()).copied().unwrap_or(Duration::ZERO);
    Lap { took, p99 }
}

/// Both sides, observed alike.
async fn ours(observed: Option<(String, f64)>) -> echo::Client {
    let telemetry = |app: App| match &observed {
        Some((url, share)) => app.telemetry(&TelemetryConfig {
            sampling: Sampling::Parent(*share),
            ..TelemetryConfig::to(Otlp::Grpc, url)
        }),
        None => app,
    };
    let app = telemetry(App::local()).listen("127.0.0.1:0").serve(echo::server(Mine));
    let running = app.start().await.expect("the port is free");
    let url = running.url().expect("it listens");
    std::mem::forget(running);
    let away = telemetry(App::local()).endpoint("bench.shapes.v1.Echo", url);
    echo::Client::connect(&away).await.expect("the way is known")
}
