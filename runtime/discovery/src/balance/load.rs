//! How busy an endpoint is: the peak-sensitive moving average of its answers' times.

use std::time::{Duration, Instant};

/// How fast what was seen is forgotten: after that long, about a third of it counts.
pub const DECAY: Duration = Duration::from_secs(10);
/// What an endpoint of which nothing is known is taken to need.
pub const UNKNOWN: Duration = Duration::from_millis(30);
/// What a failed answer counts as, at least.
pub const FAILED: Duration = Duration::from_secs(1);

/// The average of one endpoint. It rises with a slow answer at once and comes down bit by bit, with time alone too: who
/// was slow is asked again one day.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    nanos: f64,
    seen: Instant,
}

impl Load {
    /// One that is taken to need `time`.
    #[must_use]
    pub fn new(time: Duration, now: Instant) -> Self {
        Self { nanos: nanos(time), seen: now }
    }

    /// Takes in an answer that took `time`.
    pub fn observe(&mut self, time: Duration, now: Instant) {
        let (time, old) = (nanos(time), self.nanos);
        let kept = self.kept(now);
        self.nanos = if time > old * kept { time } else { old * kept + time * (1.0 - kept) };
        self.seen = self.seen.max(now);
    }

    /// Takes in that an answer took at least `time`, and may have taken longer.
    pub fn observe_at_least(&mut self, time: Duration, now: Instant) {
        if nanos(time) > self.at(now) {
            self.observe(time, now);
        }
    }

    /// The average now, in nanoseconds.
    #[must_use]
    pub fn at(&self, now: Instant) -> f64 {
        self.nanos * self.kept(now)
    }

    fn kept(&self, now: Instant) -> f64 {
        (-(now.saturating_duration_since(self.seen).as_secs_f64() / DECAY.as_secs_f64())).exp()
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
