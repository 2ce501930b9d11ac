//! What an observer is told of decisions.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::observe::{Event, Observer};
use svckit_core::operation::{
    BreakerConfig, HedgeAfter, HedgeConfig, LimitConfig, LimitPer, Operation, PolicyConfig,
    RetryConfig, TimeoutConfig,
};
use svckit_policy::{Attempt, Call, Policy};

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
const PLAIN: PolicyConfig = PolicyConfig::timeouts(TimeoutConfig::STANDARD);

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        let line = match event {
            Event::Attempt { number, code, .. } => format!("attempt {number} {code:?}"),
            Event::Retry { attempt, code, .. } => format!("retry after {attempt} {code:?}"),
            Event::RetryRefused { why, .. } => format!("no retry {why:?}"),
            Event::Breaker { state, .. } => format!("breaker {state:?}"),
            Event::Rejected { side, by, .. } => format!("rejected {side:?} {by:?}"),
            Event::Hedge { after, .. } => format!("hedge {after:?}"),
            _ => "other".to_owned(),
        };
        self.0.lock().expect("no panic").push(line);
    }
}

impl Told {
    fn policy(self: &Arc<Self>, config: PolicyConfig) -> Policy {
        Policy::new(config, Env::default().observed_by(self.clone()))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

fn call() -> Call<'static> {
    Call { operation: &GET, deadline: None, replayable: true, who: None }
}

async fn gone(_: Attempt) -> Result<()> {
    Err(Error::unavailable("gone"))
}

#[tokio::test(start_paused = true)]
async fn attempts_retries_and_why_there_are_no_more() {
    let told = Arc::new(Told::default());
    let retry = RetryConfig { attempts: 2, ..RetryConfig::STANDARD };
    let policy = told.policy(PolicyConfig { retry: Some(retry), ..PLAIN });
    assert!(policy.run(call(), gone).await.is_err());
    let expected = [
        "attempt 1 Some(Unavailable)",
        "retry after 1 Unavailable",
        "attempt 2 Some(Unavailable)",
        "no retry Attempts",
    ];
    assert_eq!(told.take(), expected);
    let poor = RetryConfig { budget_percent: 0, budget_floor: 0, ..retry };
    let policy = told.policy(PolicyConfig { retry: Some(poor), ..PLAIN });
    assert!(policy.run(call(), gone).await.is_err());
    assert_eq!(told.take(), ["attempt 1 Some(Unavailable)", "no retry Budget"]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_on_its_way_round() {
    let told = Arc::new(Told::default());
    let policy = told.policy(PolicyConfig { breaker: Some(BreakerConfig::STANDARD), ..PLAIN });
    for _ in 0..6 {
        assert!(policy.run(call(), gone).await.is_err());
    }
    assert_eq!(
        told.take()[4..],
        ["attempt 1 Some(Unavailable)", "breaker Open", "rejected Client Breaker"]
    );
    tokio::time::sleep(Duration::from_secs(6)).await;
    for _ in 0..3 {
        assert!(policy.run(call(), |_| async { Ok(()) }).await.is_ok());
    }
    let expected = [
        "breaker HalfOpen",
        "attempt 1 None",
        "attempt 1 None",
        "attempt 1 None",
        "breaker Closed",
    ];
    assert_eq!(told.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_limit_and_a_hedge() {
    let told = Arc::new(Told::default());
    let limit = LimitConfig { every: Duration::from_secs(1), burst: 0, per: LimitPer::All };
    let hedge = HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(20)), at_most: 1 };
    let policy = told.policy(PolicyConfig { limit: Some(limit), hedge: Some(hedge), ..PLAIN });
    let late_once = |attempt: Attempt| async move {
        match attempt.number {
            1 => std::future::pending().await,
            _ => Ok(()),
        }
    };
    assert!(policy.run(call(), late_once).await.is_ok());
    assert!(policy.run(call(), late_once).await.is_err());
    assert_eq!(told.take(), ["hedge 20ms", "attempt 2 None", "rejected Client Limit"]);
}
