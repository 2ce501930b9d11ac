//! The policies as one layer of tower.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error};
use svckit_core::operation::{
    BulkheadConfig, Idempotency, LimitConfig, LimitPer, Operation, PolicyConfig, RetryConfig,
    TimeoutConfig,
};
use svckit_policy::{Failure, Policy, PolicyLayer};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

static GET: Operation = Operation::query("t.v1.T", "Get", "/get");
static PAY: Operation = Operation::command("t.v1.T", "Pay", "/pay").idempotency(Idempotency::None);

type Answer = Result<u32, &'static str>;

fn judge(answer: &Answer) -> Option<Error> {
    answer.as_ref().err().map(|error| Error::unavailable(*error))
}

fn policy(config: PolicyConfig) -> Arc<Policy> {
    Arc::new(Policy::new(config, Env::default()))
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_and_the_services_own_error_comes_back() {
    let asked = Arc::new(AtomicU32::new(0));
    let flaky = |asked: &Arc<AtomicU32>, until: u32| {
        let asked = asked.clone();
        service_fn(move |n: u32| {
            let at = asked.fetch_add(1, Ordering::SeqCst);
            async move { if at < until { Err("gone") } else { Ok(n) } }
        })
    };
    let get = PolicyLayer::new(policy(PolicyConfig::STANDARD), &GET, judge);
    assert_eq!(get.layer(flaky(&asked, 2)).oneshot(7).await.expect("the third attempt"), 7);
    asked.store(0, Ordering::SeqCst);
    let error = get.layer(flaky(&asked, 100)).oneshot(7).await.expect_err("never");
    assert!(matches!(error, Failure::Service("gone")), "{error}");
    assert_eq!(asked.swap(0, Ordering::SeqCst), 3);
    let pay = PolicyLayer::new(policy(PolicyConfig::STANDARD), &PAY, judge);
    assert!(pay.layer(flaky(&asked, 100)).oneshot(7).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "what is not idempotent is not repeated");
}

#[tokio::test(start_paused = true)]
async fn time_limits_are_the_policys_error() {
    let hangs = service_fn(|_: u32| std::future::pending::<Answer>());
    let config = PolicyConfig { retry: None, ..PolicyConfig::STANDARD };
    let layer = PolicyLayer::new(policy(config), &GET, judge);
    let error = layer.layer(hangs).oneshot(1).await.expect_err("it hangs");
    assert!(matches!(error, Failure::Policy(e) if e.code() == Code::DeadlineExceeded));
}

/// "Tower's readiness contract broken under load": services that are asked for readiness and never called hold nothing,
/// and two layers over one small service do not wait for each other.
#[tokio::test(start_paused = true)]
async fn towers_readiness_contract_broken_under_load() {
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 100 });
    let retry = Some(RetryConfig { attempts: 1, ..RetryConfig::STANDARD });
    let config = PolicyConfig { bulkhead, retry, breaker: None, ..PolicyConfig::STANDARD };
    let slow = service_fn(|n: u32| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok::<_, &'static str>(n)
    });
    let inner = ServiceBuilder::new().buffer(1).concurrency_limit(1).service(slow);
    let judge = |answer: &Result<u32, tower::BoxError>| {
        answer.as_ref().err().map(|error| Error::unavailable(error.to_string()))
    };
    let outer = PolicyLayer::new(policy(config), &GET, judge).layer(inner);
    // Many clones say that they are ready, and are never called.
    let mut idle = vec![outer.clone(); 50];
    // Who waits for what nobody gives waits for longer than all calls take.
    const LONG: Duration = Duration::from_secs(600);
    for one in &mut idle {
        let ready = tokio::time::timeout(LONG, one.ready()).await;
        ready.expect("the idle hold nothing").expect("always");
    }
    let calls: Vec<_> = (0..50)
        .map(|n| {
            let mut service = outer.clone();
            tokio::spawn(async move { service.ready().await.expect("always").call(n).await })
        })
        .collect();
    for (n, call) in (0..).zip(calls) {
        let answer = tokio::time::timeout(LONG, call).await.expect("nobody waits for the other");
        assert_eq!(answer.expect("no panic").expect("its turn"), n);
    }
}

/// "Tower's readiness contract": a service that is not ready for a moment, as tokio's are once a task has used up its turn, is
/// taken for full by a layer that sheds load by that.
#[tokio::test(start_paused = true)]
async fn a_task_that_used_up_its_turn_is_not_told_that_the_place_is_taken() {
    let bulkhead = Some(BulkheadConfig { concurrent: 1, queue: 0 });
    let policy = policy(PolicyConfig { bulkhead, ..PolicyConfig::STANDARD });
    let layer = PolicyLayer::new(policy, &GET, judge);
    let service = layer.layer(service_fn(|n: u32| async move { Answer::Ok(n) }));
    let always_free = tokio::sync::Semaphore::new(1);
    let turns = (0..10_000).take_while(|_| always_free.acquire().now_or_never().is_some()).count();
    assert!(turns < 10_000, "the turn is used up");
    let answer = service.oneshot(7).now_or_never();
    assert!(matches!(answer, Some(Ok(7))), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_is_told_in_the_words_of_who_made_it() {
    let get = PolicyLayer::new(
        policy(PolicyConfig { retry: None, ..PolicyConfig::STANDARD }),
        &GET,
        judge,
    );
    let fails = service_fn(|_: u32| async { Err("the service's own") as Answer });
    let error = get.layer(fails).oneshot(7).await.expect_err("it fails");
    assert_eq!(error.to_string(), "the service's own");
    let hangs = service_fn(|_: u32| std::future::pending::<Answer>());
    let error = get.layer(hangs).oneshot(7).await.expect_err("it takes too long");
    let Failure::Policy(policys) = &error else { panic!("{error}") };
    assert_eq!(error.to_string(), policys.to_string());
}

/// What can't be cloned is sent once, though the policy would try again.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_copied_is_sent_once() {
    struct Own(u32);
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let fails = service_fn(move |Own(n): Own| {
        counted.fetch_add(n, Ordering::SeqCst);
        async { Err::<u32, _>("gone") }
    });
    let layer = || PolicyLayer::new(policy(PolicyConfig::STANDARD), &GET, judge);
    assert!(layer().once().layer(fails.clone()).oneshot(Own(1)).await.is_err());
    assert_eq!(asked.swap(0, Ordering::SeqCst), 1);
    let copied = layer().replayed_by(|Own(n): &Own| (*n > 1).then_some(Own(*n)));
    assert!(copied.layer(fails.clone()).oneshot(Own(1)).await.is_err());
    assert_eq!(asked.swap(0, Ordering::SeqCst), 1, "there is no copy of it");
    assert!(copied.layer(fails).oneshot(Own(2)).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 6, "three attempts");
}

/// All attempts together have the policy's total time.
#[tokio::test(start_paused = true)]
async fn the_total_time_ends_the_attempts() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let slow = service_fn(move |_: u32| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            Answer::Err("gone")
        }
    });
    let timeout = TimeoutConfig { total: Duration::from_millis(1500), ..TimeoutConfig::STANDARD };
    let layer =
        PolicyLayer::new(policy(PolicyConfig { timeout, ..PolicyConfig::STANDARD }), &GET, judge);
    let begun = tokio::time::Instant::now();
    assert!(layer.layer(slow).oneshot(1).await.is_err());
    assert!(begun.elapsed() <= Duration::from_millis(1500), "{:?}", begun.elapsed());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_a_share_of_its_own() {
    let limit =
        Some(LimitConfig { every: Duration::from_secs(1), burst: 0, per: LimitPer::Caller });
    let config = PolicyConfig { limit, ..PolicyConfig::STANDARD };
    let layer = PolicyLayer::new(policy(config), &GET, judge).per(|n: &u32| Some(n.to_string()));
    let service = layer.layer(service_fn(|n: u32| async move { Answer::Ok(n) }));
    for (n, taken) in [(1, true), (1, false), (2, true), (2, false)] {
        assert_eq!(service.clone().oneshot(n).await.is_ok(), taken, "{n}");
    }
}
