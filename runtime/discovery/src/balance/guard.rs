//! What is known of one operation at one endpoint: its breaker, and since when it is broken.

use std::time::{Duration, Instant};

use svckit_core::clock::Rng;
use svckit_core::operation::{BreakerConfig, PolicyConfig};
use svckit_policy::breaker::{Breaker, Open, Outcome, Permit, Phase};

/// The numbers of an operation's policy that are kept per endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// When an endpoint is broken.
    pub breaker: BreakerConfig,
    /// Whether a broken one refuses calls, or is left out of the choice at most.
    pub refuses: bool,
    /// Percent of the endpoints that may be left out.
    pub outlier: u32,
    /// How long an attempt may take.
    pub attempt: Duration,
}

impl Rules {
    /// Those of a policy; nothing where it knows neither breakers nor outliers.
    #[must_use]
    pub fn of(policy: &PolicyConfig) -> Option<Self> {
        if policy.breaker.is_none() && policy.outlier.is_none() {
            return None;
        }
        Some(Self {
            breaker: policy.breaker.unwrap_or(BreakerConfig::STANDARD),
            refuses: policy.breaker.is_some(),
            outlier: policy.outlier.unwrap_or_default(),
            attempt: policy.timeout.attempt,
        })
    }
}

/// One operation at one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    breaker: Breaker,
    refuses: bool,
    /// Since when it is broken; until its breaker closes again.
    pub(super) broken: Option<Instant>,
    /// Whether it is left out of the choice.
    pub(super) out: bool,
}

impl Guard {
    pub(super) fn new(rules: &Rules, now: Instant) -> Self {
        let breaker = Breaker::new(rules.breaker, rules.attempt, now);
        Self { breaker, refuses: rules.refuses, broken: None, out: false }
    }

    pub(super) fn configure(&mut self, rules: &Rules, now: Instant) {
        self.breaker.configure(rules.breaker, rules.attempt, now);
        self.refuses = rules.refuses;
    }

    /// Whether the next call should see if it works again: its time is over, and no other call sees already.
    pub(super) fn wants_probe(&self, now: Instant) -> bool {
        self.broken.is_some()
            && self.breaker.phase(now) == Phase::HalfOpen
            && self.breaker.probes() == 0
    }

    /// Whether it is broken and not yet to be tried again.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.broken.is_some() && self.breaker.phase(now) == Phase::Open
    }

    /// # Errors
    /// After how long it makes sense to ask again.
    pub(super) fn acquire(&mut self, now: Instant) -> Result<Option<Permit>, Open> {
        match self.breaker.acquire(now) {
            Ok(permit) => Ok(Some(permit)),
            Err(_) if !self.refuses => Ok(None),
            Err(open) => Err(open),
        }
    }

    pub(super) fn record(
        &mut self,
        permit: Permit,
        said: Said,
        now: Instant,
        rng: &dyn Rng,
    ) -> Option<Phase> {
        let Said { outcome, elapsed, retry_after } = said;
        let changed = self.breaker.record(permit, outcome, elapsed, retry_after, now, rng);
        match changed {
            Some(Phase::Open) => self.broken = self.broken.or(Some(now)),
            Some(Phase::Closed) => self.broken = None,
            Some(Phase::HalfOpen) | None => {}
        }
        changed
    }
}

/// What an answer said of an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// Whether it works.
    pub outcome: Outcome,
    /// How long the answer took.
    pub elapsed: Duration,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<Duration>,
}
