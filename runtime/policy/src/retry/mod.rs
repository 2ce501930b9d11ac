//! Whether and when a failed attempt is followed by another.
//!
//! Use it for failures that pass: a connection that broke, a callee that restarts. Against a callee that stays down it only
//! adds load; that is what [`budget`](crate::budget), [`throttle`](crate::throttle) and [`breaker`](crate::breaker) end.
//!
//! Pauses are spread by full jitter unless the contract says otherwise, as in "Exponential Backoff And Jitter" (AWS,
//! 2015): uniform in `[0, min(cap, base · 2ⁿ)]`.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use svckit_core::clock::Rng;
use svckit_core::error::{Code, Error};
use svckit_core::observe::NoRetry;
use svckit_core::operation::{Jitter, Operation, RetryConfig};

/// The base of the pause after `resource_exhausted`: the callee asks to be left alone.
const THROTTLED_BASE: Duration = Duration::from_secs(1);
/// How far a wait that the callee asked for is spread, so that its callers do not come back at once.
const SPREAD: Duration = Duration::from_secs(5);

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the error is the answer.
    Stop(Stop),
    /// Another attempt, after this pause, if the budget allows it.
    Again(Duration),
}

/// Why an error is the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The policy does not retry this code.
    Code,
    /// The callee may have done it, and doing it twice is not doing it once.
    NotIdempotent,
    /// A layer below has already retried.
    RetriedBelow,
    /// The callee asks not to be asked again.
    Pushback,
    /// That was the last attempt.
    Attempts,
    /// The pause would outlast the deadline.
    Deadline,
}

impl Stop {
    /// As an observer is told; nothing where error and operation did not ask for a retry.
    #[must_use]
    pub fn no_retry(self) -> Option<NoRetry> {
        match self {
            Self::Code | Self::NotIdempotent => None,
            Self::RetriedBelow => Some(NoRetry::Below),
            Self::Pushback => Some(NoRetry::Pushback),
            Self::Attempts => Some(NoRetry::Attempts),
            Self::Deadline => Some(NoRetry::Deadline),
        }
    }
}

/// What is known when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// What was called.
    pub operation: &'a Operation,
    /// How many attempts were made.
    pub attempts: u32,
    /// What the last one failed with.
    pub error: &'a Error,
    /// The time.
    pub now: Instant,
    /// When the call as a whole is over.
    pub deadline: Option<Instant>,
}

/// Judges a failed attempt.
#[must_use]
pub fn judge(config: &RetryConfig, failed: &Failed<'_>, rng: &dyn Rng) -> Verdict {
    if let Some(stop) = refusal(config, failed) {
        return Verdict::Stop(stop);
    }
    let pause = pause(config, failed, rng);
    match failed.deadline {
        Some(at) if failed.now.checked_add(pause).is_none_or(|then| then >= at) => {
            Verdict::Stop(Stop::Deadline)
        }
        _ => Verdict::Again(pause),
    }
}

fn refusal(config: &RetryConfig, failed: &Failed<'_>) -> Option<Stop> {
    let error = failed.error;
    // An attempt that ran into its own time limit is retried as if unavailable: its caller is still there.
    let code =
        if error.code() == Code::DeadlineExceeded { Code::Unavailable } else { error.code() };
    if !config.on.contains(code) {
        return Some(Stop::Code);
    }
    if !failed.operation.repeatable() && !error.unreached() {
        return Some(Stop::NotIdempotent);
    }
    if error.no_retry() {
        return Some(Stop::Pushback);
    }
    if error.retried_below() && !config.even_if_retried {
        return Some(Stop::RetriedBelow);
    }
    (failed.attempts >= config.attempts).then_some(Stop::Attempts)
}

fn pause(config: &RetryConfig, failed: &Failed<'_>, rng: &dyn Rng) -> Duration {
    if let Some(asked) = failed.error.retry_after() {
        return asked.saturating_add(rng.up_to(SPREAD));
    }
    let throttled = failed.error.code() == Code::ResourceExhausted;
    let base = if throttled { config.base.max(THROTTLED_BASE) } else { config.base };
    let pause = config.backoff.pause(base, failed.attempts).min(config.cap.max(base));
    match config.jitter {
        Jitter::Full => rng.up_to(pause),
        Jitter::Equal => pause / 2 + rng.up_to(pause - pause / 2),
        Jitter::None => pause,
    }
}
