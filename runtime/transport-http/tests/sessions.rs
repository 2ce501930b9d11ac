//! A WebSocket whose caller falls silent, the clock in hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use svckit_core::call::{Accept, Answer, Body, IncomingCall};
use svckit_core::clock::{Clock, Env};
use svckit_core::error::Result;
use svckit_core::json::JsonCodec;
use svckit_core::operation::{Auth, Operation, ServiceDescriptor, Shape};
use svckit_core::page::One;
use svckit_transport_http::{HttpServer, ServerOptions};
use tokio::sync::{Semaphore, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

static TALK: Operation = Operation::command("t.v1.Talk", "Talk", "/t.v1.TalkService/Talk")
    .codec(JsonCodec::of::<One<String>, One<String>>())
    .shape(Shape::Bidi);
static SERVICE: ServiceDescriptor = ServiceDescriptor {
    name: "t.v1.Talk",
    wire_name: "t.v1.TalkService",
    operations: &[&TALK],
    calls: &[],
    auth: Auth::DEPLOYMENT,
    file_descriptor: None,
};

/// Time that passes when a test says so.
struct Steps {
    begin: Instant,
    passed: watch::Sender<Duration>,
    /// A permit for each who waits for a time.
    waiting: Semaphore,
}

impl Steps {
    /// Lets time pass once somebody waits for it.
    async fn pass(&self, time: Duration) {
        self.waiting.acquire().await.unwrap().forget();
        self.passed.send_modify(|passed| *passed += time);
    }
}

impl Clock for Steps {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + *self.passed.borrow()
    }

    fn now(&self) -> Instant {
        self.begin + *self.passed.borrow()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        self.waiting.add_permits(1);
        let (begin, mut passed) = (self.begin, self.passed.subscribe());
        async move {
            passed.wait_for(|passed| begin + *passed >= at).await.unwrap();
        }
        .boxed()
    }
}

/// Never answers.
struct Silent {
    /// A permit for each message that it hears.
    heard: Arc<Semaphore>,
    /// A permit for each call that nobody waits for any more.
    left: Arc<Semaphore>,
}

struct Left(Arc<Semaphore>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Accept for Silent {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![&SERVICE]
    }

    fn accept(
        &self,
        _: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let (left, heard) = (Left(self.left.clone()), self.heard.clone());
        async move {
            let _left = left;
            if let Body::Stream(mut messages) = call.body {
                while messages.next().await.is_some() {
                    heard.add_permits(1);
                }
            }
            std::future::pending().await
        }
        .boxed()
    }
}

async fn served() -> (String, Arc<Steps>, Arc<Silent>, CancellationToken) {
    let (passed, _) = watch::channel(Duration::ZERO);
    let clock = Arc::new(Steps { begin: Instant::now(), passed, waiting: Semaphore::new(0) });
    let none = || Arc::new(Semaphore::new(0));
    let services = Arc::new(Silent { heard: none(), left: none() });
    let env = Env { clock: clock.clone(), ..Env::default() };
    let server = HttpServer::bind("127.0.0.1:0", services.clone(), env, ServerOptions::default());
    let server = server.await.unwrap();
    let url = format!("ws://{}/t.v1.Talk/Talk", server.address());
    let kill = CancellationToken::new();
    tokio::spawn(server.serve(CancellationToken::new(), kill.clone()));
    (url, clock, services, kill)
}

#[tokio::test]
async fn a_caller_that_answers_no_ping_has_gone() {
    let (url, clock, service, kill) = served().await;
    let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    // It is asked; nobody reads the question, and so nothing answers it.
    clock.pass(Duration::from_secs(30)).await;
    assert_eq!(service.left.available_permits(), 0);
    clock.pass(Duration::from_secs(30)).await;
    service.left.acquire().await.unwrap().forget();
    drop(socket);
    kill.cancel();
}

#[tokio::test]
async fn a_caller_that_is_heard_of_stays() {
    let (url, clock, service, kill) = served().await;
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    for _ in 0..5 {
        clock.pass(Duration::from_secs(30)).await;
        assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
        socket.send(Message::text(r#"{"value":"x"}"#)).await.unwrap();
        service.heard.acquire().await.unwrap().forget();
        assert_eq!(service.left.available_permits(), 0);
    }
    socket.close(None).await.unwrap();
    service.left.acquire().await.unwrap().forget();
    kill.cancel();
}
