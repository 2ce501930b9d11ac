//! Calls over a WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value as Json, json};
use svckit::{Config, HttpConfig, Running};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::shop::{self, seen};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const CHAT: &str = "/sample.v1.Orders/Chat";
const COUNT: &str = "/sample.v1.Orders/Count";

async fn open(running: &Running, path: &str) -> Socket {
    let url = format!("ws://{}{path}", running.address().unwrap());
    connect_async(url).await.unwrap().0
}

fn text(json: &Json) -> Message {
    Message::text(json.to_string())
}

/// The next message but pings; nothing once the other side has closed.
async fn next(socket: &mut Socket) -> Option<Json> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

fn order(id: &str, quantity: u32) -> Json {
    json!({ "id": id, "quantity": quantity, "note": null })
}

#[tokio::test]
async fn both_sides_speak_as_they_like() {
    let (running, _probe) = shop::start().await;
    let mut socket = open(&running, CHAT).await;
    for n in 0..20 {
        socket.send(text(&order("o", n))).await.unwrap();
        assert_eq!(next(&mut socket).await, Some(json!({ "value": order("o", n + 1) })));
    }
    // All at once; then the end, after which the answers still come.
    for n in 0..20 {
        socket.send(text(&order("o", n))).await.unwrap();
    }
    socket.send(Message::text("")).await.unwrap();
    for n in 0..20 {
        assert_eq!(next(&mut socket).await, Some(json!({ "value": order("o", n + 1) })));
    }
    assert_eq!(next(&mut socket).await, None);
}

#[tokio::test]
async fn one_request_may_be_the_first_message_or_in_the_url() {
    let (running, _probe) = shop::start().await;
    let mut socket = open(&running, COUNT).await;
    socket.send(text(&json!({ "upto": 3 }))).await.unwrap();
    socket.send(Message::text("")).await.unwrap();
    for n in 0..3 {
        assert_eq!(next(&mut socket).await, Some(json!({ "value": { "value": n } })));
    }
    assert_eq!(next(&mut socket).await, None);
    let mut socket = open(&running, "/v1/orders/o/watch?count=1").await;
    assert_eq!(next(&mut socket).await, Some(json!({ "value": order("o", 0) })));
    assert_eq!(next(&mut socket).await, None);
}

#[tokio::test]
async fn bytes_are_binary_messages() {
    let (running, _probe) = shop::start().await;
    let mut socket = open(&running, "/v1/orders/o-1/scan").await;
    for _ in 0..3 {
        socket.send(Message::binary(vec![1; 100])).await.unwrap();
    }
    socket.send(Message::text("")).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(json!({ "value": { "value": "300" } })));
    let mut socket = open(&running, "/v1/download?chunks=2&size=10").await;
    for _ in 0..2 {
        let frame = socket.next().await.unwrap().unwrap();
        assert_eq!(frame, Message::binary(vec![7; 10]));
    }
}

#[tokio::test]
async fn what_is_wrong_ends_it_with_a_problem() {
    let (running, _probe) = shop::start().await;
    let import = "/sample.v1.Orders/ImportOrders";
    for (path, message, wanted) in [
        (CHAT, Message::text("{"), "must be a JSON object"),
        (CHAT, Message::binary(vec![1]), "messages are sent as texts of JSON"),
        ("/v1/orders/o-1/scan", Message::text("x"), "chunks are sent as binary messages"),
        (import, text(&order("stop", 1)), "no more, please"),
        ("/v1/orders/o/watch", Message::text("{}"), "no message was wanted"),
    ] {
        let mut socket = open(&running, path).await;
        if wanted == "no message was wanted" {
            // It is over already: nothing is streamed where nothing is counted.
            assert_eq!(next(&mut socket).await, None);
            continue;
        }
        socket.send(message).await.unwrap();
        let problem = next(&mut socket).await.expect("a problem")["problem"].clone();
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(wanted), "{problem}");
        assert_eq!(next(&mut socket).await, None);
    }
}

#[tokio::test]
async fn a_message_is_bounded() {
    let (app, _probe) = shop::app_with(Config { message_limit: 1000, ..Config::default() });
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    let mut socket = open(&running, CHAT).await;
    socket.send(text(&order(&"x".repeat(2000), 1))).await.unwrap();
    let problem = next(&mut socket).await.expect("a problem")["problem"]["detail"].to_string();
    assert!(problem.contains("too long: the limit is 1000 bytes"), "{problem}");
    assert_eq!(next(&mut socket).await, None);
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_its_call() {
    let (running, probe) = shop::start().await;
    let mut socket = open(&running, "/v1/orders/wait/watch").await;
    assert_eq!(next(&mut socket).await, Some(json!({ "value": order("first", 0) })));
    seen(&probe.started).await;
    drop(socket);
    seen(&probe.dropped).await;
}

#[tokio::test]
async fn a_stopped_app_says_goodbye() {
    let config = Config { drain: std::time::Duration::from_millis(50), ..Config::default() };
    let (app, probe) = shop::app_with(config);
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    let mut socket = open(&running, "/v1/orders/wait/watch").await;
    assert!(next(&mut socket).await.is_some());
    seen(&probe.started).await;
    running.shutdown().await;
    let problem = next(&mut socket).await.expect("a problem");
    assert_eq!(problem["problem"]["code"], "unavailable");
    let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!("no farewell") };
    assert_eq!(close.code, CloseCode::Away);
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unless_allowed() {
    let from = |url: String, origin: &'static str| async move {
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        match connect_async(request).await {
            Ok(_) => 101,
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        }
    };
    let http =
        HttpConfig { cors: Some(vec!["https://shop.example".into()]), ..HttpConfig::default() };
    let (app, _probe) = shop::app_with(Config { http, ..Config::default() });
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    let url = format!("ws://{}{CHAT}", running.address().unwrap());
    assert_eq!(from(url.clone(), "https://shop.example").await, 101);
    assert_eq!(from(url.clone(), "https://evil.example").await, 403);
    // What does not stream is no WebSocket.
    let place = format!("ws://{}/sample.v1.Orders/PlaceOrder", running.address().unwrap());
    assert_eq!(from(place, "https://shop.example").await, 405);
}
