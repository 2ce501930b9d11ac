use svckit_core::call::{Body, Metadata, OutgoingCall, Transport};
use svckit_core::operation::Operation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

static GET: Operation = Operation::query("a.v1.A", "Get", "/a.v1.A/Get");
/// What a client of HTTP/2 begins with.
const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const DATA: u8 = 0;
/// On a frame of either kind.
const END_STREAM: u8 = 1;

fn call() -> OutgoingCall {
    let (meta, body) = (Metadata::default(), Body::One(Bytes::from_static(b"x")));
    OutgoingCall { meta, deadline: None, body }
}

/// Greets, as a server does, and says nothing more.
async fn greet(stream: &mut TcpStream) {
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    stream.read_exact(&mut [0; PREFACE]).await.unwrap();
}

/// The next frame of this kind: its flags and what is in it.
async fn frame(stream: &mut TcpStream, kind: u8) -> (u8, Vec<u8>) {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.unwrap();
        if head[3] == kind {
            return (head[4], payload);
        }
    }
}

async fn asked(stream: &mut TcpStream) {
    greet(stream).await;
    frame(stream, HEADERS).await;
}

#[tokio::test]
async fn one_message_ends_the_request_and_many_do_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = GrpcClient::new(&url, ClientOptions::default(), Env::default()).unwrap();
    let many = futures_util::stream::once(async { Ok(Bytes::from("x")) });
    let many = OutgoingCall { body: Body::Stream(many.boxed()), ..call() };
    let (one, many) = (client.call(&GET, call()), client.call(&GET, many));
    let one = tokio::spawn(one);
    let (mut stream, _) = listener.accept().await.unwrap();
    greet(&mut stream).await;
    assert_eq!(frame(&mut stream, HEADERS).await.0 & END_STREAM, 0);
    assert_eq!(frame(&mut stream, DATA).await, (END_STREAM, vec![0, 0, 0, 0, 1, b'x']));
    let many = tokio::spawn(many);
    assert_eq!(frame(&mut stream, DATA).await, (0, vec![0, 0, 0, 0, 1, b'x']));
    assert_eq!(frame(&mut stream, DATA).await, (END_STREAM, vec![]));
    one.abort();
    many.abort();
}

#[tokio::test]
async fn what_is_too_long_is_not_begun() {
    let options = ClientOptions { message_limit: 0, ..ClientOptions::default() };
    let client = GrpcClient::new("http://127.0.0.1:1", options, Env::default()).unwrap();
    let error = client.call(&GET, call()).await.unwrap_err();
    assert!(error.message().contains("found 1 bytes, the limit is: 0 bytes"), "{error}");
}

#[tokio::test]
async fn who_goes_away_leaves_the_connection_that_it_asked_for_to_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = GrpcClient::new(&url, ClientOptions::default(), Env::default()).unwrap();
    assert!(client.call(&GET, call()).now_or_never().is_none());
    let (mut first, _) = listener.accept().await.unwrap();
    let second = tokio::spawn(client.call(&GET, call()));
    asked(&mut first).await;
    assert!(listener.accept().now_or_never().is_none(), "one connection is enough");
    // A connection that ends is no answer, and what comes next goes over another one.
    drop(first);
    let error = second.await.unwrap().unwrap_err();
    assert!(error.message().starts_with(&format!("the connection to {url} broke")), "{error}");
    let third = tokio::spawn(client.call(&GET, call()));
    asked(&mut listener.accept().await.unwrap().0).await;
    third.abort();
}

#[test]
fn what_is_no_address_is_refused_outside_of_a_runtime_too() {
    let made = |url| GrpcClient::new(url, ClientOptions::default(), Env::default());
    assert!(made("http://127.0.0.1:1").is_ok());
    for (url, why) in [
        ("127.0.0.1:1", "it has no scheme"),
        ("ftp://a:1", "the scheme ftp is not supported"),
        ("https://a:1", "the scheme https is not supported"),
        ("http://", "empty"),
        ("http://a b:1", "invalid"),
    ] {
        let error = made(url).unwrap_err();
        assert!(error.message().contains(why), "{url}: {error}");
        assert!(error.message().contains("write http://host:port"), "{error}");
    }
}
