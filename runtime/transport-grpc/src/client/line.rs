//! The connection that calls go over: opened at the first call, again once it is broken, and given up for a new one where
//! nobody answers.
//!
//! A callee can stop answering on a connection that TCP takes for sound: its host was frozen, a proxy on the way forgot
//! it, a process hangs. All calls would go on waiting on that connection until the kernel gave up, long after the callee
//! is well again, for calls of gRPC share one connection. Pings would find out; but servers of gRPC's own libraries
//! close connections that ping more often than every five minutes. So calls are the pings: once three in a row were
//! waited for in vain until their deadline, or the first of a connection on which nothing was ever heard, the next call
//! opens a new connection. What still streams over the old one goes on.
//!
//! A call hands its request to the connection itself. tonic's channel has a task between them, for services that have to
//! be asked whether they are ready; a connection of HTTP/2 always is, and waking that task is a good part of a call.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::Uri;
use http::header::{HeaderValue, USER_AGENT};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use svckit_core::clock::Env;
use tonic::body::Body;
use tower::{BoxError, Service};

use super::connect::Connector;
use super::last;
use super::whole::Whole;

/// Calls in a row on which nothing is heard.
const SILENT: u32 = 3;
/// What a new connection begins with: one such call is enough where there never was an answer.
const NEVER: u32 = SILENT - 1;
/// Who calls, to the callee's logs.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("svckit/", env!("CARGO_PKG_VERSION")));

/// The way to one address.
pub(super) struct Line {
    address: Uri,
    connector: Connector,
    current: RwLock<Current>,
    silent: AtomicU32,
    pub(super) env: Env,
}

#[derive(Default)]
struct Current {
    /// Nothing, before the first call and after a connection that was given up.
    opening: Option<Opening>,
    /// Counted up with each connection that is begun.
    number: u64,
}

/// A connection, or why none came about.
type Opened = Result<http2::SendRequest<Body>, Arc<str>>;
/// One on its way, or there. All calls that wait for it hear the same.
type Opening = Shared<BoxFuture<'static, Opened>>;

/// What a call is to do for a connection.
enum Next {
    Send(http2::SendRequest<Body>, u64),
    Wait(Opening, u64),
}

impl Current {
    fn next(&self) -> Option<Next> {
        let opening = self.opening.as_ref()?;
        match opening.peek() {
            Some(Ok(send)) if !send.is_closed() => Some(Next::Send(send.clone(), self.number)),
            None => Some(Next::Wait(opening.clone(), self.number)),
            Some(_) => None,
        }
    }
}

impl Line {
    /// Connects to nothing yet.
    pub(super) fn new(address: Uri, connector: Connector, env: Env) -> Self {
        let silent = AtomicU32::new(NEVER);
        Self { address, connector, current: RwLock::default(), silent, env }
    }

    /// What the next call goes over, with its one message if it has but one, and who listens for its answer. Dropped while it waits for a connection, it leaves
    /// that to those who call next.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(super) async fn take(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        patience: Duration,
        whole: Option<Whole>,
    ) -> Result<(Sender, Listening), Arc<str>> {
        let (send, number) = match self.next() {
            Next::Send(send, number) => (send, number),
            Next::Wait(opening, number) => (opening.await?, number),
        };
        // Where nobody waits in vain for long enough, nothing is learnt.
        let until = deadline.and_then(|deadline| {
            let vain = self.env.clock.now().checked_add(patience);
            vain.into_iter().chain(Some(deadline)).max()
        });
        let line = until.is_some().then(|| self.clone());
        Ok((Sender { send, whole }, Listening { line, number, until }))
    }

    fn next(self: &Arc<Self>) -> Next {
        if let Some(next) = self.current.read().unwrap_or_else(PoisonError::into_inner).next() {
            return next;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = current.next() {
            return next;
        }
        // In a task of its own: who asked for it may go away while others wait for it, too.
        let opening = tokio::spawn(open(self.connector.clone(), self.address.clone()));
        let opening = opening.map(|opened| {
            opened.unwrap_or_else(|_| Err("the runtime on which it was opened has ended".into()))
        });
        let opening = opening.boxed().shared();
        current.opening = Some(opening.clone());
        current.number += 1;
        self.silent.store(NEVER, Ordering::Relaxed);
        Next::Wait(opening, current.number)
    }

    fn heard(&self, number: u64) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).number;
        if current == number && self.silent.load(Ordering::Relaxed) != 0 {
            self.silent.store(0, Ordering::Relaxed);
        }
    }

    fn silent(&self, number: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.number != number || self.silent.fetch_add(1, Ordering::Relaxed) + 1 < SILENT {
            return;
        }
        tracing::debug!(address = %self.address, "nothing is heard: a new connection is opened");
        current.opening = None;
    }
}

/// Opens a connection, and spawns what keeps it going until the last one who can send on it is gone.
async fn open(mut connector: Connector, address: Uri) -> Opened {
    let said = |error: BoxError| Arc::from(last(&*error));
    let io = connector.call(address).await.map_err(said)?;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    let (send, connection) = builder.handshake(io).await.map_err(|error| said(error.into()))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
    Ok(send)
}

/// Puts a request of tonic's on a connection.
pub(super) struct Sender {
    send: http2::SendRequest<Body>,
    /// What is sent in place of its body.
    whole: Option<Whole>,
}

impl Service<http::Request<Body>> for Sender {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, Result<Self::Response, hyper::Error>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), hyper::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        request.headers_mut().insert(USER_AGENT, AGENT);
        if let Some(whole) = self.whole.take() {
            *request.body_mut() = Body::new(whole);
        }
        self.send.send_request(request).boxed()
    }
}

/// Waits for the answer of one call. Dropped after its deadline without one, it says so.
pub(super) struct Listening {
    line: Option<Arc<Line>>,
    number: u64,
    /// From when on nothing was said for long enough.
    until: Option<Instant>,
}

impl Listening {
    /// There is an answer.
    pub(super) fn heard(mut self) {
        if let Some(line) = self.line.take() {
            line.heard(self.number);
        }
    }

    /// What became of the call says nothing of a connection that is still there.
    pub(super) fn nothing(mut self) {
        self.line = None;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        if self.until.is_some_and(|until| line.env.clock.now() >= until) {
            line.silent(self.number);
        }
    }
}
