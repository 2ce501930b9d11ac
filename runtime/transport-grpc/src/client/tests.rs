use svckit_core::call::{Body, Metadata, OutgoingCall, Transport};
use svckit_core::operation::Operation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

static GET: Operation = Operation::query("a.v1.A", "Get", "/a.v1.A/Get");
/// What a client of HTTP/2 begins with.
const PREFACE: usize = 24;
const HEADERS: u8 = 1;

fn call() -> OutgoingCall {
    let (meta, body) = (Metadata::default(), Body::One(Bytes::from_static(b"x")));
    OutgoingCall { meta, deadline: None, body }
}

/// Waits for a request, as a server that says nothing but its settings.
async fn asked(stream: &mut TcpStream) {
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    stream.read_exact(&mut [0; PREFACE]).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()]).await.unwrap();
        if head[3] == HEADERS {
            return;
        }
    }
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
