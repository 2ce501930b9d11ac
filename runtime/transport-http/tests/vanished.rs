//! Ends of a connection that are there for TCP alone: a caller that says nothing any more, a callee that does not greet.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Accept, Answer, Body, IncomingCall, Metadata, OutgoingCall, Transport};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Result};
use svckit_core::json::JsonCodec;
use svckit_core::operation::{Auth, Operation, ServiceDescriptor};
use svckit_core::page::One;
use svckit_core::tls::{BoxIo, Protocol, TlsConnect};
use svckit_transport_http::{ClientOptions, HttpClient, HttpServer, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

static WAIT: Operation = Operation::command("t.v1.Slow", "Wait", "/t.v1.SlowService/Wait")
    .codec(JsonCodec::of::<One<String>, One<String>>());
static SERVICE: ServiceDescriptor = ServiceDescriptor {
    name: "t.v1.Slow",
    wire_name: "t.v1.SlowService",
    operations: &[&WAIT],
    calls: &[],
    auth: Auth::DEPLOYMENT,
    file_descriptor: None,
};

/// Works for ever, and tells when it is begun and when it is dropped.
#[derive(Clone)]
struct Slow {
    begun: Arc<Semaphore>,
    dropped: Arc<Semaphore>,
}

struct Working(Arc<Semaphore>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Accept for Slow {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![&SERVICE]
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        let Self { begun, dropped } = self.clone();
        async move {
            let _working = Working(dropped);
            begun.add_permits(1);
            std::future::pending().await
        }
        .boxed()
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A request of HTTP/2 with everything that a server needs, in literals.
fn request() -> Vec<u8> {
    // `:method: POST` and `:scheme: http` of the static table.
    let mut block = vec![0x83, 0x86];
    let headers = [
        (":path", "/t.v1.Slow/Wait"),
        (":authority", "localhost"),
        ("content-type", "application/json"),
    ];
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    let mut all = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    all.extend(frame(4, 0, 0, &[]));
    all.extend(frame(1, 4, 1, &block));
    all.extend(frame(0, 1, 1, br#"{"value":"x"}"#));
    all
}

/// The caller's host is gone, and no packet says so: the call is cancelled, though nobody hung up.
#[tokio::test]
async fn the_calls_of_a_caller_that_vanished_are_cancelled() {
    let slow = Slow { begun: Arc::new(Semaphore::new(0)), dropped: Arc::new(Semaphore::new(0)) };
    let options =
        ServerOptions { read_timeout: Duration::from_millis(200), ..ServerOptions::default() };
    let server = HttpServer::bind("127.0.0.1:0", Arc::new(slow.clone()), Env::default(), options);
    let server = server.await.unwrap();
    let (address, kill) = (server.address(), CancellationToken::new());
    let serving = tokio::spawn(server.serve(CancellationToken::new(), kill.clone()));
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(&request()).await.unwrap();
    slow.begun.acquire().await.unwrap().forget();
    // It reads and writes nothing any more: the server asks, and nobody answers.
    slow.dropped.acquire().await.unwrap().forget();
    let mut rest = Vec::new();
    let _ = caller.read_to_end(&mut rest).await;
    kill.cancel();
    serving.await.unwrap();
}

/// Says its greeting and waits for that of the other side.
struct Greets;

impl TlsConnect for Greets {
    fn connect(
        &self,
        mut io: BoxIo,
        _: &str,
        _: Protocol,
    ) -> BoxFuture<'static, std::io::Result<BoxIo>> {
        async move {
            io.write_all(b"hello").await?;
            io.read_exact(&mut [0; 5]).await?;
            Ok(io)
        }
        .boxed()
    }
}

/// A connection's time is that of TCP and TLS together: what it ends was never sent.
#[tokio::test]
async fn a_callee_that_does_not_greet_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https+json://{}", listener.local_addr().unwrap());
    let options = ClientOptions {
        connect_timeout: Duration::from_millis(50),
        tls: Some(Arc::new(Greets)),
        ..ClientOptions::default()
    };
    let client = HttpClient::new(&url, options, Env::default()).unwrap();
    let body = Body::One(svckit_core::wire::Record::to_bytes(&One { value: "x".to_owned() }));
    let call = OutgoingCall { meta: Metadata::default(), deadline: None, body };
    let error = client.call(&WAIT, call).await.unwrap_err();
    assert_eq!((error.code(), error.unreached()), (Code::Unavailable, true), "{error:?}");
    assert!(error.message().contains("none came about within 50ms"), "{error}");
}
