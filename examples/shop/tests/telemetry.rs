//! What operators see of the shop: its traces at a collector, its metrics, its health.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use shop::house;
use shop::shop::common::v1::OrderId;
use shop::shop::orders::v1::orders::{self, GetOrderRequest};
use svckit::{App, Otlp, Sampling, TelemetryConfig, Uuid};
use svckit_collector::{CLIENT, CONSUMER, Came, Collector, INTERNAL, PRODUCER, SERVER, texts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const FOREIGN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn config(name: &str, url: &str) -> TelemetryConfig {
    TelemetryConfig {
        service_name: name.to_owned(),
        sampling: Sampling::Parent(1.0),
        ..TelemetryConfig::to(Otlp::Grpc, url)
    }
}

/// What is answered at the port of operators.
async fn asked(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    sent(&address.to_string(), &request).await
}

async fn sent(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// An order that nobody placed.
fn nowhere() -> GetOrderRequest {
    GetOrderRequest { id: OrderId::new(Uuid::from_u128(9)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_is_one_trace_over_calls_and_messages() {
    let collector = Collector::start().await;
    let url = collector.url();
    let house = App::local().telemetry(&config("shop", url)).admin("127.0.0.1:0");
    let running = house::everything(house).listen("127.0.0.1:0").start().await.unwrap();
    let at = running.url().unwrap();

    let buyer = App::local().telemetry(&config("buyer", url));
    let buyer = buyer.endpoint("shop.orders.v1.Orders", &at).start().await.unwrap();
    let client = orders::Client::connect(&buyer).await.unwrap();
    let wanted = shop::drive::plan(1, 7).remove(0);
    let (customer, token) = (wanted.customer.to_string(), wanted.token.clone());
    client.place_order(wanted).await.unwrap();
    client.get_order(nowhere()).await.unwrap_err();

    let browser = App::local().telemetry(&config("browser", url));
    let browser = browser.endpoint("shop.orders.v1.Orders", at.replace("http:", "http+json:"));
    let browser = browser.start().await.unwrap();
    let over_http = orders::Client::connect(&browser).await.unwrap();
    over_http.get_order(nowhere()).await.unwrap_err();

    let host = at.strip_prefix("http://").unwrap().to_owned();
    let body = "{\"nonsense\":";
    let (status, _) = sent(&host, &format!("POST /v1/orders HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ntraceparent: {FOREIGN}\r\ntracestate: theirs=1\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    assert_eq!(status, 400);

    running.idle().await.unwrap();
    let admin = running.admin_address().unwrap();
    let (live, ready) = (asked(admin, "/livez").await, asked(admin, "/readyz").await);
    assert_eq!((live.0, ready.0), (200, 200), "{}", ready.1);
    assert!(ready.1.contains("\"store of shop.orders.v1.Orders\":\"ok\""), "{}", ready.1);
    let (status, metrics) = asked(admin, "/metrics").await;
    assert_eq!(status, 200);
    buyer.shutdown().await;
    browser.shutdown().await;
    running.shutdown().await;

    let came = collector.came();
    calls(&came);
    http(&came);
    messages(&came);
    refused(&came);
    scraped(&metrics);
    for name in ["rpc.server.call.duration", "messaging.process.duration", "svckit.messages.lag"] {
        assert!(came.metrics.iter().any(|metric| metric == name), "{name}: {:?}", came.metrics);
    }
    for secret in [customer.as_str(), token.as_str(), "Graz", "MUG-1"] {
        assert!(!came.all.contains(secret), "{secret} reached the collector");
        assert!(!metrics.contains(secret), "{secret} reached /metrics");
    }
}

fn calls(came: &Came) {
    let method = "shop.orders.v1.OrdersService/PlaceOrder";
    let (client, server) = (came.one(method, CLIENT), came.one(method, SERVER));
    assert_eq!(server.trace_id, client.trace_id);
    assert_eq!(server.parent_span_id, client.span_id);
    // The call with all its attempts, of which there was one.
    let call = came.one(method, INTERNAL);
    assert_eq!((&client.parent_span_id, &client.trace_id), (&call.span_id, &call.trace_id));
    assert!(call.parent_span_id.is_empty());
    let (mine, theirs) = (texts(&client.attributes), texts(&server.attributes));
    for attributes in [&mine, &theirs] {
        assert_eq!(attributes["rpc.system.name"], "grpc");
        assert_eq!(attributes["rpc.method"], method);
        assert_eq!(attributes["rpc.response.status_code"], "OK");
        assert!(!attributes.contains_key("error.type"));
    }
    assert_eq!((&*mine["previous-rpc-attempts"], &*mine["network.protocol.version"]), ("0", "2"));
    assert_eq!(mine["server.address"], "127.0.0.1");
    assert!(mine["server.port"].parse::<u16>().is_ok());

    let failed = came.one("shop.orders.v1.OrdersService/GetOrder", SERVER);
    let attributes = texts(&failed.attributes);
    assert_eq!(attributes["rpc.response.status_code"], "NOT_FOUND");
    assert_eq!(attributes["error.type"], "shop.orders.v1.OrderNotFound");
    // What the caller did wrong is no failure of the server.
    assert_eq!(failed.status.as_ref().map_or(0, |status| status.code), 0);
    let asked = came.one("shop.orders.v1.OrdersService/GetOrder", CLIENT);
    assert_eq!(asked.status.as_ref().map_or(0, |status| status.code), 2);
}

fn http(came: &Came) {
    let name = "GET /v1/orders/{id}";
    let (client, server) = (came.one(name, CLIENT), came.one(name, SERVER));
    assert_eq!(server.parent_span_id, client.span_id);
    let (mine, theirs) = (texts(&client.attributes), texts(&server.attributes));
    for attributes in [&mine, &theirs] {
        assert_eq!(attributes["http.request.method"], "GET");
        assert_eq!(attributes["http.response.status_code"], "404");
        assert_eq!(attributes["url.scheme"], "http");
        assert_eq!(attributes["network.protocol.version"], "1.1");
        assert_eq!(attributes["server.address"], "127.0.0.1");
        assert_eq!(attributes["server.port"], mine["server.port"]);
    }
    assert_eq!(theirs["http.route"], "/v1/orders/{id}");
    assert_eq!(mine["url.template"], "/v1/orders/{id}");
    assert!(!mine.contains_key("http.request.resend_count"), "{mine:?}");
}

/// A request that no operation saw is one of its trace, too.
fn refused(came: &Came) {
    let server = came.one("POST /v1/orders", SERVER);
    let attributes = texts(&server.attributes);
    assert_eq!(attributes["http.response.status_code"], "400");
    assert_eq!(attributes["rpc.response.status_code"], "INVALID_ARGUMENT");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let parent = format!("00-{}-{}-01", hex(&server.trace_id), hex(&server.parent_span_id));
    assert_eq!((parent.as_str(), server.trace_state.as_str()), (FOREIGN, "theirs=1"));
}

/// A port where nobody listens.
async fn dead() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_is_seen_with_where_it_went() {
    for (scheme, name, count) in [
        ("http", "shop.orders.v1.OrdersService/GetOrder", "previous-rpc-attempts"),
        ("http+json", "GET /v1/orders/{id}", "http.request.resend_count"),
    ] {
        let collector = Collector::start().await;
        let url = collector.url();
        let (one, other) = (dead().await, dead().await);
        let buyer = App::local().telemetry(&config("buyer", url)).admin("127.0.0.1:0");
        let places = format!("{scheme}://{one},{scheme}://{other}");
        let buyer = buyer.endpoint("shop.orders.v1.Orders", places).start().await.unwrap();
        let client = orders::Client::connect(&buyer).await.unwrap();
        client.get_order(nowhere()).await.unwrap_err();
        let (_, metrics) = asked(buyer.admin_address().unwrap(), "/metrics").await;
        buyer.shutdown().await;

        let came = collector.came();
        let call = came.one("shop.orders.v1.OrdersService/GetOrder", INTERNAL);
        let attempts = came.named(name, CLIENT);
        assert!(attempts.len() > 1, "{scheme}");
        let retries = call.events.iter().filter(|event| event.name == "svckit.retry").count();
        assert_eq!(attempts.len(), retries + 1);
        let mut counts = Vec::new();
        for attempt in &attempts {
            assert_eq!(attempt.parent_span_id, call.span_id);
            let attributes = texts(&attempt.attributes);
            let port = &attributes["server.port"];
            assert!(one.ends_with(port) || other.ends_with(port), "{attributes:?}");
            assert_eq!(attributes["error.type"], "UNAVAILABLE");
            assert!(!attributes.contains_key("http.response.status_code"), "nobody answered");
            counts.push(attributes.get(count).cloned().unwrap_or_else(|| "0".to_owned()));
        }
        counts.sort();
        let expected: Vec<String> = (0..attempts.len()).map(|n| n.to_string()).collect();
        assert_eq!(counts, expected);
        let ports: std::collections::BTreeSet<_> = attempts
            .iter()
            .map(|attempt| texts(&attempt.attributes)["server.port"].clone())
            .collect();
        assert_eq!(ports.len(), 2, "another attempt goes elsewhere");
        for of in [&one, &other] {
            let port = of.rsplit(':').next().unwrap();
            let line = metrics.lines().find(|line| {
                line.starts_with("svckit_endpoint_picks_total{") && line.contains(port)
            });
            assert!(line.is_some(), "{metrics}");
        }
        assert!(
            metrics.contains("svckit_endpoints_known{rpc_service=\"shop.orders.v1.Orders\"} 2")
        );
    }
}

fn messages(came: &Came) {
    let event = "shop.orders.v1.Orders.OrderPlaced";
    let placed = came.one("shop.orders.v1.OrdersService/PlaceOrder", SERVER);
    let sent = came.one(&format!("send {event}"), PRODUCER);
    assert_eq!((&sent.trace_id, &sent.parent_span_id), (&placed.trace_id, &placed.span_id));
    let attributes = texts(&sent.attributes);
    assert_eq!(attributes["messaging.operation.type"], "send");
    assert_eq!(attributes["messaging.destination.name"], event);
    let processed = came.named(&format!("process {event}"), CONSUMER);
    assert!(!processed.is_empty());
    for span in processed {
        assert_eq!((&span.trace_id, &span.parent_span_id), (&sent.trace_id, &sent.span_id));
        assert_eq!(span.links.len(), 1);
        assert_eq!(span.links[0].span_id, sent.span_id);
        let attributes = texts(&span.attributes);
        assert_eq!(attributes["messaging.operation.type"], "process");
        assert_eq!(
            attributes["messaging.message.id"],
            texts(&sent.attributes)["messaging.message.id"]
        );
        assert!(attributes["messaging.consumer.group.name"].starts_with("shop."));
    }
    // The whole flow, through every service, to the last letter: one trace.
    let flow = came.spans.iter().filter(|(_, span)| span.trace_id == placed.trace_id);
    let consumers = flow.filter(|(_, span)| span.kind == CONSUMER).count();
    assert!(consumers >= 4, "{consumers} handlers in the trace of the order");
    let charge = came.named("shop.payments.v1.BankService/Charge", SERVER);
    for span in charge {
        assert_eq!(
            span.trace_id, placed.trace_id,
            "a handler's call belongs to the message's trace"
        );
    }
}

fn scraped(metrics: &str) {
    let mut series = BTreeMap::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(series.insert(name.to_owned(), value).is_none(), "{line} is there twice");
    }
    let sum = |parts: &[&str]| -> f64 {
        let has = |name: &str| parts.iter().all(|part| name.contains(part));
        series.iter().filter(|(name, _)| has(name)).map(|(_, value)| value).sum()
    };
    let placed = "rpc_method=\"shop.orders.v1.OrdersService/PlaceOrder\"";
    let count = "rpc_server_call_duration_seconds_count";
    assert_eq!(sum(&[count, placed, "rpc_response_status_code=\"OK\""]), 1.0, "{metrics}");
    // The one that was done, and the one whose body was no JSON.
    assert_eq!(sum(&["rpc_server_call_duration_seconds_bucket", placed, "le=\"+Inf\""]), 2.0);
    assert_eq!(sum(&[count, "error_type=\"shop.orders.v1.OrderNotFound\""]), 2.0, "{metrics}");
    assert_eq!(
        sum(&["http_server_request_duration_seconds_count", "http_route=\"/v1/orders/{id}\""]),
        1.0,
        "{metrics}"
    );
    assert!(sum(&["messaging_process_duration_seconds_count", "OrderPlaced"]) >= 1.0);
    assert!(sum(&["svckit_message_deliveries_total", "outcome=\"done\""]) >= 4.0);
    assert!(
        series.contains_key("svckit_outbox_stalled{rpc_service=\"shop.orders.v1.Orders\"}"),
        "{metrics}"
    );
    assert!(
        series.keys().any(|name| name.starts_with("svckit_messages_lag_seconds{")),
        "{metrics}"
    );
    assert_eq!(sum(&["svckit_calls_active"]), 0.0, "{metrics}");
}

/// What `/readyz` says once its status is that.
async fn until(admin: std::net::SocketAddr, wanted: u16) -> String {
    loop {
        let (status, text) = asked(admin, "/readyz").await;
        if status == wanted {
            return text;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_drains_is_not_ready_while_it_finishes_what_it_has_begun() {
    let house = house::everything(App::local().admin("127.0.0.1:0"));
    let running = house.listen("127.0.0.1:0").start().await.unwrap();
    let (admin, host) = (running.admin_address().unwrap(), running.address().unwrap());
    assert_eq!(asked(admin, "/readyz").await.0, 200);
    // A call whose body is not all there yet, and which is waited for: so it says itself.
    let body = "{\"nonsense\":";
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: {host}\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut call = TcpStream::connect(host).await.unwrap();
    call.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    call.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    let ending = tokio::spawn(running.shutdown());
    let said = until(admin, 503).await;
    assert!(said.contains("\"status\":\"draining\""), "{said}");
    assert_eq!(asked(admin, "/livez").await.0, 200);
    assert!(!ending.is_finished());
    call.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    call.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    ending.await.unwrap();
    assert!(TcpStream::connect(admin).await.is_err(), "nobody answers for what has ended");
}

/// Renames every table of a file of SQLite, as whoever damages it would: nothing is found there any more.
fn rename(file: &std::path::Path, from: &str, to: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    let list = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut names = connection.prepare(list).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for name in names.map(Result::unwrap).collect::<Vec<_>>() {
        let Some(bare) = name.strip_suffix(from) else { continue };
        connection
            .execute(&format!("ALTER TABLE \"{name}\" RENAME TO \"{bare}{to}\""), [])
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_lost_its_store_or_its_broker_is_not_ready_until_it_has_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let house = App::local().data(folder.path()).admin("127.0.0.1:0");
    let running = house::everything(house).start().await.unwrap();
    let admin = running.admin_address().unwrap();
    for (file, part) in
        [("shop.mail.v1.Mail.sqlite", "store of shop.mail.v1.Mail"), ("broker.sqlite", "broker")]
    {
        until(admin, 200).await;
        rename(&folder.path().join(file), "", "_away");
        let said = until(admin, 503).await;
        assert!(said.contains("\"status\":\"not ready\""), "{said}");
        let checks: Vec<_> = said.split(',').filter(|check| check.contains(part)).collect();
        assert!(checks.len() == 1 && !checks[0].contains(":\"ok\""), "{said}");
        assert_eq!(said.matches("\"ok\"").count() + 1, 7, "the others are there: {said}");
        assert_eq!(asked(admin, "/livez").await.0, 200);
        rename(&folder.path().join(file), "_away", "");
    }
    until(admin, 200).await;
    running.shutdown().await;
}

#[tokio::test]
async fn a_collector_whose_certificates_are_not_there_keeps_an_app_from_starting() {
    let mut config = config("shop", "https://localhost:4317");
    let traces = config.traces.as_mut().unwrap();
    traces.trust.ca = Some("/there/is/no/such.pem".into());
    let error = App::local().telemetry(&config).start().await.unwrap_err().to_string();
    for part in [
        "traces at https://localhost:4317",
        "/there/is/no/such.pem",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("[tls]"), "{error}");
}
