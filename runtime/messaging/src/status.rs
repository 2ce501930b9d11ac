//! How messaging does, to be read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::GroupStatus;

use crate::time::between;

/// What this process did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// A line per group, in the order in which they were given.
    pub groups: Vec<GroupCounters>,
    /// A line per store, in the order in which they were given.
    pub outboxes: Vec<OutboxCounters>,
}

macro_rules! counters {
    ($(#[$doc:meta])* $counters:ident as $snapshot:ident by $name:ident { $($(#[$field_doc:meta])* $field:ident)* }) => {
        #[derive(Debug, Default)]
        pub(crate) struct $counters { $(pub(crate) $field: Count,)* }

        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $snapshot {
            /// Whose they are.
            pub $name: String,
            $($(#[$field_doc])* pub $field: u64,)*
        }

        impl $counters {
            pub(crate) fn snapshot(&self, $name: &str) -> $snapshot {
                $snapshot { $name: $name.to_owned(), $($field: self.$field.get(),)* }
            }
        }
    };
}

counters! {
    /// What the consumers of a group in this process did.
    Counters as GroupCounters by group {
        /// Messages whose handler succeeded here.
        handled
        /// Deliveries that were not the first of their message.
        redelivered
        /// Messages that the inbox knew: handled before, acknowledged again.
        duplicates
        /// Attempts that failed and are followed by another.
        retried
        /// Messages that went to the dead letters.
        dead
        /// Messages that were given up without a dead letter, because the contract says so.
        dropped
        /// Times that a message was held back: of a version that is not known here, or without a handler here.
        held
        /// Messages that came too late; those with dead letters count there, too.
        expired
        /// Handlers that were ended because their lease was lost.
        fenced
        /// Messages that were given back by a drain.
        given_back
        /// Fetches that were asked anew because they had fallen silent.
        silent
        /// Messages in the hands of handlers now.
        in_flight
    }
}

counters! {
    /// What the relay of a store in this process did.
    Relayed as OutboxCounters by service {
        /// Messages that were handed to the broker.
        published
        /// Times that the broker or the store failed.
        failures
        /// Times that the outbox stalled: its oldest message waited for more than a second and could not be published.
        stalled
    }
}

/// A number that many count up.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn less(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a group is behind, over all processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The group.
    pub group: String,
    /// Messages that wait.
    pub waiting: u64,
    /// Messages in the hands of consumers.
    pub in_flight: u64,
    /// How long ago the oldest of both was published; nothing when there is none.
    pub age: Option<Duration>,
    /// Dead letters that lie there.
    pub dead: u64,
}

impl Lag {
    /// What a broker's status says, at the time `now`.
    #[must_use]
    pub fn of(status: &GroupStatus, now: Timestamp) -> Self {
        Self {
            group: status.group.clone(),
            waiting: status.waiting,
            in_flight: status.in_flight,
            age: status.oldest.map(|oldest| between(oldest, now)),
            dead: status.dead,
        }
    }
}
