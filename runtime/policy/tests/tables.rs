//! What public specifications say of retries, row by row, beside what is done here; where that differs, the row says why.
//!
//! gRPC: proposal A6, "gRPC Retry Design". AWS: "Retry behavior" of the SDKs' reference guide, mode `standard`, with the
//! costs of its second edition as the SDK for Rust has them.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::cell::Cell;
use std::time::Duration;

use svckit_core::clock::{Env, Rng};
use svckit_core::error::{Code, Error, Result};
use svckit_core::operation::{
    HedgeAfter, HedgeConfig, Idempotency, Operation, PolicyConfig, RetryConfig, TimeoutConfig,
};
use svckit_policy::retry::{Failed, Stop, Verdict, judge};
use svckit_policy::throttle::Throttle;
use svckit_policy::{Attempt, Call, Policy};
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

/// The bucket of A6, as the proposal words it, to compare with.
struct A6 {
    token_count: f64,
}

impl A6 {
    const MAX_TOKENS: f64 = 10.0;
    const TOKEN_RATIO: f64 = 0.1;

    fn failed(&mut self) -> bool {
        self.token_count = (self.token_count - 1.0).max(0.0);
        self.token_count > Self::MAX_TOKENS / 2.0
    }

    fn succeeded(&mut self) {
        self.token_count = (self.token_count + Self::TOKEN_RATIO).min(Self::MAX_TOKENS);
    }
}

/// A6, "Throttling Retry Attempts": `maxTokens` 10, `tokenRatio` 0.1, and the failures and successes of a story; how many
/// of its failures are retried there, and how many here.
///
/// It differs by design. A6's bucket is small because nothing else bounds its retries: four failures in a row may be
/// retried. Here the bucket is that of the AWS SDKs, which ends a long run of
/// failures, and the share of calls (20 % and 10 a second) bounds what A6's threshold bounds: both must allow a retry.
#[test]
fn grpc_a6_throttling() {
    // (failures, successes) one after the other; retries there, retries here.
    type Story = &'static [(u32, u32)];
    let table: [(Story, u32, u32); 6] = [
        // The threshold is half of the tokens: the fifth failure leaves 5, which is not above it.
        (&[(4, 0)], 4, 4),
        (&[(5, 0)], 4, 5),
        (&[(100, 0)], 4, 35),
        (&[(10, 50), (10, 0)], 4, 20),
        // Where it has run dry, a success gives a tenth of a token back there, and seventy of them one retry; here four,
        // for ten tokens are left over.
        (&[(100, 70), (1, 0)], 5, 36),
        (&[(100, 4), (1, 0)], 4, 36),
    ];
    for (story, there, here) in table {
        let (mut a6, mut ours) = (A6 { token_count: A6::MAX_TOKENS }, Throttle::default());
        let (mut by_a6, mut by_us) = (0, 0);
        for (failures, successes) in story {
            for _ in 0..*failures {
                by_a6 += u32::from(a6.failed());
                by_us += u32::from(ours.retry(false).is_some());
            }
            for _ in 0..*successes {
                a6.succeeded();
                ours.succeeded(None);
            }
        }
        assert_eq!((by_a6, by_us), (there, here), "{story:?}");
    }
}

/// A6, "Throttling": an answer to a malformed request is no failure of the server and costs nothing.
#[tokio::test(start_paused = true)]
async fn grpc_a6_what_is_not_retryable_costs_no_token() {
    let policy = Policy::new(RETRIES, Env::default());
    for code in [Code::InvalidArgument, Code::NotFound, Code::Internal, Code::Unauthenticated] {
        let error = policy.run(call(&GET), |_| async move { Err::<(), _>(Error::new(code, "")) });
        assert_eq!(error.await.expect_err("no retry").code(), code);
    }
    assert_eq!(policy.standing().tokens, 500);
}

/// A6, "Exponential Backoff": before the n-th retry, anything up to `min(initial * multiplier^(n-1), max)`.
#[tokio::test(start_paused = true)]
async fn grpc_a6_backoff() {
    let many = RetryConfig { attempts: 100, ..STANDARD };
    let error = Error::unavailable("");
    let now = Instant::now().into_std();
    let most = [(1, 50), (2, 100), (3, 200), (4, 400), (9, 12_800), (10, 20_000), (40, 20_000)];
    for (attempts, wanted) in most {
        let failed = Failed { operation: &GET, attempts, error: &error, now, deadline: None };
        assert_eq!(judge(&many, &failed, &MOST), Verdict::Again(millis(wanted)), "{attempts}");
        assert_eq!(judge(&many, &failed, &LEAST), Verdict::Again(Duration::ZERO), "{attempts}");
    }
}

/// A6, "Pushback". That a negative number or none at all stands for "not at all" is the transport's to read; here is what
/// follows.
#[tokio::test(start_paused = true)]
async fn grpc_a6_pushback() {
    let pushed = |after: u64| Error::unavailable("").with_retry_after(millis(after));
    let last = Verdict::Stop(Stop::Attempts);
    let table = [
        // Exactly that long there. Here never sooner, and spread over 5 s: its callers must not come back at once.
        (pushed(1_500), 1, Verdict::Again(millis(1_500)), Verdict::Again(millis(6_500))),
        (pushed(0), 1, Verdict::Again(Duration::ZERO), Verdict::Again(millis(5_000))),
        // "If the client has already exhausted its maxAttempts, the call will not be retried."
        (pushed(1_500), 3, last, last),
        // Not at all: the same, and it is told why.
        (
            Error::unavailable("").with_no_retry(),
            1,
            Verdict::Stop(Stop::Pushback),
            Verdict::Stop(Stop::Pushback),
        ),
        // A code that is not retryable stays so whatever is pushed back.
        (
            Error::internal("").with_retry_after(millis(1)),
            1,
            Verdict::Stop(Stop::Code),
            Verdict::Stop(Stop::Code),
        ),
    ];
    for (error, attempts, least, most) in table {
        assert_eq!(after(error.clone(), attempts, &LEAST), least, "{error:?}");
        assert_eq!(after(error.clone(), attempts, &MOST), most, "{error:?}");
    }
    // "If this attempt also fails, retry delay will reset to initial backoff": not here. A callee that asked for time and
    // failed again is not well; the pauses go on growing, as those of the AWS SDKs do.
    assert_eq!(after(Error::unavailable(""), 2, &MOST), Verdict::Again(millis(100)));
}

/// A6, "Maximum Number of Retries" and "Transparent Retries".
#[tokio::test(start_paused = true)]
async fn grpc_a6_attempts() {
    let made = |operation, error: Error| async move {
        let (policy, made) = (Policy::new(RETRIES, Env::default()), Cell::new(0));
        let end = policy.run(call(operation), |_| {
            made.set(made.get() + 1);
            let error = error.clone();
            async move { Err::<(), _>(error) }
        });
        let end = end.await.expect_err("all fail");
        (made.get(), end.retried_below())
    };
    let gone = || Error::unavailable("");
    // `maxAttempts` counts the first one. Five is the most there; here it is 3, and the contract may say more.
    assert_eq!(made(&GET, gone()).await, (3, true));
    // gRPC can't know what is idempotent; the contract says it.
    assert_eq!(made(&PAY, gone()).await, (1, false));
    // What never left the client is retried there until the deadline and not counted; here it counts and is paid for
    // like others: a callee that is not there gets three attempts of a call, not hundreds.
    assert_eq!(made(&PAY, gone().with_unreached()).await, (3, true));
    // That a layer below has retried is told to the one above by `grpc-previous-rpc-attempts` there, which then retries
    // all the same; here that ends it.
    assert_eq!(made(&GET, gone().with_retried_below()).await, (1, true));
}

/// A6: "the call deadline applies across all attempts".
#[tokio::test(start_paused = true)]
async fn grpc_a6_deadline() {
    let (policy, start) = (Policy::new(RETRIES, Env::default()), Instant::now());
    let deadline = Some((start + millis(250)).into_std());
    let slow = |_| async {
        tokio::time::sleep(millis(200)).await;
        Err::<(), _>(Error::unavailable(""))
    };
    assert!(policy.run(Call { deadline, ..call(&GET) }, slow).await.is_err());
    assert!(start.elapsed() <= millis(250), "{:?}", start.elapsed());
}

/// A6, "Hedging Policy" and the summary's five kinds of answers: how many requests go out, and how it ends.
#[tokio::test(start_paused = true)]
async fn grpc_a6_hedging() {
    let hedge = Some(HedgeConfig { after: HedgeAfter::Fixed(millis(500)), at_most: 3 });
    let config = PolicyConfig {
        hedge,
        retry: Some(RetryConfig { attempts: 4, ..STANDARD }),
        ..PolicyConfig::timeouts(LONG)
    };
    // What each attempt answers, after how long; when it is over, how many went out, and with which code.
    type Plan = &'static [(u64, Option<fn() -> Error>)];
    let table: [(Plan, u64, u32, Option<Code>); 7] = [
        // 1. OK: the others are cancelled.
        (&[(1_200, None), (9_000, None), (9_000, None)], 1_200, 3, None),
        // Late all of them: one more every half second, four at most.
        (&[(9_000, None), (9_000, None), (9_000, None), (9_000, None)], 9_000, 4, None),
        // 2. Not fatal: the next goes out at once.
        (&[(100, Some(|| Error::unavailable(""))), (50, None)], 150, 2, None),
        // 3. Fatal: the others are cancelled, and that is the answer.
        (&[(9_000, None), (100, Some(|| Error::not_found("")))], 600, 2, Some(Code::NotFound)),
        // 4. Pushed back for good: no more go out; those that are out may still answer.
        (&[(2_000, None), (100, Some(|| Error::unavailable("").with_no_retry()))], 2_000, 2, None),
        // 5. Pushed back for a while: there the next goes out after it, here none: the race is for speed, and its time is
        // over.
        (
            &[(2_000, None), (100, Some(|| Error::unavailable("").with_retry_after(millis(1))))],
            2_000,
            2,
            None,
        ),
        // All failed: nothing follows.
        (
            &[
                (100, Some(|| Error::unavailable(""))),
                (100, Some(|| Error::unavailable(""))),
                (100, Some(|| Error::unavailable(""))),
                (100, Some(|| Error::unavailable(""))),
            ],
            400,
            4,
            Some(Code::Unavailable),
        ),
    ];
    for (at, (plan, took, sent, code)) in table.into_iter().enumerate() {
        let (policy, start) = (Policy::new(config, Env::default()), Instant::now());
        let made = Cell::new(0);
        let end = policy.run(call(&GET), |attempt: Attempt| {
            made.set(attempt.number);
            let (time, error) = plan[attempt.number as usize - 1];
            async move {
                tokio::time::sleep(millis(time)).await;
                error.map_or(Ok(()), |error| Err(error()))
            }
        });
        let end: Result<()> = end.await;
        let found = (start.elapsed(), made.get(), end.err().map(|error| error.code()));
        assert_eq!(found, (millis(took), sent, code), "row {at}");
    }
}

/// AWS, mode `standard`: what the attempts of a call answer, how it ends, and how many tokens are left then of those that
/// were there. A retry costs 14 and 5 after throttling, a call that needed one gives its cost back, one that needed none
/// gives back 1.
#[tokio::test(start_paused = true)]
async fn aws_standard_mode_quota() {
    const OK: Option<Code> = None;
    const GONE: Option<Code> = Some(Code::Unavailable);
    const FULL: Option<Code> = Some(Code::ResourceExhausted);
    // Tokens before; answers; attempts made; how it ends; tokens after.
    type Row = (u32, &'static [Option<Code>], usize, Option<Code>, u32);
    let table: [Row; 10] = [
        (500, &[OK], 1, OK, 500),
        // Retry eventually succeeds: the cost of the last retry comes back, not that of the first.
        (500, &[GONE, OK], 2, OK, 500),
        (500, &[GONE, GONE, OK], 3, OK, 486),
        (500, &[FULL, GONE, OK], 3, OK, 495),
        (500, &[GONE, FULL, OK], 3, OK, 486),
        // Fail due to max attempts reached.
        (500, &[GONE, GONE, GONE], 3, GONE, 472),
        (500, &[FULL, FULL, FULL], 3, FULL, 490),
        // Retry quota reached after a single retry.
        (24, &[GONE, GONE, OK], 2, GONE, 10),
        // No retries at all if the quota is too small; throttled ones are cheaper.
        (10, &[GONE, OK], 1, GONE, 10),
        (10, &[FULL, OK], 2, OK, 10),
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

/// AWS, mode `standard`: how long before the n-th retry at most, by what the callee said.
#[tokio::test(start_paused = true)]
async fn aws_standard_mode_backoff() {
    let many = RetryConfig { attempts: 100, ..STANDARD };
    let now = Instant::now().into_std();
    let gone = Error::unavailable("");
    let full = Error::resource_exhausted("");
    let table = [
        (&gone, 1, 50),
        (&gone, 2, 100),
        (&gone, 3, 200),
        // After throttling it begins with a second.
        (&full, 1, 1_000),
        (&full, 2, 2_000),
        (&full, 5, 16_000),
        // Capped at 20 s.
        (&full, 6, 20_000),
        (&full, 60, 20_000),
    ];
    for (error, attempts, most) in table {
        let failed = Failed { operation: &GET, attempts, error, now, deadline: None };
        assert_eq!(
            judge(&many, &failed, &MOST),
            Verdict::Again(millis(most)),
            "{attempts} {error}"
        );
        assert_eq!(judge(&many, &failed, &LEAST), Verdict::Again(Duration::ZERO));
    }
    // `Retry-After` is clamped to [t, t + 5 s] of the own pause there, so that no server makes a client wait for ever. Here
    // t is what the server asks for: who is asked for an hour and has no hour gives up, for its deadline says so.
    let asked = Error::unavailable("").with_retry_after(Duration::from_secs(30));
    assert_eq!(after(asked.clone(), 1, &LEAST), Verdict::Again(Duration::from_secs(30)));
    assert_eq!(after(asked.clone(), 1, &MOST), Verdict::Again(Duration::from_secs(35)));
    let failed = Failed {
        operation: &GET,
        attempts: 1,
        error: &asked,
        now,
        deadline: Some(now + Duration::from_secs(3)),
    };
    assert_eq!(judge(&STANDARD, &failed, &LEAST), Verdict::Stop(Stop::Deadline));
}
