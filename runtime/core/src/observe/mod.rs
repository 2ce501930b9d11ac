//! What a process tells of its calls, policies and messages while it runs.
//!
//! Whoever decides something tells it to [`Env::observe`](crate::clock::Env); an [`Observer`] counts it. Where nobody
//! observes, telling costs one branch: the event is not even made. Nothing in an event is a value of a message: names of
//! the contract, codes, times, endpoints.

mod follow;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::follow::watched;
pub use self::follow::{End, Followed};
use crate::broker::Envelope;
use crate::error::Code;
use crate::operation::Operation;

/// Hears of what happens. Called in the middle of calls: it must return soon, never wait and never panic.
pub trait Observer: Send + Sync + 'static {
    /// Hears of one event.
    fn observe(&self, event: &Event<'_>);
}

/// Who observes a process; nobody by default. Cheap to clone.
#[derive(Clone, Default)]
pub struct Observe(Option<Arc<dyn Observer>>);

impl Observe {
    /// Nobody.
    pub const NOBODY: Self = Self(None);

    /// That one alone.
    #[must_use]
    pub fn by(observer: Arc<dyn Observer>) -> Self {
        Self(Some(observer))
    }

    /// Whether anybody does: to leave out what is measured for the event alone.
    #[inline]
    #[must_use]
    pub fn observed(&self) -> bool {
        self.0.is_some()
    }

    /// Tells an event, which is made only where somebody observes.
    #[inline]
    pub fn tell<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if let Some(observer) = &self.0 {
            observer.observe(&event());
        }
    }
}

impl fmt::Debug for Observe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.observed() { "Observe(somebody)" } else { "Observe(nobody)" })
    }
}

/// Which side of a call tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that calls.
    Client,
    /// The one that is called.
    Server,
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Lets them through.
    Closed,
    /// Refuses them.
    Open,
    /// Lets a few through, to see.
    HalfOpen,
}

/// What refused a call before it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// An open breaker.
    Breaker,
    /// A bulkhead whose queue is full, or in which it waited too long.
    Bulkhead,
    /// A rate limit.
    Limit,
    /// Load shedding: others matter more.
    Shed,
    /// Its deadline was over.
    Deadline,
}

/// Why a call that failed was not tried again, though its error and its operation would have allowed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoRetry {
    /// The share of calls that may be retries is used up.
    Budget,
    /// The token bucket of retries is empty.
    Tokens,
    /// All attempts are made.
    Attempts,
    /// The pause would outlast the deadline.
    Deadline,
    /// A layer below has retried already.
    Below,
    /// The callee said not to.
    Pushback,
}

/// What a call got that repeats another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Replay {
    /// The first one's answer.
    Answer,
    /// Its error.
    Error,
    /// That it still runs.
    Running,
    /// That it was another request under the same key.
    Reused,
}

/// What became of a delivery of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its handlers succeeded.
    Done,
    /// The inbox knew it.
    Duplicate,
    /// It failed and will come again.
    Retried,
    /// It lies with the dead letters.
    Dead,
    /// It is given up and nothing is kept.
    Dropped,
    /// It is held back for one who knows it.
    Held,
    /// It came too late to be of use.
    Expired,
    /// It is given back unhandled: the process stops.
    GivenBack,
    /// Its lease was lost while it was handled.
    Lost,
}

/// A delivery that is settled.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The group whose consumer had it.
    pub group: &'a str,
    /// The message. Its payload and key are nobody's business.
    pub message: &'a Envelope,
    /// What became of it.
    pub outcome: Outcome,
    /// The class of the failure, where there is one: a code in snake case, `panic`, `malformed`, `expired`, `crash`.
    pub class: Option<&'a str>,
    /// How often it was handed out, with this time.
    pub attempt: u32,
    /// From the consumer's hand to its settlement.
    pub took: Duration,
    /// From its publication to the consumer's hand.
    pub lag: Duration,
}

/// What happened. More may come: match with a `_`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A call begins, with all its attempts.
    CallStarted {
        /// Of what.
        operation: &'static Operation,
        /// Who tells.
        side: Side,
    },
    /// A call is over; for a stream, once it ended or was dropped.
    CallEnded {
        /// Of what.
        operation: &'static Operation,
        /// Who tells.
        side: Side,
        /// Nothing: it succeeded. `cancelled` where nobody waited for the end.
        code: Option<Code>,
        /// The declared error that it ended with, by its full name.
        error: Option<&'a str>,
        /// How long it took.
        took: Duration,
    },
    /// An attempt of a call is over.
    Attempt {
        /// Of what.
        operation: &'static Operation,
        /// Where, as `host:port`; nothing where the transport alone knows.
        endpoint: Option<&'a str>,
        /// The first is 1.
        number: u32,
        /// Nothing: it succeeded.
        code: Option<Code>,
        /// How long it took.
        took: Duration,
    },
    /// A call failed and will be tried again.
    Retry {
        /// What.
        operation: &'static Operation,
        /// The attempt that failed; the first is 1.
        attempt: u32,
        /// What it failed with.
        code: Code,
        /// How long is waited before the next.
        pause: Duration,
    },
    /// A call failed, or is late, and is not tried again.
    RetryRefused {
        /// What.
        operation: &'static Operation,
        /// Why not.
        why: NoRetry,
    },
    /// A breaker is in another state than before.
    Breaker {
        /// Whose.
        operation: &'static Operation,
        /// Of which endpoint, where there are several.
        endpoint: Option<&'a str>,
        /// The new one.
        state: BreakerState,
    },
    /// A call was refused without being tried.
    Rejected {
        /// What.
        operation: &'static Operation,
        /// Who tells.
        side: Side,
        /// By what.
        by: Gate,
    },
    /// A second attempt goes out beside one that is slow.
    Hedge {
        /// What.
        operation: &'static Operation,
        /// How long the first was waited for.
        after: Duration,
    },
    /// A fallback answers in place of the callee.
    Fallback {
        /// What.
        operation: &'static Operation,
        /// What the call had failed with.
        code: Code,
    },
    /// An attempt of a call goes to one of several endpoints.
    Picked {
        /// What is called.
        operation: &'static Operation,
        /// Where.
        endpoint: &'a str,
    },
    /// A callee's answer to an attempt over HTTP has begun.
    Responded {
        /// What is called.
        operation: &'static Operation,
        /// Of HTTP: `1.1` or `2`.
        version: &'static str,
        /// The status.
        status: u16,
    },
    /// A repeated call was answered from the record of the first, or told that the first still runs.
    Replayed {
        /// What.
        operation: &'static Operation,
        /// How.
        how: Replay,
    },
    /// An endpoint came, or went.
    Endpoint {
        /// The service in the contract.
        service: &'static str,
        /// Which.
        endpoint: &'a str,
        /// Whether it came.
        joined: bool,
    },
    /// It was looked where a service is.
    Resolved {
        /// The service in the contract.
        service: &'static str,
        /// How many endpoints there are now; nothing where they could not be found.
        endpoints: Option<u64>,
        /// Why not.
        code: Option<Code>,
    },
    /// A configuration file was read again while the process runs, and taken up or refused.
    Configured {
        /// Which part: `policy`.
        part: &'static str,
        /// Whether what it says holds now.
        taken: bool,
    },
    /// An endpoint is left in peace because it does worse than the others.
    Ejected {
        /// The service in the contract.
        service: &'static str,
        /// Which.
        endpoint: &'a str,
        /// For how long.
        pause: Duration,
    },
    /// An endpoint that was ejected is asked again.
    Restored {
        /// The service in the contract.
        service: &'static str,
        /// Which.
        endpoint: &'a str,
    },
    /// The relay handed messages to the broker.
    Published {
        /// The service whose outbox they lay in.
        service: &'a str,
        /// The messages.
        messages: &'a [Envelope],
        /// How long the broker took.
        took: Duration,
    },
    /// The broker did not take messages, or the store did not give them; it will be tried again.
    PublishFailed {
        /// The service whose outbox they lie in.
        service: &'a str,
        /// Why.
        code: Code,
    },
    /// A delivery is settled.
    Delivered(Delivered<'a>),
    /// The oldest message of an outbox waits and can't be published.
    OutboxStalled {
        /// The service.
        service: &'a str,
        /// How many wait.
        waiting: u64,
        /// How long the oldest has waited.
        oldest: Duration,
    },
    /// An outbox that had stalled flows again.
    OutboxFlows {
        /// The service.
        service: &'a str,
    },
}
