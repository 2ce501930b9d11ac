//! What is let in to the handlers.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Accept, Answer, Body, IncomingCall, Principal, PrincipalKind, metadata};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::observe::{Event, Gate, Observer};
use svckit_core::operation::{
    Auth, BulkheadConfig, Change, LimitConfig, LimitPer, Live, Operation, PolicyConfig,
    ServiceDescriptor, TimeoutConfig,
};
use svckit_policy::Served;
use tokio::time::Instant;

const PLAIN: PolicyConfig = PolicyConfig::timeouts(TimeoutConfig::STANDARD);

/// Takes a second for each call.
struct Slow;

impl Accept for Slow {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        static SERVICE: ServiceDescriptor = ServiceDescriptor {
            name: "t.v1.T",
            wire_name: "t.v1.T",
            operations: &[],
            calls: &[],
            auth: Auth::NONE,
            file_descriptor: None,
        };
        vec![&SERVICE]
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Answer::one(Bytes::new()))
        }
        .boxed()
    }
}

fn call() -> IncomingCall {
    IncomingCall::new(Body::One(Bytes::new()))
}

fn from(peer: &str) -> IncomingCall {
    IncomingCall { peer: Some(peer.into()), ..call() }
}

fn served() -> Served {
    Served::new(Arc::new(Slow), Env::default())
}

fn refusal(answer: Result<Answer>) -> Option<Refused> {
    answer.err().and_then(|error: Error| error.refused())
}

const fn limited(per: LimitPer) -> PolicyConfig {
    PolicyConfig {
        limit: Some(LimitConfig { every: Duration::from_secs(3_600), burst: 0, per }),
        ..PLAIN
    }
}

const fn full(queue: u32) -> PolicyConfig {
    PolicyConfig { bulkhead: Some(BulkheadConfig { concurrent: 2, queue }), ..PLAIN }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_limits_is_let_in_and_what_is_served_is_told() {
    static FREE: Operation = Operation::query("t.v1.T", "Free", "/t.v1.T/Free").policy(PLAIN);
    let served = served();
    assert_eq!(served.services().len(), 1);
    let all = (0..1_000).map(|_| served.accept(&FREE, call()));
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn who_comes_too_late_takes_no_share() {
    static ALL: Operation =
        Operation::query("t.v1.T", "All", "/t.v1.T/All").policy(limited(LimitPer::All));
    let served = served();
    for _ in 0..3 {
        let late = IncomingCall { deadline: Some(Instant::now().into_std()), ..call() };
        // It is the host within that says so.
        assert!(served.accept(&ALL, late).await.is_ok());
    }
    let in_time = Instant::now().into_std() + Duration::from_secs(9);
    let in_time = || IncomingCall { deadline: Some(in_time), ..call() };
    assert!(served.accept(&ALL, in_time()).await.is_ok());
    let refused = served.accept(&ALL, in_time()).await.map(drop).unwrap_err();
    assert_eq!(refused.refused(), Some(Refused::Limit));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_for_all_for_each_caller_or_for_each_tenant() {
    static ALL: Operation =
        Operation::query("t.v1.T", "All", "/t.v1.T/All").policy(limited(LimitPer::All));
    static CALLER: Operation =
        Operation::query("t.v1.T", "Caller", "/t.v1.T/Caller").policy(limited(LimitPer::Caller));
    static TENANT: Operation =
        Operation::query("t.v1.T", "Tenant", "/t.v1.T/Tenant").policy(limited(LimitPer::Tenant));
    let served = served();
    let known = |peer, subject: &str| {
        let principal = Principal::new(PrincipalKind::Jwt, subject);
        IncomingCall { principal: Some(Arc::new(principal)), ..from(peer) }
    };
    let of = |tenant| {
        let mut call = from("10.0.0.1:4000");
        call.meta.set(metadata::TENANT, tenant);
        call
    };
    let table: [(&Operation, IncomingCall, bool); 12] = [
        (&ALL, from("10.0.0.1:4000"), true),
        (&ALL, from("10.0.0.2:4000"), false),
        (&CALLER, from("10.0.0.1:4000"), true),
        (&CALLER, from("10.0.0.1:4001"), false),
        (&CALLER, from("10.0.0.2:4001"), true),
        (&CALLER, from("local"), true),
        (&CALLER, from("local:pipe"), true),
        (&CALLER, from("local:pipe"), false),
        (&CALLER, known("10.0.0.1:4000", "ada"), true),
        (&CALLER, known("10.0.0.9:4000", "ada"), false),
        (&TENANT, of("a"), true),
        (&TENANT, of("b"), true),
    ];
    for (row, (operation, call, let_in)) in table.into_iter().enumerate() {
        let operation: &'static Operation = match operation.name {
            "All" => &ALL,
            "Caller" => &CALLER,
            _ => &TENANT,
        };
        let refused = refusal(served.accept(operation, call).await);
        assert_eq!(refused, (!let_in).then_some(Refused::Limit), "row {row}");
    }
    let error = served.accept(&TENANT, of("a")).await.expect_err("its share is used");
    assert!(error.code() == Code::ResourceExhausted && error.unreached());
    let after = error.retry_after().expect("a time");
    assert!(after > Duration::from_secs(3_500) && after <= Duration::from_secs(3_600), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn two_run_one_waits_and_the_rest_is_told_when_to_come_back() {
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(full(1));
    let (served, start) = (served(), Instant::now());
    let all = (0..4).map(|_| served.accept(&GET, call()));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(start.elapsed(), Duration::from_secs(2), "one after the first two");
    let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    let [error] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!((error.code(), error.refused()), (Code::ResourceExhausted, Some(Refused::Bulkhead)));
    assert!(error.unreached() && error.retry_after().is_some());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_place_beyond_the_callers_deadline() {
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(full(9));
    let (served, start) = (served(), Instant::now());
    let busy = futures_util::future::join(served.accept(&GET, call()), served.accept(&GET, call()));
    let soon = (start + Duration::from_millis(100)).into_std();
    let hurried = async {
        let hurried = IncomingCall { deadline: Some(soon), ..call() };
        let refused = refusal(served.accept(&GET, hurried).await);
        (refused, start.elapsed())
    };
    let (_, (refused, waited)) = futures_util::future::join(busy, hurried).await;
    assert_eq!(refused, Some(Refused::Bulkhead));
    assert_eq!(waited, Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn what_matters_less_gives_way_and_observers_are_told_by_what() {
    static LESS: Operation =
        Operation::query("t.v1.T", "Less", "/t.v1.T/Less").policy(full(0)).shed(50);
    static LIMITED: Operation =
        Operation::query("t.v1.T", "Limited", "/t.v1.T/Limited").policy(limited(LimitPer::All));
    static FULL: Operation = Operation::query("t.v1.T", "Full", "/t.v1.T/Full").policy(full(0));
    #[derive(Default)]
    struct Told(Mutex<Vec<Gate>>);
    impl Observer for Told {
        fn observe(&self, event: &Event<'_>) {
            if let Event::Rejected { by, .. } = event {
                self.0.lock().expect("no panic").push(*by);
            }
        }
    }
    let told = Arc::new(Told::default());
    let served = Served::new(Arc::new(Slow), Env::default().observed_by(told.clone()));
    for (operation, calls) in [(&LESS, 2), (&LIMITED, 2), (&FULL, 3)] {
        let all = (0..calls).map(|_| served.accept(operation, call()));
        let answers = futures_util::future::join_all(all).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), calls - 1);
    }
    assert_eq!(*told.0.lock().expect("no panic"), [Gate::Shed, Gate::Limit, Gate::Bulkhead]);
}

#[tokio::test(start_paused = true)]
async fn overridden_numbers_hold_and_who_is_inside_keeps_a_place() {
    static GET: Operation =
        Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(full(0)).safe("t.v1.P", "{}");
    let live = Live::changing();
    let env = Env { live: live.clone(), ..Env::default() };
    let served = Served::new(Arc::new(Slow), env);
    let set = |change: fn(&mut PolicyConfig)| {
        let change: Change = Arc::new(change);
        live.set(BTreeMap::from([("t.v1.P".to_owned(), change)]));
    };
    let let_in = async |calls: usize| {
        let all = (0..calls).map(|_| served.accept(&GET, call()));
        futures_util::future::join_all(all).await.iter().filter(|answer| answer.is_ok()).count()
    };
    assert_eq!(let_in(5).await, 2);
    set(|config| config.bulkhead = Some(BulkheadConfig { concurrent: 4, queue: 0 }));
    assert_eq!(let_in(5).await, 4);
    // The same bulkhead: who runs in it, counts.
    let running = served.accept(&GET, call());
    let meanwhile = async {
        set(|config| {
            config.bulkhead = Some(BulkheadConfig { concurrent: 4, queue: 0 });
            config.timeout.attempt = Duration::from_secs(9);
        });
        let_in(5).await
    };
    let (_, taken) = futures_util::future::join(running, meanwhile).await;
    assert_eq!(taken, 3);
}
