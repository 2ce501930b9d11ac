//! What a callee says by frames of HTTP/2 and by trailers, and what callers make of it.

use std::net::SocketAddr;
use std::time::Duration;

use svckit::{Code, Env, Error};
use svckit_core::call::{Body, Metadata, OutgoingCall, Transport};
use svckit_transport_grpc::{ClientOptions, GrpcClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Client, GET, TAKE, Way};

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// The first request on a connection.
const STREAM: u32 = 1;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn reset(code: u32) -> Vec<u8> {
    frame(RESET, 0, STREAM, &code.to_be_bytes())
}

/// Calls up to `last` were taken; the others were not touched.
fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// An answer that is nothing but trailers: `unavailable`, and these.
fn trailers(more: &[(&str, &str)]) -> Vec<u8> {
    // `:status: 200` of the static table; then literals that nobody indexes.
    let mut block = vec![0x88];
    let always = [("content-type", "application/grpc"), ("grpc-status", "14")];
    for (name, value) in always.iter().chain(more) {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    // It ends the headers and the stream.
    frame(HEADERS, 5, STREAM, &block)
}

/// A callee that answers each request with this frame, and then closes the connection if it is to.
async fn callee(answer: Vec<u8>, closes: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, answer.clone(), closes));
        }
    });
    address
}

async fn speak(mut stream: TcpStream, mut answer: Vec<u8>, closes: bool) -> std::io::Result<()> {
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize]).await?;
        if head[3] == HEADERS {
            // What is of a stream is of the one that asked; what is of the connection has none.
            if answer.get(5..9).is_some_and(|stream| stream != [0; 4]) {
                answer[5..9].copy_from_slice(&head[5..9]);
            }
            stream.write_all(&answer).await?;
            if closes {
                return Ok(());
            }
        }
    }
}

/// One attempt, without any policy.
async fn attempt(address: SocketAddr) -> Error {
    let url = format!("http://{address}");
    let client = GrpcClient::new(&url, ClientOptions::default(), Env::default()).unwrap();
    let body = Body::One(svckit::Bytes::new());
    let call = OutgoingCall { meta: Metadata::default(), deadline: None, body };
    client.call(&GET, call).await.unwrap_err()
}

/// Only what the callee says that it did not touch may be sent again whatever it does (RFC 9113, 5.1.2, 6.8, 8.7).
#[tokio::test]
async fn what_was_not_touched_is_known() {
    let (none, internal, refused, cancel, calm) = (0, 2, 7, 8, 11);
    let table = [
        ("goes away before it", go_away(0, none), false, Code::Unavailable, true),
        ("goes away after it", go_away(STREAM, none), true, Code::Unavailable, false),
        ("broke, and says so", go_away(0, internal), false, Code::Unavailable, true),
        ("too many pings", go_away(0, calm), false, Code::ResourceExhausted, true),
        ("refused", reset(refused), false, Code::Unavailable, true),
        ("broke", reset(internal), false, Code::Unavailable, false),
        ("cancelled", reset(cancel), false, Code::Cancelled, false),
        ("be calm", reset(calm), false, Code::ResourceExhausted, false),
        ("closed", Vec::new(), true, Code::Unavailable, false),
        ("answered", trailers(&[]), false, Code::Unavailable, false),
    ];
    for (name, answer, closes, code, unreached) in table {
        let error = attempt(callee(answer, closes).await).await;
        assert_eq!((error.code(), error.unreached()), (code, unreached), "{name}: {error:?}");
    }
}

/// So a command that has no key is sent again, and one that was touched is not.
#[tokio::test]
async fn what_was_not_touched_is_sent_again() {
    for (answer, attempts) in [(go_away(0, 0), 3), (reset(7), 3), (reset(2), 1)] {
        let client = Client::new(Way::Grpc, callee(answer, false).await);
        assert!(client.take().await.is_err());
        assert_eq!(client.attempts().len(), attempts);
        client.holds_nothing(&TAKE);
    }
}

/// gRPC's A6, "Pushback": a signed number of 32 bits of milliseconds; what is negative or no number asks not to be asked
/// again.
#[tokio::test]
async fn pushback_is_read_from_the_trailers() {
    const NAME: &str = "grpc-retry-pushback-ms";
    let none: &[(&str, &str)] = &[];
    let table = [
        (none, None, false, 3),
        (&[(NAME, "0")], Some(0), false, 3),
        (&[(NAME, "1500")], Some(1_500), false, 3),
        (&[(NAME, "2147483647")], Some(2_147_483_647), false, 1),
        (&[(NAME, "-1")], None, true, 1),
        (&[(NAME, "2147483648")], None, true, 1),
        (&[(NAME, "soon")], None, true, 1),
        (&[(NAME, "1.5")], None, true, 1),
        (&[(NAME, "")], None, true, 1),
        (&[(NAME, "1"), (NAME, "2")], None, true, 1),
    ];
    for (said, after, no_retry, attempts) in table {
        let address = callee(trailers(said), false).await;
        let error = attempt(address).await;
        let after = after.map(Duration::from_millis);
        assert_eq!((error.retry_after(), error.no_retry()), (after, no_retry), "{said:?}");
        // And heeded: the longest would outlast the call.
        let client = Client::new(Way::Grpc, address);
        assert_eq!(client.ask(&GET).await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(client.attempts().len(), attempts, "{said:?}");
    }
}
