//! What stands between every transport and the handlers: deadline, cancellation, panics, spans, what was emitted.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{Instrument, Span, field};

use super::{Handler, ServiceServer};
use crate::call::{Accept, Answer, Body, IncomingCall, Resolve, metadata};
use crate::client;
use crate::clock::Env;
use crate::context::{Context, ContextParts};
use crate::error::{Code, Error, Result};
use crate::message::Bus;
use crate::operation::{Operation, ServiceDescriptor};

/// What a host is made of.
pub struct HostParts {
    /// The services that it serves.
    pub services: Vec<ServiceServer>,
    /// Clock, randomness and ids.
    pub env: Env,
    /// The ways to other services.
    pub resolver: Arc<dyn Resolve>,
}

/// The services of one process, as every transport sees them. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    handlers: HashMap<&'static str, Handler>,
    services: Vec<ServiceServer>,
    env: Env,
    resolver: Arc<dyn Resolve>,
    bus: OnceLock<Arc<dyn Bus>>,
    /// Many wait for it at once: a watch spreads them over several locks.
    stop: watch::Sender<bool>,
}

impl Host {
    /// The host of these services.
    #[must_use]
    pub fn new(parts: HostParts) -> Self {
        let HostParts { services, env, resolver } = parts;
        let handlers = services.iter().flat_map(|server| server.handlers.clone()).collect();
        let (bus, stop) = (OnceLock::new(), watch::Sender::new(false));
        Self { inner: Arc::new(Inner { handlers, services, env, resolver, bus, stop }) }
    }

    /// Says what carries events and queued commands. Only the first call counts.
    pub fn set_bus(&self, bus: &Arc<dyn Bus>) {
        let _ = self.inner.bus.set(bus.clone());
        for server in &self.inner.services {
            let _ = server.bus.set(bus.clone());
        }
    }

    /// The services with their subscriptions, queues and schedules.
    #[must_use]
    pub fn servers(&self) -> &[ServiceServer] {
        &self.inner.services
    }

    /// Clock, randomness and ids.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.inner.env
    }

    /// Ends all that still runs: callers are told `unavailable`, handlers are dropped.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    async fn stopped(&self) {
        // The sender is in `self`, so the channel is open.
        let _ = self.inner.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// A context, and the guard whose drop says that the work is of no use any more.
    fn context(&self, call: &mut IncomingCall, deadline: Option<Instant>) -> (Context, DropGuard) {
        let cancel = CancellationToken::new();
        let ctx = Context::new(ContextParts {
            meta: std::mem::take(&mut call.meta),
            deadline,
            peer: call.peer.take(),
            env: self.inner.env.clone(),
            resolver: self.inner.resolver.clone(),
            cancel: cancel.clone(),
        });
        (ctx, cancel.drop_guard())
    }

    /// Runs a handler that nobody waits for: an event's, a queued command's, a schedule's. What it emitted goes out if
    /// it succeeds.
    ///
    /// # Errors
    /// What the handler failed with; a panic is `internal`.
    pub async fn work<F>(
        &self,
        meta: crate::call::Metadata,
        span: Span,
        run: impl FnOnce(Context) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let mut call =
            IncomingCall { meta, deadline: None, body: Body::One(Bytes::new()), peer: None };
        let (ctx, guard) = self.context(&mut call, None);
        let work = AssertUnwindSafe(async { run(ctx.clone()).await }).catch_unwind();
        let work = async {
            let done = work.await.unwrap_or_else(|panic| Err(panicked(&*panic)));
            self.finish(&ctx, done).await
        };
        let done = work.instrument(span).await;
        drop(guard.disarm());
        done
    }

    /// Publishes what the handler emitted, if that is still to go out.
    async fn finish<T>(&self, ctx: &Context, done: Result<T>) -> Result<T> {
        let emitted = ctx.close_outbox();
        if emitted.is_empty() {
            return done;
        }
        match self.inner.bus.get() {
            Some(bus) => bus.publish(emitted).await?,
            None => tracing::warn!(
                events = emitted.len(),
                "events were emitted, but nothing carries them"
            ),
        }
        done
    }

    async fn run(self, operation: &'static Operation, mut call: IncomingCall) -> Result<Answer> {
        let Some(handler) = self.inner.handlers.get(operation.path) else {
            return Err(Error::unimplemented(format!("{} is not served here", operation.path)));
        };
        let deadline = self.deadline(operation, call.deadline);
        let (ctx, guard) = self.context(&mut call, deadline);
        let body = std::mem::replace(&mut call.body, Body::One(Bytes::new()));
        let work = AssertUnwindSafe(async { handler(ctx.clone(), body).await }).catch_unwind();
        let work = async {
            let done = work.await.unwrap_or_else(|panic| Err(panicked(&*panic)));
            self.finish(&ctx, done).await
        };
        let answer = tokio::select! {
            biased;
            done = client::until(&self.inner.env, deadline, operation, work) => done?,
            () = self.stopped() => return Err(stopping()),
        };
        Ok(self.guard(operation, deadline, answer, guard))
    }

    fn deadline(&self, operation: &'static Operation, callers: Option<Instant>) -> Option<Instant> {
        let total = (!operation.shape.streams()).then_some(operation.policy.timeout.total);
        let own = total.and_then(|total| self.inner.env.clock.now().checked_add(total));
        own.into_iter().chain(callers).min()
    }

    /// Keeps deadline, panics and cancellation in force while an answer streams.
    fn guard(
        &self,
        operation: &'static Operation,
        deadline: Option<Instant>,
        answer: Answer,
        guard: DropGuard,
    ) -> Answer {
        let Answer { meta, body } = answer;
        let body = match body {
            Body::One(bytes) => {
                drop(guard.disarm());
                Body::One(bytes)
            }
            Body::Stream(stream) => {
                let safe = AssertUnwindSafe(stream).catch_unwind();
                let safe =
                    safe.map(|item| item.unwrap_or_else(|panic| Err(panicked(&*panic)))).boxed();
                let bounded = client::bounded(&self.inner.env, deadline, operation, safe);
                Body::Stream(self.stoppable(bounded, guard))
            }
        };
        Answer { meta, body }
    }

    fn stoppable(
        &self,
        stream: BoxStream<'static, Result<Bytes>>,
        guard: DropGuard,
    ) -> BoxStream<'static, Result<Bytes>> {
        let host = self.clone();
        let mut stopped = async move { host.stopped().await }.boxed();
        let mut open = Some((stream, guard));
        futures_util::stream::poll_fn(move |cx| {
            let Some((stream, _)) = open.as_mut() else { return std::task::Poll::Ready(None) };
            let over = stopped.poll_unpin(cx).is_ready();
            let next = if over {
                Some(Err(stopping()))
            } else {
                std::task::ready!(stream.poll_next_unpin(cx))
            };
            if !matches!(next, Some(Ok(_))) {
                open = None;
            }
            std::task::Poll::Ready(next)
        })
        .boxed()
    }
}

impl Accept for Host {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        self.inner.services.iter().map(ServiceServer::descriptor).collect()
    }

    fn accept(
        &self,
        operation: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let span = tracing::info_span!(
            "serve",
            service = operation.service,
            operation = operation.name,
            correlation = call.meta.get(metadata::CORRELATION_ID),
            code = field::Empty,
        );
        let inside = span.clone();
        let host = self.clone();
        async move {
            let answer = host.run(operation, call).await;
            record(&inside, operation, &answer);
            answer
        }
        .instrument(span)
        .boxed()
    }
}

fn record(span: &Span, operation: &'static Operation, answer: &Result<Answer>) {
    let Err(error) = answer else {
        span.record("code", "ok");
        return;
    };
    span.record("code", error.code().name());
    let cause = std::error::Error::source(error).map(field::display);
    match error.code() {
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(operation = operation.name, cause, "{error}");
        }
        _ => tracing::debug!(operation = operation.name, cause, "{error}"),
    }
}

fn stopping() -> Error {
    Error::unavailable("the service is shutting down")
}

/// What a panic is told as: the caller learns nothing of it, the log its message.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = text, "a handler panicked");
    Error::internal("the handler failed unexpectedly")
}
