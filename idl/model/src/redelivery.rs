//! For how long a message is delivered again: the numbers that generated code hands to the runtime are the ones that rules
//! judge.
//!
//! A message is tried `attempts` times, of the `queue` or [`DELIVERIES`]. All handlers of a service for one event run one
//! after the other in one delivery, each with the `total` of its own policy. Between two deliveries lies a pause of
//! [`BASE`], doubled each time, up to [`CAP`], with full jitter; a handler that names a policy which writes a `backoff`
//! has that one's. An error may ask for a longer wait than its turn, but for none beyond the longest pause: that is
//! what makes the worst case a number.

#[cfg(test)]
mod tests;

use crate::timing::{Times, Timing};
use crate::{
    Backoff, Block, CallUse, Delivery, ErrorKind, ErrorRetry, Id, Info, Operation, Policy,
    RecordKind, Subscription, World,
};

/// Deliveries before a message becomes a dead letter, where nothing says how many.
pub const DELIVERIES: u32 = 10;
/// The longest first pause where nothing says more: 200 ms in nanoseconds.
pub const BASE: u64 = 200_000_000;
/// The longest of all pauses where nothing says more: 30 s in nanoseconds.
pub const CAP: u64 = 30_000_000_000;
/// By so much the callers of what asks for a wait are spread: 5 s in nanoseconds.
pub const SPREAD: u64 = 5_000_000_000;

/// How pauses grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// By what.
    pub backoff: Backoff,
    /// The longest first one, nanoseconds.
    pub base: u64,
    /// The longest of all, nanoseconds.
    pub cap: u64,
}

impl Pauses {
    /// Those of messages where nothing says more.
    pub const STANDARD: Self = Self { backoff: Backoff::Exponential, base: BASE, cap: CAP };

    /// The pause after so many failed attempts, in nanoseconds, as long as it may be; the first is 1.
    #[must_use]
    pub fn pause(&self, failed: u32) -> u64 {
        let pause = match self.backoff {
            Backoff::Exponential => {
                let doubled = 1_u64.checked_shl(failed.saturating_sub(1)).unwrap_or(u64::MAX);
                self.base.saturating_mul(doubled)
            }
            Backoff::Linear => self.base.saturating_mul(failed.into()),
            Backoff::Constant => self.base,
        };
        pause.min(self.cap.max(self.base))
    }

    /// All pauses between so many attempts.
    #[must_use]
    pub fn all(&self, attempts: u32) -> u64 {
        let mut sum = 0_u64;
        for failed in 1..attempts {
            let pause = self.pause(failed);
            sum = sum.saturating_add(pause);
            if pause >= self.cap || self.backoff == Backoff::Constant {
                let rest = u64::from(attempts - 1 - failed);
                return sum.saturating_add(pause.saturating_mul(rest));
            }
        }
        sum
    }

    /// Those of a handler: of the policy that it names itself, where one wrote a `backoff`. What a service asks for all
    /// its calls is too eager for messages, which wait until a callee is back.
    fn of_handler(world: &World, info: &Info, policy: Id<Policy>, calls: &[CallUse]) -> Self {
        let own = info.places.get("policy").is_some();
        let pauses = match &world.policies[policy].numbers.retry {
            Block::On(retry) if own && writes_backoff(world, policy) => retry.growth(),
            _ => Self::STANDARD,
        };
        let asked = calls.iter().flat_map(|call| &world.operations[call.operation].errors);
        let asked = asked.filter_map(|error| match &world.records[error.error].kind {
            RecordKind::Error(ErrorKind { retry: ErrorRetry::After(nanos), .. }) => Some(*nanos),
            _ => None,
        });
        let asked = asked.max().map_or(0, |nanos| nanos.saturating_add(SPREAD));
        Self { cap: pauses.cap.max(pauses.base).max(asked), ..pauses }
    }
}

/// Whether a policy, or one that it extends, says how pauses grow.
fn writes_backoff(world: &World, policy: Id<Policy>) -> bool {
    let mut at = Some(policy);
    // As many as there are: a circle was reported and broken.
    for _ in 0..=world.policies.len() {
        let Some(id) = at else { return false };
        if world.policies[id].info.places.get("retry.backoff").is_some() {
            return true;
        }
        at = world.policies[id].extends;
    }
    false
}

/// How often a message is delivered, and how long that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivery {
    /// At most.
    pub deliveries: u32,
    /// How long the handlers may work on one delivery, nanoseconds.
    pub total: u64,
    /// Between two of them.
    pub pauses: Pauses,
}

impl Redelivery {
    /// Of the event of an `on`; nothing for one that is delivered once.
    #[must_use]
    pub fn of_subscription(world: &World, timing: &Timing, on: &Subscription) -> Option<Self> {
        if on.delivery == Delivery::AtMostOnce {
            return None;
        }
        let mut all = Self { deliveries: DELIVERIES, total: 0, pauses: Pauses::STANDARD };
        let handlers = world.services[on.service].subscriptions.iter();
        let handlers = handlers.map(|id| &world.subscriptions[*id]);
        for (i, on) in handlers.filter(|other| other.event == on.event).enumerate() {
            let needs = timing.needs(world, &on.calls);
            let numbers = &world.policies[on.policy].numbers;
            all.total = all.total.saturating_add(Times::of(numbers, needs).total);
            let pauses = Pauses::of_handler(world, &on.info, on.policy, &on.calls);
            if i == 0 || pauses.cap > all.pauses.cap {
                all.pauses = pauses;
            }
        }
        Some(all)
    }

    /// Of a queued command; nothing for others, and for one that is delivered once.
    #[must_use]
    pub fn of_queued(world: &World, timing: &Timing, id: Id<Operation>) -> Option<Self> {
        let op = &world.operations[id];
        let queue = op.queue.as_ref().filter(|_| op.promises.delivery != Delivery::AtMostOnce)?;
        Some(Self {
            deliveries: queue.attempts.unwrap_or(DELIVERIES).max(1),
            total: timing.of(id).total,
            pauses: Pauses::of_handler(world, &op.info, op.policy, &op.calls),
        })
    }

    /// When a delivery begins after the first one began, if each handler takes all its time, and no error asks for a
    /// wait; the first is 1.
    #[must_use]
    pub fn begin(&self, number: u32) -> u64 {
        let before = u64::from(number.saturating_sub(1));
        self.total.saturating_mul(before).saturating_add(self.pauses.all(number))
    }

    /// The longest pause there is, nanoseconds; nothing where nothing is delivered twice.
    #[must_use]
    pub fn longest_pause(&self) -> u64 {
        if self.deliveries > 1 { self.pauses.cap } else { 0 }
    }

    /// When the last one is over at the latest: each handler takes all its time, and each pause is the longest, for an
    /// error may ask for it.
    #[must_use]
    pub fn over(&self) -> u64 {
        let worked = self.total.saturating_mul(self.deliveries.into());
        let pauses = u64::from(self.deliveries.saturating_sub(1));
        worked.saturating_add(self.pauses.cap.saturating_mul(pauses))
    }
}
