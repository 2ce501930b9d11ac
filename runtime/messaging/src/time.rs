//! Times and pauses, all by the `Env`.

use std::time::Duration;

use jiff::Timestamp;
use svckit_core::clock::Env;

/// The time of day.
pub(crate) fn wall(env: &Env) -> Timestamp {
    Timestamp::try_from(env.clock.wall()).unwrap_or(Timestamp::MAX)
}

/// That much later, or the end of time.
pub(crate) fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// How long it is from `from` to `to`; zero if it is the other way round.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Waits that long.
pub(crate) async fn pause(env: &Env, time: Duration) {
    if let Some(then) = env.clock.now().checked_add(time) {
        env.clock.sleep_until(then).await;
    }
}

/// The longest pause before try number `tries + 1`: `base`, doubled with each, up to `cap`.
pub(crate) fn longest(base: Duration, cap: Duration, tries: u32) -> Duration {
    base.saturating_mul(1 << tries.saturating_sub(1).min(31)).min(cap)
}

/// Pauses that grow while something fails, with full jitter.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, failures: 0 }
    }

    /// Counts a failure; whether it is the first since all went well.
    pub(crate) fn failed(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failures == 1
    }

    /// Whether something had failed before.
    pub(crate) fn recovered(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }

    /// How long to wait now.
    pub(crate) fn next(&self, env: &Env) -> Duration {
        // Half of it is sure: what is away is not asked in a tight loop by bad luck.
        let longest = longest(self.base, self.cap, self.failures);
        longest / 2 + env.rng.up_to(longest / 2)
    }

    pub(crate) async fn wait(&self, env: &Env) {
        pause(env, self.next(env)).await;
    }
}
