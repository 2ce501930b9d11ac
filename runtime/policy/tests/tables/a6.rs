//! gRPC's proposal A6. The section of the proposal stands before each table.

use std::cell::Cell;
use std::time::Duration;

use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Result};
use svckit_core::operation::{HedgeAfter, HedgeConfig, PolicyConfig, RetryConfig};
use svckit_policy::retry::{Failed, Stop, Verdict, judge};
use svckit_policy::throttle::Throttle;
use svckit_policy::{Attempt, Call, Policy};
use tokio::time::Instant;

use crate::{GET, LEAST, LONG, MOST, PAY, RETRIES, STANDARD, after, call, millis};

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

/// "Throttling Retry Attempts and Hedged RPCs": `maxTokens` 10, `tokenRatio` 0.1, and the failures and successes of a story; how many
/// of its failures are retried there, and how many here.
///
/// It differs by design. A6's bucket is small because nothing else bounds its retries: four failures in a row may be
/// retried. Here the bucket is that of the AWS SDKs, which ends a long run of failures, and the share of calls (20 % and 10
/// a second) bounds what A6's threshold bounds: both must allow a retry. A6 counts per server name; here an operation has
/// a bucket of its own, so that one that fails takes no retries from the others.
#[test]
fn throttling() {
    // (failures, successes) one after the other; retries there, retries here.
    type Story = &'static [(u32, u32)];
    let table: [(Story, u32, u32); 7] = [
        // The threshold is half of the tokens: the fifth failure leaves 5, which is not above it.
        (&[(4, 0)], 4, 4),
        (&[(5, 0)], 4, 5),
        (&[(100, 0)], 4, 35),
        (&[(10, 50), (10, 0)], 4, 20),
        // Where it has run dry, a success gives a tenth of a token back there, and seventy of them one retry; here four,
        // for ten tokens are left over.
        (&[(100, 60), (1, 0)], 4, 36),
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

/// "Throttling Retry Attempts and Hedged RPCs": "The only RPCs that are counted as failures … are RPCs that fail with a
/// status code that qualifies as a retryable or non-fatal status code, or that receive a pushback response indicating not
/// to retry. This avoids conflating server failure with responses to malformed requests."
#[tokio::test(start_paused = true)]
async fn what_is_not_retried_costs_no_token() {
    let policy = Policy::new(RETRIES, Env::default());
    let malformed = [Code::InvalidArgument, Code::NotFound, Code::Internal, Code::Unauthenticated];
    let malformed = malformed.map(|code| Error::new(code, ""));
    // A failure that counts there. Here tokens pay for retries, and it has none.
    let pushed = Error::unavailable("").with_no_retry();
    for error in malformed.into_iter().chain([pushed]) {
        let ran = policy.run(call(&GET), |_| async { Err::<(), _>(error.clone()) }).await;
        assert_eq!(ran.expect_err("no retry").code(), error.code());
    }
    assert_eq!(policy.standing().tokens, 500);
}

/// "Throttling also applies to hedged RPCs. The first outgoing RPC will always be sent, but subsequent hedged RPCs will only
/// be sent if `token_count` is greater than the threshold."
#[tokio::test(start_paused = true)]
async fn hedges_are_throttled() {
    let hedge = Some(HedgeConfig { after: HedgeAfter::Fixed(millis(500)), at_most: 3 });
    let retry = Some(RetryConfig { budget_floor: 1_000, ..STANDARD });
    let policy = Policy::new(PolicyConfig { hedge, retry, ..RETRIES }, Env::default());
    // What the one request answers that goes out once there are no tokens, and how the call ends.
    type Row = (u64, Option<fn() -> Error>, Option<Code>);
    let table: [Row; 2] = [
        // Late: waited for.
        (9_000, None, None),
        // Not fatal: "if there are no other already-sent hedged RPCs the failure is returned".
        (100, Some(|| Error::unavailable("")), Some(Code::Unavailable)),
    ];
    while policy.standing().tokens >= 14 {
        let gone = |_| async { Err::<(), _>(Error::unavailable("")) };
        assert!(policy.run(call(&GET), gone).await.is_err());
    }
    for (time, error, code) in table {
        let sent = Cell::new(0);
        let end = policy.run(call(&GET), |attempt: Attempt| {
            sent.set(attempt.number);
            async move {
                tokio::time::sleep(millis(time)).await;
                error.map_or(Ok(()), |error| Err(error()))
            }
        });
        let end: Result<()> = end.await;
        assert_eq!((sent.get(), end.err().map(|error| error.code())), (1, code));
    }
}

/// "Exponential Backoff": the `n`-th retry comes after `min(initialBackoff * backoffMultiplier^(n-1), maxBackoff)`. It grows
/// alike here, by twos.
///
/// The jitter is another. Since 2024 a pause there is that, times `random(0.8, 1.2)`; before, `random(0, that)`, as it is here
/// still: callers that were cut off together come back over the whole pause and not over the last two fifths of it, which is
/// what jitter is for.
#[tokio::test(start_paused = true)]
async fn exponential_backoff() {
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

/// "Retryable Status Codes": the service owner says which; where the contract says nothing, these. "In general, only status
/// codes that indicate the service did not process the request should be retried", and more where a method is idempotent,
/// which gRPC can't know and a contract says.
#[tokio::test(start_paused = true)]
async fn retryable_status_codes() {
    // The code; whether it is retried for what may be repeated, and for what may not, unless it never arrived.
    let table = [
        (Code::Unavailable, true),
        (Code::Aborted, true),
        (Code::ResourceExhausted, true),
        // Of one attempt: its caller is still there. The call's own deadline ends the call.
        (Code::DeadlineExceeded, true),
        (Code::Cancelled, false),
        (Code::Unknown, false),
        (Code::InvalidArgument, false),
        (Code::NotFound, false),
        (Code::AlreadyExists, false),
        (Code::PermissionDenied, false),
        (Code::FailedPrecondition, false),
        (Code::OutOfRange, false),
        (Code::Unimplemented, false),
        (Code::Internal, false),
        (Code::DataLoss, false),
        (Code::Unauthenticated, false),
    ];
    let now = Instant::now().into_std();
    for (code, again) in table {
        let verdict = |operation, error: Error| {
            let failed = Failed { operation, attempts: 1, error: &error, now, deadline: None };
            matches!(judge(&STANDARD, &failed, &MOST), Verdict::Again(_))
        };
        let found = [
            verdict(&GET, Error::new(code, "")),
            verdict(&PAY, Error::new(code, "")),
            verdict(&PAY, Error::new(code, "").with_unreached()),
        ];
        assert_eq!(found, [again, false, again], "{code:?}");
    }
}

/// "Pushback". That a negative number or none at all stands for "not at all" is the transport's to read; here is what
/// follows.
#[tokio::test(start_paused = true)]
async fn pushback() {
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
    // "Summary", 5: "If this attempt also fails, retry delay will reset to initial backoff": not here. A callee that asked for time and
    // failed again is not well; the pauses go on growing, as those of the AWS SDKs do.
    assert_eq!(after(Error::unavailable(""), 2, &MOST), Verdict::Again(millis(100)));
}

/// "Maximum Number of Retries", "Limits on Retries and Hedges", "Transparent Retries" and "Exposed Retry Metadata".
#[tokio::test(start_paused = true)]
async fn attempts() {
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

/// "When Retries are Valid": not once a call is committed. A request that can't be buffered is from its beginning; there a
/// stream is kept as long as it fits, here it never is. An answer is with its headers: here `run` returns with them, and
/// what happens to a stream later is its reader's to see.
#[tokio::test(start_paused = true)]
async fn when_retries_are_valid() {
    let hedge = Some(HedgeConfig { after: HedgeAfter::Fixed(millis(1)), at_most: 3 });
    for config in [RETRIES, PolicyConfig { hedge, ..RETRIES }] {
        let (policy, made) = (Policy::new(config, Env::default()), Cell::new(0));
        let end = policy.run(Call { replayable: false, ..call(&GET) }, |attempt| {
            made.set(attempt.number);
            async {
                tokio::time::sleep(millis(100)).await;
                Err::<(), _>(Error::unavailable(""))
            }
        });
        assert!(!end.await.expect_err("once").retried_below());
        assert_eq!(made.get(), 1);
    }
}

/// "Maximum Number of Retries": "gRPC's call deadline applies across all attempts for a given RPC", and "Hedging Policy": "to
/// the entire chain of hedged requests".
#[tokio::test(start_paused = true)]
async fn the_deadline_is_that_of_all_attempts() {
    let hedge = Some(HedgeConfig { after: HedgeAfter::Fixed(millis(50)), at_most: 3 });
    for (config, most) in [(RETRIES, 2), (PolicyConfig { hedge, ..RETRIES }, 4)] {
        let (policy, start) = (Policy::new(config, Env::default()), Instant::now());
        let (deadline, made) = (Some((start + millis(250)).into_std()), Cell::new(0));
        let slow = |attempt: Attempt| {
            made.set(attempt.number);
            assert!(attempt.deadline <= deadline, "{attempt:?}");
            async {
                tokio::time::sleep(millis(240)).await;
                Err::<(), _>(Error::unavailable(""))
            }
        };
        assert!(policy.run(Call { deadline, ..call(&GET) }, slow).await.is_err());
        assert!(start.elapsed() <= millis(250), "{:?}", start.elapsed());
        assert!((1..=most).contains(&made.get()), "{}", made.get());
    }
}

/// "Hedging Policy" and "Summary of Retry and Hedging Logic", by its five kinds of answers: how many requests go out, and how
/// it ends. `maxAttempts` counts the first one there; `at_most` here counts those beyond it.
#[tokio::test(start_paused = true)]
async fn hedging() {
    let hedge = Some(HedgeConfig { after: HedgeAfter::Fixed(millis(500)), at_most: 3 });
    let config = PolicyConfig {
        hedge,
        retry: Some(RetryConfig { attempts: 4, ..STANDARD }),
        ..PolicyConfig::timeouts(LONG)
    };
    // What each attempt answers, after how long; when it is over, how many went out, and with which code.
    type Plan = &'static [(u64, Option<fn() -> Error>)];
    let table: [(Plan, u64, u32, Option<Code>); 8] = [
        // 1. OK: the others are cancelled.
        (&[(1_200, None), (9_000, None), (9_000, None)], 1_200, 3, None),
        // Late all of them: one more every half second, four at most.
        (&[(9_000, None), (9_000, None), (9_000, None), (9_000, None)], 9_000, 4, None),
        // 2. Not fatal: the next goes out at once.
        (&[(100, Some(|| Error::unavailable(""))), (50, None)], 150, 2, None),
        // "Subsequent hedged requests will resume at hedgingDelay": half a second after that one.
        (&[(100, Some(|| Error::unavailable(""))), (9_000, None), (1, None)], 601, 3, None),
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

/// "Hedging Policy", `"hedgingDelay": "0s"`: "issues four RPCs simultaneously".
#[tokio::test(start_paused = true)]
async fn hedging_without_delay() {
    let hedge = Some(HedgeConfig { after: HedgeAfter::Fixed(millis(0)), at_most: 3 });
    let policy = Policy::new(PolicyConfig { hedge, ..RETRIES }, Env::default());
    let (start, sent) = (Instant::now(), Cell::new(Vec::new()));
    let end = policy.run(call(&GET), |attempt| {
        let mut all = sent.take();
        all.push((attempt.number, start.elapsed()));
        sent.set(all);
        async {
            tokio::time::sleep(millis(100)).await;
            Ok(())
        }
    });
    assert!(end.await.is_ok());
    let sent = sent.take();
    assert_eq!(sent.len(), 4, "{sent:?}");
    // Tokio's timer knows whole milliseconds: one is not a delay.
    assert!(sent.iter().all(|(_, at)| *at <= millis(3)), "{sent:?}");
}
