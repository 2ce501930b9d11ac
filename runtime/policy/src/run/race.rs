//! Hedged requests: attempts that race each other, in place of retries.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use svckit_core::error::{Error, Result};
use svckit_core::observe::Event;
use svckit_core::operation::{HedgeConfig, PolicyConfig, RetryConfig};

use super::attempt::{Done, This};
use super::{Attempt, Call, Policy};
use crate::breaker::Outcome;
use crate::bulkhead::Permit;
use crate::hedge;
use crate::retry::{self, Failed, Verdict};

impl Policy {
    /// Asks, and asks again whenever the answer is late or the last one failed in a way that is worth it; the first
    /// answer wins, and the others are dropped.
    pub(super) async fn race<T, F>(
        &self,
        call: Call<'_>,
        config: &PolicyConfig,
        hedge: HedgeConfig,
        attempt: &mut impl FnMut(Attempt) -> F,
    ) -> Result<(T, Option<Permit>)>
    where
        F: Future<Output = Result<T>>,
    {
        let pause = {
            let (now, mut state) = (self.env.clock.now(), self.state());
            state.latencies.as_mut().and_then(|seen| hedge::pause(&hedge, seen, now))
        };
        // Attempts borrow the maker of requests one after the other, at their start alone.
        let attempt = Mutex::new(attempt);
        let start = |number| {
            let attempt = &attempt;
            async move {
                let mut make =
                    |this| (attempt.lock().unwrap_or_else(PoisonError::into_inner))(this);
                let this = This { call, config, number, paid: None };
                self.attempt(this, None, &mut make).await
            }
        };
        let (mut flying, mut number, mut patient) = (FuturesUnordered::new(), 1, false);
        flying.push(start(number));
        loop {
            let more = !patient && number <= hedge.at_most;
            let next = pause.filter(|_| more).and_then(|p| self.env.clock.now().checked_add(p));
            let late = async {
                match next {
                    Some(at) => self.env.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let error = tokio::select! {
                biased;
                done = flying.next() => match done {
                    Some(Ok(Done { value, place })) => return Ok((value, place)),
                    Some(Err(error)) => Some(error),
                    None => Some(Error::internal("nothing was asked")),
                },
                () = late => None,
            };
            let again = more && self.worth(call, config, number, error.as_ref());
            match error {
                _ if again => {
                    self.hedged(&call, error.as_ref(), number, pause.unwrap_or_default());
                    number += 1;
                    flying.push(start(number));
                }
                Some(error) if flying.is_empty() || is_answer(&error, config) => {
                    return Err(if number > 1 { error.with_retried_below() } else { error });
                }
                Some(error) => patient |= wants_peace(&error),
                // Not paid for: the answer is waited for as without hedges.
                None => patient = true,
            }
        }
    }

    /// Tells why there is another attempt: the last one failed, or is late.
    fn hedged(&self, call: &Call<'_>, error: Option<&Error>, attempt: u32, after: Duration) {
        let operation = call.operation;
        self.env.observe.tell(|| match error {
            Some(error) => {
                Event::Retry { operation, attempt, code: error.code(), pause: Duration::ZERO }
            }
            None => Event::Hedge { operation, after },
        });
    }

    /// Whether another attempt is worth it, after an error or a silence, and paid for.
    fn worth(
        &self,
        call: Call<'_>,
        config: &PolicyConfig,
        attempts: u32,
        error: Option<&Error>,
    ) -> bool {
        let now = self.env.clock.now();
        if error.is_some_and(wants_peace) {
            return false;
        }
        if let (Some(error), Some(retry)) = (error, &config.retry) {
            let Call { operation, deadline, .. } = call;
            let attempts = attempts.min(retry.attempts.saturating_sub(1));
            let failed = Failed { operation, attempts, error, now, deadline };
            if let Verdict::Stop(why) = retry::judge(retry, &failed, &*self.env.rng) {
                why.no_retry().inspect(|why| self.not_again(operation, *why));
                return false;
            }
        }
        if config.retry.is_none() {
            return true;
        }
        let paid = self.state().pay(false, now);
        paid.inspect_err(|why| self.not_again(call.operation, *why)).is_ok()
    }
}

/// A callee that asks for time, or to be left alone, is not asked again in the same breath.
fn wants_peace(error: &Error) -> bool {
    error.retry_after().is_some() || error.no_retry()
}

/// What the callee says of the request itself: it would say it to the others too, so they are not waited for.
fn is_answer(error: &Error, config: &PolicyConfig) -> bool {
    let retry = config.retry.unwrap_or(RetryConfig::STANDARD);
    Outcome::of(error) == Outcome::Answered && !retry.on.contains(error.code())
}
