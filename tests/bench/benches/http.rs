//! A unary call over HTTP and JSON, beside a server of axum and a client of hyper with the same message by serde.

use axum::routing::post;
use axum::{Json, Router};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use svckit::{App, Bytes};
use svckit_bench::ours::echo::{self, SendContext, SendError};
use svckit_bench::ours::{Line, Order, Small};
use svckit_bench::{in_earnest, race};
use tokio::runtime::Runtime;

struct Mine;

impl echo::Service for Mine {
    async fn send(&self, _: &mut SendContext, order: Order) -> Result<Order, SendError> {
        Ok(order)
    }
}

/// The same, as one writes it by hand.
mod theirs {
    use super::{Deserialize, Serialize};

    #[derive(Clone, Serialize, Deserialize)]
    pub(crate) struct Small {
        pub(crate) currency: String,
        pub(crate) units: i64,
        pub(crate) nanos: i32,
    }

    #[derive(Clone, Serialize, Deserialize)]
    pub(crate) struct Line {
        pub(crate) sku: String,
        pub(crate) quantity: u32,
        pub(crate) price: Small,
    }

    #[derive(Clone, Serialize, Deserialize)]
    pub(crate) struct Order {
        pub(crate) id: String,
        pub(crate) lines: Vec<Line>,
        pub(crate) total: Small,
    }
}

/// A client of hyper.
#[derive(Clone)]
struct Raw {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Raw {
    fn new(url: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { client: Client::builder(TokioExecutor::new()).build(connector), url }
    }

    async fn send(&self, body: Bytes) -> Bytes {
        let request = http::Request::post(&self.url).header("content-type", "application/json");
        let request = request.body(Full::new(body)).expect("a request");
        let response = self.client.request(request).await.expect("is answered");
        assert!(response.status().is_success());
        response.into_body().collect().await.expect("all of it").to_bytes()
    }

    async fn call(&self, order: &theirs::Order) -> theirs::Order {
        let body = serde_json::to_vec(order).expect("it has a JSON");
        serde_json::from_slice(&self.send(body.into()).await).expect("an order")
    }
}

fn main() {
    let runtime = Runtime::new().expect("threads can be started");
    let (ours, at) = runtime.block_on(ours());
    let theirs = runtime.block_on(theirs());
    let mine = Raw::new(format!("http://{at}/bench.shapes.v1.Echo/Send"));
    let (rounds, calls) = if in_earnest() { (41, 300) } else { (1, 1) };
    for lines in [1, 20] {
        let (order, request) = (order(lines), request(lines));
        let whole = race(
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
                        theirs.call(&request.clone()).await;
                    }
                })
            },
        );
        whole.report_throughput(&format!("HTTP call, {lines} lines, one by one"), 0.97);
        let body = Bytes::from(serde_json::to_vec(&request).expect("it has a JSON"));
        let send = |to: &Raw| {
            runtime.block_on(async {
                for _ in 0..calls {
                    to.send(body.clone()).await;
                }
            });
        };
        let served = race(rounds, || send(&mine), || send(&theirs));
        served.report_throughput(&format!("HTTP server, {lines} lines, one by one"), 0.97);
    }
}

async fn ours() -> (echo::Client, std::net::SocketAddr) {
    let app = App::local().listen("127.0.0.1:0").serve(echo::server(Mine));
    let running = app.start().await.expect("the port is free");
    let at = running.address().expect("it listens");
    std::mem::forget(running);
    let away = App::local().endpoint("bench.shapes.v1.Echo", format!("http+json://{at}"));
    (echo::Client::connect(&away).await.expect("the way is known"), at)
}

async fn theirs() -> Raw {
    use axum::serve::ListenerExt as _;
    let router = Router::new()
        .route("/send", post(|Json(order): Json<theirs::Order>| async { Json(order) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let at = listener.local_addr().expect("it is bound");
    // Without it the peer waits for acknowledgements, and we would win by far and wrongly.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Raw::new(format!("http://{at}/send"))
}

fn order(lines: u32) -> Order {
    let price = || Small { currency: "EUR".into(), units: 4, nanos: 500_000_000 };
    let line = |i| Line { sku: format!("MUG-{i}"), quantity: i, price: price() };
    Order { id: "o-1".into(), lines: (1..=lines).map(line).collect(), total: price() }
}

fn request(lines: u32) -> theirs::Order {
    let price = || theirs::Small { currency: "EUR".into(), units: 4, nanos: 500_000_000 };
    let line = |i| theirs::Line { sku: format!("MUG-{i}"), quantity: i, price: price() };
    theirs::Order { id: "o-1".into(), lines: (1..=lines).map(line).collect(), total: price() }
}
