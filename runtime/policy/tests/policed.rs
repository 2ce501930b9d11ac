//! A client's way with the policies of each operation.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Answer, Body, Format, Metadata, OutgoingCall, Transport, metadata};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::operation::{
    BreakerConfig, BulkheadConfig, Change, Fallback, HedgeAfter, HedgeConfig, Idempotency,
    LimitConfig, LimitPer, Live, Operation, PolicyConfig, RetryConfig, TimeoutConfig,
};
use svckit_policy::Policed;

const PLAIN: PolicyConfig = PolicyConfig::timeouts(TimeoutConfig::STANDARD);

/// Answers with the request, until it is told to fail.
#[derive(Default)]
struct Callee {
    asked: AtomicU32,
    fails: Mutex<Option<Error>>,
    by_endpoint: AtomicBool,
}

impl Callee {
    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::SeqCst)
    }

    fn fail(&self, error: Option<Error>) {
        *self.fails.lock().expect("no panic") = error;
    }
}

impl Transport for Callee {
    fn call(
        &self,
        _: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let error = self.fails.lock().expect("no panic").clone();
        async move {
            match (error, call.body) {
                (Some(error), _) => Err(error),
                (None, Body::One(bytes)) => Ok(Answer::one(bytes)),
                (None, stream) => Ok(Answer { meta: Metadata::default(), body: stream }),
            }
        }
        .boxed()
    }

    fn guards_endpoints(&self) -> bool {
        self.by_endpoint.load(Ordering::SeqCst)
    }
}

struct Client {
    callee: Arc<Callee>,
    way: Policed,
}

impl Client {
    fn new(env: Env) -> Self {
        let callee = Arc::new(Callee::default());
        Self { way: Policed::new(callee.clone(), env), callee }
    }

    async fn ask(&self, operation: &'static Operation, text: &'static str) -> Result<Bytes> {
        self.ask_for("", operation, text).await
    }

    async fn ask_for(
        &self,
        tenant: &str,
        operation: &'static Operation,
        text: &'static str,
    ) -> Result<Bytes> {
        let mut meta = Metadata::default();
        if !tenant.is_empty() {
            meta.set(metadata::TENANT, tenant);
        }
        let body = Body::One(Bytes::from_static(text.as_bytes()));
        let answer = self.way.call(operation, OutgoingCall { meta, deadline: None, body }).await?;
        match answer.body {
            Body::One(bytes) => Ok(bytes),
            _ => Err(Error::internal("another form")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_deadlines() {
    assert!(Client::new(Env::default()).way.keeps_deadline());
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_stands_in_for_a_callee_that_is_not_there() {
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get")
        .policy(PLAIN)
        .fallback(Fallback::Cached(Duration::from_secs(60)));
    let client = Client::new(Env::default());
    assert_eq!(client.ask_for("a", &GET, "x").await.expect("answered"), "x");
    client.callee.fail(Some(Error::unavailable("gone")));
    assert_eq!(client.ask_for("a", &GET, "x").await.expect("the old answer"), "x");
    assert!(client.ask_for("b", &GET, "x").await.is_err(), "of another tenant");
    assert!(client.ask_for("a", &GET, "y").await.is_err(), "to another request");
    client.callee.fail(Some(Error::not_found("none")));
    let error = client.ask_for("a", &GET, "x").await.expect_err("what the callee says, stands");
    assert_eq!(error.code(), Code::NotFound);
    client.callee.fail(Some(Error::unavailable("gone")));
    tokio::time::sleep(Duration::from_secs(61)).await;
    let error = client.ask_for("a", &GET, "x").await.expect_err("too old");
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_stands_in_for_one_of_its_form() {
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get")
        .policy(PLAIN)
        .fallback(Fallback::Cached(Duration::from_secs(60)));
    let client = Client::new(Env::default());
    let ask = async |format: Format| {
        let (meta, body) = (Metadata::default(), Body::of(Bytes::from_static(b"{}"), format));
        let answer = client.way.call(&GET, OutgoingCall { meta, deadline: None, body }).await?;
        answer.body.message().map(|(_, format)| format).ok_or_else(|| Error::internal("a stream"))
    };
    assert_eq!(ask(Format::Json).await.expect("answered"), Format::Json);
    client.callee.fail(Some(Error::unavailable("gone")));
    assert_eq!(ask(Format::Json).await.expect("the old answer"), Format::Json);
    assert!(ask(Format::Wire).await.is_err(), "the same bytes are another request");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_value_stands_in_and_for_a_refusal_too() {
    const BREAKS: PolicyConfig = PolicyConfig { breaker: Some(BreakerConfig::STANDARD), ..PLAIN };
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get")
        .policy(BREAKS)
        .fallback(Fallback::Value(|| Bytes::from_static(b"instead")));
    let client = Client::new(Env::default());
    assert_eq!(client.ask(&GET, "x").await.expect("answered"), "x");
    client.callee.fail(Some(Error::unavailable("gone")));
    for _ in 0..10 {
        assert_eq!(client.ask(&GET, "x").await.expect("stood in for"), "instead");
    }
    assert_eq!(client.callee.asked(), 6, "the breaker is open after five");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_stands_in_the_error_is_the_answer() {
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(PLAIN);
    let client = Client::new(Env::default());
    assert_eq!(client.ask(&GET, "x").await.expect("answered"), "x");
    client.callee.fail(Some(Error::unavailable("gone")));
    assert_eq!(client.ask(&GET, "x").await.expect_err("gone").code(), Code::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn each_tenant_has_a_share_of_its_own() {
    const LIMITED: PolicyConfig = PolicyConfig {
        limit: Some(LimitConfig { every: Duration::from_secs(1), burst: 1, per: LimitPer::Tenant }),
        ..PLAIN
    };
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(LIMITED);
    let client = Client::new(Env::default());
    for tenant in ["a", "b", ""] {
        for _ in 0..2 {
            assert!(client.ask_for(tenant, &GET, "x").await.is_ok(), "{tenant:?}");
        }
        let error = client.ask_for(tenant, &GET, "x").await.expect_err("used up");
        assert_eq!(error.refused(), Some(Refused::Limit), "{tenant:?}");
    }
}

/// The numbers that are set while it runs hold from the next call on; those of endpoints are not set here.
#[tokio::test(start_paused = true)]
async fn overridden_numbers_hold_from_the_next_call_on() {
    const BREAKS: PolicyConfig = PolicyConfig { breaker: Some(BreakerConfig::STANDARD), ..PLAIN };
    static GET: Operation =
        Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(BREAKS).safe("t.v1.P", "{}");
    for by_endpoint in [false, true] {
        let live = Live::changing();
        let client = Client::new(Env { live: live.clone(), ..Env::default() });
        client.callee.by_endpoint.store(by_endpoint, Ordering::SeqCst);
        assert!(client.ask(&GET, "x").await.is_ok());
        let change: Change = Arc::new(|config| {
            config.breaker = Some(BreakerConfig { min_calls: 2, ..BreakerConfig::STANDARD });
            config.limit = Some(LimitConfig {
                every: Duration::from_secs(3_600),
                burst: 1,
                per: LimitPer::All,
            });
        });
        live.set(BTreeMap::from([("t.v1.P".to_owned(), change)]));
        client.callee.fail(Some(Error::unavailable("gone")));
        let mut refused = Vec::new();
        for _ in 0..3 {
            refused.push(client.ask(&GET, "x").await.expect_err("gone").refused());
        }
        // One of two failed, which is enough for a breaker that needs two calls; endpoints have theirs elsewhere.
        let breaker = (!by_endpoint).then_some(Refused::Breaker);
        assert_eq!(refused, [None, breaker, Some(Refused::Limit)], "by endpoint: {by_endpoint}");
        live.set(BTreeMap::new());
        client.callee.fail(None);
        let open = client.ask(&GET, "x").await.err().and_then(|error| error.refused());
        assert_eq!(open, breaker, "the contract's numbers again, and what is remembered stays");
    }
}

/// Keeps what it is sent, and is never there.
#[derive(Default)]
struct Lost(Mutex<Vec<OutgoingCall>>);

impl Transport for Lost {
    fn call(
        &self,
        _: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        self.0.lock().expect("no panic").push(call);
        async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(Error::unavailable("gone"))
        }
        .boxed()
    }
}

/// A callee tells a repetition from another request by its key, its caller and its bytes: all of them are those of the first
/// attempt, whether one follows the other or they race.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_repeated_is_the_same_call() {
    const HEDGE: HedgeConfig =
        HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(5)), at_most: 2 };
    const RETRIES: PolicyConfig = PolicyConfig { retry: Some(RetryConfig::STANDARD), ..PLAIN };
    static PAY: Operation = Operation::command("t.v1.T", "Pay", "/t.v1.T/Pay")
        .idempotency(Idempotency::ByCaller)
        .policy(RETRIES);
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get")
        .policy(PolicyConfig { hedge: Some(HEDGE), ..RETRIES });
    for operation in [&PAY, &GET] {
        let lost = Arc::new(Lost::default());
        let mut meta = Metadata::default();
        meta.set(metadata::IDEMPOTENCY_KEY, "8e03978e");
        meta.set(metadata::TENANT, "acme");
        let body = Body::One(Bytes::from_static(b"100 EUR"));
        let call = OutgoingCall { meta, deadline: None, body };
        let policed = Policed::new(lost.clone(), Env::default());
        assert!(policed.call(operation, call).await.is_err());
        let sent = std::mem::take(&mut *lost.0.lock().expect("no panic"));
        assert_eq!(sent.len(), 3, "{}", operation.name);
        for call in sent {
            assert_eq!(call.meta.get(metadata::IDEMPOTENCY_KEY), Some("8e03978e"));
            assert_eq!(call.meta.get(metadata::TENANT), Some("acme"));
            assert!(matches!(call.body, Body::One(bytes) if bytes == "100 EUR"));
        }
    }
}

/// Whoever watches sees what each operation has in use, and nothing of one that was never called.
#[tokio::test(start_paused = true)]
async fn what_is_in_use_is_told_of_each_operation() {
    const TWO: BulkheadConfig = BulkheadConfig { concurrent: 2, queue: 0 };
    const BUSY: PolicyConfig = PolicyConfig { bulkhead: Some(TWO), ..PLAIN };
    static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(BUSY);
    static LIST: Operation = Operation::query("t.v1.T", "List", "/t.v1.T/List").policy(BUSY);
    let policed = Policed::new(Arc::new(Lost::default()), Env::default());
    let call = || {
        let body = Body::One(Bytes::new());
        policed.call(&GET, OutgoingCall { meta: Metadata::default(), deadline: None, body })
    };
    assert_eq!(policed.standing(&GET), None);
    let running = || policed.standing(&GET).map(|standing| standing.running);
    let (one, two, ()) = tokio::join!(call(), call(), async {
        assert_eq!(running(), Some(2));
        assert_eq!(policed.standing(&LIST), None);
    });
    assert!(one.is_err() && two.is_err());
    assert_eq!(running(), Some(0));
}
