//! What a handler knows of the call that it serves, and what it does.

mod effects;
mod state;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::effects::Effects;
pub use self::state::{State, Transaction, Versioned};
use crate::broker::{Envelope, Kind};
use crate::call::{Channel, Metadata, Principal, Resolve, metadata};
use crate::client::{CallKeys, Stub};
use crate::clock::Env;
use crate::error::{Error, Result};
use crate::json;
use crate::message::{EventDescriptor, Payload, QueueDescriptor};
use crate::operation::ServiceDescriptor;
use crate::store::{Commit, Conflict, Exclusive, Store, Unit};
use crate::wire::Record;

/// How long an exclusive transaction may be held where the handler has no deadline.
const HELD: Duration = Duration::from_secs(30);

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
    principal: Option<Arc<Principal>>,
    env: Env,
    resolver: Arc<dyn Resolve>,
    cancel: CancellationToken,
    key: OnceLock<String>,
    correlation: OnceLock<String>,
    service: &'static str,
    store: Option<Arc<dyn Store>>,
    payload: Payload,
    cause: Option<Uuid>,
    keys: Option<CallKeys>,
    effects: Mutex<Effects>,
}

/// What a context is made of.
pub struct ContextParts {
    /// What travelled beside the message.
    pub meta: Metadata,
    /// When nobody waits any more.
    pub deadline: Option<Instant>,
    /// Who is at the other end.
    pub peer: Option<Arc<str>>,
    /// Who calls, if somebody has looked.
    pub principal: Option<Arc<Principal>>,
    /// Clock, randomness and ids.
    pub env: Env,
    /// The ways to other services.
    pub resolver: Arc<dyn Resolve>,
    /// Told when the work is of no use any more.
    pub cancel: CancellationToken,
    /// The full name of the service that handles it.
    pub service: &'static str,
    /// What keeps the service's effects.
    pub store: Option<Arc<dyn Store>>,
    /// In which form messages are written.
    pub payload: Payload,
    /// The message that is handled, if it is one.
    pub cause: Option<Uuid>,
    /// What the keys of the calls that the handler makes are derived from: something that is the same each time when
    /// it is run again for the same reason. Without it they are made anew.
    pub origin: Option<String>,
}

impl Context {
    /// A context of these parts.
    #[must_use]
    pub fn new(parts: ContextParts) -> Self {
        let ContextParts { meta, deadline, peer, env, resolver, cancel, .. } = parts;
        let ContextParts { service, store, payload, cause, origin, principal, .. } = parts;
        let inner = Inner {
            meta,
            deadline,
            peer,
            principal,
            env,
            resolver,
            cancel,
            key: OnceLock::new(),
            correlation: OnceLock::new(),
            service,
            store,
            payload,
            cause,
            keys: origin.map(CallKeys::new),
            effects: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Who calls, as far as the transport knows: an address. `None` within the process.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.inner.peer.as_deref()
    }

    /// Who calls, as their credentials have shown; for an event or a queued command, for whom the handler worked that sent
    /// it, without scopes and claims. `None` within the process, for ticks, and where nobody was asked.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.inner.principal.as_deref()
    }

    /// The tenant on whose behalf the call is made: what the caller's credentials say, where they do; what the caller says
    /// is believed only of peers of the same deployment.
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
        let channel = if self.effects().exclusive.is_some() {
            Channel::failing(in_transaction(service))
        } else {
            self.inner.resolver.resolve(service).unwrap_or_else(Channel::failing)
        };
        Stub::new(channel).within(self.propagated(), self.inner.deadline, self.inner.keys.clone())
    }

    /// The records of type `T` that this service keeps, by key. See [`State`] for when changes are seen.
    #[must_use]
    pub fn state<T: Record>(&self) -> State<'_, T> {
        State::new(self)
    }

    /// Opens the service's one exclusive transaction, or gives the one that is open: from here on nobody else's changes
    /// are committed until this handler has ended. Use it where a handler that was run again because of a conflict would
    /// do harm, or for raw access to the database; [`state`](Self::state) alone needs no lock.
    ///
    /// # Errors
    /// `failed_precondition` if the service has no store, `unavailable` if the transaction can't be had.
    pub async fn begin(&mut self) -> Result<Transaction<'_>> {
        if self.effects().exclusive.is_none() {
            let at_most = self.remaining().unwrap_or(HELD);
            let open = self.store()?.exclusive(at_most).await?;
            let mut effects = self.effects();
            if !effects.is_closed() {
                effects.exclusive = Some(open);
            }
        }
        Ok(Transaction { ctx: self })
    }

    /// The open exclusive transaction, for a store's own crate.
    #[doc(hidden)]
    pub fn with_exclusive<R>(&self, look: impl FnOnce(Option<&dyn Exclusive>) -> R) -> R {
        look(self.effects().exclusive.as_deref())
    }

    /// What keeps the service's effects.
    ///
    /// # Errors
    /// `failed_precondition` if there is nothing.
    #[doc(hidden)]
    pub fn store(&self) -> Result<&dyn Store> {
        self.inner.store.as_deref().ok_or_else(|| {
            Error::failed_precondition(format!(
                "{} has no store here; serve it by an `App`, which gives it one",
                self.inner.service
            ))
        })
    }

    /// Publishes an event once the handler has succeeded. Generated code calls this, for what the operation `emits`.
    #[doc(hidden)]
    pub fn emit<T: Record>(
        &self,
        event: &'static EventDescriptor,
        key: impl fmt::Display,
        record: &T,
    ) {
        let mut envelope = self.envelope(Kind::Event, event.name, record);
        envelope.version = event.version;
        envelope.readable_since = event.readable_since;
        envelope.retain = event.retain;
        envelope.key = key.to_string().into();
        if event.fingerprint != 0 {
            envelope.meta.set(metadata::FINGERPRINT, format!("{:016x}", event.fingerprint));
        }
        self.effects().publish(envelope);
    }

    /// Sends a queued command once the handler has succeeded. Generated code calls this, for what the operation `calls`.
    ///
    /// # Errors
    /// `invalid_argument` if the request breaks a rule of the contract.
    #[doc(hidden)]
    pub fn send<T: Record>(
        &self,
        queue: &'static QueueDescriptor,
        priority: u8,
        request: &T,
    ) -> Result<()> {
        let mut v = crate::check::Violations::new();
        request.check(&mut v);
        if !v.is_empty() {
            return Err(Error::violations_of(v.into_vec()));
        }
        let mut envelope = self.envelope(Kind::Command, &queue.operation.full_name(), request);
        envelope.priority = priority.min(7);
        envelope.retain = QueueDescriptor::RETAIN;
        envelope.expires = queue.expires.and_then(|after| self.now().checked_add(after).ok());
        self.effects().publish(envelope);
        Ok(())
    }

    fn envelope<T: Record>(&self, kind: Kind, name: &str, record: &T) -> Envelope {
        let inner = &self.inner;
        let mut meta = self.propagated();
        if let Some(cause) = inner.cause {
            meta.set(metadata::CAUSATION_ID, cause.to_string());
        }
        if let Some(principal) = &inner.principal {
            principal.carry(&mut meta);
        }
        let payload = match inner.payload {
            Payload::Protobuf => record.to_bytes(),
            Payload::Json => json::to_vec(record).into(),
        };
        Envelope {
            id: self.new_id(),
            kind,
            source: inner.service.into(),
            name: name.into(),
            version: 0,
            readable_since: 0,
            key: "".into(),
            time: self.now(),
            content_type: inner.payload.content_type(),
            meta,
            payload,
            expires: None,
            priority: 0,
            retain: EventDescriptor::RETAIN,
        }
    }

    /// Forgets what the handler did: it failed, and commits nothing.
    pub(crate) fn discard(&self) {
        self.effects().discard();
    }

    /// Full names of the events that are to be published.
    pub(crate) fn emitted<R>(&self, look: impl FnOnce(Vec<&str>) -> R) -> R {
        look(self.effects().emitted())
    }

    /// Commits what the handler did together with `unit`; nothing can be done afterwards.
    ///
    /// # Errors
    /// What the store says; nothing is committed then.
    pub(crate) async fn commit(&self, mut unit: Unit) -> Result<Commit> {
        unit.now = self.now();
        let exclusive = self.effects().close(&mut unit);
        if let Some(exclusive) = exclusive {
            return exclusive.commit(unit).await;
        }
        if unit.is_empty() {
            return Ok(Commit::Done);
        }
        let reads_alone = unit.writes.is_empty()
            && unit.outbox.is_empty()
            && unit.inbox.is_none()
            && unit.finish.is_none()
            && unit.close.is_none();
        if reads_alone && unit.reads.len() + unit.scans.len() < 2 {
            // One read is a snapshot by itself.
            return Ok(Commit::Done);
        }
        match &self.inner.store {
            Some(store) => store.commit(unit).await,
            None => self.store().map(|_| Commit::Refused(Conflict::Fenced)),
        }
    }

    fn effects(&self) -> MutexGuard<'_, Effects> {
        self.inner.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_transaction(service: &ServiceDescriptor) -> Error {
    Error::failed_precondition(format!(
        "{} is called within an open transaction, which would hold up everybody else until it answers; call it before \
         the transaction is opened, or tell it by an event or a queued command",
        service.name
    ))
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
