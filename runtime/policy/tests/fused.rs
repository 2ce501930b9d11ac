//! All policies together, on tokio's paused clock.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::operation::{
    BreakerConfig, BulkheadConfig, HedgeAfter, HedgeConfig, LimitConfig, LimitPer, Operation,
    PolicyConfig, RetryConfig, TimeoutConfig,
};
use svckit_policy::breaker::Phase;
use svckit_policy::{Attempt, Call, Policy};
use tokio::time::Instant;

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");

const PLAIN: PolicyConfig = PolicyConfig::timeouts(TimeoutConfig::STANDARD);
const RETRIES: PolicyConfig = PolicyConfig { retry: Some(RetryConfig::STANDARD), ..PLAIN };
const BREAKS: PolicyConfig = PolicyConfig { breaker: Some(BreakerConfig::STANDARD), ..PLAIN };

fn policy(config: PolicyConfig) -> Policy {
    Policy::new(config, Env::default())
}

fn call() -> Call<'static> {
    Call { operation: &GET, deadline: None, replayable: true, who: None }
}

fn within(time: Duration) -> Call<'static> {
    Call { deadline: Some((Instant::now() + time).into_std()), ..call() }
}

async fn gone(_: Attempt) -> Result<()> {
    Err(Error::unavailable("gone"))
}

async fn ready(_: Attempt) -> Result<()> {
    Ok(())
}

async fn hangs(_: Attempt) -> Result<()> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_refuses_and_lets_probes_through_after_its_time() {
    let policy = policy(BREAKS);
    for _ in 0..5 {
        assert!(policy.run(call(), gone).await.is_err());
    }
    assert_eq!(policy.phase(), Phase::Open);
    let refused = policy.run(call(), |_| async { panic!("nothing goes out") as Result<()> }).await;
    let error = refused.expect_err("open");
    assert_eq!((error.code(), error.refused()), (Code::Unavailable, Some(Refused::Breaker)));
    let after = error.retry_after().expect("a time");
    assert!(after > Duration::from_secs(4) && after < Duration::from_secs(6), "{after:?}");
    tokio::time::sleep(after).await;
    for _ in 0..3 {
        assert!(policy.run(call(), ready).await.is_ok());
    }
    assert_eq!(policy.phase(), Phase::Closed);
}

/// "A breaker's refusal spends no budget."
#[tokio::test(start_paused = true)]
async fn refusals_spend_no_budget() {
    let retry = RetryConfig { budget_percent: 0, budget_floor: 1, ..RetryConfig::STANDARD };
    let config = PolicyConfig { retry: Some(retry), ..BREAKS };
    let policy = policy(config);
    // Two calls of three attempts: five failures open it.
    for _ in 0..2 {
        assert!(policy.run(call(), gone).await.is_err());
    }
    assert_eq!(policy.phase(), Phase::Open);
    for _ in 0..100 {
        assert!(policy.run(within(Duration::from_secs(3)), ready).await.is_err());
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let asked = AtomicU32::new(0);
    let flaky = |_| async {
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Error::aborted("again")),
            _ => Ok(()),
        }
    };
    assert!(policy.run(call(), flaky).await.is_ok(), "there is budget left for a retry");
}

/// "A breaker wedged by a leaked probe permit": here, by callers that go away.
#[tokio::test(start_paused = true)]
async fn callers_that_go_away_do_not_wedge_a_half_open_breaker() {
    let policy = policy(BREAKS);
    for _ in 0..5 {
        assert!(policy.run(call(), gone).await.is_err());
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    for _ in 0..50 {
        let cut = tokio::time::timeout(Duration::from_millis(10), policy.run(call(), hangs));
        assert!(cut.await.is_err(), "its caller goes away");
    }
    for _ in 0..3 {
        assert!(policy.run(call(), ready).await.is_ok());
    }
    assert_eq!(policy.phase(), Phase::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_callee_that_hangs_opens_the_breaker_and_a_caller_in_a_hurry_does_not() {
    let policy = policy(BREAKS);
    for _ in 0..50 {
        assert!(policy.run(within(Duration::from_millis(100)), hangs).await.is_err());
    }
    assert_eq!(policy.phase(), Phase::Closed);
    for _ in 0..5 {
        let error = policy.run(call(), hangs).await.expect_err("its attempt is over");
        assert_eq!(error.code(), Code::DeadlineExceeded);
    }
    assert_eq!(policy.phase(), Phase::Open);
}

#[tokio::test(start_paused = true)]
async fn no_place_is_held_during_a_pause() {
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 0 });
    let retry = RetryConfig { base: Duration::from_secs(2), ..RetryConfig::STANDARD };
    let policy = Arc::new(policy(PolicyConfig { bulkhead, retry: Some(retry), ..PLAIN }));
    let first = tokio::spawn({
        let policy = policy.clone();
        async move { policy.run(call(), gone).await }
    });
    tokio::task::yield_now().await;
    // The first one has failed and waits: there is room.
    assert!(policy.run(call(), ready).await.is_ok());
    assert!(first.await.expect("no panic").is_err());
}

#[tokio::test(start_paused = true)]
async fn an_attempts_time_starts_once_it_has_its_place() {
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 1 });
    let policy = Arc::new(policy(PolicyConfig { bulkhead, ..PLAIN }));
    let slow = |_| async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        Ok(())
    };
    let first = tokio::spawn({
        let policy = policy.clone();
        async move { policy.run(call(), slow).await }
    });
    tokio::task::yield_now().await;
    let start = Instant::now();
    assert!(policy.run(call(), slow).await.is_ok(), "it waited 900 ms and then took 900 ms");
    assert_eq!(start.elapsed(), Duration::from_millis(1_800));
    assert!(first.await.expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_says_when_to_come_back() {
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 0 });
    let policy = Arc::new(policy(PolicyConfig { bulkhead, ..PLAIN }));
    let held = tokio::spawn({
        let policy = policy.clone();
        async move { policy.run(call(), hangs).await }
    });
    tokio::task::yield_now().await;
    let error = policy.run(call(), ready).await.expect_err("full");
    assert_eq!((error.code(), error.refused()), (Code::ResourceExhausted, Some(Refused::Bulkhead)));
    assert!(error.retry_after().is_some() && error.unreached());
    held.abort();
    let _ = held.await;
    assert!(policy.run(call(), ready).await.is_ok(), "a cancelled call leaves its place");
}

#[tokio::test(start_paused = true)]
async fn a_limit_refuses_what_is_beyond_it() {
    let every = Duration::from_millis(100);
    let limit = Some(LimitConfig { every, burst: 1, per: LimitPer::Tenant });
    let policy = policy(PolicyConfig { limit, ..PLAIN });
    let of = |who| Call { who: Some(who), ..call() };
    assert!(policy.run(of("a"), ready).await.is_ok());
    assert!(policy.run(of("a"), ready).await.is_ok());
    let error = policy.run(of("a"), ready).await.expect_err("used up");
    assert_eq!((error.refused(), error.retry_after()), (Some(Refused::Limit), Some(every)));
    assert!(policy.run(of("b"), ready).await.is_ok());
    tokio::time::sleep(every).await;
    assert!(policy.run(of("a"), ready).await.is_ok());
}

/// "Retries multiplying across layers."
#[tokio::test(start_paused = true)]
async fn three_layers_of_retries_make_three_attempts() {
    let layers = [policy(RETRIES), policy(RETRIES), policy(RETRIES)];
    let attempts = AtomicU32::new(0);
    let [top, middle, bottom] = &layers;
    let leaf = |_| async {
        attempts.fetch_add(1, Ordering::SeqCst);
        Err::<(), _>(Error::unavailable("gone"))
    };
    let result = top.run(call(), |_| middle.run(call(), |_| bottom.run(call(), leaf))).await;
    assert!(result.expect_err("gone").retried_below());
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
}

/// Calls at a steady pace through an outage; how many attempts each call made while it lasted.
async fn amplification(config: PolicyConfig) -> f64 {
    let (policy, attempts) = (Arc::new(policy(config)), Arc::new(AtomicU32::new(0)));
    let calls = 6_000_u32;
    let mut running = Vec::new();
    for _ in 0..calls {
        let (policy, attempts) = (policy.clone(), attempts.clone());
        running.push(tokio::spawn(async move {
            let attempt = |_| async {
                attempts.fetch_add(1, Ordering::SeqCst);
                gone(Attempt { number: 1, deadline: None }).await
            };
            policy.run(within(Duration::from_secs(3)), attempt).await
        }));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for one in running {
        assert!(one.await.expect("no panic").is_err());
    }
    f64::from(attempts.load(Ordering::SeqCst)) / f64::from(calls)
}

/// 30 s at 200 calls a second towards a callee that is gone.
#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied() {
    let with = amplification(RETRIES).await;
    assert!(with <= 1.2, "{with}");
    let unbounded = RetryConfig { budget_percent: 100_000, ..RetryConfig::STANDARD };
    // The token bucket holds without a budget too.
    let bucket = amplification(PolicyConfig { retry: Some(unbounded), ..PLAIN }).await;
    assert!(bucket <= 1.2, "{bucket}");
    let broken =
        amplification(PolicyConfig { breaker: Some(BreakerConfig::STANDARD), ..RETRIES }).await;
    assert!(broken < 0.1, "a breaker spares a callee that is gone: {broken}");
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_raced_and_the_loser_dropped() {
    struct Dropped(Arc<AtomicU32>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let hedge =
        Some(HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(100)), at_most: 2 });
    let policy = policy(PolicyConfig { hedge, ..RETRIES });
    let dropped = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let answer = policy.run(call(), |attempt| {
        let guard = Dropped(dropped.clone());
        async move {
            let _guard = guard;
            let time = if attempt.number == 1 { 900 } else { 50 };
            tokio::time::sleep(Duration::from_millis(time)).await;
            Ok(attempt.number)
        }
    });
    assert_eq!(answer.await.expect("the second one"), 2);
    assert_eq!(start.elapsed(), Duration::from_millis(150));
    assert_eq!(dropped.load(Ordering::SeqCst), 2, "the first one is cancelled");
}

#[tokio::test(start_paused = true)]
async fn hedges_are_paid_for_and_bounded() {
    let hedge =
        Some(HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(1)), at_most: 2 });
    let policy = policy(PolicyConfig { hedge, ..RETRIES });
    let asked = Arc::new(AtomicU32::new(0));
    for _ in 0..200 {
        let late = |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err::<(), _>(Error::internal("a bug"))
            }
        };
        assert!(policy.run(call(), late).await.is_err());
    }
    let asked = asked.load(Ordering::SeqCst);
    // The bucket pays for 35, and gets nothing back while all fail.
    assert_eq!(asked, 235);
}

#[tokio::test(start_paused = true)]
async fn other_numbers_hold_from_the_next_call_on() {
    let policy = policy(PLAIN);
    let quick = TimeoutConfig { attempt: Duration::from_millis(10), ..TimeoutConfig::STANDARD };
    policy.configure(PolicyConfig::timeouts(quick));
    let start = Instant::now();
    assert!(policy.run(call(), hangs).await.is_err());
    assert_eq!(start.elapsed(), Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_past_the_deadline() {
    let policy = policy(RETRIES);
    let now = Instant::now().into_std();
    let past = Call { deadline: Some(now), ..call() };
    let started = policy.run(past, |_| async { panic!("it has no time") as Result<()> }).await;
    let error = started.expect_err("past");
    assert!(error.code() == Code::DeadlineExceeded && error.unreached());
    let attempts = AtomicU32::new(0);
    let start = Instant::now();
    let slow = |_| {
        attempts.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            gone(Attempt { number: 1, deadline: None }).await
        }
    };
    assert!(policy.run(within(Duration::from_millis(500)), slow).await.is_err());
    assert!(start.elapsed() <= Duration::from_millis(500));
}
