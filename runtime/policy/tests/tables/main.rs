//! What public specifications say of retries, row by row, beside what is done here; where that differs, the row says why.
//!
//! - `a6`: gRPC's proposal [A6, "gRPC Retry Design"](https://github.com/grpc/proposal/blob/master/A6-client-retries.md), with
//!   the update of 2024-08-23 (pull request 452: jitter of ±20 % in place of full jitter).
//! - `aws`: the standard mode of the AWS SDKs' "Retry behavior", in its edition of 2026 (`AWS_NEW_RETRIES_2026`), by the cases
//!   that all SDKs test alike, under the names that they have in the SDK for Rust (`strategy/standard.rs`, spec 2.1).
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

mod a6;
mod aws;

use std::time::Duration;

use svckit_core::clock::Rng;
use svckit_core::error::Error;
use svckit_core::operation::{Idempotency, Operation, PolicyConfig, RetryConfig, TimeoutConfig};
use svckit_policy::Call;
use svckit_policy::retry::{Failed, Verdict, judge};
use tokio::time::Instant;

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
static PAY: Operation =
    Operation::command("t.v1.T", "Pay", "/t.v1.T/Pay").idempotency(Idempotency::None);
const STANDARD: RetryConfig = RetryConfig::STANDARD;
const LONG: TimeoutConfig = TimeoutConfig {
    connect: Duration::from_secs(1),
    attempt: Duration::from_secs(100),
    total: Duration::from_secs(10_000),
};
const RETRIES: PolicyConfig =
    PolicyConfig { retry: Some(STANDARD), ..PolicyConfig::timeouts(LONG) };

/// Chance that is always the least or the most.
struct Always(u64);

impl Rng for Always {
    fn next_u64(&self) -> u64 {
        self.0
    }
}

const LEAST: Always = Always(0);
const MOST: Always = Always(u64::MAX);

fn call(operation: &'static Operation) -> Call<'static> {
    Call { operation, deadline: None, replayable: true, who: None }
}

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn after(error: Error, attempts: u32, rng: &dyn Rng) -> Verdict {
    let now = Instant::now().into_std();
    judge(&STANDARD, &Failed { operation: &GET, attempts, error: &error, now, deadline: None }, rng)
}
