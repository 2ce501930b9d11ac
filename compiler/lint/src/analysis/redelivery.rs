//! For how long a message is delivered again.

use svckit_model::timing::{Times, Timing};
use svckit_model::{CallUse, Delivery, Id, Operation, Policy, Retry, Subscription, World};

use crate::policies;
use crate::text::time;

/// Deliveries before a message becomes a dead letter, where nothing says how many.
pub const DELIVERIES: u32 = 5;

/// How often a message is delivered, and how long that takes.
#[derive(Debug, Clone, Copy)]
pub struct Redelivery<'w> {
    /// At most.
    pub deliveries: u32,
    /// How long a handler may work on one, nanoseconds.
    pub total: u64,
    retry: Option<&'w Retry>,
}

impl<'w> Redelivery<'w> {
    /// Of the event of an `on`; nothing for one that is delivered once.
    #[must_use]
    pub fn of_subscription(
        world: &'w World,
        timing: &Timing,
        id: Id<Subscription>,
    ) -> Option<Self> {
        let on = &world.subscriptions[id];
        let again = on.delivery != Delivery::AtMostOnce;
        again.then(|| Self::new(world, timing, DELIVERIES, (on.policy, &on.calls)))
    }

    /// Of a queued command; nothing for others, and for one that is delivered once.
    #[must_use]
    pub fn of_queued(world: &'w World, timing: &Timing, id: Id<Operation>) -> Option<Self> {
        let op = &world.operations[id];
        let queue = op.queue.as_ref().filter(|_| op.promises.delivery != Delivery::AtMostOnce)?;
        let deliveries = queue.attempts.unwrap_or(DELIVERIES);
        Some(Self::new(world, timing, deliveries, (op.policy, &op.calls)))
    }

    fn new(
        world: &'w World,
        timing: &Timing,
        deliveries: u32,
        (policy, calls): (Id<Policy>, &[CallUse]),
    ) -> Self {
        let needs = timing.needs(world, calls);
        let total = Times::of(&world.policies[policy].numbers, needs).total;
        Self { deliveries, total, retry: policies::retry(world, policy) }
    }

    /// The pauses between so many deliveries, nanoseconds.
    fn pauses(&self, deliveries: u32) -> u64 {
        self.retry.map_or(0, |retry| retry.pauses(deliveries))
    }

    /// When a delivery begins at the latest, after the first one began; the first is 1.
    #[must_use]
    pub fn begin(&self, number: u32) -> u64 {
        let before = u64::from(number.saturating_sub(1));
        self.total.saturating_mul(before).saturating_add(self.pauses(number))
    }

    /// The longest pause there is, nanoseconds.
    #[must_use]
    pub fn longest_pause(&self) -> u64 {
        self.retry
            .filter(|_| self.deliveries > 1)
            .map_or(0, |retry| retry.pause(self.deliveries - 1))
    }

    /// When the last one is over at the latest.
    #[must_use]
    pub fn over(&self) -> u64 {
        self.begin(self.deliveries).saturating_add(self.total)
    }

    /// `5 deliveries · 3s + pauses of 750ms = 15.75s`
    #[must_use]
    pub fn explained(&self) -> String {
        format!(
            "{} deliveries · {} + pauses of {} = {}",
            self.deliveries,
            time(self.total),
            time(self.pauses(self.deliveries)),
            time(self.over())
        )
    }
}
