//! Acts on what the state machines decide.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::{Operation, PolicyConfig};

use crate::budget::Budget;
use crate::retry::{self, Failed, Stop, Verdict};

/// The policy of one operation towards one callee, with what it remembers of earlier calls.
#[derive(Debug)]
pub struct Policy {
    config: PolicyConfig,
    env: Env,
    budget: Option<Mutex<Budget>>,
}

/// The call that a policy governs.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What is called.
    pub operation: &'static Operation,
    /// When nobody waits for the answer any more.
    pub deadline: Option<Instant>,
    /// Whether the request can be sent again: not if it is a stream.
    pub replayable: bool,
}

/// One of the attempts of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The first is 1.
    pub number: u32,
    /// When it is to be over.
    pub deadline: Option<Instant>,
}

impl Policy {
    /// A policy with its numbers, that remembers nothing yet.
    #[must_use]
    pub fn new(config: PolicyConfig, env: Env) -> Self {
        let now = env.clock.now();
        let budget = config
            .retry
            .map(|retry| Mutex::new(Budget::new(retry.budget_percent, retry.budget_floor, now)));
        Self { config, env, budget }
    }

    /// Makes attempts until one succeeds, or the policy says that the last error is the answer. Dropping the future
    /// drops the attempt that is under way; the budget keeps what was counted.
    ///
    /// # Errors
    /// The last attempt's; `deadline_exceeded` if it did not come in time.
    pub async fn run<T, F>(&self, call: Call, mut attempt: impl FnMut(Attempt) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.count();
        let mut number = 1;
        loop {
            let error = match self.attempt(call, number, &mut attempt).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let Some(pause) = self.again(call, number, &error) else {
                return Err(if number > 1 { error.with_retried_below() } else { error });
            };
            let operation = call.operation.name;
            tracing::debug!(operation, attempt = number, pause_ms = pause.as_millis(), %error, "will be tried again");
            if let Some(then) = self.env.clock.now().checked_add(pause) {
                self.env.clock.sleep_until(then).await;
            }
            number += 1;
        }
    }

    async fn attempt<T, F>(
        &self,
        call: Call,
        number: u32,
        attempt: &mut impl FnMut(Attempt) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let now = self.env.clock.now();
        if call.deadline.is_some_and(|at| at <= now) {
            return Err(late(call.operation).with_unreached());
        }
        let limit = (!call.operation.shape.streams()).then_some(self.config.timeout.attempt);
        let own = limit.and_then(|limit| now.checked_add(limit));
        let deadline = own.into_iter().chain(call.deadline).min();
        let work = attempt(Attempt { number, deadline });
        let Some(at) = deadline else { return work.await };
        tokio::select! {
            biased;
            done = work => done,
            () = self.env.clock.sleep_until(at) => Err(late(call.operation)),
        }
    }

    fn again(&self, call: Call, attempts: u32, error: &Error) -> Option<std::time::Duration> {
        let config = self.config.retry.as_ref().filter(|_| call.replayable)?;
        let now = self.env.clock.now();
        let failed =
            Failed { operation: call.operation, attempts, error, now, deadline: call.deadline };
        match retry::judge(config, &failed, &*self.env.rng) {
            Verdict::Again(pause) if self.spend(now) => Some(pause),
            Verdict::Again(_) => {
                tracing::debug!(
                    operation = call.operation.name,
                    "not tried again: the retry budget is used up"
                );
                None
            }
            Verdict::Stop(Stop::Code) => None,
            Verdict::Stop(why) => {
                tracing::trace!(operation = call.operation.name, ?why, "not tried again");
                None
            }
        }
    }

    fn count(&self) {
        if let Some(budget) = &self.budget {
            budget.lock().unwrap_or_else(PoisonError::into_inner).call(self.env.clock.now());
        }
    }

    fn spend(&self, now: Instant) -> bool {
        let Some(budget) = &self.budget else { return false };
        budget.lock().unwrap_or_else(PoisonError::into_inner).retry(now)
    }
}

fn late(operation: &Operation) -> Error {
    Error::deadline_exceeded(format!("{} was not answered in time", operation.name))
}
