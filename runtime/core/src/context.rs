//! What a handler knows of the call that it serves.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::call::{Metadata, Resolve, metadata};
use crate::client::Stub;
use crate::clock::Env;
use crate::message::{Message, Outgoing};
use crate::operation::ServiceDescriptor;

/// What a handler knows of the call, event or tick that it serves, and the clients and publishers that it has.
///
/// Cheap to clone; a clone that outlives the handler publishes nothing any more.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    meta: Metadata,
    deadline: Option<Instant>,
    peer: Option<Arc<str>>,
    env: Env,
    resolver: Arc<dyn Resolve>,
    cancel: CancellationToken,
    key: OnceLock<String>,
    correlation: OnceLock<String>,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    closed: bool,
    waiting: Vec<Outgoing>,
}

/// What a context is made of.
pub struct ContextParts {
    /// What travelled beside the message.
    pub meta: Metadata,
    /// When nobody waits any more.
    pub deadline: Option<Instant>,
    /// Who is at the other end.
    pub peer: Option<Arc<str>>,
    /// Clock, randomness and ids.
    pub env: Env,
    /// The ways to other services.
    pub resolver: Arc<dyn Resolve>,
    /// Told when the work is of no use any more.
    pub cancel: CancellationToken,
}

impl Context {
    /// A context of these parts.
    #[must_use]
    pub fn new(parts: ContextParts) -> Self {
        let ContextParts { meta, deadline, peer, env, resolver, cancel } = parts;
        let (key, correlation, outbox) = (OnceLock::new(), OnceLock::new(), Mutex::default());
        Self {
            inner: Arc::new(Inner {
                meta,
                deadline,
                peer,
                env,
                resolver,
                cancel,
                key,
                correlation,
                outbox,
            }),
        }
    }

    /// Who calls, as far as the transport knows: an address. `None` within the process.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.inner.peer.as_deref()
    }

    /// The tenant on whose behalf the call is made.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.inner.meta.get(metadata::TENANT)
    }

    /// The key of idempotency: the contract's field of the request, or what the caller sent beside it.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.inner
            .key
            .get()
            .map(String::as_str)
            .or_else(|| self.inner.meta.get(metadata::IDEMPOTENCY_KEY))
    }

    /// Says which key the request itself holds. Generated code calls this; only the first call counts.
    #[doc(hidden)]
    pub fn set_idempotency_key(&self, key: impl fmt::Display) {
        let _ = self.inner.key.set(key.to_string());
    }

    /// What belongs together over many calls and messages; made here where none travelled along.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        let inner = &self.inner;
        let made = || inner.correlation.get_or_init(|| inner.env.ids.new_id().to_string()).as_str();
        inner.meta.get(metadata::CORRELATION_ID).unwrap_or_else(made)
    }

    /// What travels on to those that are called or told: tenant, correlation and trace.
    #[must_use]
    pub fn propagated(&self) -> Metadata {
        let mut meta = self.inner.meta.propagated();
        meta.set(metadata::CORRELATION_ID, self.correlation_id());
        meta
    }

    /// W3C trace context of the caller.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.inner.meta.get(metadata::TRACEPARENT)
    }

    /// All that travelled beside the message.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.inner.meta
    }

    /// When nobody waits for the answer any more. `None`: there is no such time.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// The time that is left; zero when it is over, `None` without a deadline.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.inner.deadline.map(|at| at.saturating_duration_since(self.inner.env.clock.now()))
    }

    /// Returns once the work is of no use any more: the caller gave up, the deadline passed, or the process stops. The
    /// handler itself is dropped then; this is for what it started elsewhere.
    pub async fn cancelled(&self) {
        self.inner.cancel.cancelled().await;
    }

    /// Whether the work is of no use any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancel.is_cancelled()
    }

    /// The time of day. Use this rather than the system's clock: a test sets it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from(self.inner.env.clock.wall()).unwrap_or(Timestamp::MAX)
    }

    /// A new id, that sorts by time. Use this rather than a random one: a test repeats it.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.inner.env.ids.new_id()
    }

    /// A client of another service in the name of this call: deadline, tenant, correlation and trace travel along.
    /// Generated code narrows it to what the operation `calls`.
    #[doc(hidden)]
    #[must_use]
    pub fn stub(&self, service: &'static ServiceDescriptor) -> Stub {
        let channel =
            self.inner.resolver.resolve(service).unwrap_or_else(crate::call::Channel::failing);
        Stub::new(channel).within(self.propagated(), self.inner.deadline)
    }

    /// Keeps a message until the handler has succeeded. Generated code calls this, for what the operation `emits`.
    #[doc(hidden)]
    pub fn emit(&self, outgoing: Outgoing) {
        let mut outbox = self.inner.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        if !outbox.closed {
            outbox.waiting.push(outgoing);
        }
    }

    /// Takes what was emitted, stamped; nothing can be emitted afterwards.
    #[must_use]
    pub fn close_outbox(&self) -> Vec<Message> {
        let waiting = {
            let mut outbox = self.inner.outbox.lock().unwrap_or_else(PoisonError::into_inner);
            outbox.closed = true;
            std::mem::take(&mut outbox.waiting)
        };
        waiting.into_iter().map(|outgoing| self.stamp(outgoing)).collect()
    }

    fn stamp(&self, outgoing: Outgoing) -> Message {
        let Outgoing { event, key, payload } = outgoing;
        Message {
            id: self.new_id(),
            event,
            key,
            payload,
            time: self.now(),
            meta: self.propagated(),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("correlation_id", &self.correlation_id())
            .field("tenant", &self.tenant())
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}
