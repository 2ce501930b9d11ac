//! How long calls may take: the timeouts that generated code enforces are the ones that rules judge.
//!
//! A call takes at most `min(total, attempts · min(attempt, the callee's total) + pauses)`. What an operation calls
//! takes the sum of these, `x20` twenty times, a `parallel { … }` group its longest member. Where no policy says so,
//! an attempt may take 1 s and a call 3 s, and what the callee calls besides. A queued command is accepted at once, so
//! that to send one takes no time. Operations that call each other in a circle count as leaves where the circle closes.

#[cfg(test)]
pub(crate) mod tests;

use crate::redelivery::Pauses;
use crate::{
    Block, CallUse, Id, Idempotency, Operation, Policy, PolicyNumbers, Response, Retry, World,
};

/// In `standard`, an attempt at an operation that calls nothing: 1 s in nanoseconds.
pub const LEAF_ATTEMPT: u64 = 1_000_000_000;
/// In `standard`, a whole call of an operation that calls nothing: 3 s in nanoseconds.
pub const LEAF_TOTAL: u64 = 3_000_000_000;

/// Timeouts in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Of the handshake.
    pub connect: u64,
    /// Of one attempt.
    pub attempt: u64,
    /// Of the whole call, pauses and all attempts included; of the handler, too.
    pub total: u64,
}

impl Times {
    /// What a policy gives to an operation whose own calls take `needs` at worst.
    #[must_use]
    pub fn of(numbers: &PolicyNumbers, needs: u64) -> Self {
        let (connect, attempt, total) = match &numbers.timeout {
            Block::On(t) => (t.connect, t.attempt, t.total),
            Block::Off(_) => (u64::MAX, None, None),
        };
        let mut times = Self {
            connect,
            attempt: attempt.unwrap_or_else(|| LEAF_ATTEMPT.saturating_add(needs)),
            total: total.unwrap_or_else(|| LEAF_TOTAL.saturating_add(needs)),
        };
        match (attempt, total) {
            (None, Some(total)) => times.attempt = times.attempt.min(total),
            (Some(attempt), None) => times.total = times.total.max(attempt),
            _ => {}
        }
        times.connect = times.connect.min(times.attempt);
        times
    }
}

/// One call, as the caller's client makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTime {
    /// Whose numbers hold: the one after `with`, else the callee's.
    pub policy: Id<Policy>,
    /// The timeouts of the client.
    pub times: Times,
    /// Attempts at most, the first one included; 1 for what can't be sent again.
    pub attempts: u32,
    /// How long one attempt may take: no longer than the callee works.
    pub attempt: u64,
    /// All pauses between attempts, each as long as it may be.
    pub pauses: u64,
    /// The whole at worst.
    pub worst: u64,
}

/// The timeouts of every operation of a world.
#[derive(Debug, Clone)]
pub struct Timing {
    operations: Vec<(Times, u64)>,
}

impl Timing {
    /// Computes them, callees first, in time linear in the number of calls.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let count = world.operations.len();
        let mut timing = Self { operations: vec![(leaf(), 0); count] };
        // Where nothing is known yet, a callee on the way back to where the search began is a leaf.
        let mut known = vec![false; count];
        let mut entered = vec![false; count];
        let mut todo: Vec<(Id<Operation>, usize)> = Vec::new();
        for start in world.operations.ids() {
            todo.push((start, 0));
            while let Some((id, next)) = todo.pop() {
                if next == 0 && std::mem::replace(&mut entered[id.index()], true) {
                    continue;
                }
                let calls = &world.operations[id].calls;
                if let Some(call) = calls.get(next) {
                    todo.push((id, next + 1));
                    if !entered[call.operation.index()] {
                        todo.push((call.operation, 0));
                    }
                } else if !std::mem::replace(&mut known[id.index()], true) {
                    let needs = timing.needs(world, calls);
                    let numbers = &world.policies[world.operations[id].policy].numbers;
                    timing.operations[id.index()] = (Times::of(numbers, needs), needs);
                }
            }
        }
        timing
    }

    /// The timeouts of an operation under its own policy.
    #[must_use]
    pub fn of(&self, operation: Id<Operation>) -> Times {
        self.operations[operation.index()].0
    }

    /// What an operation's calls take at worst.
    #[must_use]
    pub fn needs_of(&self, operation: Id<Operation>) -> u64 {
        self.operations[operation.index()].1
    }

    /// One call of an operation, under another policy if there is one.
    #[must_use]
    pub fn call(&self, world: &World, callee: Id<Operation>, with: Option<Id<Policy>>) -> CallTime {
        let operation = &world.operations[callee];
        let policy = with.unwrap_or(operation.policy);
        let numbers = &world.policies[policy].numbers;
        let own = self.of(callee);
        let times = with.map_or(own, |_| Times::of(numbers, self.needs_of(callee)));
        let mut call = CallTime { policy, times, attempts: 1, attempt: 0, pauses: 0, worst: 0 };
        if operation.response == Response::Queued {
            return call;
        }
        let streams = operation.streams_in(world) || operation.streams_out();
        call.attempt = if streams { times.total } else { times.attempt.min(own.total) };
        if let Block::On(retry) = &numbers.retry
            && !streams
            && operation.is_repeatable()
        {
            call.attempts = retry.attempts.max(1);
            call.pauses = retry.pauses(call.attempts);
        }
        let all = call.attempt.saturating_mul(call.attempts.into()).saturating_add(call.pauses);
        call.worst = all.min(times.total);
        call
    }

    /// What some calls take at worst, one after the other, those of a `parallel { … }` at once.
    #[must_use]
    pub fn needs(&self, world: &World, calls: &[CallUse]) -> u64 {
        let mut sum = 0_u64;
        let mut groups: Vec<(u32, u64)> = Vec::new();
        for call in calls {
            let one = self.call(world, call.operation, call.policy).worst;
            let all = one.saturating_mul(call.times.into());
            match call.parallel {
                None => sum = sum.saturating_add(all),
                Some(group) => match groups.iter_mut().find(|(g, _)| *g == group) {
                    Some((_, longest)) => *longest = all.max(*longest),
                    None => groups.push((group, all)),
                },
            }
        }
        groups.iter().fold(sum, |sum, (_, longest)| sum.saturating_add(*longest))
    }
}

fn leaf() -> Times {
    Times { connect: LEAF_ATTEMPT, attempt: LEAF_ATTEMPT, total: LEAF_TOTAL }
}

impl Operation {
    /// Whether the same request may be sent again after it was perhaps done.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        !matches!(self.idempotency, Idempotency::None(_))
    }
}

impl Retry {
    /// How its pauses grow.
    #[must_use]
    pub fn growth(&self) -> Pauses {
        Pauses { backoff: self.backoff, base: self.base, cap: self.cap }
    }

    /// The pause after so many failed attempts, in nanoseconds, as long as it may be; the first is 1.
    #[must_use]
    pub fn pause(&self, failed: u32) -> u64 {
        self.growth().pause(failed)
    }

    /// All pauses between so many attempts.
    #[must_use]
    pub fn pauses(&self, attempts: u32) -> u64 {
        self.growth().all(attempts)
    }
}
