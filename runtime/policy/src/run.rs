//! Acts on what the state machines decide.

mod attempt;
mod race;
mod state;

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::observe::{Event, Gate, NoRetry, Side};
use svckit_core::operation::{HedgeConfig, Kind, Operation, PolicyConfig};

use self::attempt::{Done, Entry, This};
pub use self::state::Standing;
use self::state::State;
use crate::breaker::Phase;
use crate::bulkhead::Permit;
use crate::retry::{self, Failed, Verdict};

/// The policy of one operation towards one callee, with what it remembers of earlier calls.
///
/// What is done to a call, outermost first: the deadline, the limit, retries (or hedges) within their budget, and for
/// each attempt the breaker, the bulkhead, and the attempt's time limit, which starts once it has its place. No place is
/// held during a pause. Over a callee that answers at once nothing is allocated.
#[derive(Debug)]
pub struct Policy {
    pub(crate) env: Env,
    /// Whether a breaker is to be here at all.
    breaks: bool,
    state: Mutex<State>,
}

/// The call that a policy governs.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What is called.
    pub operation: &'static Operation,
    /// When nobody waits for the answer any more: what the caller has left, and [`Policy::total`] at most. Where nothing is
    /// said, each attempt has its time limit, and all together have none.
    pub deadline: Option<Instant>,
    /// Whether the request can be sent again: not if it is a stream.
    pub replayable: bool,
    /// Whose share of a limit it takes; nobody's own where nothing is said.
    pub who: Option<&'a str>,
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
        let state = State::new(config, env.clock.now());
        Self { env, breaks: true, state: Mutex::new(state) }
    }

    /// As [`new`](Self::new), without a breaker: for callees whose endpoints have one each.
    #[must_use]
    pub fn without_breaker(config: PolicyConfig, env: Env) -> Self {
        let policy = Self::new(PolicyConfig { breaker: None, ..config }, env);
        Self { breaks: false, ..policy }
    }

    /// The numbers that hold now.
    #[must_use]
    pub fn config(&self) -> PolicyConfig {
        self.state().config
    }

    /// Takes up other numbers from the next call on. What is remembered of earlier calls stays.
    pub fn configure(&self, config: PolicyConfig) {
        let now = self.env.clock.now();
        let mut state = self.state();
        // Where endpoints have breakers of their own, there is none here, whatever the numbers say.
        let breaker = config.breaker.filter(|_| self.breaks);
        state.configure(PolicyConfig { breaker, ..config }, now);
    }

    /// When a call that begins now is to be over, as far as the policy says.
    #[must_use]
    pub fn total(&self) -> Option<Instant> {
        self.env.clock.now().checked_add(self.config().timeout.total)
    }

    /// Where its breaker stands; closed, where it has none.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let now = self.env.clock.now();
        self.state().breaker.as_ref().map_or(Phase::Closed, |breaker| breaker.phase(now))
    }

    /// What is in use now, for those who watch.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let now = self.env.clock.now();
        self.state().standing(now)
    }

    /// Makes attempts until one succeeds, or the policy says that the last error is the answer. Dropping the future
    /// drops the attempts that are under way and gives back their places; the budget keeps what was counted.
    ///
    /// # Errors
    /// The last attempt's; `deadline_exceeded` if it did not come in time; `resource_exhausted` where a limit or the
    /// bulkhead refuses it, `unavailable` where the breaker does, each [`refused`](Error::refused).
    pub async fn run<T, F>(&self, call: Call<'_>, attempt: impl FnMut(Attempt) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.run_in_place(call, attempt).await.map(|(done, _)| done)
    }

    /// As [`run`](Self::run), with the place in the bulkhead that the answer still takes: of a stream, it is to be kept
    /// until that ends.
    ///
    /// # Errors
    /// As there.
    pub async fn run_in_place<T, F>(
        &self,
        call: Call<'_>,
        mut attempt: impl FnMut(Attempt) -> F,
    ) -> Result<(T, Option<Permit>)>
    where
        F: Future<Output = Result<T>>,
    {
        let now = self.env.clock.now();
        let (config, mut entry) = self.admit(&call, now)?;
        if let Some(hedge) = hedge(&config, &call) {
            return self.race(call, &config, hedge, &mut attempt).await;
        }
        let (mut number, mut paid) = (1, None);
        loop {
            let this = This { call, config: &config, number, paid };
            let error = match self.attempt(this, entry.take(), &mut attempt).await {
                Ok(Done { value, place }) => return Ok((value, place)),
                Err(error) => error,
            };
            let Some(pause) = self.again(call, &config, number, &error, &mut paid) else {
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

    /// Counts the call, refuses it where its share of the limit is used up, and asks whether its first attempt may go
    /// out: all of it at once, for every lock and every look at the clock is a good part of what a policy costs.
    fn admit(&self, call: &Call<'_>, now: Instant) -> Result<(PolicyConfig, Option<Entry<'_>>)> {
        let mut state = self.state();
        // Who comes too late is told so further in, and takes nothing from those who do not.
        if call.deadline.is_none_or(|at| now < at) {
            if let Err(after) = state.limit(call.who, now) {
                drop(state);
                self.rejected(call.operation, Gate::Limit);
                return Err(limited(call.operation, after));
            }
            if let Some(budget) = &mut state.budget {
                budget.call(now);
            }
        }
        let first = hedge(&state.config, call).is_none().then(|| state.gate(call.deadline, now));
        if let (Some(Err(stop)), false) = (&first, state.config.retry.is_some() && call.replayable)
        {
            // Most of what is refused is refused for good, and has to cost less than what is served.
            drop(state);
            return Err(self.stopped(call.operation, *stop));
        }
        let config = state.config;
        drop(state);
        Ok((config, first.map(|gate| Entry::new(self, gate, now))))
    }

    fn again(
        &self,
        call: Call<'_>,
        config: &PolicyConfig,
        attempts: u32,
        error: &Error,
        paid: &mut Option<u32>,
    ) -> Option<Duration> {
        let retry = config.retry.as_ref().filter(|_| call.replayable)?;
        let (operation, deadline) = (call.operation, call.deadline);
        let now = self.env.clock.now();
        let failed = Failed { operation, attempts, error, now, deadline };
        let refused = match retry::judge(retry, &failed, &*self.env.rng) {
            // What never went out is no retry of anything.
            Verdict::Again(pause) if error.refused().is_some() => Ok(pause),
            Verdict::Again(pause) => {
                let throttled = error.code() == Code::ResourceExhausted;
                self.state().pay(throttled, now).map(|cost| {
                    *paid = Some(cost);
                    pause
                })
            }
            Verdict::Stop(why) => Err(why.no_retry()?),
        };
        match refused {
            Ok(pause) => {
                let (attempt, code) = (attempts, error.code());
                self.env.observe.tell(|| Event::Retry { operation, attempt, code, pause });
                Some(pause)
            }
            Err(why) => {
                self.not_again(operation, why);
                None
            }
        }
    }

    fn not_again(&self, operation: &'static Operation, why: NoRetry) {
        tracing::debug!(operation = operation.name, ?why, "not tried again");
        self.env.observe.tell(|| Event::RetryRefused { operation, why });
    }

    /// Tells that a call was refused before it went out.
    fn rejected(&self, operation: &'static Operation, by: Gate) {
        self.env.observe.tell(|| Event::Rejected { operation, side: Side::Client, by });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What races in place of retries: a query that can be sent again.
fn hedge(config: &PolicyConfig, call: &Call<'_>) -> Option<HedgeConfig> {
    config.hedge.filter(|_| {
        call.replayable
            && matches!(call.operation.kind, Kind::Query)
            && !call.operation.shape.streams()
    })
}

fn limited(operation: &Operation, after: Duration) -> Error {
    Error::resource_exhausted(format!("too many calls of {}: its limit is used up", operation.name))
        .with_refused(Refused::Limit)
        .with_unreached()
        .with_retry_after(after)
}

fn late(operation: &Operation) -> Error {
    Error::deadline_exceeded(format!("{} was not answered in time", operation.name))
}
