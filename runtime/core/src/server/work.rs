//! What nobody waits for: events, queued commands and ticks of schedules, from a delivery to a committed effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::Instrument;

use super::host::{ContextOf, Host};
use super::once::{RUNS, later};
use super::panics::{PANICKED, caught};
use super::{ServiceServer, Tick, Worker};
use crate::broker::{ContentType, Delivery, Envelope, Group, Kind};
use crate::call::Principal;
use crate::error::{Code, Error, Result};
use crate::json;
use crate::message::{ATTEMPTS, Emits, EventDescriptor, Every, Guarantee, Pauses};
use crate::store::{Commit, Conflict, Inbox, Unit};
use crate::wire::{DecodeError, Record};

/// How long an inbox remembers what it has seen.
const REMEMBER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A consumer group of a service, and what its handlers need to know of it.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The group.
    pub group: Group,
    /// The service.
    pub service: &'static str,
    /// How many messages may be handled at once.
    pub concurrency: usize,
    /// How often each is tried: the most that any of its handlers asks for.
    pub attempts: u32,
    /// Between two tries, by the name of the message; [`Pauses::STANDARD`] for a name that is not there.
    pub pauses: BTreeMap<String, Pauses>,
    /// Whether what keeps failing is kept.
    pub dead_letters: bool,
    /// Messages, by their names, that are settled before they are handled.
    pub at_most_once: BTreeSet<String>,
    /// For all handlers of one message together.
    pub timeout: Duration,
    /// When a tick is due, if the group is that of a schedule.
    pub every: Option<Every>,
}

impl Consumer {
    /// The pauses between tries of a message of this name.
    #[must_use]
    pub fn pauses_of(&self, name: &str) -> Pauses {
        self.pauses.get(name).copied().unwrap_or(Pauses::STANDARD)
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worked {
    /// It was handled, and its effects are durable.
    Done,
    /// It had been handled before.
    Duplicate,
    /// It is of a version that is newer than what is known here, and can't be read as that: hold it back.
    TooNew {
        /// Its version.
        version: u32,
        /// The newest that is known here.
        known: u32,
    },
}

/// Why a message was not handled.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The handler: `ConfirmOrder`.
    pub handler: String,
    /// A code in snake case, `malformed` or `panic`.
    pub class: &'static str,
    /// Whether it would fail in the same way again.
    pub permanent: bool,
    /// What it failed with.
    pub error: Error,
}

/// How many messages of a subscribing service are handled at once.
const CONCURRENCY: usize = 16;

impl ServiceServer {
    /// The groups in which the service takes messages.
    #[must_use]
    pub fn consumers(&self) -> Vec<Consumer> {
        let service = self.descriptor.name;
        let mut consumers = Vec::new();
        if !self.subscriptions.is_empty() {
            consumers.push(self.subscriber());
        }
        for queue in &self.queues {
            let descriptor = queue.descriptor;
            let name = descriptor.operation.full_name();
            let pauses = [(name.clone(), descriptor.pauses)].into();
            let once = descriptor.delivery == Guarantee::AtMostOnce;
            let at_most_once = once.then(|| name.clone()).into_iter().collect();
            let group = Group { name: name.clone(), wants: vec![name], ordered: false };
            consumers.push(Consumer {
                group,
                pauses,
                service,
                concurrency: descriptor.concurrency.max(1),
                attempts: descriptor.attempts.max(1),
                dead_letters: descriptor.dead_letters,
                at_most_once,
                timeout: descriptor.operation.policy.timeout.total,
                every: None,
            });
        }
        for schedule in &self.schedules {
            let descriptor = schedule.descriptor;
            let name = format!("{service}/{}", descriptor.name);
            let group = Group { name: name.clone(), wants: vec![name], ordered: false };
            consumers.push(Consumer {
                group,
                service,
                concurrency: 1,
                attempts: 1,
                pauses: BTreeMap::new(),
                dead_letters: false,
                at_most_once: BTreeSet::new(),
                timeout: descriptor.timeout,
                every: Some(descriptor.every),
            });
        }
        consumers
    }

    fn subscriber(&self) -> Consumer {
        let service = self.descriptor.name;
        let all = || self.subscriptions.iter().map(|subscription| subscription.descriptor);
        let mut wants: Vec<_> = all().map(|on| on.event.name.to_owned()).collect();
        wants.sort_unstable();
        wants.dedup();
        // Where several handle one event, the most that one of them asks for.
        let more = |name: &str| {
            all().any(|on| on.event.name == name && on.delivery != Guarantee::AtMostOnce)
        };
        let at_most_once = wants.iter().filter(|name| !more(name)).cloned().collect();
        let mut pauses: BTreeMap<String, Pauses> = BTreeMap::new();
        for on in all() {
            let known = pauses.entry(on.event.name.to_owned()).or_insert(on.pauses);
            if on.pauses.cap > known.cap {
                *known = on.pauses;
            }
        }
        Consumer {
            group: Group { name: service.to_owned(), wants, ordered: true },
            service,
            concurrency: CONCURRENCY,
            pauses,
            attempts: all().map(|on| on.attempts).max().unwrap_or(ATTEMPTS).max(1),
            dead_letters: all().any(|on| on.dead_letters),
            at_most_once,
            timeout: all().map(|on| on.timeout).sum(),
            every: None,
        }
    }

    /// The handlers of a message of a group.
    fn handlers_of(&self, group: &str, name: &str) -> Vec<Work> {
        let service = self.descriptor.name;
        let on = self.subscriptions.iter().filter(|_| group == service);
        let on = on.filter(|on| on.descriptor.event.name == name).map(|on| Work {
            name: on.descriptor.name,
            event: Some(on.descriptor.event),
            guarantee: on.descriptor.delivery,
            timeout: on.descriptor.timeout,
            emits: on.descriptor.emits,
            run: Run::Message(on.worker.clone()),
        });
        let queues =
            self.queues.iter().filter(|queue| queue.descriptor.operation.full_name() == group);
        let queues = queues.map(|queue| Work {
            name: queue.descriptor.operation.name,
            event: None,
            guarantee: queue.descriptor.delivery,
            timeout: queue.descriptor.operation.policy.timeout.total,
            emits: queue.descriptor.operation.emits,
            run: Run::Message(queue.worker.clone()),
        });
        let tick = group.strip_prefix(service).and_then(|rest| rest.strip_prefix('/'));
        let ticks = self.schedules.iter().filter(|schedule| Some(schedule.descriptor.name) == tick);
        let ticks = ticks.map(|schedule| Work {
            name: schedule.descriptor.name,
            event: None,
            guarantee: Guarantee::AtLeastOnce,
            timeout: schedule.descriptor.timeout,
            emits: schedule.descriptor.emits,
            run: Run::Tick(schedule.tick.clone()),
        });
        on.chain(queues).chain(ticks).collect()
    }
}

/// One handler of a message.
struct Work {
    name: &'static str,
    event: Option<&'static EventDescriptor>,
    guarantee: Guarantee,
    timeout: Duration,
    emits: Emits,
    run: Run,
}

enum Run {
    Message(Worker),
    Tick(Tick),
}

impl Host {
    /// Has a message handled by all handlers that its group has for it, one after the other. Each one's effects are
    /// committed together with the note that it has seen the message, so that a repetition goes on where the last run
    /// failed. Dropping the future drops the handler that runs; nothing of that one is committed then.
    ///
    /// # Errors
    /// The first handler's failure.
    pub async fn handle(&self, service: &str, delivery: &Delivery) -> Result<Worked, Trouble> {
        let server = self.servers().iter().find(|server| server.descriptor.name == service);
        let group = &delivery.token.group;
        let works = server.map(|server| server.handlers_of(group, &delivery.envelope.name));
        let mut worked = Worked::Duplicate;
        let works = works.unwrap_or_default();
        if works.is_empty() {
            // The group wanted it once, by an older version of the contract.
            tracing::warn!(
                group,
                name = &*delivery.envelope.name,
                "nobody handles this message any more"
            );
            return Ok(Worked::Done);
        }
        for work in works {
            match self
                .work(server.map_or("", |server| server.descriptor.name), &work, delivery)
                .await?
            {
                Worked::Done => worked = Worked::Done,
                Worked::Duplicate => {}
                too_new @ Worked::TooNew { .. } => return Ok(too_new),
            }
        }
        Ok(worked)
    }

    async fn work(
        &self,
        service: &'static str,
        work: &Work,
        delivery: &Delivery,
    ) -> Result<Worked, Trouble> {
        let envelope = &delivery.envelope;
        if let Some(known) = work.event.map(|event| event.version)
            && envelope.version > known
            && envelope.readable_since > known
        {
            return Ok(Worked::TooNew { version: envelope.version, known });
        }
        let span = tracing::info_span!(
            "handle",
            service,
            handler = work.name,
            message = &*envelope.name,
            id = %envelope.id,
            attempt = delivery.attempt,
        );
        let done = self.effect(service, work, delivery).instrument(span).await;
        done.map_err(|error| trouble(work.name, error))
    }

    async fn effect(
        &self,
        service: &'static str,
        work: &Work,
        delivery: &Delivery,
    ) -> Result<Worked> {
        let inbox = self.inbox(service, work, delivery);
        let store = self.store(service);
        for _ in 0..RUNS {
            if let (Some(inbox), Some(store)) = (&inbox, &store)
                && store.seen(inbox.clone()).await?
            {
                return Ok(Worked::Duplicate);
            }
            let unit = Unit { inbox: inbox.clone().filter(|_| store.is_some()), ..Unit::default() };
            match self.once(service, work, delivery, unit).await? {
                Commit::Done => return Ok(Worked::Done),
                Commit::Refused(Conflict::Seen) => return Ok(Worked::Duplicate),
                Commit::Refused(conflict) => {
                    tracing::debug!(?conflict, "what was read has changed")
                }
            }
        }
        Err(Error::aborted(format!(
            "the handler was run {RUNS} times, and each time what it read had changed before it could commit"
        )))
    }

    async fn once(
        &self,
        service: &'static str,
        work: &Work,
        delivery: &Delivery,
        unit: Unit,
    ) -> Result<Commit> {
        let envelope = &delivery.envelope;
        let deadline = self.env().clock.now().checked_add(work.timeout);
        let origin = format!("{service}.{}\0{}\0{}", work.name, envelope.id, delivery.replay);
        let (ctx, guard) = self.context(ContextOf {
            meta: envelope.meta.clone(),
            deadline,
            peer: None,
            principal: Principal::carried(&envelope.meta).map(Arc::new),
            service,
            cause: Some(envelope.id),
            origin: Some(origin),
        });
        let run = match &work.run {
            Run::Message(worker) => worker(ctx.clone(), envelope.clone()),
            Run::Tick(tick) => tick(ctx.clone()),
        };
        let late = || {
            let limit = work.timeout;
            Error::deadline_exceeded(format!("the handler took longer than its {limit:?}"))
        };
        let done = match deadline {
            None => caught(run).await,
            Some(at) => tokio::select! {
                biased;
                done = caught(run) => done,
                () = self.env().clock.sleep_until(at) => Err(late()),
            },
        };
        let done = self.judged(&work.emits, &ctx, done);
        let failed = done.as_ref().err().filter(|_| ctx.emitted(|names| names.is_empty()));
        if let Some(error) = failed {
            ctx.discard();
            return Err(error.clone());
        }
        // What is emitted with a declared error is committed, and the message is handled by that.
        let committed = ctx.commit(unit).await;
        drop(guard.disarm());
        committed
    }

    fn inbox(&self, service: &str, work: &Work, delivery: &Delivery) -> Option<Inbox> {
        (work.guarantee != Guarantee::AtMostOnce).then(|| Inbox {
            consumer: format!("{service}.{}", work.name),
            id: delivery.envelope.id,
            replay: delivery.replay,
            keep_until: later(self.now(), REMEMBER),
        })
    }
}

fn trouble(handler: &str, error: Error) -> Trouble {
    let reason = error.reason().map(|reason| reason.reason.as_str());
    let (class, permanent) = match reason {
        Some(MALFORMED) => ("malformed", true),
        Some(PANICKED) => ("panic", false),
        _ => (error.code().name(), error.code() == Code::Unimplemented),
    };
    Trouble { handler: handler.to_owned(), class, permanent, error }
}

/// The reason of an error for bytes that can't be read.
const MALFORMED: &str = "MALFORMED_MESSAGE";

/// Reads the payload of a message. Constraints are not judged: the publisher may be newer, and has judged them.
///
/// # Errors
/// `invalid_argument` for what can't be read.
pub fn read<T: Record>(envelope: &Envelope) -> Result<T> {
    let read = match &envelope.content_type {
        ContentType::Protobuf => T::from_bytes(&envelope.payload),
        ContentType::Json => json::from_slice(&envelope.payload),
        ContentType::Other(found) => {
            return Err(malformed(format!(
                "its content type is `{found}`; application/protobuf and application/json can be read"
            )));
        }
    };
    read.map_err(|error: DecodeError| malformed(error.to_string()))
}

/// Why an older version of an event is not read: the contract's newest version does not say that it `upcasts` it.
#[must_use]
pub fn no_upcast(envelope: &Envelope) -> Error {
    let (name, version) = (&envelope.name, envelope.version);
    malformed(format!(
        "version {version} of {name} has no way to the newest version in the contract; add `upcasts v{version}` there"
    ))
}

fn malformed(why: String) -> Error {
    let reason = crate::error::Reason {
        reason: MALFORMED.to_owned(),
        domain: "svckit".to_owned(),
        metadata: std::collections::BTreeMap::new(),
    };
    Error::invalid_argument(format!("the message is not readable: {why}")).with_reason(reason)
}

/// The message of one tick of a schedule. Its id is derived from schedule and time, so that the ticks which all
/// instances of a service make for one time are one message.
#[must_use]
pub fn tick(service: &'static str, group: &str, due: Timestamp, keep: Duration) -> Envelope {
    let id = crate::client::derived_id(group, "tick", due.as_microsecond().cast_unsigned());
    Envelope {
        id,
        kind: Kind::Tick,
        source: service.into(),
        name: group.into(),
        version: 0,
        readable_since: 0,
        key: "".into(),
        time: due,
        content_type: ContentType::Protobuf,
        meta: crate::call::Metadata::default(),
        payload: bytes::Bytes::new(),
        expires: None,
        priority: 0,
        retain: keep,
    }
}
