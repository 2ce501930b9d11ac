//! What retries add to an outage, over sockets: a callee that answers `unavailable` for a while, and counts how often it
//! is asked.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shop::shop::common::v1::Sku;
use shop::shop::inventory::v1::inventory::{self, StockLevelRequest};
use svckit::{Channel, Env};
use svckit_core::call::{Accept, Answer, Body, IncomingCall, OutgoingCall, Transport};
use svckit_core::error::{Error, Result as Answered};
use svckit_core::operation::{
    Operation, PolicyConfig, RetryConfig, ServiceDescriptor, TimeoutConfig,
};
use svckit_policy::retry::{self, Failed, judge};
use svckit_policy::{Call, Policed, Policy};
use svckit_transport_grpc::{ClientOptions, GrpcClient, GrpcServer, ServerOptions};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::run::Verdict;

/// How long all is well before.
const BEFORE: Duration = Duration::from_secs(1);
/// What a stock of mugs is on the wire.
const MUGS: &[u8] = b"\x0a\x05MUG-1";

/// What bounds the retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Everything that the contract says.
    Contract,
    /// Its budgets alone, without its breaker.
    Budgets,
    /// The same attempts and pauses, and nothing that bounds their number over all calls.
    Nothing,
}

/// All of them.
pub const BOUNDS: [Bounds; 3] = [Bounds::Contract, Bounds::Budgets, Bounds::Nothing];

impl Bounds {
    fn name(self) -> &'static str {
        match self {
            Self::Contract => "as in the contract",
            Self::Budgets => "budgets, no breaker",
            Self::Nothing => "no budgets, no breaker",
        }
    }

    /// A client's way over `inner`.
    fn over(self, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        let env = Env::default();
        match self {
            Self::Contract => Arc::new(Policed::new(inner, env)),
            Self::Budgets => {
                let config = PolicyConfig { breaker: None, ..inventory::STOCK_LEVEL.policy };
                Arc::new(Bounded { policy: Arc::new(Policy::new(config, env)), inner })
            }
            Self::Nothing => {
                let config = PolicyConfig::timeouts(TimeoutConfig::STANDARD);
                let once =
                    Arc::new(Bounded { policy: Arc::new(Policy::new(config, env.clone())), inner });
                Arc::new(Unbounded { once, env })
            }
        }
    }
}

/// What an outage was for the callee.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Calls that were made.
    pub calls: u64,
    /// How often the callee was asked.
    pub attempts: u64,
}

impl Seen {
    /// How often for each call.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
    pub fn amplification(&self) -> f64 {
        self.attempts as f64 / self.calls.max(1) as f64
    }
}

/// An outage of `time` at `rate` calls a second, a line for each of [`BOUNDS`]; how it went. Where a callee without
/// budgets is not asked more than twice per call, it was this machine that bounded the load.
///
/// # Errors
/// What could not be played.
pub async fn amplification(time: Duration, rate: u32) -> Result<(String, Verdict)> {
    let (mut table, mut wrong, mut busy) = (String::new(), Vec::new(), None);
    for bounds in BOUNDS {
        let seen = outage(bounds, time, rate).await?;
        let (name, amplified) = (bounds.name(), seen.amplification());
        let Seen { calls, attempts } = seen;
        writeln!(table, "{name:<24} {calls:>7} calls {attempts:>7} attempts   x {amplified:.3}")?;
        match bounds {
            Bounds::Nothing if amplified < 2.0 => {
                busy =
                    Some(format!("{rate} calls a second, each three times, were too many for it"));
            }
            Bounds::Contract | Bounds::Budgets if amplified > 1.2 => {
                wrong.push(format!("{name}: x {amplified:.3} is more than 1.2"));
            }
            _ => {}
        }
    }
    let verdict = match busy {
        _ if !wrong.is_empty() => Verdict::Broken(wrong),
        Some(why) => Verdict::Busy(why),
        None => Verdict::Held,
    };
    Ok((table, verdict))
}

/// One outage.
///
/// # Errors
/// What could not be played.
pub async fn outage(bounds: Bounds, time: Duration, rate: u32) -> Result<Seen> {
    let callee = Arc::new(Callee::default());
    let options = ServerOptions { reflection: false, ..ServerOptions::default() };
    let server = GrpcServer::bind("127.0.0.1:0", callee.clone(), Env::default(), options).await?;
    let url = format!("http://{}", server.address());
    let (drain, kill) = (CancellationToken::new(), CancellationToken::new());
    let serving = tokio::spawn(server.serve(drain, kill.clone()));
    let grpc = GrpcClient::new(&url, ClientOptions::default(), Env::default())?;
    let client = inventory::Client::new(Channel::new(bounds.over(Arc::new(grpc)), Env::default()));
    let before = calls(&client, BEFORE, rate).await;
    if let Some(error) = before.iter().flatten().next() {
        return Err(format!("all is to be well before the outage: {error}").into());
    }
    callee.out.store(true, Ordering::SeqCst);
    let during = calls(&client, time, rate).await;
    let seen = Seen {
        calls: u64::try_from(during.len())?,
        attempts: callee.attempts.load(Ordering::SeqCst),
    };
    kill.cancel();
    serving.await?;
    Ok(seen)
}

/// Calls at a steady pace, whatever becomes of those before; what they failed with.
async fn calls(client: &inventory::Client, time: Duration, rate: u32) -> Vec<Option<Error>> {
    let (start, mut running) = (Instant::now(), JoinSet::new());
    let sku = Sku::new("MUG-1").expect("it is a product's number");
    let gap = Duration::from_secs(1) / rate.max(1);
    let mut at = Duration::ZERO;
    while at < time {
        sleep_until(start + at).await;
        let (client, sku) = (client.clone(), sku.clone());
        running.spawn(async move { client.stock_level(StockLevelRequest { sku }).await.err() });
        at += gap;
    }
    running.join_all().await
}

/// Answers, or does not; counts how often it is asked while it does not.
#[derive(Debug, Default)]
struct Callee {
    out: AtomicBool,
    attempts: AtomicU64,
}

impl Accept for Callee {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        vec![&inventory::DESCRIPTOR]
    }

    fn accept(
        &self,
        _: &'static Operation,
        _: IncomingCall,
    ) -> BoxFuture<'static, Answered<Answer>> {
        let out = self.out.load(Ordering::SeqCst);
        self.attempts.fetch_add(u64::from(out), Ordering::SeqCst);
        async move {
            if out {
                return Err(Error::unavailable("an outage"));
            }
            Ok(Answer::one(Bytes::from_static(MUGS)))
        }
        .boxed()
    }
}

/// A policy put together by hand, over a transport.
struct Bounded {
    policy: Arc<Policy>,
    inner: Arc<dyn Transport>,
}

impl Transport for Bounded {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Answered<Answer>> {
        let (policy, inner) = (self.policy.clone(), self.inner.clone());
        async move {
            let OutgoingCall { meta, deadline, body } = call;
            let Body::One(bytes) = body else {
                return inner.call(operation, OutgoingCall { meta, deadline, body }).await;
            };
            let governed = Call { operation, deadline, replayable: true, who: None };
            let run = policy.run(governed, |attempt| {
                let (meta, deadline, body) =
                    (meta.clone(), attempt.deadline, Body::One(bytes.clone()));
                inner.call(operation, OutgoingCall { meta, deadline, body })
            });
            run.await
        }
        .boxed()
    }
}

/// Asks again as `standard` has it, but for its budgets.
struct Unbounded {
    once: Arc<Bounded>,
    env: Env,
}

impl Transport for Unbounded {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Answered<Answer>> {
        let (once, env) = (self.once.clone(), self.env.clone());
        async move {
            let OutgoingCall { meta, deadline, body } = call;
            let Body::One(bytes) = body else {
                return once.call(operation, OutgoingCall { meta, deadline, body }).await;
            };
            let mut attempts = 0;
            loop {
                attempts += 1;
                let (meta, body) = (meta.clone(), Body::One(bytes.clone()));
                let error = match once.call(operation, OutgoingCall { meta, deadline, body }).await
                {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                let failed =
                    Failed { operation, attempts, error: &error, now: env.clock.now(), deadline };
                match judge(&RetryConfig::STANDARD, &failed, &*env.rng) {
                    retry::Verdict::Again(pause) => sleep(pause).await,
                    retry::Verdict::Stop(_) => return Err(error),
                }
            }
        }
        .boxed()
    }
}
