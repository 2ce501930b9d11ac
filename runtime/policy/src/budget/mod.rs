//! How many retries are allowed: a share of the calls and a floor per second, so that retries cannot multiply an
//! outage.
//!
//! A window of ten buckets of a second each counts calls and retries, as Finagle's retry budget does.

#[cfg(test)]
mod tests;

use std::time::Instant;

const BUCKETS: usize = 10;

/// Counts the calls and retries of the last ten seconds.
#[derive(Debug)]
pub struct Budget {
    percent: u64,
    floor: u64,
    start: Instant,
    /// The number of the newest bucket's second.
    second: u64,
    buckets: [Bucket; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    calls: u64,
    retries: u64,
}

impl Budget {
    /// `percent` retries per hundred calls, and `floor` per second whatever the number of calls.
    #[must_use]
    pub fn new(percent: u32, floor: u32, now: Instant) -> Self {
        let (percent, floor) = (u64::from(percent), u64::from(floor));
        Self { percent, floor, start: now, second: 0, buckets: [Bucket::default(); BUCKETS] }
    }

    /// Counts a call, whatever becomes of it.
    pub fn call(&mut self, now: Instant) {
        self.bucket(now).calls += 1;
    }

    /// Takes a retry from the budget; `false` if none is left.
    pub fn retry(&mut self, now: Instant) -> bool {
        if self.left(now) == 0 {
            return false;
        }
        self.bucket(now).retries += 1;
        true
    }

    /// Retries that are left.
    #[must_use]
    pub fn left(&mut self, now: Instant) -> u64 {
        self.advance(now);
        let total = |of: fn(&Bucket) -> u64| self.buckets.iter().map(of).sum::<u64>();
        let allowed =
            total(|bucket| bucket.calls) * self.percent / 100 + self.floor * BUCKETS as u64;
        allowed.saturating_sub(total(|bucket| bucket.retries))
    }

    fn bucket(&mut self, now: Instant) -> &mut Bucket {
        self.advance(now);
        let at = index(self.second);
        &mut self.buckets[at]
    }

    fn advance(&mut self, now: Instant) {
        let second = now.saturating_duration_since(self.start).as_secs();
        for passed in self.second.saturating_add(1)..=second.min(self.second + BUCKETS as u64) {
            self.buckets[index(passed)] = Bucket::default();
        }
        self.second = self.second.max(second);
    }
}

fn index(second: u64) -> usize {
    usize::try_from(second % BUCKETS as u64).unwrap_or(0)
}
