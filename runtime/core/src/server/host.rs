//! What stands between every transport and the handlers: deadline, cancellation, panics, spans, what was emitted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{Instrument, Span, field};
use uuid::Uuid;

use super::once::{self, RUNS};
use super::panics::{caught, caught_stream};
use super::{Handler, Run, ServiceServer};
use crate::call::{
    Accept, Answer, Body, Format, IncomingCall, Metadata, Principal, Resolve, metadata,
};
use crate::client;
use crate::clock::Env;
use crate::context::{Context, ContextParts};
use crate::error::{Code, Error, Result};
use crate::message::{Emits, Payload};
use crate::observe::{Event, Gate, Side, watched};
use crate::operation::{Idempotency, Operation, ServiceDescriptor};
use crate::store::{Commit, Conflict, Store, Unit};

/// What a host is made of.
pub struct HostParts {
    /// The services that it serves.
    pub services: Vec<ServiceServer>,
    /// Clock, randomness and ids.
    pub env: Env,
    /// The ways to other services.
    pub resolver: Arc<dyn Resolve>,
    /// What keeps the effects of each service, by its full name.
    pub stores: HashMap<&'static str, Arc<dyn Store>>,
    /// In which form messages are written.
    pub payload: Payload,
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
    stores: HashMap<&'static str, Arc<dyn Store>>,
    payload: Payload,
    /// Many wait for it at once: a watch spreads them over several locks.
    stop: watch::Sender<bool>,
}

impl Host {
    /// The host of these services.
    #[must_use]
    pub fn new(parts: HostParts) -> Self {
        let HostParts { services, env, resolver, stores, payload } = parts;
        let handlers = services.iter().flat_map(|server| server.handlers.clone()).collect();
        let stop = watch::Sender::new(false);
        Self { inner: Arc::new(Inner { handlers, services, env, resolver, stores, payload, stop }) }
    }

    /// What keeps the effects of a service that is served here.
    #[must_use]
    pub fn store(&self, service: &str) -> Option<Arc<dyn Store>> {
        self.inner.stores.get(service).cloned()
    }

    /// The time of day.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::try_from(self.inner.env.clock.wall()).unwrap_or(Timestamp::MAX)
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
    pub(super) fn context(&self, of: ContextOf) -> (Context, DropGuard) {
        let ContextOf { meta, deadline, peer, principal, service, cause, origin } = of;
        let cancel = CancellationToken::new();
        let ctx = Context::new(ContextParts {
            meta,
            deadline,
            peer,
            principal,
            env: self.inner.env.clone(),
            resolver: self.inner.resolver.clone(),
            cancel: cancel.clone(),
            service,
            store: self.store(service),
            payload: self.inner.payload,
            cause,
            origin,
        });
        (ctx, cancel.drop_guard())
    }

    /// The context of one run of a call's handler.
    pub(super) fn context_of(
        &self,
        served: &Served,
        origin: Option<String>,
    ) -> (Context, DropGuard) {
        self.context(ContextOf {
            meta: served.meta.clone(),
            deadline: served.deadline,
            peer: served.peer.clone(),
            principal: served.principal.clone(),
            service: served.operation.service,
            cause: None,
            origin,
        })
    }

    /// Runs the handler of a call once; a panic is `internal`.
    pub(super) async fn handled(&self, served: &Served, ctx: &Context) -> Result<Answer> {
        // Encoded, for it is recorded so.
        let request = Body::One(served.request.clone());
        caught((served.run)(ctx.clone(), request, Format::Wire)).await
    }

    /// What a handler said, unless it emitted what the contract does not say.
    pub(super) fn judged<T>(&self, emits: &Emits, ctx: &Context, done: Result<T>) -> Result<T> {
        let failure = done.as_ref().err().map(|error| error.domain_name().unwrap_or_default());
        match ctx.emitted(|names| emits.judge(failure, names)) {
            Ok(()) => done,
            Err(breach) => {
                ctx.discard();
                tracing::error!(breach, "a handler broke its contract; nothing of it is committed");
                Err(Error::internal(format!("the handler broke its contract: {breach}")))
            }
        }
    }

    async fn run(self, operation: &'static Operation, mut call: IncomingCall) -> Result<Answer> {
        let Some(handler) = self.inner.handlers.get(operation.path).cloned() else {
            return Err(Error::unimplemented(format!("{} is not served here", operation.path)));
        };
        self.in_time(operation, call.deadline)?;
        let deadline = self.deadline(operation, call.deadline);
        let body = std::mem::replace(&mut call.body, Body::One(Bytes::new()));
        let IncomingCall { meta, peer, principal, .. } = call;
        let who = Who { peer, principal };
        let work = async {
            match (handler.asks, body) {
                (Some(asks), body) => {
                    let message = super::handler::only(body).await?;
                    let Who { peer, principal } = who;
                    let run = handler.run;
                    let Some(store) = self.store(operation.service) else {
                        return Err(no_store(operation));
                    };
                    let asked = asks(message)?;
                    let request = asked.request.clone();
                    let served =
                        Served { operation, meta, deadline, peer, principal, request, run };
                    // Apart, for it is many times as large as what other calls need, which would carry it along.
                    let once = Box::pin(once::run(&self, &served, asked, store));
                    once.await.map(|answer| (answer, None))
                }
                (None, body) => self.plain(operation, handler.run, meta, who, deadline, body).await,
            }
        };
        let (answer, guard) = tokio::select! {
            biased;
            done = client::until(&self.inner.env, deadline, operation, work) => done?,
            () = self.stopped() => return Err(stopping()),
        };
        Ok(self.guard(operation, deadline, answer, guard))
    }

    /// A call whose answer is not recorded. The guard is for as long as the answer streams.
    async fn plain(
        &self,
        operation: &'static Operation,
        run: Run,
        meta: Metadata,
        who: Who,
        deadline: Option<Instant>,
        body: Body,
    ) -> Result<(Answer, Option<DropGuard>)> {
        let (body, format) = body.ready()?;
        let again = body.message().filter(|_| operation.idempotency != Idempotency::None);
        let again = again.map(|(message, format)| (message.clone(), format));
        let mut body = Some(body);
        for _ in 0..RUNS {
            let Some(body) = body.take().or_else(|| {
                let (message, format) = again.clone()?;
                Some(Body::of(message, format))
            }) else {
                break;
            };
            let Who { peer, principal } = who.clone();
            let (meta, service) = (meta.clone(), operation.service);
            let of =
                ContextOf { meta, deadline, peer, principal, service, cause: None, origin: None };
            let (ctx, guard) = self.context(of);
            let done = caught(run(ctx.clone(), body, format)).await;
            let done = self.judged(&operation.emits, &ctx, done);
            match ctx.commit(Unit::default()).await? {
                Commit::Done => return done.map(|answer| (answer, Some(guard))),
                Commit::Refused(Conflict::Changed { table, .. }) => {
                    tracing::debug!(operation = operation.name, table, "what was read has changed");
                }
                Commit::Refused(_) => return Err(no_store(operation)),
            }
        }
        Err(once::contended(operation))
    }

    /// # Errors
    /// `deadline_exceeded` for a call whose caller waits no more: nothing of it is begun.
    fn in_time(&self, operation: &'static Operation, deadline: Option<Instant>) -> Result<()> {
        let env = &self.inner.env;
        if deadline.is_none_or(|at| at > env.clock.now()) {
            return Ok(());
        }
        let (side, by) = (Side::Server, Gate::Deadline);
        env.observe.tell(|| Event::Rejected { operation, side, by });
        Err(client::late(operation).with_unreached())
    }

    fn deadline(&self, operation: &'static Operation, callers: Option<Instant>) -> Option<Instant> {
        let env = &self.inner.env;
        let total = (!operation.shape.streams()).then(|| env.live.policy(operation).timeout.total);
        let own = total.and_then(|total| env.clock.now().checked_add(total));
        own.into_iter().chain(callers).min()
    }

    /// Keeps deadline, panics and cancellation in force while an answer streams.
    fn guard(
        &self,
        operation: &'static Operation,
        deadline: Option<Instant>,
        answer: Answer,
        guard: Option<DropGuard>,
    ) -> Answer {
        let Answer { meta, body } = answer;
        let body = match body {
            Body::Stream(stream) => {
                let safe = caught_stream(stream);
                let bounded = client::bounded(&self.inner.env, deadline, operation, safe);
                Body::Stream(self.stoppable(bounded, guard))
            }
            one => {
                drop(guard.map(DropGuard::disarm));
                one
            }
        };
        Answer { meta, body }
    }

    fn stoppable(
        &self,
        stream: BoxStream<'static, Result<Bytes>>,
        guard: Option<DropGuard>,
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

/// Who is at the other end.
#[derive(Clone)]
struct Who {
    peer: Option<Arc<str>>,
    principal: Option<Arc<Principal>>,
}

/// What the context of one run is made of.
pub(super) struct ContextOf {
    pub(super) meta: Metadata,
    pub(super) deadline: Option<Instant>,
    pub(super) peer: Option<Arc<str>>,
    pub(super) principal: Option<Arc<Principal>>,
    pub(super) service: &'static str,
    pub(super) cause: Option<Uuid>,
    pub(super) origin: Option<String>,
}

/// A call with one request, that can be run again.
pub(super) struct Served {
    pub(super) operation: &'static Operation,
    pub(super) meta: Metadata,
    pub(super) deadline: Option<Instant>,
    pub(super) peer: Option<Arc<str>>,
    pub(super) principal: Option<Arc<Principal>>,
    pub(super) request: Bytes,
    pub(super) run: Run,
}

fn no_store(operation: &Operation) -> Error {
    Error::failed_precondition(format!(
        "{} keeps what it answers and publishes in a store, and {} has none here; serve it by an `App`, which gives it one",
        operation.name, operation.service
    ))
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
            let work = host.clone().run(operation, call);
            let answer = watched(host.env(), operation, Side::Server, work).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Channel;

    struct Nowhere;

    impl Resolve for Nowhere {
        fn resolve(&self, service: &'static ServiceDescriptor) -> Result<Channel> {
            Err(Error::unavailable(service.name))
        }
    }

    #[test]
    fn a_call_takes_little_memory_until_it_needs_more() {
        static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
        let (env, resolver) = (Env::default(), Arc::new(Nowhere));
        let (services, stores, payload) = (Vec::new(), HashMap::new(), Payload::default());
        let host = Host::new(HostParts { services, env, resolver, stores, payload });
        let call = host.run(&GET, IncomingCall::new(Body::One(Bytes::new())));
        let size = std::mem::size_of_val(&call);
        assert!(size < 5 * 1024, "{size} bytes");
    }
}
