//! What callers do who mean ill, or can't do better: slow ones, large ones, garbage; over real sockets, beside an echo.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use svckit_core::call::{Accept, Answer, Body, IncomingCall};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Result};
use svckit_core::http::{HttpBinding, Method, Param, ParamKind};
use svckit_core::json::JsonCodec;
use svckit_core::operation::{Operation, ServiceDescriptor, Shape};
use svckit_core::page::One;
use svckit_transport_http::{HttpServer, ServerOptions, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const CODEC: JsonCodec = JsonCodec::of::<One<String>, One<String>>().params(&[Param::new(
    "value",
    "value",
    ParamKind::Text,
)]);

static ECHO: Operation =
    Operation::command("t.v1.Echo", "Echo", "/t.v1.EchoService/Echo").codec(CODEC);
static KEPT: Operation = Operation::query("t.v1.Echo", "Kept", "/t.v1.EchoService/Kept")
    .codec(CODEC)
    .http(HttpBinding::new(Method::Get, "/v1/kept/{value}"))
    .cache(Duration::from_secs(30));
static CARD: Operation = Operation::query("t.v1.Echo", "Card", "/t.v1.EchoService/Card")
    .codec(
        JsonCodec::of::<One<String>, One<String>>().params(&[Param::new(
            "value",
            "value",
            ParamKind::Text,
        )
        .sensitive()]),
    )
    .http(HttpBinding::new(Method::Get, "/v1/cards/{value}"));
static LINES: Operation = Operation::command("t.v1.Echo", "Lines", "/t.v1.EchoService/Lines")
    .codec(CODEC)
    .shape(Shape::ClientStream);
static SERVICE: ServiceDescriptor = service("t.v1.Echo", &[&ECHO, &KEPT, &CARD, &LINES]);

static NEWER: Operation = Operation::query("t.v2.Echo", "Kept", "/t.v2.EchoService/Kept")
    .codec(CODEC)
    .http(HttpBinding::new(Method::Get, "/v2/kept/{other}"));
static SECOND: ServiceDescriptor = service("t.v2.Echo", &[&NEWER]);

static RIVAL: Operation = Operation::query("r.v1.Rival", "Kept", "/r.v1.RivalService/Kept")
    .codec(CODEC)
    .http(HttpBinding::new(Method::Get, "/v1/kept/{id}"));
static THIRD: ServiceDescriptor = service("r.v1.Rival", &[&RIVAL]);

const fn service(
    name: &'static str,
    operations: &'static [&'static Operation],
) -> ServiceDescriptor {
    ServiceDescriptor {
        name,
        wire_name: name,
        operations,
        calls: &[],
        auth: svckit_core::operation::Auth::DEPLOYMENT,
        file_descriptor: None,
    }
}

/// Answers with what it was asked.
struct Echo(Vec<&'static ServiceDescriptor>);

impl Accept for Echo {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        self.0.clone()
    }

    fn accept(
        &self,
        operation: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        async move {
            match call.body.encoded(operation)? {
                Body::Json(_) | Body::Later(_) => Err(Error::internal("it is encoded")),
                Body::One(bytes) => Ok(Answer::one(bytes)),
                Body::Stream(mut stream) => {
                    let mut last = Err(Error::invalid_argument("nothing came"));
                    while let Some(item) = futures_util::StreamExt::next(&mut stream).await {
                        last = Ok(item?);
                    }
                    last.map(Answer::one)
                }
            }
        }
        .boxed()
    }
}

/// Lets nobody in.
struct Shut;

impl Accept for Shut {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![&SERVICE]
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        async { Err(Error::new(Code::Unauthenticated, "show who you are")) }.boxed()
    }
}

/// A server that ends with the test.
struct Served {
    address: std::net::SocketAddr,
    kill: CancellationToken,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}

async fn serve(options: ServerOptions) -> Served {
    serve_by(Arc::new(Echo(vec![&SERVICE, &SECOND])), options).await
}

async fn serve_by(services: Arc<dyn Accept>, options: ServerOptions) -> Served {
    let server = HttpServer::bind("127.0.0.1:0", services, Env::default(), options).await.unwrap();
    let (address, kill) = (server.address(), CancellationToken::new());
    tokio::spawn(server.serve(CancellationToken::new(), kill.clone()));
    Served { address, kill }
}

/// Sends, and reads up to the end.
async fn ask(served: &Served, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    // It may have had enough before all is sent.
    let _ = stream.write_all(request).await;
    rest(stream).await
}

async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn an_answer_that_may_be_kept_is_not_sent_again() {
    let served = serve(ServerOptions::default()).await;
    let first = ask(&served, &get("/v1/kept/a%20b", "")).await;
    assert!(first.ends_with(r#"{"value":"a b"}"#), "{first}");
    assert_eq!(header(&first, "cache-control"), Some("private, max-age=30"));
    assert!(header(&first, "vary").is_some_and(|vary| vary.contains("authorization")), "{first}");
    let tag = header(&first, "etag").unwrap();
    for known in [tag, "*", &format!("\"other\", {tag}"), tag.trim_start_matches("W/")] {
        let again =
            ask(&served, &get("/v1/kept/a%20b", &format!("if-none-match: {known}\r\n"))).await;
        assert!(again.starts_with("HTTP/1.1 304 "), "{again}");
        assert_eq!(header(&again, "etag"), Some(tag));
        assert!(again.ends_with("\r\n\r\n"), "{again}");
    }
    let other = ask(&served, &get("/v1/kept/b", &format!("if-none-match: {tag}\r\n"))).await;
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    // What is wrong is not kept.
    let wrong = ask(&served, &get("/v1/kept/b", "request-timeout: x\r\n")).await;
    assert_eq!(header(&wrong, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn what_a_request_says_is_looked_at_once_it_is_known_who_calls() {
    let (open, shut) = (
        serve(ServerOptions::default()).await,
        serve_by(Arc::new(Shut), ServerOptions::default()).await,
    );
    for request in [
        post("/t.v1.Echo/Echo", "content-type: application/json\r\n", b"{\"value\":"),
        post("/t.v1.Echo/Echo", "content-type: application/json\r\n", b"{\"value\":1}"),
        post("/t.v1.Echo/Lines", "content-type: application/json\r\n", b"[{\"value\":1}]"),
        post("/t.v1.Echo/Lines", "content-type: application/x-ndjson\r\n", b"nonsense\n"),
        get("/v1/kept/a?value=b", ""),
        get("/v1/kept/a?value=%FF", ""),
    ] {
        let (known, unknown) = (ask(&open, &request).await, ask(&shut, &request).await);
        assert!(known.starts_with("HTTP/1.1 400 "), "{known}");
        assert!(unknown.starts_with("HTTP/1.1 401 "), "{unknown}");
        assert!(!unknown.contains("violations"), "{unknown}");
    }
}

#[tokio::test]
async fn a_segment_that_is_sensitive_is_not_repeated() {
    let served = serve(ServerOptions::default()).await;
    let long = "x".repeat(40 * 1024);
    for (request, status) in [
        (get("/v1/cards/4111-1111?value=1", ""), "400"),
        (get("/v1/cards/4111-1111", "accept: text/html\r\n"), "406"),
        (post("/v1/cards/4111-1111", "", b""), "405"),
        (get("/v1/cards/4111-1111", "api-version: 9\r\n"), "400"),
        (get(&format!("/v1/cards/4111-1111?{long}"), ""), "414"),
        (get("/cards/4111-1111?value=1", ""), "400"),
    ] {
        let answer = ask(&served, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("cards/*\""), "{answer}");
        assert!(!answer.contains("4111"), "{answer}");
    }
}

#[tokio::test]
async fn the_newest_version_answers_unless_another_is_asked_for() {
    let served = serve(ServerOptions::default()).await;
    for (path, headers, version) in [
        ("/v1/kept/a", "", "1"),
        ("/v2/kept/a", "", "2"),
        ("/kept/a", "", "2"),
        ("/kept/a", "api-version: 1\r\n", "1"),
        ("/kept/a", "api-version: v2\r\n", "2"),
    ] {
        let answer = ask(&served, &get(path, headers)).await;
        assert_eq!(header(&answer, "api-version"), Some(version), "{path} {headers}");
    }
    let answer = ask(&served, &get("/v1/kept/a", "api-version: 2\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn two_operations_that_answer_the_same_request_are_refused() {
    let echo = Arc::new(Echo(vec![&SERVICE, &THIRD]));
    let error = router(echo, Env::default(), &ServerOptions::default()).map(drop).unwrap_err();
    let message = error.message();
    assert!(message.contains("t.v1.Echo.Kept") && message.contains("r.v1.Rival.Kept"), "{message}");
}

/// A client that sends a byte now and then would hold a connection for ever.
#[tokio::test]
async fn slow_callers_are_ended() {
    let read_timeout = Duration::from_millis(100);
    let served = serve(ServerOptions { read_timeout, ..ServerOptions::default() }).await;
    for sent in [
        // Nothing at all; the beginning of HTTP/2; half a head; half a body.
        &b""[..],
        b"PRI * HTTP/2",
        b"POST /t.v1.Echo/Echo HTTP/1.1\r\nhost: x\r\n",
        b"POST /t.v1.Echo/Echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{\"val",
        b"POST /t.v1.Echo/Echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"v\r\n",
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let answer = rest(stream).await;
        let over = answer.is_empty() || answer.starts_with("HTTP/1.1 408 ");
        assert!(over, "{}: {answer}", String::from_utf8_lossy(sent));
    }
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_have_to_wait() {
    let served = serve(ServerOptions { connections: 1, ..ServerOptions::default() }).await;
    let mut first = TcpStream::connect(served.address).await.unwrap();
    first.write_all(b"POST /t.v1.Echo/Echo HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut second = TcpStream::connect(served.address).await.unwrap();
    second.write_all(&get("/v1/kept/a", "")).await.unwrap();
    let mut second = tokio::spawn(rest(second));
    let waits = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
    assert!(waits.is_err(), "there was room for one alone");
    drop(first);
    assert!(second.await.unwrap().starts_with("HTTP/1.1 200 "));
}

async fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    packed.write_all(text).await.unwrap();
    packed.shutdown().await.unwrap();
    packed.into_inner()
}

#[tokio::test]
async fn compressed_requests_are_bounded_by_what_is_in_them() {
    let served = serve(ServerOptions { message_limit: 10_000, ..ServerOptions::default() }).await;
    let ask = |body: Vec<u8>| {
        let request = post("/t.v1.Echo/Echo", "content-encoding: gzip\r\n", &body);
        let served = &served;
        async move { ask(served, &request).await }
    };
    let answer = ask(gzip(br#"{"value":"packed"}"#).await).await;
    assert!(answer.ends_with(r#"{"value":"packed"}"#), "{answer}");
    let bomb = gzip(&[b' '; 5_000_000]).await;
    assert!(bomb.len() < 10_000);
    let answer = ask(bomb).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let answer = ask(b"no gzip at all".to_vec()).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("can't be read"), "{answer}");
}

#[tokio::test]
async fn lines_are_read_wherever_they_are_cut() {
    let served = serve(ServerOptions { message_limit: 50, ..ServerOptions::default() }).await;
    let text = "{\"value\":\"1\"}\n\n{\"value\":\"2\"}\r\n{\"value\":\"3\"}";
    for size in 1..text.len() {
        let chunks: String = text
            .as_bytes()
            .chunks(size)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect();
        let request = format!(
            "POST /t.v1.Echo/Lines HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
        );
        let answer = ask(&served, request.as_bytes()).await;
        assert!(answer.ends_with(r#"{"value":"3"}"#), "{size}: {answer}");
    }
    let long = format!("{{\"value\":\"{}\"}}", "x".repeat(60));
    let request =
        post("/t.v1.Echo/Lines", "content-type: application/x-ndjson\r\n", long.as_bytes());
    let answer = ask(&served, &request).await;
    assert!(answer.contains("resource_exhausted"), "{answer}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, the server answers the next one.
    #[test]
    fn nothing_that_is_sent_ends_the_server(
        garbage in proptest::collection::vec(any::<u8>(), 0..300),
        path in "[ -~]{0,60}",
        body in "[{}\\[\\]\",:a-z0-9\\\\u-]{0,80}",
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let read_timeout = Duration::from_millis(200);
            let served = serve(ServerOptions { read_timeout, ..ServerOptions::default() }).await;
            let mut line = garbage.clone();
            line.extend_from_slice(b"\r\n\r\n");
            ask(&served, &line).await;
            ask(&served, &get(&format!("/{path}"), "")).await;
            ask(&served, &get(&format!("/v1/kept/x?{path}"), "")).await;
            let answer = ask(&served, &post("/t.v1.Echo/Echo", "", body.as_bytes())).await;
            prop_assert!(!answer.starts_with("HTTP/1.1 5"), "{}", answer);
            let answer = ask(&served, &get("/v1/kept/still", "")).await;
            prop_assert!(answer.ends_with(r#"{"value":"still"}"#), "{}", answer);
            Ok(())
        })?;
    }
}
