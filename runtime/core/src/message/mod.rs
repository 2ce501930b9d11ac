//! What the compiler tells the runtime of events, queued commands, subscriptions and schedules: constants that generated
//! code holds.

mod emits;
pub mod priority;
mod shown;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::emits::{Emit, Emits};
pub use self::shown::Shown;
use crate::broker::ContentType;
use crate::operation::{Backoff, Operation};

/// One version of an event.
#[derive(Debug)]
pub struct EventDescriptor {
    /// Its name in the contract: `shop.orders.v1.Orders.OrderPlaced`.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// The oldest version whose readers can read this one: what came since only added to it.
    pub readable_since: u32,
    /// How long the broker keeps it for those that read it again.
    pub retain: Duration,
    /// Of the payload's schema; tells two builds of one contract apart.
    pub fingerprint: u64,
    /// How people are shown it.
    pub shown: Option<Shown>,
}

impl EventDescriptor {
    /// How long an event is kept where the contract says nothing.
    pub const RETAIN: Duration = Duration::from_secs(7 * 24 * 3600);

    /// A version of an event that only its own readers can read.
    #[must_use]
    pub const fn new(name: &'static str, version: u32) -> Self {
        let (retain, fingerprint, shown) = (Self::RETAIN, 0, None);
        Self { name, version, readable_since: version, retain, fingerprint, shown }
    }

    /// With the oldest version whose readers can read it.
    #[must_use]
    pub const fn readable_since(mut self, version: u32) -> Self {
        self.readable_since = version;
        self
    }

    /// With the time for which it is kept.
    #[must_use]
    pub const fn retain(mut self, retain: Duration) -> Self {
        self.retain = retain;
        self
    }

    /// With the fingerprint of its schema.
    #[must_use]
    pub const fn fingerprint(mut self, fingerprint: u64) -> Self {
        self.fingerprint = fingerprint;
        self
    }

    /// With how people are shown it.
    #[must_use]
    pub const fn shown(mut self, shown: Shown) -> Self {
        self.shown = Some(shown);
        self
    }
}

/// How often a handler may see a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guarantee {
    /// Once or never: it is settled before it is handled.
    AtMostOnce,
    /// Once or again; in the service's own store, the inbox leaves the repetition out.
    #[default]
    AtLeastOnce,
    /// One effect in the service's own store and in keyed commands, within the inbox's retention.
    EffectivelyOnce,
}

/// A command with a `queue`: accepted now, done later by one of its consumers.
#[derive(Debug)]
pub struct QueueDescriptor {
    /// The operation that it is.
    pub operation: &'static Operation,
    /// How many may run at once.
    pub concurrency: usize,
    /// How often each is tried.
    pub attempts: u32,
    /// Between two attempts.
    pub pauses: Pauses,
    /// After that it is not worth doing.
    pub expires: Option<Duration>,
    /// How often its handler may see one.
    pub delivery: Guarantee,
    /// Whether what keeps failing is kept.
    pub dead_letters: bool,
    /// How people are shown one.
    pub shown: Option<Shown>,
}

impl QueueDescriptor {
    /// How long a broker recognises a command that it has seen, beyond the time until it is settled.
    pub const RETAIN: Duration = Duration::from_secs(3600);

    /// A queue of which 8 run at once, each tried 10 times.
    #[must_use]
    pub const fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            concurrency: 8,
            attempts: ATTEMPTS,
            pauses: Pauses::STANDARD,
            expires: None,
            delivery: Guarantee::AtLeastOnce,
            dead_letters: true,
            shown: None,
        }
    }

    /// With how people are shown one.
    #[must_use]
    pub const fn shown(mut self, shown: Shown) -> Self {
        self.shown = Some(shown);
        self
    }

    /// With so many at once.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// With so many attempts.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// With so many attempts, and these pauses between.
    #[must_use]
    pub const fn redelivery(mut self, attempts: u32, pauses: Pauses) -> Self {
        (self.attempts, self.pauses) = (attempts, pauses);
        self
    }

    /// With a time after which it is not worth doing.
    #[must_use]
    pub const fn expires(mut self, expires: Duration) -> Self {
        self.expires = Some(expires);
        self
    }

    /// With another guarantee.
    #[must_use]
    pub const fn delivery(mut self, delivery: Guarantee) -> Self {
        self.delivery = delivery;
        self
    }

    /// Forgets what keeps failing.
    #[must_use]
    pub const fn without_dead_letters(mut self) -> Self {
        self.dead_letters = false;
        self
    }
}

/// How often a message is tried where generated code says nothing: with the pauses between, for about a minute, so that
/// a callee may be away for a while.
pub const ATTEMPTS: u32 = 10;

/// How long a message waits before it is tried again, with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// How they grow.
    pub backoff: Backoff,
    /// The longest first one.
    pub base: Duration,
    /// None is longer, whatever an error asks for: the compiler's worst cases count on it.
    pub cap: Duration,
}

impl Pauses {
    /// Where generated code says nothing.
    pub const STANDARD: Self =
        Self::exponential(Duration::from_millis(200), Duration::from_secs(30));

    /// Doubling from `base` up to `cap`.
    #[must_use]
    pub const fn exponential(base: Duration, cap: Duration) -> Self {
        Self { backoff: Backoff::Exponential, base, cap }
    }

    /// By `base` each time, up to `cap`.
    #[must_use]
    pub const fn linear(base: Duration, cap: Duration) -> Self {
        Self { backoff: Backoff::Linear, base, cap }
    }

    /// Always `base`, unless an error asks for more: up to `cap`.
    #[must_use]
    pub const fn constant(base: Duration, cap: Duration) -> Self {
        Self { backoff: Backoff::Constant, base, cap }
    }

    /// The longest pause after so many failed attempts; the first is 1.
    #[must_use]
    pub fn longest(&self, failed: u32) -> Duration {
        self.backoff.pause(self.base, failed).min(self.cap)
    }
}

/// One `on E do NAME`.
#[derive(Debug)]
pub struct SubscriptionDescriptor {
    /// The service that subscribes: `shop.mail.v1.Mail`.
    pub service: &'static str,
    /// The handler: `ConfirmOrder`.
    pub name: &'static str,
    /// The newest version of the event that the handler knows.
    pub event: &'static EventDescriptor,
    /// How often the handler may see one.
    pub delivery: Guarantee,
    /// Whether what keeps failing is kept.
    pub dead_letters: bool,
    /// How often each is tried.
    pub attempts: u32,
    /// Between two attempts.
    pub pauses: Pauses,
    /// For one attempt.
    pub timeout: Duration,
    /// What the handler publishes.
    pub emits: Emits,
}

impl SubscriptionDescriptor {
    /// A subscription under the policy `standard`, that emits nothing.
    #[must_use]
    pub const fn new(
        service: &'static str,
        name: &'static str,
        event: &'static EventDescriptor,
    ) -> Self {
        Self {
            service,
            name,
            event,
            delivery: Guarantee::AtLeastOnce,
            dead_letters: true,
            attempts: ATTEMPTS,
            pauses: Pauses::STANDARD,
            timeout: crate::operation::TimeoutConfig::STANDARD.total,
            emits: Emits::NONE,
        }
    }

    /// With another guarantee.
    #[must_use]
    pub const fn delivery(mut self, delivery: Guarantee) -> Self {
        self.delivery = delivery;
        self
    }

    /// Forgets what keeps failing.
    #[must_use]
    pub const fn without_dead_letters(mut self) -> Self {
        self.dead_letters = false;
        self
    }

    /// With so many attempts.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// With so many attempts, and these pauses between.
    #[must_use]
    pub const fn redelivery(mut self, attempts: u32, pauses: Pauses) -> Self {
        (self.attempts, self.pauses) = (attempts, pauses);
        self
    }

    /// With a time for one attempt.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With what it publishes.
    #[must_use]
    pub const fn emits(mut self, emits: Emits) -> Self {
        self.emits = emits;
        self
    }
}

/// When a schedule is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// At the multiples of a duration since 1970.
    Interval(Duration),
    /// By a cron line of five fields, in UTC.
    Cron(&'static str),
}

/// One `schedule NAME every …`.
#[derive(Debug)]
pub struct ScheduleDescriptor {
    /// The service that runs it.
    pub service: &'static str,
    /// Its name in the contract.
    pub name: &'static str,
    /// When it is due.
    pub every: Every,
    /// For one run.
    pub timeout: Duration,
    /// What it publishes.
    pub emits: Emits,
}

impl ScheduleDescriptor {
    /// A schedule under the policy `standard`, that emits nothing.
    #[must_use]
    pub const fn new(service: &'static str, name: &'static str, every: Every) -> Self {
        let timeout = crate::operation::TimeoutConfig::STANDARD.total;
        Self { service, name, every, timeout, emits: Emits::NONE }
    }

    /// With a time for one run.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With what it publishes.
    #[must_use]
    pub const fn emits(mut self, emits: Emits) -> Self {
        self.emits = emits;
        self
    }
}

/// In which form messages are written. Readers take either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// Protobuf.
    #[default]
    Protobuf,
    /// ProtoJSON.
    Json,
}

impl Payload {
    /// How messages say it.
    #[must_use]
    pub fn content_type(self) -> ContentType {
        match self {
            Self::Protobuf => ContentType::Protobuf,
            Self::Json => ContentType::Json,
        }
    }
}
