//! What a policy remembers of earlier calls, behind one lock.

use std::time::{Duration, Instant};

use svckit_core::observe::NoRetry;
use svckit_core::operation::PolicyConfig;

use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::hedge::Latencies;
use crate::limit::Limiter;
use crate::throttle::Throttle;

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

    /// A call succeeded; its last retry had cost `paid`.
    pub(super) fn succeeded(&mut self, paid: Option<u32>) {
        self.throttle.succeeded(paid);
    }
}
