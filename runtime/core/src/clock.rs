//! Time, randomness and ids, passed in so that a test or a simulation holds them in its hand.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::observe::Observe;
use crate::operation::Live;

/// Where time comes from.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, for what is recorded.
    fn wall(&self) -> SystemTime;
    /// Time that never goes back, for deadlines.
    fn now(&self) -> Instant;
    /// Waits until `at`; returns at once if that is past. Dropping the future leaves nothing behind.
    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()>;
}

/// Where chance comes from.
pub trait Rng: Send + Sync + 'static {
    /// 64 uniform random bits, not for secrets.
    fn next_u64(&self) -> u64;

    /// A uniform duration in `[0, upper]`.
    fn up_to(&self, upper: Duration) -> Duration {
        let nanos = u64::try_from(upper.as_nanos()).unwrap_or(u64::MAX);
        let scaled = (u128::from(self.next_u64()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(nanos))
    }
}

/// Where new ids come from.
pub trait IdGen: Send + Sync + 'static {
    /// An id that nobody else has.
    fn new_id(&self) -> Uuid;
}

/// The computer's own clock, on tokio's timer (so tokio's paused time is followed).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam's own source")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }
}

/// Randomness of the thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "this is the seam's own source")]
    fn next_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// UUIDs of version 7, which sort by the time when they were made.
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidV7;

impl IdGen for UuidV7 {
    #[expect(clippy::disallowed_methods, reason = "this is the seam's own source")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Clock, randomness, ids and observer of one process, cheap to clone.
#[derive(Clone)]
pub struct Env {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub rng: Arc<dyn Rng>,
    /// Where new ids come from.
    pub ids: Arc<dyn IdGen>,
    /// Who is told what happens.
    pub observe: Observe,
    /// The overrides of policies' numbers.
    pub live: Live,
}

impl Env {
    /// The same, observed by another.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn crate::observe::Observer>) -> Self {
        Self { observe: Observe::by(observer), ..self }
    }
}

impl Default for Env {
    /// The real ones.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            ids: Arc::new(UuidV7),
            observe: Observe::NOBODY,
            live: Live::FIXED,
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}
