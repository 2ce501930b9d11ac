//! How many calls run at once, and how many may wait for their turn.
//!
//! Use it so that one slow callee, or one popular operation, can't take all that a process has; to bound calls *per
//! second*, use a [`limit`](crate::limit). A wall between compartments of a ship (Nygard, "Release It!"); the bounded
//! queue with a wait limit of its own is Polly's and resilience4j's. Permits are handed out in the order of asking.
//!
//! A [`Permit`] is given back when it is dropped; a wait that is dropped leaves the queue. Nothing else is needed to be
//! undone: that is what a cancelled future leaves behind.

#[cfg(test)]
mod tests;
mod turns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use svckit_core::clock::Clock;
use svckit_core::operation::BulkheadConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::turns::Turns;

/// What turns are counted by.
mod atomic {
    pub(super) use std::sync::atomic::{AtomicU32, Ordering};
}

/// A bulkhead. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    config: BulkheadConfig,
    places: Arc<Semaphore>,
    waiting: Arc<Turns>,
}

/// One of the calls that run. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// Why a call may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As many wait as may.
    Queue,
    /// It waited for as long as it may.
    Waited,
}

impl Bulkhead {
    /// A bulkhead in which nothing runs yet.
    #[must_use]
    pub fn new(config: BulkheadConfig) -> Self {
        let places = usize::try_from(config.concurrent).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { config, places, waiting: Arc::default() }
    }

    /// A place, if there is one at once.
    #[must_use]
    pub fn try_enter(&self) -> Option<Permit> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        Some(Permit { _permit: permit })
    }

    /// Waits for a place, at most until `until`. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// [`Full`] where too many wait already, or it took too long.
    pub async fn enter(&self, until: Instant, clock: &dyn Clock) -> Result<Permit, Full> {
        if let Some(place) = self.try_enter() {
            return Ok(place);
        }
        let _turn = self.waiting.take(self.config.queue).ok_or(Full::Queue)?;
        tokio::select! {
            biased;
            permit = self.places.clone().acquire_owned() => {
                // The semaphore is in `self` and nobody closes it.
                permit.map(|permit| Permit { _permit: permit }).map_err(|_| Full::Queue)
            }
            () = clock.sleep_until(until) => Err(Full::Waited),
        }
    }

    /// Calls that run.
    #[must_use]
    pub fn running(&self) -> u32 {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        self.config.concurrent.saturating_sub(free)
    }

    /// Calls that wait.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.waiting.taken()
    }

    /// Whether at least so many percent of the places are taken.
    #[must_use]
    pub fn above(&self, percent: u32) -> bool {
        u64::from(self.running()) * 100 >= u64::from(self.config.concurrent) * u64::from(percent)
    }

    /// How long to stay away where it is full: long enough for a few calls to end.
    #[must_use]
    pub fn retry_after(attempt: Duration) -> Duration {
        attempt.min(Duration::from_secs(1))
    }
}
