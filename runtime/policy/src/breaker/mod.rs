//! Gives a callee up for a while once it fails too often, so that callers fail at once instead of waiting, and the
//! callee gets up without a crowd in front of it.
//!
//! Use it against a callee that is *down* or *slow*; against one that is merely *full*, a [`bulkhead`](crate::bulkhead)
//! or a [`limit`](crate::limit) on its side is better, and single failures are what [`retry`](crate::retry) is for.
//!
//! ```text
//!             5 failures in a row, or a rate over the window
//!   closed ────────────────────────────────────────────────────► open
//!     ▲                                                          │  ▲
//!     │ all probes answered                    time has passed   │  │ a probe failed: twice as long
//!     └───────────────────────── half open ◄─────────────────────┘  │
//!                                    └───────────────────────────────┘
//! ```
//!
//! The machine is Nygard's ("Release It!", 2007) with the window of resilience4j's time-based sliding window and the
//! probes of Polly v8; three of their mistakes are ruled out. A half-open breaker lets exactly N probes through, counted
//! at once with the decision, so that no stampede follows a pause. A probe whose caller vanished gives its place back:
//! when its [`Permit`] is dropped, and if even that never happens, when its lease is over. An answer counts in the period
//! in which its call began: a late failure from before never reopens what has recovered.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use svckit_core::clock::Rng;
use svckit_core::error::{Code, Error};
use svckit_core::operation::BreakerConfig;

/// Failures in a row that open it whatever the rates are.
pub const IN_A_ROW: u32 = 5;
/// Parts of the window: what is older is forgotten a part at a time.
const BUCKETS: usize = 10;
/// Of the time open, the part that is spread by chance: callers do not come back at once.
const SPREAD: u32 = 10;

/// What an answer says of the callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// The callee spoke, but of the request: a declared error, a request that it does not take. That counts for nothing
    /// while the breaker is closed, and shows a probe that somebody is there.
    Answered,
    /// Nothing: the caller gave up, or it never got there for reasons of this process.
    Nothing,
}

impl Outcome {
    /// What an error says of the callee.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        if error.refused().is_some() {
            return Self::Nothing;
        }
        if error.domain_name().is_some() {
            return Self::Answered;
        }
        match error.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::Unknown
            | Code::DataLoss => Self::Failure,
            Code::Cancelled => Self::Nothing,
            _ => Self::Answered,
        }
    }
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Calls go through.
    Closed,
    /// None does.
    Open,
    /// Probes do.
    HalfOpen,
}

/// That a call may go out. It is to be given back by [`Breaker::record`] or [`Breaker::release`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a probe that is not given back blocks its place until its lease is over"]
pub struct Permit {
    /// The period in which it was given.
    period: u32,
    /// The place of a probe.
    probe: Option<u32>,
}

impl Permit {
    /// Whether it is the one that found the time over and made the breaker half open.
    #[must_use]
    pub fn is_first_probe(&self) -> bool {
        self.probe == Some(0)
    }
}

/// That a call may not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// When it makes sense to ask again.
    pub after: Duration,
}

/// The state machine: no clock, no chance, no lock of its own.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    /// How long a probe may keep its place.
    lease: Duration,
    state: State,
    /// Counted up with each change of phase: what was let through before counts no more.
    period: u32,
    /// How often in a row it has opened without closing.
    opened: u32,
    window: Window,
    in_a_row: u32,
}

#[derive(Clone, Debug)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen { probes: Vec<Probe>, answered: u32, next: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    number: u32,
    until: Instant,
}

impl Breaker {
    /// A closed breaker. `lease` is how long a probe may keep its place: the time limit of an attempt.
    #[must_use]
    pub fn new(config: BreakerConfig, lease: Duration, now: Instant) -> Self {
        let window = Window::new(config.window, now);
        Self { config, lease, state: State::Closed, period: 0, opened: 0, window, in_a_row: 0 }
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn phase(&self, now: Instant) -> Phase {
        match &self.state {
            State::Closed => Phase::Closed,
            State::Open { until } if now < *until => Phase::Open,
            State::Open { .. } | State::HalfOpen { .. } => Phase::HalfOpen,
        }
    }

    /// Asks for a call to go out.
    ///
    /// # Errors
    /// [`Open`] where it may not, with the time after which it makes sense to ask again.
    pub fn acquire(&mut self, now: Instant) -> Result<Permit, Open> {
        match &self.state {
            State::Closed => return Ok(Permit { period: self.period, probe: None }),
            State::Open { until } if now < *until => return Err(Open { after: *until - now }),
            State::Open { .. } => {
                self.period = self.period.wrapping_add(1);
                self.state = State::HalfOpen { probes: Vec::new(), answered: 0, next: 0 };
            }
            State::HalfOpen { .. } => {}
        }
        self.probe(now)
    }

    fn probe(&mut self, now: Instant) -> Result<Permit, Open> {
        let (places, lease) = (self.config.half_open.max(1), self.lease);
        let State::HalfOpen { probes, answered, next } = &mut self.state else {
            return Ok(Permit { period: self.period, probe: None });
        };
        probes.retain(|probe| now < probe.until);
        let flying = u32::try_from(probes.len()).unwrap_or(u32::MAX);
        if flying.saturating_add(*answered) >= places {
            let over = probes.iter().map(|probe| probe.until).min();
            return Err(Open { after: over.map_or(lease, |at| at.saturating_duration_since(now)) });
        }
        let number = *next;
        *next = next.wrapping_add(1);
        probes.push(Probe { number, until: now.checked_add(lease).unwrap_or(now) });
        Ok(Permit { period: self.period, probe: Some(number) })
    }

    /// Says what became of a call that took `elapsed`. `retry_after`, where the callee asked for it, keeps the breaker
    /// open for at least that long. Whether it changed its phase is what comes back.
    pub fn record(
        &mut self,
        permit: Permit,
        outcome: Outcome,
        elapsed: Duration,
        retry_after: Option<Duration>,
        now: Instant,
        rng: &dyn Rng,
    ) -> Option<Phase> {
        if permit.period != self.period {
            return None;
        }
        match (&mut self.state, permit.probe) {
            (State::Closed, _) => {
                self.count(outcome, elapsed, now).then(|| self.open(retry_after, now, rng))
            }
            (State::HalfOpen { probes, answered, .. }, Some(number)) => {
                let flew = probes.iter().position(|probe| probe.number == number)?;
                probes.swap_remove(flew);
                match outcome {
                    Outcome::Nothing => None,
                    Outcome::Failure => Some(self.open(retry_after, now, rng)),
                    Outcome::Success | Outcome::Answered => {
                        *answered += 1;
                        (*answered >= self.config.half_open.max(1)).then(|| self.close(now))
                    }
                }
            }
            _ => None,
        }
    }

    /// Gives a permit back unused, or with an answer that says nothing.
    pub fn release(&mut self, permit: Permit) {
        if permit.period != self.period {
            return;
        }
        if let (State::HalfOpen { probes, .. }, Some(number)) = (&mut self.state, permit.probe) {
            probes.retain(|probe| probe.number != number);
        }
    }

    /// Probes that are under way.
    #[must_use]
    pub fn probes(&self) -> usize {
        match &self.state {
            State::HalfOpen { probes, .. } => probes.len(),
            _ => 0,
        }
    }

    /// Takes up other numbers; where it stands stays.
    pub fn configure(&mut self, config: BreakerConfig, lease: Duration, now: Instant) {
        if config.window != self.config.window {
            self.window = Window::new(config.window, now);
        }
        (self.config, self.lease) = (config, lease);
    }

    /// Counts an answer; whether that opens it.
    fn count(&mut self, outcome: Outcome, elapsed: Duration, now: Instant) -> bool {
        let failed = match outcome {
            Outcome::Success => false,
            Outcome::Failure => true,
            Outcome::Answered | Outcome::Nothing => return false,
        };
        let slow = elapsed > self.config.slow_call;
        self.in_a_row = if failed { self.in_a_row + 1 } else { 0 };
        self.window.count(failed, slow, now);
        if !failed && !slow {
            return false;
        }
        let seen = self.window.total(now);
        let over = |part: u64, percent: u32| part * 100 >= seen.calls * u64::from(percent);
        self.in_a_row >= IN_A_ROW
            || seen.calls >= u64::from(self.config.min_calls)
                && (over(seen.failed, self.config.failure_rate)
                    || over(seen.slow, self.config.slow_rate))
    }

    fn open(&mut self, retry_after: Option<Duration>, now: Instant, rng: &dyn Rng) -> Phase {
        let doublings = self.opened.min(31);
        let grown = self.config.open_min.saturating_mul(1 << doublings).min(self.config.open_max);
        let spread = grown.saturating_add(rng.up_to(grown / SPREAD));
        let time = spread.max(retry_after.unwrap_or_default());
        self.opened = self.opened.saturating_add(1);
        self.state = State::Open { until: now.checked_add(time).unwrap_or(now) };
        self.changed(now);
        Phase::Open
    }

    fn close(&mut self, now: Instant) -> Phase {
        self.state = State::Closed;
        self.opened = 0;
        self.changed(now);
        Phase::Closed
    }

    fn changed(&mut self, now: Instant) {
        self.period = self.period.wrapping_add(1);
        self.in_a_row = 0;
        self.window = Window::new(self.config.window, now);
    }
}

/// What came back in the last while, in parts that are forgotten one by one.
#[derive(Clone, Debug)]
struct Window {
    start: Instant,
    width: Duration,
    /// The number of the newest part.
    newest: u64,
    parts: [Seen; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    calls: u64,
    failed: u64,
    slow: u64,
}

impl Window {
    fn new(length: Duration, start: Instant) -> Self {
        let parts = u32::try_from(BUCKETS).unwrap_or(1);
        let width = (length / parts).max(Duration::from_nanos(1));
        Self { start, width, newest: 0, parts: [Seen::default(); BUCKETS] }
    }

    fn count(&mut self, failed: bool, slow: bool, now: Instant) {
        self.advance(now);
        let part = &mut self.parts[index(self.newest)];
        part.calls += 1;
        part.failed += u64::from(failed);
        part.slow += u64::from(slow);
    }

    fn total(&mut self, now: Instant) -> Seen {
        self.advance(now);
        self.parts.iter().fold(Seen::default(), |sum, part| Seen {
            calls: sum.calls + part.calls,
            failed: sum.failed + part.failed,
            slow: sum.slow + part.slow,
        })
    }

    fn advance(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.start);
        // Dividing takes longer than all the rest: within the newest part there is nothing to do.
        if u128::from(self.newest + 1) * self.width.as_nanos() > passed.as_nanos() {
            return;
        }
        let at = u64::try_from(passed.as_nanos() / self.width.as_nanos()).unwrap_or(u64::MAX);
        let forgotten = (at - self.newest).min(BUCKETS as u64);
        for back in 0..forgotten {
            self.parts[index(at - back)] = Seen::default();
        }
        self.newest = at;
    }
}

fn index(part: u64) -> usize {
    usize::try_from(part % BUCKETS as u64).unwrap_or(0)
}
