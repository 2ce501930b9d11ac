//! How many messages are fetched before there is a handler free for them.
//!
//! None where handlers are slow: a message that waits in one process's hand could be handled by another. Where they are
//! quick they would stand idle while the next messages come and the last ones are settled; so many are fetched ahead as
//! they could handle in that time.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

/// No more than this are fetched ahead.
pub(super) const MOST: u32 = 256;
/// One of so many is the weight of what was seen last.
const WEIGHT: f64 = 16.0;
/// A settlement that takes longer waits for a broker that is away, and says nothing of those that follow.
const AWAY: Duration = Duration::from_millis(50);

/// What was seen of late, in seconds.
#[derive(Debug)]
pub(super) struct Ahead {
    concurrency: u32,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    handled: Option<f64>,
    settled: Option<f64>,
}

impl Ahead {
    pub(super) fn new(concurrency: u32) -> Self {
        Self { concurrency, seen: Mutex::default() }
    }

    /// A handler took so long.
    pub(super) fn handled(&self, took: Duration) {
        mix(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner).handled, took);
    }

    /// A settlement took so long. To fetch takes about as long.
    pub(super) fn settled(&self, took: Duration) {
        mix(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner).settled, took.min(AWAY));
    }

    /// So many may be fetched ahead now.
    pub(super) fn now(&self) -> u32 {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(handled), Some(settled)) = (seen.handled, seen.settled) else { return 0 };
        let idle = 2.0 * settled;
        let rate = f64::from(self.concurrency) / handled.max(1e-6);
        // Less than half of what runs anyway is not worth it.
        let ahead = (idle * rate).min(f64::from(MOST));
        if ahead * 2.0 < f64::from(self.concurrency) { 0 } else { ahead as u32 }
    }
}

fn mix(mean: &mut Option<f64>, took: Duration) {
    let took = took.as_secs_f64();
    *mean = Some(mean.map_or(took, |mean| mean + (took - mean) / WEIGHT));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(concurrency: u32, handled_us: u64, settled_us: u64) -> u32 {
        let ahead = Ahead::new(concurrency);
        for _ in 0..100 {
            ahead.handled(Duration::from_micros(handled_us));
            ahead.settled(Duration::from_micros(settled_us));
        }
        ahead.now()
    }

    #[test]
    fn nothing_is_fetched_ahead_of_slow_handlers() {
        assert_eq!(seen(16, 100_000, 2_000), 0);
        assert_eq!(seen(1, 60_000_000, 1_000), 0);
    }

    #[test]
    fn quick_handlers_find_the_next_ones_there() {
        // 16 handlers of 1 ms each handle 64 in the 4 ms that pass.
        assert_eq!(seen(16, 1_000, 2_000), 64);
        assert_eq!(seen(16, 10, 2_000), MOST);
    }

    #[test]
    fn nothing_is_known_at_first_and_no_time_is_no_reason() {
        assert_eq!(Ahead::new(16).now(), 0);
        assert_eq!(seen(16, 0, 0), 0);
    }

    #[test]
    fn handlers_that_become_slow_are_noticed() {
        let ahead = Ahead::new(4);
        ahead.handled(Duration::from_micros(10));
        ahead.settled(Duration::from_millis(1));
        assert_eq!(ahead.now(), MOST);
        ahead.handled(Duration::from_secs(1));
        assert_eq!(ahead.now(), 0);
    }
}
