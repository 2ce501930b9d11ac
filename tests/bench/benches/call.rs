//! A unary call over loopback, beside a server and a client of tonic with the same message.

use svckit::App;
use svckit_bench::echo::{order, request, tonic_by_hand};
use svckit_bench::ours::Order;
use svckit_bench::ours::echo::{self, SendContext, SendError};
use svckit_bench::{in_earnest, race};
use tokio::runtime::Runtime;

struct Mine;

impl echo::Service for Mine {
    async fn send(&self, _: &mut SendContext, order: Order) -> Result<Order, SendError> {
        Ok(order)
    }
}

fn main() {
    let runtime = Runtime::new().expect("threads can be started");
    let ours = runtime.block_on(ours());
    let theirs = runtime.block_on(tonic_by_hand());
    let (rounds, calls) = if in_earnest() { (41, 300) } else { (1, 1) };
    for lines in [1, 20] {
        let (order, request) = (order(lines), request(lines));
        let one_by_one = race(
            rounds,
            || {
                runtime.block_on(async {
                    for _ in 0..calls {
                        ours.send(order.clone()).await.expect("is answered");
                    }
                })
            },
            || {
                runtime.block_on(async {
                    for _ in 0..calls {
                        theirs.clone().send(request.clone()).await.expect("is answered");
                    }
                })
            },
        );
        one_by_one.report_throughput(&format!("unary call, {lines} lines, one by one"), 0.97);
    }
    let (order, request) = (order(20), request(20));
    let at_once = race(
        rounds,
        || {
            runtime.block_on(at_once(calls, || {
                let (client, order) = (ours.clone(), order.clone());
                async move { client.send(order).await.map(drop).expect("is answered") }
            }))
        },
        || {
            runtime.block_on(at_once(calls, || {
                let (mut client, request) = (theirs.clone(), request.clone());
                async move { client.send(request).await.map(drop).expect("is answered") }
            }))
        },
    );
    at_once.report_throughput("unary call, 20 lines, 16 at once", 0.97);
}

/// Sixteen tasks share the calls.
async fn at_once<F: Future<Output = ()> + Send + 'static>(calls: usize, call: impl Fn() -> F) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..calls {
        if n >= 16 {
            tasks.join_next().await.expect("there are sixteen").expect("it does not panic");
        }
        tasks.spawn(call());
    }
    tasks.join_all().await;
}

async fn ours() -> echo::Client {
    let app = App::local().listen("127.0.0.1:0").serve(echo::server(Mine));
    let running = app.start().await.expect("the port is free");
    let url = running.url().expect("it listens");
    std::mem::forget(running);
    let away = App::local().endpoint("bench.shapes.v1.Echo", url);
    echo::Client::connect(&away).await.expect("the way is known")
}
