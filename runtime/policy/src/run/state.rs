//! What a policy remembers of earlier calls, behind one lock.

use std::time::{Duration, Instant};

use svckit_core::observe::NoRetry;
use svckit_core::operation::PolicyConfig;

use crate::breaker::{Breaker, Permit, Phase};
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::hedge::Latencies;
use crate::limit::Limiter;
use crate::throttle::Throttle;

/// What of a policy's numbers is in use at one moment: once nothing runs, nothing but `tokens` and `retries` differs from
/// the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where the breaker stands; closed, where there is none.
    pub phase: Phase,
    /// Probes of the half-open breaker that are under way.
    pub probes: usize,
    /// Calls in the bulkhead; none, where there is none.
    pub running: u32,
    /// Calls that wait for a place in it.
    pub waiting: u32,
    /// Tokens for retries.
    pub tokens: u32,
    /// Retries that the share of calls allows now; none, where nothing is retried.
    pub retries: u64,
}

/// The machines of one policy.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: PolicyConfig,
    pub(super) budget: Option<Budget>,
    throttle: Throttle,
    pub(super) breaker: Option<Breaker>,
    pub(super) bulkhead: Option<Bulkhead>,
    limiter: Option<Limiter>,
    pub(super) latencies: Option<Latencies>,
}

impl State {
    pub(super) fn new(config: PolicyConfig, now: Instant) -> Self {
        let lease = config.timeout.attempt;
        let budget = |retry: svckit_core::operation::RetryConfig| {
            Budget::new(retry.budget_percent, retry.budget_floor, now)
        };
        Self {
            config,
            budget: config.retry.map(budget),
            throttle: Throttle::default(),
            breaker: config.breaker.map(|breaker| Breaker::new(breaker, lease, now)),
            bulkhead: config.bulkhead.map(Bulkhead::new),
            limiter: config.limit.map(|limit| Limiter::new(limit, now)),
            latencies: config.hedge.map(|_| Latencies::new(now)),
        }
    }

    /// Takes up other numbers and keeps what is remembered, where that still has a meaning.
    pub(super) fn configure(&mut self, config: PolicyConfig, now: Instant) {
        let mut new = Self::new(config, now);
        let old = self.config;
        new.throttle = self.throttle;
        if old.retry.map(|r| (r.budget_percent, r.budget_floor))
            == config.retry.map(|r| (r.budget_percent, r.budget_floor))
        {
            new.budget = self.budget.take();
        }
        if let (Some(breaker), Some(numbers)) = (&mut self.breaker, config.breaker) {
            breaker.configure(numbers, config.timeout.attempt, now);
            new.breaker = self.breaker.take();
        }
        // Who is in a bulkhead stays in it until it is done: with other numbers a new one is filled beside the old.
        if old.bulkhead == config.bulkhead {
            new.bulkhead = self.bulkhead.take();
        }
        if let (Some(limiter), Some(numbers)) = (&mut self.limiter, config.limit) {
            limiter.configure(numbers);
            new.limiter = self.limiter.take();
        }
        new.latencies = new.latencies.map(|fresh| self.latencies.take().unwrap_or(fresh));
        *self = new;
    }

    /// What is in use now.
    pub(super) fn standing(&mut self, now: Instant) -> Standing {
        let bulkhead = self.bulkhead.as_ref();
        Standing {
            phase: self.breaker.as_ref().map_or(Phase::Closed, |breaker| breaker.phase(now)),
            probes: self.breaker.as_ref().map_or(0, Breaker::probes),
            running: bulkhead.map_or(0, Bulkhead::running),
            waiting: bulkhead.map_or(0, Bulkhead::waiting),
            tokens: self.throttle.tokens(),
            retries: self.budget.as_mut().map_or(0, |budget| budget.left(now)),
        }
    }

    /// Takes one from the share of `who`.
    ///
    /// # Errors
    /// After how long there is one again.
    pub(super) fn limit(&mut self, who: Option<&str>, now: Instant) -> Result<(), Duration> {
        self.limiter.as_mut().map_or(Ok(()), |limiter| limiter.take(who, now))
    }

    /// Pays for a retry or a hedge from budget and bucket; nothing is taken if either has too little.
    ///
    /// # Errors
    /// Which of them.
    pub(super) fn pay(&mut self, throttled: bool, now: Instant) -> Result<u32, NoRetry> {
        let cost = self.throttle.retry(throttled).ok_or(NoRetry::Tokens)?;
        if self.budget.as_mut().is_some_and(|budget| budget.retry(now)) {
            return Ok(cost);
        }
        self.throttle.succeeded(Some(cost));
        Err(NoRetry::Budget)
    }

    /// A call succeeded; its last attempt took `elapsed`, and had cost `paid` as a retry.
    pub(super) fn succeeded(&mut self, paid: Option<u32>, elapsed: Duration, now: Instant) {
        self.throttle.succeeded(paid);
        if let Some(latencies) = &mut self.latencies {
            latencies.note(elapsed, now);
        }
    }

    /// Whether an attempt may go out.
    ///
    /// # Errors
    /// Why it may not.
    pub(super) fn gate(&mut self, deadline: Option<Instant>, now: Instant) -> Result<Pass, Stop> {
        if deadline.is_some_and(|at| at <= now) {
            return Err(Stop::Late);
        }
        let permit = self.breaker.as_mut().map(|breaker| breaker.acquire(now)).transpose();
        let permit = permit.map_err(|open| Stop::Open(open.after))?;
        Ok(Pass { permit, bulkhead: self.bulkhead.clone() })
    }
}

/// What an attempt goes out with. The permit is to be given back.
pub(super) struct Pass {
    pub(super) permit: Option<Permit>,
    pub(super) bulkhead: Option<Bulkhead>,
}

/// Why an attempt does not go out.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// Nobody waits any more.
    Late,
    /// The breaker is open, for that long.
    Open(Duration),
}
