//! When a second request goes out though the first may still be answered.
//!
//! Use it for queries whose slowest answers hurt while the others are quick ("The Tail at Scale", Dean and Barroso,
//! 2013); against a callee that fails, use [`retry`](crate::retry). Asking again at the p95 costs at most 5 % more
//! requests, and each of them is paid from the retry budget besides, so that hedges do not multiply an outage.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use svckit_core::operation::{HedgeAfter, HedgeConfig};

/// Upper bounds of answers' times grow by an eighth: what is said of them is right within 12.5 %.
const STEPS: u32 = 8;
/// From a microsecond to 2³⁰ of them (18 minutes).
const BUCKETS: usize = 30 * STEPS as usize;
/// Answers below which nothing is known of their times.
const ENOUGH: u32 = 20;
/// What is older than two of these is forgotten.
const AGE: Duration = Duration::from_secs(30);

/// The times of the answers seen lately: two histograms, of this half minute and the one before.
#[derive(Debug)]
pub struct Latencies {
    counts: [Box<[u32]>; 2],
    totals: [u32; 2],
    turned: Instant,
}

impl Latencies {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        let empty = || vec![0; BUCKETS].into_boxed_slice();
        Self { counts: [empty(), empty()], totals: [0; 2], turned: now }
    }

    /// Notes an answer's time.
    pub fn note(&mut self, took: Duration, now: Instant) {
        self.turn(now);
        let at = bucket(took);
        self.counts[0][at] = self.counts[0][at].saturating_add(1);
        self.totals[0] = self.totals[0].saturating_add(1);
    }

    /// The time within which so many thousandths of the answers came; nothing, while too few were seen.
    pub fn permille(&mut self, permille: u32, now: Instant) -> Option<Duration> {
        self.turn(now);
        let total = u64::from(self.totals[0]) + u64::from(self.totals[1]);
        if total < u64::from(ENOUGH) {
            return None;
        }
        let wanted = (total * u64::from(permille.min(1000))).div_ceil(1000);
        let mut seen = 0;
        let at = (0..BUCKETS).find(|&at| {
            seen += u64::from(self.counts[0][at]) + u64::from(self.counts[1][at]);
            seen >= wanted
        });
        at.map(upper)
    }

    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.turned);
        if age < AGE {
            return;
        }
        self.counts.swap(0, 1);
        self.totals.swap(0, 1);
        let forget = if age < AGE * 2 { 0..1 } else { 0..2 };
        for half in forget {
            self.counts[half].fill(0);
            self.totals[half] = 0;
        }
        self.turned = now;
    }
}

/// When the next request goes out after the last one; nothing, while too little is known.
#[must_use]
pub fn pause(config: &HedgeConfig, seen: &mut Latencies, now: Instant) -> Option<Duration> {
    match config.after {
        HedgeAfter::Fixed(time) => Some(time),
        HedgeAfter::Permille(permille) => seen.permille(permille, now),
    }
}

/// Octaves of eight steps each, as in HdrHistogram.
fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).clamp(1, u64::from(u32::MAX));
    let octave = micros.ilog2();
    let steps = u64::from(STEPS);
    let within = ((micros - (1 << octave)) * steps) >> octave;
    let at = u64::from(octave) * steps + within;
    usize::try_from(at).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

fn upper(at: usize) -> Duration {
    let at = u64::try_from(at).unwrap_or(u64::MAX);
    let (octave, within) = (at / u64::from(STEPS), at % u64::from(STEPS));
    let base = 1_u64 << octave.min(40);
    Duration::from_micros(base + (base * (within + 1)).div_ceil(u64::from(STEPS)))
}
