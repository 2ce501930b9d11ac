//! Resilience, as a chapter: what each policy is for, what goes wrong without it, in which order they stand and why, and
//! the numbers they begin with.
//!
//! The policies are pure state machines: decisions with the time and the dice passed in. A test or a simulation plays a
//! day in a moment, and nothing here reads a clock or a random source of its own. [`Policy::run`] fuses the machines into
//! one call; [`Policed`] puts a policy per operation around a transport, which is the client's side of generated code, and
//! [`Served`] one before handlers, which is the server's; `PolicyLayer` (feature `tower`) is all of it as one layer for
//! those who use tower, axum or tonic without generated code.
//!
//! # A call that fails
//!
//! A process calls another, and the answer does not come. The caller does not know whether the callee is dead, slow, full,
//! or has done the work and lost the answer. It can wait, ask again, ask somebody else, or give up, and each of these is
//! right in one case and fatal in another:
//!
//! - **To wait without an end** holds a task, a connection and memory for each call. Whoever calls the caller waits, too;
//!   soon the whole system waits for one slow disk. So every call has a **deadline**, which travels: nobody works for a
//!   caller that has gone.
//! - **To ask again** mends most failures, for most of them pass: a connection that broke, an instance that restarts. It
//!   also doubles the load on a callee that fails because of its load. Three layers that try three times each make 27
//!   requests of one. So [`retry`] pauses, by chance and longer each time; a [`budget`] bounds retries as a share of all
//!   calls, and a [`throttle`] ends them in a run of failures; and an answer says whether it was *retried below*, so that
//!   one layer alone retries. What is neither idempotent nor known never to have arrived is not repeated at all.
//! - **To go on asking** a callee that has been down for a minute makes each call wait for its time limit, and greets the
//!   callee, once it is up, with a crowd. A [`breaker`] refuses at once, and later lets few probes through; if a part of
//!   the endpoints fails, it is a breaker each that leaves them out, and [`outlier`] sees to it that never most of them are.
//! - **To let everybody in** shares a failure with those who have nothing to do with it: one slow callee takes all the
//!   tasks, connections and memory that a process has. A [`bulkhead`] bounds what runs at once, with a short queue in
//!   which nobody waits for longer than an attempt may take; a [`limit`] bounds what is taken in a time, and shares it out
//!   among callers or tenants.
//! - **To wait for the slowest** of many instances makes the p99 of one the median of a page that asks a hundred. A
//!   [`hedge`] asks a second one once the first is later than most are, and pays for it from the same budget.
//! - **To give up** loses a page because of its ornament. A [`fallback`] answers with what was true lately, where the
//!   contract says that this is better than nothing.
//!
//! # The order, outermost first
//!
//! ```text
//! fallback → deadline → limit → retry or hedge, within budget and throttle → breaker → bulkhead → attempt's time limit → the call
//! ```
//!
//! | layer | decides | it stands there because |
//! | --- | --- | --- |
//! | [`fallback`] | whether another answer is better than none | only the end of the whole call says that there is none; refusals of all that follows are such ends, too |
//! | deadline | whether anybody still waits | it bounds all that follows, pauses included |
//! | [`limit`] | how many calls in a time | a call counts once, however often it is tried |
//! | [`retry`] or [`hedge`] | whether another attempt follows | each attempt is to meet the breaker and to find a place anew; no place is held during a pause |
//! | [`budget`], [`throttle`] | whether that is paid for | a refusal of the breaker never went out, and costs nothing |
//! | [`breaker`] | whether the callee is asked at all | it must see every attempt, and not wait in a queue before it says no |
//! | [`bulkhead`] | how many attempts run at once | the queue is for a callee that works |
//! | attempt's time limit | when an attempt has failed | its clock starts once there is a place: a wait in our own queue is not the callee's fault |
//!
//! Other orders have names in the accounts of outages. A breaker outside of the retries sees one failure where there were
//! three. A bulkhead outside of them holds its places through pauses, and is full of calls that do nothing. Layers that
//! take permits when they are asked whether they are *ready* deadlock under load (tower's readiness contract); here there
//! is one layer, always ready, which takes what it needs inside of the call.
//!
//! # Which of them, when
//!
//! | what you see | the policy | and not |
//! | --- | --- | --- |
//! | single failures that pass | [`retry`] | a breaker: it would refuse the healthy rest |
//! | a callee that is down or slow for seconds | [`breaker`] | retries: they add load to what has too much |
//! | a callee that is full | a [`bulkhead`] or [`limit`] before its handlers, `resource_exhausted` with a time to come again | a breaker in its callers, which swings between nothing and all |
//! | some endpoints fail, others do not | a breaker each, and [`outlier`] | one breaker, which gives up the healthy ones |
//! | the slowest answers hurt, the others are quick | [`hedge`] | a shorter time limit, which fails what would have come |
//! | one caller takes everything | [`limit`] per caller | a bulkhead: it does not know who is in it |
//!
//! # The numbers
//!
//! [`PolicyConfig::STANDARD`] is what holds where nobody says otherwise. The numbers of a contract come from its `policy`
//! blocks; a deployment's configuration overrides them while a program runs, within the range that the compiler found
//! safe. Who makes policies by hand changes them by [`Policy::configure`], which takes what it is given.
//!
//! | | standard | where it comes from |
//! | --- | --- | --- |
//! | connect, attempt, total | 500 ms, 1 s, 3 s | a leaf's; operations that call others get the sum of their callees' |
//! | attempts, pauses | 3; full jitter in \[0, 50 ms · 2ⁿ\], at most 20 s; base 1 s after `resource_exhausted` | AWS, "Exponential Backoff And Jitter" (2015), and the SDKs' standard mode |
//! | what is retried | `unavailable`, `aborted`, `resource_exhausted`, and an attempt that took too long | gRPC's A6: what says that the callee did not do it |
//! | a callee's `Retry-After` | never sooner, and spread over 5 s beyond it | ours; the AWS SDKs cut it to 5 s beyond their own pause, where here the deadline cuts it |
//! | budget | 20 % of the calls of the last 10 s, and 10/s | Finagle's `RetryBudget` |
//! | throttle | 500 tokens; a retry costs 14, a throttled one 5 | AWS SDKs; gRPC's A6 is the same idea |
//! | breaker | 5 in a row; of ≥ 20 calls in 10 s, 50 % failed or 80 % slower than 2 s, which only an attempt that may take longer can be; open 5 s, doubling to 60 s; 3 probes | Nygard, "Release It!" (2007); resilience4j, Polly v8, linkerd |
//! | endpoints left out | at most 10 %, and never the last one | Envoy's `max_ejection_percent`, gRPC's A50 |
//! | hedge | none; `after p95` costs at most 5 % more requests | Dean and Barroso, "The Tail at Scale" (2013) |
//! | bulkhead, limit | none; a limit is a token bucket, in the form of the generic cell rate algorithm | ITU-T I.371 |
//!
//! # By hand
//!
//! A [`Policy`] governs the calls of one operation towards one callee, and is made once: what it remembers is what it
//! decides by. What an [`Operation`] says, above all whether it is a query or a command and what makes a command
//! idempotent, decides what may be repeated; the code of an [`Error`], by gRPC's canonical codes, says what a failure
//! means. An [`Env`] is all that a policy knows of the world: the clock, the dice, who is told, and the overrides. The
//! default is the real one; its clock is tokio's, which a test can pause, and then a day of back-offs takes no time.
//!
//! ```
//! use svckit_policy::{Call, Env, Error, Operation, Policy, PolicyConfig};
//!
//! static QUOTE: Operation = Operation::query("bank.Rates", "Quote", "/quote");
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let policy = Policy::new(PolicyConfig::STANDARD, Env::default());
//! let call = Call { operation: &QUOTE, deadline: policy.total(), replayable: true, who: None };
//! let answer = policy
//!     .run(call, |attempt| async move {
//!         // The first attempt meets a callee that restarts.
//!         if attempt.number == 1 { Err(Error::unavailable("connection refused")) } else { Ok(108) }
//!     })
//!     .await;
//! assert_eq!(answer.unwrap(), 108);
//! # });
//! ```
//!
//! The machines can be had one by one, too, with the clock in hand:
//!
//! ```
//! use std::time::{Duration, Instant};
//! use svckit_policy::budget::Budget;
//!
//! let mut now = Instant::now();
//! let mut budget = Budget::new(20, 0, now);
//! (0..10).for_each(|_| budget.call(now));
//! assert!(budget.retry(now) && budget.retry(now)); // 20 % of ten calls
//! assert!(!budget.retry(now));
//! now += Duration::from_secs(10); // the calls are forgotten, and what they paid for
//! assert!(!budget.retry(now));
//! ```
//!
//! # With tower
//!
//! `PolicyLayer` takes the place of a stack of layers. It is told what an answer means, by a function of it:
//!
#![cfg_attr(feature = "tower", doc = "```")]
#![cfg_attr(not(feature = "tower"), doc = "```ignore")]
//! use std::sync::Arc;
//! use svckit_policy::{Env, Error, Failure, Operation, Policy, PolicyConfig, PolicyLayer};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! static QUOTE: Operation = Operation::query("bank.Rates", "Quote", "/quote");
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let policy = Arc::new(Policy::new(PolicyConfig::STANDARD, Env::default()));
//! let service = ServiceBuilder::new()
//!     .layer(PolicyLayer::new(policy, &QUOTE, |answer: &Result<u32, std::io::Error>| {
//!         answer.as_ref().err().map(|error| Error::unavailable(error.to_string()))
//!     }))
//!     .service_fn(|currency: &'static str| async move {
//!         match currency {
//!             "EUR" => Ok(108),
//!             _ => Err(std::io::Error::other("no such rate")),
//!         }
//!     });
//! assert_eq!(service.clone().oneshot("EUR").await.unwrap(), 108);
//! // After three attempts: the error of the service itself.
//! assert!(matches!(service.oneshot("XYZ").await, Err(Failure::Service(_))));
//! # });
//! ```
//!
//! # Before axum's handlers
//!
//! On the server's side a policy protects the handlers: a limit, a bulkhead, a time limit. Nothing is repeated there, and
//! a request of axum can't be cloned: `once` says so.
//!
#![cfg_attr(feature = "tower", doc = "```")]
#![cfg_attr(not(feature = "tower"), doc = "```ignore")]
//! use std::convert::Infallible;
//! use std::sync::Arc;
//! use axum::{Router, body::Body, error_handling::HandleErrorLayer, routing::get};
//! use http::{HeaderMap, Request, Response, StatusCode};
//! use svckit_policy::*;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! static QUOTE: Operation = Operation::query("bank.Rates", "Quote", "/quote");
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let config = PolicyConfig {
//!     // One call a second for each API key, and one more at once; no breaker: the callee is this process.
//!     limit: Some(LimitConfig { every: std::time::Duration::from_secs(1), burst: 1, per: LimitPer::Caller }),
//!     bulkhead: Some(BulkheadConfig { concurrent: 64, queue: 128 }),
//!     breaker: None,
//!     ..PolicyConfig::STANDARD
//! };
//! let policy = Arc::new(Policy::new(config, Env::default()));
//! let judge = |_: &Result<Response<Body>, Infallible>| None;
//! let key = |request: &Request<Body>| Some(request.headers().get("x-api-key")?.to_str().ok()?.to_owned());
//! let refused = |failure: Failure<Infallible>| async move {
//!     let mut headers = HeaderMap::new();
//!     let status = match &failure {
//!         Failure::Policy(error) if error.code() == Code::ResourceExhausted => {
//!             let after = error.retry_after().unwrap_or_default().as_secs() + 1;
//!             headers.insert("retry-after", after.into());
//!             StatusCode::TOO_MANY_REQUESTS
//!         }
//!         _ => StatusCode::GATEWAY_TIMEOUT,
//!     };
//!     (status, headers, failure.to_string())
//! };
//! let app: Router = Router::new().route("/quote", get(|| async { "108" })).layer(
//!     ServiceBuilder::new()
//!         .layer(HandleErrorLayer::new(refused))
//!         .layer(PolicyLayer::new(policy, &QUOTE, judge).once().per(key)),
//! );
//! let ask = |key: &str| {
//!     let request = Request::get("/quote").header("x-api-key", key).body(Body::empty()).unwrap();
//!     let answer = app.clone().oneshot(request);
//!     async move { answer.await.unwrap().status().as_u16() }
//! };
//! assert_eq!([ask("a").await, ask("a").await, ask("a").await, ask("b").await], [200, 200, 429, 200]);
//! # });
//! ```
//!
//! # Around a client of tonic
//!
//! A message is cloned for each attempt, and the attempt's time travels as `grpc-timeout`:
//!
//! ```
//! use svckit_policy::{Attempt, Call, Code, Env, Error, Idempotency, Operation, Policy, PolicyConfig};
//! # #[derive(Clone)] struct HelloRequest { name: String }
//! # #[derive(Clone)] struct GreeterClient;
//! # impl GreeterClient {
//! #     async fn say_hello(&mut self, request: tonic::Request<HelloRequest>) -> Result<tonic::Response<String>, tonic::Status> {
//! #         assert!(request.metadata().contains_key("grpc-timeout"));
//! #         Ok(tonic::Response::new(request.into_inner().name))
//! #     }
//! # }
//!
//! static HELLO: Operation = Operation::command("helloworld.Greeter", "SayHello", "/helloworld.Greeter/SayHello")
//!     .idempotency(Idempotency::Natural);
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! # let client = GreeterClient;
//! let policy = Policy::new(PolicyConfig::STANDARD, Env::default());
//! let message = HelloRequest { name: "Ada".into() };
//! let call = Call { operation: &HELLO, deadline: policy.total(), replayable: true, who: None };
//! let answer = policy.run(call, |attempt: Attempt| {
//!     let (mut client, mut request) = (client.clone(), tonic::Request::new(message.clone()));
//!     if let Some(at) = attempt.deadline {
//!         request.set_timeout(at.saturating_duration_since(tokio::time::Instant::now().into_std()));
//!     }
//!     async move {
//!         let status = |status: tonic::Status| {
//!             Error::new(Code::from_number(status.code() as i32), status.message().to_owned())
//!         };
//!         client.say_hello(request).await.map_err(status)
//!     }
//! });
//! assert_eq!(answer.await.unwrap().into_inner(), "Ada");
//! # });
//! ```
//!
//! # What is seen of it
//!
//! A policy that nobody sees is blamed for what it prevented. Each decision is told to the observer of the [`Env`]
//! (`Env::observed_by`): an attempt and its end, a retry and why there was none, a breaker that opens, a refusal and by
//! which gate; `svckit-telemetry` makes spans and metrics of them. [`Policy::standing`] says what is in use now. A refusal
//! says of itself, too, [by whom](Error::refused) and [after which time](Error::retry_after) it makes sense to come back.
//!
//! # What a cancelled call leaves behind
//!
//! Nothing but counts: dropping the future of [`Policy::run`] drops the attempts that are under way, which gives back
//! places in bulkheads and probes of breakers; a probe that even so is lost comes back with its lease. The budget keeps
//! what was counted.
//!
//! # What is not here
//!
//! Limits that adapt themselves (AIMD, Vegas, gradient) need an owner who watches them, and are worth it in a proxy that
//! sees all traffic. Discovery and the choice among endpoints are a crate of their own, `svckit-discovery`, which uses
//! [`breaker`] and [`outlier`] for each endpoint.

#[doc(alias = "circuit breaker")]
pub mod breaker;
#[doc(alias = "retry budget")]
pub mod budget;
pub mod bulkhead;
pub mod fallback;
#[doc(alias = "speculative retry")]
pub mod hedge;
#[cfg(feature = "tower")]
mod layer;
#[doc(alias = "rate limiter")]
pub mod limit;
#[doc(alias = "outlier detection")]
pub mod outlier;
mod policed;
pub mod retry;
mod run;
mod served;
#[doc(alias = "retry throttling")]
pub mod throttle;

// The words of a policy, so that who uses this crate alone finds them here.
pub use svckit_core::clock::Env;
pub use svckit_core::error::{Code, Error};
pub use svckit_core::operation::{
    Backoff, BreakerConfig, BulkheadConfig, HedgeAfter, HedgeConfig, Idempotency, Jitter,
    LimitConfig, LimitPer, Operation, PolicyConfig, RetryConfig, TimeoutConfig,
};

#[cfg(feature = "tower")]
pub use self::layer::{By, Caller, Cloned, Everybody, Failure, Guarded, Once, PolicyLayer, Replay};
pub use self::policed::Policed;
pub use self::run::{Attempt, Call, Policy, Standing};
pub use self::served::Served;
