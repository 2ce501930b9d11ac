//! The standard mode of the AWS SDKs. The names of their cases stand before the rows.
//!
//! Two things of it are not here. `x-amz-retry-after` is bounded there by the own pause and five seconds more, see
//! [`retry_after`]. Long polling, which pauses even where no token is left, is for operations that are asked in a loop; a
//! stream serves those here.

use std::cell::Cell;
use std::time::Duration;

use svckit_core::clock::Env;
use svckit_core::error::{Code, Error};
use svckit_core::operation::{PolicyConfig, RetryConfig};
use svckit_policy::Policy;
use svckit_policy::retry::{Failed, Stop, Verdict, judge};
use tokio::time::Instant;

use crate::{GET, LEAST, MOST, RETRIES, STANDARD, after, call, millis};

/// What the attempts of a call answer, how it ends, and how many tokens are left then of those that were there. A retry costs
/// 14 and 5 after throttling, a call that needed one gives its cost back, one that needed none gives back 1.
#[tokio::test(start_paused = true)]
async fn quota() {
    const OK: Option<Code> = None;
    const GONE: Option<Code> = Some(Code::Unavailable);
    const LATE: Option<Code> = Some(Code::DeadlineExceeded);
    const FULL: Option<Code> = Some(Code::ResourceExhausted);
    const WRONG: Option<Code> = Some(Code::InvalidArgument);
    // Tokens before; answers; attempts made; how it ends; tokens after.
    type Row = (u32, &'static [Option<Code>], usize, Option<Code>, u32);
    let table: [Row; 17] = [
        (500, &[OK], 1, OK, 500),
        (499, &[OK], 1, OK, 500),
        (100, &[OK], 1, OK, 101),
        // `retry_eventually_succeeds`: the cost of the last retry comes back, not that of the first.
        (500, &[GONE, OK], 2, OK, 500),
        (500, &[GONE, GONE, OK], 3, OK, 486),
        (500, &[FULL, GONE, OK], 3, OK, 495),
        (500, &[GONE, FULL, OK], 3, OK, 486),
        // `fail_due_to_max_attempts_reached`.
        (500, &[GONE, GONE, GONE], 3, GONE, 472),
        (500, &[FULL, FULL, FULL], 3, FULL, 490),
        // "Timeouts are no longer treated differently from other transient errors."
        (500, &[LATE, LATE, OK], 3, OK, 486),
        // `retry_quota_reached_after_single_retry`.
        (14, &[GONE, GONE, OK], 2, GONE, 0),
        // `retry_stops_after_retry_quota_exhaustion`.
        (20, &[GONE, GONE, OK], 2, GONE, 6),
        // `no_retries_if_retry_quota_is_zero`.
        (0, &[GONE, OK], 1, GONE, 0),
        (0, &[FULL, OK], 1, FULL, 0),
        // `throttling_error_token_bucket_drain_and_backoff`, and that throttled ones are cheaper.
        (500, &[FULL, OK], 2, OK, 500),
        (10, &[FULL, OK], 2, OK, 10),
        // What is not retryable is neither paid for nor paid back.
        (100, &[GONE, WRONG, OK], 2, WRONG, 86),
    ];
    for (before, answers, attempts, end, after) in table {
        let policy = with_tokens(before).await;
        let made = Cell::new(0);
        let ended = policy.run(call(&GET), |_| {
            let code = answers[made.get()];
            made.set(made.get() + 1);
            async move { code.map_or(Ok(()), |code| Err(Error::new(code, ""))) }
        });
        let ended = ended.await.err().map(|error| error.code());
        let found = (made.get(), ended, policy.standing().tokens);
        assert_eq!(found, (attempts, end, after), "{before}: {answers:?}");
    }
}

/// `retry_quota_recovery_after_successful_responses`: two calls after each other, with 30 tokens.
#[tokio::test(start_paused = true)]
async fn quota_recovers_with_successes() {
    let policy = with_tokens(30).await;
    for (failures, after) in [(2, 16), (1, 16), (0, 17)] {
        let made = Cell::new(0);
        let ended = policy.run(call(&GET), |_| {
            made.set(made.get() + 1);
            let works = made.get() > failures;
            async move { if works { Ok(()) } else { Err(Error::unavailable("")) } }
        });
        assert!(ended.await.is_ok());
        assert_eq!(policy.standing().tokens, after, "{failures}");
    }
}

/// A policy whose bucket holds that many. Its share of calls is wide, for the table is about the bucket.
async fn with_tokens(tokens: u32) -> Policy {
    let retry = RetryConfig { budget_floor: 1_000, ..STANDARD };
    let once = RetryConfig { attempts: 2, ..retry };
    let policy = Policy::new(PolicyConfig { retry: Some(once), ..RETRIES }, Env::default());
    let fails = |code| async move { Err::<(), _>(Error::new(code, "")) };
    while policy.standing().tokens >= tokens + 14 {
        assert!(policy.run(call(&GET), |_| fails(Code::Unavailable)).await.is_err());
    }
    while policy.standing().tokens >= tokens + 5 {
        assert!(policy.run(call(&GET), |_| fails(Code::ResourceExhausted)).await.is_err());
    }
    while policy.standing().tokens < tokens {
        assert!(policy.run(call(&GET), |_| async { Ok(()) }).await.is_ok());
    }
    while policy.standing().tokens > tokens {
        // One more than a multiple of the costs: spend a throttled retry, earn it back by ones.
        assert!(policy.run(call(&GET), |_| fails(Code::ResourceExhausted)).await.is_err());
        while policy.standing().tokens < tokens {
            assert!(policy.run(call(&GET), |_| async { Ok(()) }).await.is_ok());
        }
    }
    policy.configure(PolicyConfig { retry: Some(retry), ..RETRIES });
    policy
}

/// How long before the n-th retry at most, by what the callee said: `v2_1_non_throttling_uses_50ms_backoff`,
/// `v2_1_throttling_uses_1s_backoff`, `max_backoff_time`, `calculate_backoff_overflow_should_gracefully_fallback_to_max_backoff`.
/// Jitter is full there and here: any part of it.
#[tokio::test(start_paused = true)]
async fn backoff() {
    let many = RetryConfig { attempts: u32::MAX, ..STANDARD };
    let capped = |cap| RetryConfig { cap, ..many };
    let now = Instant::now().into_std();
    let gone = Error::unavailable("");
    let full = Error::resource_exhausted("");
    let table = [
        (many, &gone, 1, 50),
        (many, &gone, 2, 100),
        (many, &gone, 3, 200),
        (capped(millis(200)), &gone, 1, 50),
        (capped(millis(200)), &gone, 2, 100),
        (capped(millis(200)), &gone, 3, 200),
        (capped(millis(200)), &gone, 4, 200),
        // After throttling it begins with a second.
        (many, &full, 1, 1_000),
        (many, &full, 2, 2_000),
        (many, &full, 5, 16_000),
        // `MAX_BACKOFF`, 20 s, before the jitter.
        (many, &full, 6, 20_000),
        (many, &full, 60, 20_000),
        (many, &gone, 100_000, 20_000),
        // A cap below that second is no cap for it: a callee that asks to be left alone is.
        (capped(millis(200)), &full, 1, 1_000),
    ];
    for (config, error, attempts, most) in table {
        let failed = Failed { operation: &GET, attempts, error, now, deadline: None };
        let most = Verdict::Again(millis(most));
        assert_eq!(judge(&config, &failed, &MOST), most, "{attempts} {error}");
        assert_eq!(judge(&config, &failed, &LEAST), Verdict::Again(Duration::ZERO));
    }
}

/// `x-amz-retry-after`: bounded there to `[t, t + 5 s]`, where `t` is the own pause, so that no server makes a client wait for
/// ever (`v2_1_retry_after_bounded_between_t_i_and_t_i_plus_5s`, `…_below_t_i_uses_t_i`, `…_above_t_i_plus_5s_capped`). Here it is
/// `[t, t + 5 s]`, too, but `t` is what the server asks for: it is never asked sooner, and its callers do not all come at
/// once. Who is asked to wait for an hour and has no hour gives up, for its deadline says so.
#[tokio::test(start_paused = true)]
async fn retry_after() {
    let asked = |time| Error::unavailable("").with_retry_after(time);
    // What is asked for; what is waited there, whose own pause is 50 ms; here at least, and at most.
    let table = [
        (millis(3_000), millis(3_000), millis(3_000), millis(8_000)),
        (millis(10), millis(50), millis(10), millis(5_010)),
        (millis(10_000), millis(5_050), millis(10_000), millis(15_000)),
        (millis(30_000), millis(5_050), millis(30_000), millis(35_000)),
    ];
    for (time, there, least, most) in table {
        assert_eq!(there, time.clamp(millis(50), millis(5_050)), "the row is as the SDK's");
        assert_eq!(after(asked(time), 1, &LEAST), Verdict::Again(least));
        assert_eq!(after(asked(time), 1, &MOST), Verdict::Again(most));
    }
    let now = Instant::now().into_std();
    let error = asked(Duration::from_secs(3_600));
    let deadline = Some(now + Duration::from_secs(3));
    let failed = Failed { operation: &GET, attempts: 1, error: &error, now, deadline };
    assert_eq!(judge(&STANDARD, &failed, &LEAST), Verdict::Stop(Stop::Deadline));
}
