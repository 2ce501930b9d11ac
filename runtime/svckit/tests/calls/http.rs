//! HTTP as those see it who know nothing of svckit: bytes over a socket.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use svckit::{Config, HttpConfig, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::shop::{self, seen};

/// An answer, as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found =
            |line: &&str| line.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name));
        let line = self.head.lines().find(found)?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// Its status, and the code and the detail of its problem.
    pub fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status, "{json}");
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("detail"))
    }
}

/// Sends bytes and reads up to the end.
async fn raw(running: &Running, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(running.address().unwrap()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut all = Vec::new();
    // A connection may be reset after what is to be read, or before.
    let _ = stream.read_to_end(&mut all).await;
    let at = all.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(all.len());
    let head = String::from_utf8_lossy(&all[..at]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default();
    let mut body = all.get(at + 4..).unwrap_or_default().to_vec();
    let answer = Answer { status, head, body: Vec::new() };
    if answer.header("transfer-encoding") == Some("chunked") {
        body = unchunked(&body);
    }
    Answer { body, ..answer }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(at) = body.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&body[..at]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        out.extend_from_slice(&body[at + 2..at + 2 + size]);
        body = &body[(at + 4 + size).min(body.len())..];
        if size == 0 {
            break;
        }
    }
    out
}

pub async fn ask(running: &Running, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    if !body.is_empty() || line.starts_with("POST") {
        write!(request, "content-length: {}\r\n", body.len()).unwrap();
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    raw(running, &request).await
}

const JSON: (&str, &str) = ("content-type", "application/json");
const PLACE: &str = "POST /sample.v1.Orders/PlaceOrder";

async fn post(running: &Running, line: &str, body: &Json) -> Answer {
    ask(running, line, &[JSON], body.to_string().as_bytes()).await
}

fn place(id: &str, sku: &str, quantity: u32) -> Json {
    json!({ "request_id": id, "sku": sku, "quantity": quantity })
}

#[tokio::test]
async fn a_command_without_a_binding_is_posted_to_by_its_name() {
    let (running, _probe) = shop::start().await;
    let answer = post(&running, PLACE, &place("h-1", "MUG", 2)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("api-version"), Some("1"));
    assert_eq!(answer.text(), r#"{"id":"r-1","quantity":2,"note":null}"#);
    let answer = post(&running, "POST /sample.v1.Orders/Forget", &json!({ "customer": "c" })).await;
    assert_eq!((answer.status, answer.text()), (200, "{}".to_owned()));
    let answer =
        post(&running, "POST /sample.v1.Orders/ResizePhoto", &json!({ "photo": "p" })).await;
    assert_eq!((answer.status, answer.text()), (202, "{}".to_owned()));
}

#[tokio::test]
async fn the_version_is_in_the_path_or_in_a_header() {
    let (running, _probe) = shop::start().await;
    let path = "POST /sample.Orders/Forget";
    let body = br#"{"customer":"c"}"#;
    for header in ["1", "v1"] {
        let answer = ask(&running, path, &[JSON, ("api-version", header)], body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(ask(&running, path, &[JSON], body).await.status, 200);
    let answer = ask(&running, path, &[JSON, ("api-version", "2")], body).await;
    let detail = "`Api-Version: 2` is not served at this path; it has 1";
    assert_eq!(answer.problem(), (400, "invalid_argument".into(), detail.into()));
    let answer = ask(&running, path, &[JSON, ("api-version", "new")], body).await;
    assert!(answer.problem().2.starts_with("`Api-Version: new` is no version"), "{answer:?}");
}

#[tokio::test]
async fn declared_errors_are_problems_with_their_fields() {
    let (running, _probe) = shop::start().await;
    let answer = post(&running, PLACE, &place("h-2", "GONE", 2)).await;
    let problem = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(problem["type"], "urn:svckit:error:sample.v1.OutOfStock");
    assert_eq!(
        (&problem["title"], &problem["error"]),
        (&json!("OutOfStock"), &json!("sample.v1.OutOfStock"))
    );
    assert_eq!(problem["value"], json!({ "sku": "GONE", "available": 3 }));
    assert_eq!(problem["code"], "failed_precondition");
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let (running, _probe) = shop::start().await;
    let answer = post(&running, PLACE, &place("h-3", "", 0)).await;
    let violations = answer.json()["violations"].clone();
    assert_eq!(violations[0]["field"], "sku");
    assert_eq!(violations[1]["rule"], "range 1..=999");
    let answer = post(&running, PLACE, &json!({ "sku": 1, "quantity": -1 })).await;
    assert_eq!(answer.json()["violations"].as_array().map(Vec::len), Some(2), "{answer:?}");
    for (body, wanted) in [
        (&b"{"[..], "must be a JSON object: EOF while parsing"),
        (b"[1]", "must be a JSON object, but is a list"),
        (b"\xff\xfe", "must be a JSON object"),
        (b"{} trailing", "must be a JSON object: trailing characters"),
        (&b"[".repeat(100_000), "must be a JSON object"),
    ] {
        let (status, code, detail) = ask(&running, PLACE, &[JSON], body).await.problem();
        assert_eq!((status, code.as_str()), (400, "invalid_argument"));
        assert!(detail.contains(wanted), "{detail}");
    }
    let deep = format!("{{\"sku\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(ask(&running, PLACE, &[JSON], deep.as_bytes()).await.problem().0, 400);
}

#[tokio::test]
async fn the_envelope_of_http_is_judged_too() {
    let (running, _probe) = shop::start().await;
    let body = place("h-4", "MUG", 1).to_string();
    let body = body.as_bytes();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let problem = ask(&running, PLACE, &[form], body).await.problem();
    assert_eq!(problem.0, 415);
    assert!(problem.2.contains("send it with `Content-Type: application/json`"), "{problem:?}");
    let brotli = ("content-encoding", "br");
    assert_eq!(ask(&running, PLACE, &[JSON, brotli], body).await.problem().0, 415);
    let html = ("accept", "text/html");
    assert_eq!(ask(&running, PLACE, &[JSON, html], body).await.problem().0, 406);
    let soon = ("request-timeout", "soon");
    assert_eq!(ask(&running, PLACE, &[JSON, soon], body).await.problem().0, 400);
    let open = ("idempotency-key", "\"open");
    assert_eq!(ask(&running, PLACE, &[JSON, open], body).await.problem().0, 400);
    let answer = ask(&running, "DELETE /sample.v1.Orders/PlaceOrder", &[], b"").await;
    assert_eq!(answer.problem().0, 405);
    assert_eq!(answer.header("allow"), Some("OPTIONS, POST"));
    let answer = ask(&running, "OPTIONS /v1/download", &[], b"").await;
    assert_eq!((answer.status, answer.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    assert_eq!(ask(&running, "GET /nowhere", &[], b"").await.problem().0, 404);
    let answer = ask(&running, "GET /v1/customers/%ff/orders", &[], b"").await;
    assert_eq!(answer.problem().0, 400);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let config = Config { message_limit: 1000, ..Config::default() };
    let (app, _probe) = shop::app_with(config);
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    let long = place("h-5", &"x".repeat(2000), 1).to_string();
    let problem = ask(&running, PLACE, &[JSON], long.as_bytes()).await.problem();
    assert_eq!((problem.0, problem.1.as_str()), (413, "resource_exhausted"));
    // Not announced, but sent.
    let chunk = "x".repeat(1500);
    let request = format!(
        "{PLACE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n0\r\n\r\n",
        chunk.len()
    );
    assert_eq!(raw(&running, request.as_bytes()).await.problem().0, 413);
    let lines = ("content-type", "application/x-ndjson");
    let import = "POST /sample.v1.Orders/ImportOrders";
    let problem = ask(&running, import, &[lines], long.as_bytes()).await.problem();
    assert_eq!(problem.1, "resource_exhausted");
}

#[tokio::test]
async fn pages_are_asked_for_by_query_and_lead_on() {
    let (running, _probe) = shop::start().await;
    let answer = ask(&running, "GET /v1/customers/c%20d/orders?page_size=2&x=y", &[], b"").await;
    let page = answer.json();
    assert_eq!(page["items"][1], json!({ "id": "c d", "quantity": 1, "note": null }));
    assert_eq!(page["nextPageToken"], "2");
    let next = "</v1/customers/c%20d/orders?page_size=2&x=y&page_token=2>; rel=\"next\"";
    assert_eq!(answer.header("link"), Some(next));
    let answer = ask(&running, "GET /v1/customers/c/orders?pageSize=1&pageToken=7", &[], b"").await;
    assert_eq!(answer.json()["items"], json!([{ "id": "c", "quantity": 7, "note": null }]));
    let answer = ask(&running, "GET /v1/customers/c/orders?page_size=many", &[], b"").await;
    assert_eq!(answer.json()["violations"][0]["field"], "page_size");
    let head = ask(&running, "HEAD /v1/customers/c/orders?page_size=1", &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(head.header("content-length").is_some_and(|length| length != "0"), "{head:?}");
}

#[tokio::test]
async fn the_caller_says_how_long_it_waits() {
    let (running, probe) = shop::start().await;
    let body = place("h-6", "LEFT", 1).to_string();
    let left = ask(&running, PLACE, &[JSON, ("request-timeout", "2s")], body.as_bytes());
    let left = left.await.json()["quantity"].as_u64().unwrap();
    assert!((1..=2_000).contains(&left), "{left}");
    let body = place("h-7", "WAIT", 1).to_string();
    let late = ask(&running, PLACE, &[JSON, ("request-timeout", "50ms")], body.as_bytes());
    let (status, code, _) = late.await.problem();
    assert_eq!((status, code.as_str()), (504, "deadline_exceeded"));
    seen(&probe.dropped).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_its_call() {
    let (running, probe) = shop::start().await;
    let body = place("h-8", "WAIT", 1).to_string();
    let head = format!(
        "{PLACE} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(running.address().unwrap()).await.unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    seen(&probe.started).await;
    drop(stream);
    seen(&probe.dropped).await;
}

#[tokio::test]
async fn the_key_of_idempotency_gets_the_same_answer_or_is_refused() {
    let (running, probe) = shop::start().await;
    let forget = "POST /sample.v1.Orders/ResizePhoto";
    let key = |key| [JSON, ("idempotency-key", key)];
    let (a, b) = (br#"{"photo":"a"}"#, br#"{"photo":"b"}"#);
    assert_eq!(ask(&running, forget, &key("\"k-1\""), a).await.status, 202);
    // With or without quotes it is the same key, and done once.
    assert_eq!(ask(&running, forget, &key("k-1"), a).await.status, 202);
    let (status, code, _) = ask(&running, forget, &key("k-1"), b).await.problem();
    assert_eq!((status, code.as_str()), (422, "failed_precondition"));
    running.idle().await.unwrap();
    assert_eq!(probe.resized.available_permits(), 1);
    // While the first one runs, the second is told to come again.
    let wait = place("k-2", "WAIT", 1);
    let first = async { post(&running, PLACE, &wait).await };
    let second = async {
        seen(&probe.started).await;
        let answer = post(&running, PLACE, &wait).await;
        probe.go.add_permits(1);
        answer
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.problem().0), (200, 409));
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(second.json()["retryAfter"], 0.1);
}

#[tokio::test]
async fn streams_of_answers_are_events() {
    let (running, _probe) = shop::start().await;
    let answer = ask(&running, "GET /v1/orders/o/watch?count=2", &[], b"").await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(
        answer.text(),
        "retry: 2000\nid: 1\ndata: {\"id\":\"o\",\"quantity\":0,\"note\":null}\n\n\
         id: 2\ndata: {\"id\":\"o\",\"quantity\":1,\"note\":null}\n\n\
         id: end\nevent: end\ndata: {}\n\n"
    );
    let answer = ask(&running, "GET /v1/orders/fail/watch?count=2", &[], b"").await;
    let events = answer.text();
    let (_, error) = events.split_once("event: error\ndata: ").expect("an error ends it");
    let problem: Json = serde_json::from_str(error.trim()).unwrap();
    assert_eq!(problem["value"], json!({ "sku": "fail", "available": 1 }));
    // What fails before it starts is no stream.
    assert_eq!(ask(&running, "GET /v1/orders/never/watch", &[], b"").await.problem().0, 404);
    let json = ("accept", "application/json");
    let answer = ask(&running, "GET /v1/orders/o/watch?count=2", &[json], b"").await;
    assert_eq!(answer.problem().0, 406);
}

#[tokio::test]
async fn streams_of_requests_are_lines_or_an_array() {
    let (running, _probe) = shop::start().await;
    let import = "POST /sample.v1.Orders/ImportOrders";
    let lines = ("content-type", "application/x-ndjson");
    let body = b"{\"id\":\"a\",\"quantity\":1}\n\r\n{\"id\":\"b\",\"quantity\":2}";
    let answer = ask(&running, import, &[lines], body).await;
    assert_eq!(answer.json(), json!({ "orders": 2, "quantity": "3" }));
    let array = b"[{\"id\":\"a\",\"quantity\":1},{\"id\":\"b\",\"quantity\":2}]";
    assert_eq!(ask(&running, import, &[JSON], array).await.json()["orders"], 2);
    let wrong = b"{\"id\":\"a\",\"quantity\":1}\n\n{\"id\":2}";
    let problem = ask(&running, import, &[lines], wrong).await.problem();
    assert!(problem.2.contains("line 3"), "{problem:?}");
    let problem = ask(&running, import, &[JSON], b"[1]").await.problem();
    assert_eq!(problem.2, "[0] must be an object");
}

#[tokio::test]
async fn streams_of_bytes_are_the_body() {
    let (running, _probe) = shop::start().await;
    let answer = ask(&running, "PUT /v1/orders/o-1/scan", &[], &[7; 1000]).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "value": "1000" })));
    let problem = ask(&running, "PUT /v1/orders/o-1/scan", &[], &[7; 70_000]).await.problem();
    assert_eq!((problem.0, problem.2.as_str()), (400, "scan: more than 65536 bytes were sent"));
    let answer = ask(&running, "GET /v1/download?chunks=3&size=1000", &[], b"").await;
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(answer.body, vec![7; 3000]);
}

#[tokio::test]
async fn pages_of_other_origins_call_where_that_is_allowed() {
    let allowed = |cors: Option<&str>| Config {
        http: HttpConfig {
            cors: cors.map(|origin| vec![origin.to_owned()]),
            ..HttpConfig::default()
        },
        ..Config::default()
    };
    let headers = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
    for (cors, expected) in [
        (None, None),
        (Some("https://shop.example"), Some("https://shop.example")),
        (Some("https://other.example"), None),
        (Some("*"), Some("*")),
    ] {
        let (app, _probe) = shop::app_with(allowed(cors));
        let running = app.listen("127.0.0.1:0").start().await.unwrap();
        let answer = ask(&running, "OPTIONS /sample.v1.Orders/Forget", &headers, b"").await;
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{cors:?}");
    }
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let (running, _probe) = shop::start().await;
    let many = "GET /v1/customers/c/orders?page_size=500";
    let gzip = ("accept-encoding", "gzip");
    let (plain, packed) =
        (ask(&running, many, &[], b"").await, ask(&running, many, &[gzip], b"").await);
    assert_eq!(
        (plain.header("content-encoding"), packed.header("content-encoding")),
        (None, Some("gzip"))
    );
    assert!(packed.body.len() * 5 < plain.body.len());
}

#[tokio::test]
async fn garbage_ends_the_connection_and_nothing_else() {
    let (running, _probe) = shop::start().await;
    for bytes in [
        &b"\x00\x01\x02\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /sample.v1.Orders/Forget HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /sample.v1.Orders/Forget HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
    ] {
        let answer = raw(&running, bytes).await;
        assert!(answer.status == 400 || answer.status == 0, "{answer:?}");
    }
    let headers = "x: y\r\n".repeat(5_000);
    let answer = raw(&running, format!("GET / HTTP/1.1\r\n{headers}\r\n").as_bytes()).await;
    assert!(matches!(answer.status, 0 | 400 | 431), "{answer:?}");
    assert_eq!(post(&running, PLACE, &place("h-9", "MUG", 1)).await.status, 200);
}

#[tokio::test]
async fn http_may_be_left_out() {
    let http = HttpConfig { serve: false, ..HttpConfig::default() };
    let (app, _probe) = shop::app_with(Config { http, ..Config::default() });
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    assert_eq!(post(&running, PLACE, &place("h-10", "MUG", 1)).await.status, 0);
    let client = shop::remote(&running).await;
    client.place_order(shop::place("MUG", 1)).await.unwrap();
}
