//! How eagerly what failed is asked again.
#![cfg_attr(not(any(feature = "dns", feature = "api")), allow(dead_code))]

use std::time::Duration;

use svckit_core::clock::Env;

/// Pauses that double from a second to half a minute, each somewhere between half of it and all of it by chance, so that
/// processes that lost the same server do not come back together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    failed: u32,
}

impl Pace {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(30);

    /// It worked: the next pause is the first again.
    pub(crate) fn worked(&mut self) {
        self.failed = 0;
    }

    /// It failed; how long to wait.
    pub(crate) fn failed(&mut self, env: &Env) -> Duration {
        let grown = Self::FIRST.saturating_mul(1 << self.failed.min(5)).min(Self::LONGEST);
        self.failed = self.failed.saturating_add(1);
        grown / 2 + env.rng.up_to(grown / 2)
    }

    /// Waits after a failure. Dropping the future leaves nothing behind.
    pub(crate) async fn pause(&mut self, env: &Env) {
        wait(env, self.failed(env)).await;
    }
}

/// Waits for that long. Dropping the future leaves nothing behind.
pub(crate) async fn wait(env: &Env, time: Duration) {
    if let Some(then) = env.clock.now().checked_add(time) {
        env.clock.sleep_until(then).await;
    }
}
