//! One attempt: breaker, place in the bulkhead, time limit.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::observe::{BreakerState, Event, Gate};
use svckit_core::operation::{Operation, PolicyConfig};

use super::state::{Pass, Stop};
use super::{Attempt, Call, Policy, late};
use crate::breaker::{Outcome, Permit, Phase};
use crate::bulkhead::{self, Bulkhead, Full};

/// What an attempt gave, and the place that it still takes.
pub(super) struct Done<T> {
    pub(super) value: T,
    pub(super) place: Option<bulkhead::Permit>,
}

/// An attempt that is to be made.
#[derive(Clone, Copy)]
pub(super) struct This<'a> {
    pub(super) call: Call<'a>,
    pub(super) config: &'a PolicyConfig,
    /// The first is 1.
    pub(super) number: u32,
    /// What it cost as a retry.
    pub(super) paid: Option<u32>,
}

/// A breaker's permit on its way: dropped, it is given back.
struct Passing<'a> {
    policy: &'a Policy,
    permit: Option<Permit>,
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if let Some(breaker) = &mut self.policy.state().breaker {
            breaker.release(permit);
        }
    }
}

/// That an attempt may go out, or why not.
pub(super) struct Entry<'a> {
    passed: Result<(Passing<'a>, Option<Bulkhead>), Stop>,
    at: Instant,
}

impl<'a> Entry<'a> {
    pub(super) fn new(policy: &'a Policy, passed: Result<Pass, Stop>, at: Instant) -> Self {
        let passed = passed.map(|Pass { permit, bulkhead }| (Passing { policy, permit }, bulkhead));
        Self { passed, at }
    }
}

impl Policy {
    /// Makes an attempt; `entry` is what it was told already.
    pub(super) async fn attempt<T, F>(
        &self,
        this: This<'_>,
        entry: Option<Entry<'_>>,
        attempt: &mut impl FnMut(Attempt) -> F,
    ) -> Result<Done<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let This { call, config, number, .. } = this;
        let entry = entry.unwrap_or_else(|| {
            let now = self.env.clock.now();
            let gate = self.state().gate(call.deadline, now);
            Entry::new(self, gate, now)
        });
        let (mut passing, place, start) = self.enter(call, config, entry).await?;
        let limit = (!call.operation.shape.streams()).then_some(config.timeout.attempt);
        let own = limit.and_then(|limit| start.checked_add(limit));
        let deadline = own.into_iter().chain(call.deadline).min();
        let done =
            self.in_time(call.operation, attempt(Attempt { number, deadline }), deadline).await;
        self.note(this, passing.permit.take(), start, done.as_ref().err());
        done.map(|value| Done { value, place })
    }

    /// Takes a place, having passed the breaker.
    async fn enter<'a>(
        &self,
        call: Call<'_>,
        config: &PolicyConfig,
        entry: Entry<'a>,
    ) -> Result<(Passing<'a>, Option<bulkhead::Permit>, Instant)> {
        let now = entry.at;
        let (passing, bulkhead) =
            entry.passed.map_err(|stop| self.stopped(call.operation, stop))?;
        if passing.permit.is_some_and(|permit| permit.is_first_probe()) {
            self.tell_breaker(call.operation, BreakerState::HalfOpen);
        }
        let Some(bulkhead) = bulkhead else { return Ok((passing, None, now)) };
        if let Some(place) = bulkhead.try_enter() {
            return Ok((passing, Some(place), now));
        }
        let patience = now.checked_add(config.timeout.attempt);
        let until = patience.into_iter().chain(call.deadline).min().unwrap_or(now);
        let place = bulkhead.enter(until, &*self.env.clock).await;
        let place = place.map_err(|full| {
            self.rejected(call.operation, Gate::Bulkhead);
            crowded(call.operation, full, config.timeout.attempt)
        })?;
        Ok((passing, Some(place), self.env.clock.now()))
    }

    /// Tells that an attempt does not go out, and why.
    pub(super) fn stopped(&self, operation: &'static Operation, stop: Stop) -> Error {
        match stop {
            Stop::Late => {
                self.rejected(operation, Gate::Deadline);
                late(operation).with_unreached()
            }
            Stop::Open(after) => {
                self.rejected(operation, Gate::Breaker);
                broken(after)
            }
        }
    }

    async fn in_time<T>(
        &self,
        operation: &Operation,
        work: impl Future<Output = Result<T>>,
        deadline: Option<Instant>,
    ) -> Result<T> {
        let mut work = pin!(work);
        // A timer is only made for work that is not done at once.
        let first = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if let Poll::Ready(done) = first {
            return done;
        }
        let Some(at) = deadline else { return work.await };
        tokio::select! {
            biased;
            done = work => done,
            () = self.env.clock.sleep_until(at) => Err(late(operation)),
        }
    }

    /// Says what became of an attempt to all who want to know.
    fn note(&self, this: This<'_>, permit: Option<Permit>, start: Instant, error: Option<&Error>) {
        let This { call: Call { operation, .. }, config, number, paid } = this;
        let now = self.env.clock.now();
        let elapsed = now.saturating_duration_since(start);
        let (code, took) = (error.map(Error::code), elapsed);
        self.env.observe.tell(|| Event::Attempt { operation, endpoint: None, number, code, took });
        let changed = {
            let mut state = self.state();
            if error.is_none() {
                state.succeeded(paid, elapsed, now);
            }
            let (Some(breaker), Some(permit)) = (&mut state.breaker, permit) else { return };
            let outcome = outcome(error, elapsed, config.timeout.attempt);
            let after = error.and_then(Error::retry_after);
            breaker.record(permit, outcome, elapsed, after, now, &*self.env.rng)
        };
        match changed {
            Some(Phase::Open) => self.tell_breaker(operation, BreakerState::Open),
            Some(_) => self.tell_breaker(operation, BreakerState::Closed),
            None => {}
        }
    }

    fn tell_breaker(&self, operation: &'static Operation, state: BreakerState) {
        let (service, name) = (operation.service, operation.name);
        match state {
            BreakerState::Open => tracing::warn!(service, operation = name, "the breaker opens"),
            BreakerState::HalfOpen => {
                tracing::debug!(service, operation = name, "the breaker lets probes through");
            }
            BreakerState::Closed => {
                tracing::info!(service, operation = name, "the breaker closes");
            }
        }
        self.env.observe.tell(|| Event::Breaker { operation, endpoint: None, state });
    }
}

/// What an attempt says of the callee. One that its caller's deadline cut short before it had half of its own time says
/// nothing: a caller in a hurry breaks no callee.
fn outcome(error: Option<&Error>, elapsed: Duration, limit: Duration) -> Outcome {
    match error {
        None => Outcome::Success,
        Some(error) if error.code() == Code::DeadlineExceeded && elapsed < limit / 2 => {
            Outcome::Nothing
        }
        Some(error) => Outcome::of(error),
    }
}

fn broken(after: Duration) -> Error {
    Error::fixed(Code::Unavailable, "the callee failed too often lately: the breaker is open")
        .with_refused(Refused::Breaker)
        .with_unreached()
        .with_retry_after(after)
}

fn crowded(operation: &Operation, full: Full, attempt: Duration) -> Error {
    let name = operation.name;
    let message = match full {
        Full::Queue => format!("too many calls of {name} run and wait already"),
        Full::Waited => format!("a call of {name} waited too long for its turn"),
    };
    Error::resource_exhausted(message)
        .with_refused(Refused::Bulkhead)
        .with_unreached()
        .with_retry_after(Bulkhead::retry_after(attempt))
}
