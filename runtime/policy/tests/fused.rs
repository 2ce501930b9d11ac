//! All policies together, on tokio's paused clock.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::operation::{
    BreakerConfig, BulkheadConfig, HedgeAfter, HedgeConfig, LimitConfig, LimitPer, Operation,
    PolicyConfig, RetryConfig, Shape, TimeoutConfig,
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
    // Half of an attempt's time is enough to judge by.
    let patient = crate::policy(BREAKS);
    for _ in 0..5 {
        assert!(patient.run(within(Duration::from_millis(500)), hangs).await.is_err());
    }
    assert_eq!(patient.phase(), Phase::Open);
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

/// The deadline is the outermost layer: callers whose time is over take no share, and earn nobody a retry.
#[tokio::test(start_paused = true)]
async fn who_comes_too_late_takes_nothing_from_those_who_do_not() {
    let limit = Some(LimitConfig { every: Duration::from_secs(1), burst: 0, per: LimitPer::All });
    let retry = RetryConfig { budget_percent: 100, budget_floor: 0, ..RetryConfig::STANDARD };
    let policy = policy(PolicyConfig { limit, retry: Some(retry), ..PLAIN });
    for _ in 0..10 {
        let error = policy.run(within(Duration::ZERO), ready).await.expect_err("too late");
        assert_eq!((error.code(), error.refused()), (Code::DeadlineExceeded, None));
    }
    assert_eq!(policy.standing().retries, 0);
    assert!(policy.run(call(), ready).await.is_ok(), "its share is whole");
    assert_eq!(policy.standing().retries, 1);
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

/// Each endpoint has a breaker of its own there.
#[tokio::test(start_paused = true)]
async fn without_a_breaker_there_is_none_afterwards_either() {
    let policy = Policy::without_breaker(BREAKS, Env::default());
    for renewed in [false, true] {
        assert_eq!(policy.config().breaker, None);
        for _ in 0..100 {
            let error = policy.run(call(), gone).await.expect_err("gone");
            assert_eq!(error.refused(), None, "renewed: {renewed}");
        }
        assert_eq!(policy.phase(), Phase::Closed);
        policy.configure(BREAKS);
    }
}

#[tokio::test(start_paused = true)]
async fn only_queries_that_answer_once_and_can_be_sent_again_are_hedged() {
    static PUT: Operation = Operation::command("t.v1.T", "Put", "/t.v1.T/Put");
    static WATCH: Operation =
        Operation::query("t.v1.T", "Watch", "/t.v1.T/Watch").shape(Shape::ServerStream);
    let hedge = HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(10)), at_most: 1 };
    let config = PolicyConfig { hedge: Some(hedge), retry: Some(RetryConfig::STANDARD), ..PLAIN };
    let streamed = Call { replayable: false, ..call() };
    let table = [
        (call(), 2),
        (streamed, 1),
        (Call { operation: &PUT, ..call() }, 1),
        (Call { operation: &WATCH, ..call() }, 1),
    ];
    for (call, most) in table {
        let (policy, sent) = (policy(config), AtomicU32::new(0));
        let slow = |_| async {
            sent.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(())
        };
        assert!(policy.run(call, slow).await.is_ok());
        assert_eq!(sent.load(Ordering::SeqCst), most, "{}", call.operation.name);
    }
}

/// "An answer says whether it was retried below."
#[tokio::test(start_paused = true)]
async fn an_error_says_that_it_was_retried_only_if_it_was() {
    let (once, thrice) = (policy(PLAIN), policy(RETRIES));
    assert!(!once.run(call(), gone).await.expect_err("gone").retried_below());
    assert!(thrice.run(call(), gone).await.expect_err("gone").retried_below());
    let stopped = |_| async { Err(Error::not_found("none")) as Result<()> };
    assert!(!thrice.run(call(), stopped).await.expect_err("none").retried_below());
}

/// Who found no place has asked nobody: there is nothing to pay for.
#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_is_asked_again_though_there_is_no_budget() {
    let retry = RetryConfig { budget_percent: 0, budget_floor: 0, ..RetryConfig::STANDARD };
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 0 });
    let policy = Arc::new(policy(PolicyConfig { bulkhead, retry: Some(retry), ..PLAIN }));
    let first = {
        let policy = policy.clone();
        tokio::spawn(async move {
            let brief = |_| async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(())
            };
            policy.run(call(), brief).await
        })
    };
    tokio::task::yield_now().await;
    assert!(policy.run(call(), ready).await.is_ok(), "the second try finds the place free");
    assert!(first.await.expect("no panic").is_ok());
    assert!(!policy.run(call(), gone).await.expect_err("gone").retried_below(), "nor is there any");
}

/// The standard retry mode's costs: five for one that is throttled, fourteen for any other.
#[tokio::test(start_paused = true)]
async fn a_throttled_retry_costs_less_than_another() {
    let retry = RetryConfig {
        attempts: 1_000,
        budget_percent: 100,
        budget_floor: 10_000,
        ..RetryConfig::STANDARD
    };
    for (error, retries) in
        [(Error::unavailable("gone"), 500 / 14), (Error::resource_exhausted("slow down"), 500 / 5)]
    {
        let (policy, sent) =
            (policy(PolicyConfig { retry: Some(retry), ..PLAIN }), AtomicU32::new(0));
        let fails = |_| {
            sent.fetch_add(1, Ordering::SeqCst);
            let error = error.clone();
            async { Err(error) as Result<()> }
        };
        assert!(policy.run(call(), fails).await.is_err());
        assert_eq!(sent.swap(0, Ordering::SeqCst) - 1, retries, "{error}");
        for _ in 0..14 {
            assert!(policy.run(call(), ready).await.is_ok());
        }
        assert!(policy.run(call(), fails).await.is_err());
        let paid = 14 / (500 / retries);
        assert!(sent.load(Ordering::SeqCst) > paid, "each success gives a little back: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_used_up_stays_so_under_other_numbers_of_other_things() {
    let retry = RetryConfig { budget_percent: 0, budget_floor: 1, ..RetryConfig::STANDARD };
    let policy = policy(PolicyConfig { retry: Some(retry), ..PLAIN });
    let retries = async || {
        let sent = AtomicU32::new(0);
        for _ in 0..20 {
            let fails = |_| {
                sent.fetch_add(1, Ordering::SeqCst);
                gone(Attempt { number: 1, deadline: None })
            };
            assert!(policy.run(call(), fails).await.is_err());
        }
        sent.load(Ordering::SeqCst) - 20
    };
    let at_once = |retry| RetryConfig { base: Duration::ZERO, cap: Duration::ZERO, ..retry };
    policy.configure(PolicyConfig { retry: Some(at_once(retry)), ..PLAIN });
    assert_eq!(retries().await, 10, "one a second, for ten seconds");
    let more = RetryConfig { attempts: 5, ..at_once(retry) };
    policy.configure(PolicyConfig { retry: Some(more), ..PLAIN });
    assert_eq!(retries().await, 0);
    let larger = RetryConfig { budget_floor: 2, ..more };
    policy.configure(PolicyConfig { retry: Some(larger), ..PLAIN });
    assert_eq!(retries().await, 20, "another budget begins anew");
}

#[tokio::test(start_paused = true)]
async fn who_is_in_a_bulkhead_keeps_the_place_under_other_numbers_of_other_things() {
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 0 });
    let config = PolicyConfig { bulkhead, ..PLAIN };
    let policy = policy(config);
    let slow = |_| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    };
    let meanwhile = async {
        let breaker = Some(BreakerConfig::STANDARD);
        policy.configure(PolicyConfig { breaker, ..config });
        let error = policy.run(call(), ready).await.expect_err("the only place is taken");
        assert_eq!(error.refused(), Some(Refused::Bulkhead));
        let two = Some(BulkheadConfig { concurrent: 2, queue: 0 });
        policy.configure(PolicyConfig { bulkhead: two, ..config });
        policy.run(call(), ready).await
    };
    let (first, second) = tokio::join!(policy.run(call(), slow), meanwhile);
    assert!(first.is_ok() && second.is_ok());
}

/// What is known of a callee's times is not lost with an override.
#[tokio::test(start_paused = true)]
async fn a_hedge_knows_its_times_under_other_numbers() {
    let hedge = |permille| HedgeConfig { after: HedgeAfter::Permille(permille), at_most: 1 };
    let config = PolicyConfig { hedge: Some(hedge(950)), ..RETRIES };
    let policy = policy(config);
    let takes = |millis| {
        move |_| async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Ok(())
        }
    };
    for _ in 0..50 {
        assert!(policy.run(call(), takes(10)).await.is_ok());
    }
    policy.configure(PolicyConfig { hedge: Some(hedge(990)), ..config });
    let sent = AtomicU32::new(0);
    let late_once = |_| {
        let first = sent.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            tokio::time::sleep(Duration::from_millis(if first { 400 } else { 10 })).await;
            Ok(())
        }
    };
    let start = Instant::now();
    assert!(policy.run(call(), late_once).await.is_ok());
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
}

/// What each attempt of a hedged call does: after how long, and with what.
async fn raced(policy: &Policy, attempts: &[(u64, Result<u32>)]) -> (Result<u32>, u32) {
    let sent = AtomicU32::new(0);
    let play = |_| {
        let at = sent.fetch_add(1, Ordering::SeqCst) as usize;
        async move {
            let (millis, answer) = attempts[at].clone();
            tokio::time::sleep(Duration::from_millis(millis)).await;
            answer
        }
    };
    let answer = policy.run(call(), play).await;
    (answer, sent.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn a_race_ends_with_the_first_answer_or_the_last_error() {
    let hedge = HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(10)), at_most: 1 };
    let config = PolicyConfig { hedge: Some(hedge), ..RETRIES };
    let gone = || Err(Error::unavailable("gone"));
    let none = || Err(Error::not_found("none"));

    let (answer, sent) = raced(&policy(config), &[(20, gone()), (60, Ok(2))]).await;
    assert_eq!((answer.expect("the second is waited for"), sent), (2, 2));
    let (answer, sent) = raced(&policy(config), &[(1, gone()), (60, Ok(2))]).await;
    assert_eq!((answer.expect("asked again at once"), sent), (2, 2));
    let (answer, sent) = raced(&policy(config), &[(20, gone()), (60, gone())]).await;
    assert!(answer.expect_err("both are gone").retried_below() && sent == 2);
    let (answer, sent) = raced(&policy(config), &[(1, none()), (60, Ok(2))]).await;
    assert_eq!((answer.expect_err("that is an answer").code(), sent), (Code::NotFound, 1));

    // Of the request itself all would say the same; of itself a callee speaks for nobody else.
    let (answer, _) = raced(&policy(config), &[(60, Ok(1)), (5, none())]).await;
    assert_eq!(answer.expect_err("that is an answer").code(), Code::NotFound);
    for of_itself in [Error::internal("a bug"), Error::aborted("try again"), Error::unavailable("")]
    {
        let (answer, sent) = raced(&policy(config), &[(60, Ok(1)), (5, Err(of_itself))]).await;
        assert_eq!((answer.expect("the first is waited for"), sent), (1, 2));
    }

    // A race is as long as the hedge says, whatever retries would be.
    let retry = Some(RetryConfig { attempts: 2, ..RetryConfig::STANDARD });
    let long = PolicyConfig { hedge: Some(HedgeConfig { at_most: 3, ..hedge }), retry, ..config };
    let attempts = [(1, gone()), (1, gone()), (1, gone()), (1, Ok(4))];
    let (answer, sent) = raced(&policy(long), &attempts).await;
    assert_eq!((answer.expect("the fourth"), sent), (4, 4));

    let poor = RetryConfig { budget_percent: 0, budget_floor: 0, ..RetryConfig::STANDARD };
    let poor = policy(PolicyConfig { retry: Some(poor), ..config });
    let (answer, sent) = raced(&poor, &[(50, gone()), (1, Ok(2))]).await;
    assert!(!answer.expect_err("nobody paid for another").retried_below() && sent == 1);
}
