//! What retries add to an outage, over sockets, by generated clients and a generated server: a warehouse that answers
//! `unavailable` for a while, always or now and then, and counts how often it is asked.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shop::shop::common::v1::Sku;
use shop::shop::inventory::v1::Stock;
use shop::shop::inventory::v1::inventory::{self, StockLevelRequest};
use shop::shop::orders::v1::orders::OrderPlaced;
use svckit::{App, Channel, Env, Streaming};
use svckit_core::call::{Answer, Body, OutgoingCall, Transport};
use svckit_core::error::{Error, Result as Answered};
use svckit_core::operation::{Operation, PolicyConfig, RetryConfig, TimeoutConfig};
use svckit_policy::retry::{self, Failed, judge};
use svckit_policy::{Call, Policy};
use svckit_transport_grpc::{ClientOptions, GrpcClient};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Result;
use crate::run::Verdict;

/// How long all is well before.
const BEFORE: Duration = Duration::from_secs(1);
/// The service.
const INVENTORY: &str = "shop.inventory.v1.Inventory";

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

    /// A client of the warehouse at `url`.
    async fn client(self, url: &str) -> Result<inventory::Client> {
        if self == Self::Contract {
            return Ok(inventory::Client::connect(&App::local().endpoint(INVENTORY, url)).await?);
        }
        let env = Env::default();
        let inner: Arc<dyn Transport> =
            Arc::new(GrpcClient::new(url, ClientOptions::default(), env.clone())?);
        let bounded = |config| {
            Arc::new(Bounded { policy: Arc::new(Policy::new(config, env.clone())), inner })
        };
        let transport: Arc<dyn Transport> = if self == Self::Budgets {
            bounded(PolicyConfig { breaker: None, ..inventory::STOCK_LEVEL.policy })
        } else {
            let once = bounded(PolicyConfig::timeouts(TimeoutConfig::STANDARD));
            Arc::new(Unbounded { once, env: env.clone() })
        };
        Ok(inventory::Client::new(Channel::new(transport, env)))
    }
}

/// The outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// How long.
    pub time: Duration,
    /// Calls a second.
    pub rate: u32,
    /// Of a hundred attempts so many fail.
    pub fails: u32,
}

impl Outage {
    /// How often the callee may be asked per call. Where nobody is answered, 1.2 times: the bucket of tokens is empty soon.
    /// Else what the budget is: 20 % of the calls and ten retries a second, which are also there for the ten seconds before.
    #[must_use]
    pub fn most(&self) -> f64 {
        let RetryConfig { budget_percent, budget_floor, .. } = RetryConfig::STANDARD;
        let share = f64::from(budget_percent) / 100.0;
        if self.fails >= 100 {
            return 1.0 + share;
        }
        let seconds = self.time.as_secs_f64();
        1.0 + share + f64::from(budget_floor) * (seconds + 10.0) / (f64::from(self.rate) * seconds)
    }

    /// How often it would be asked with nothing but three attempts.
    fn unbounded(&self) -> f64 {
        let again = f64::from(self.fails) / 100.0;
        1.0 + again + again * again
    }
}

/// What an outage was for the callee.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Calls that were made.
    pub calls: u64,
    /// Calls that were answered in the end.
    pub answered: u64,
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

/// Plays an outage, a line for each of [`BOUNDS`]; how it went. Where a callee without budgets is not asked so often as
/// its callers want to, it was this machine that bounded the load.
///
/// # Errors
/// What could not be played.
pub async fn amplification(outage: Outage) -> Result<(String, Verdict)> {
    let (mut table, mut wrong, mut busy) = (String::new(), Vec::new(), None);
    for bounds in BOUNDS {
        let seen = play(bounds, outage).await?;
        let (name, amplified) = (bounds.name(), seen.amplification());
        let Seen { calls, attempts, answered } = seen;
        writeln!(
            table,
            "{name:<24} {calls:>7} calls {answered:>7} answered {attempts:>7} attempts   x {amplified:.3}"
        )?;
        match bounds {
            Bounds::Nothing if amplified < f64::midpoint(1.0, outage.unbounded()) => {
                let rate = outage.rate;
                busy =
                    Some(format!("{rate} calls a second, tried three times, were too many for it"));
            }
            Bounds::Contract | Bounds::Budgets if amplified > outage.most() => {
                wrong.push(format!("{name}: x {amplified:.3} is more than {:.3}", outage.most()));
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
pub async fn play(bounds: Bounds, outage: Outage) -> Result<Seen> {
    let warehouse = Arc::new(Warehouse { fails: outage.fails.into(), ..Warehouse::default() });
    let server = inventory::server(Door(warehouse.clone()));
    let running = App::local().data(":memory:").listen("127.0.0.1:0").serve(server).start().await?;
    let url = running.url().ok_or("it does not listen")?;
    let client = bounds.client(&url).await?;
    let before = calls(&client, BEFORE, outage.rate).await;
    if let Some(error) = before.iter().flatten().next() {
        return Err(format!("all is to be well before the outage: {error}").into());
    }
    warehouse.out.store(true, Ordering::SeqCst);
    let during = calls(&client, outage.time, outage.rate).await;
    let attempts = warehouse.attempts.load(Ordering::SeqCst);
    running.shutdown().await;
    let answered = during.iter().filter(|error| error.is_none()).count();
    let (calls, answered) = (u64::try_from(during.len())?, u64::try_from(answered)?);
    Ok(Seen { calls, answered, attempts })
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

/// Answers, or does not; counts how often it is asked while it is in trouble.
#[derive(Debug, Default)]
struct Warehouse {
    out: AtomicBool,
    /// Of a hundred, by chance.
    fails: u64,
    attempts: AtomicU64,
}

impl Warehouse {
    /// Whether this attempt fails; chance repeats itself (SplitMix64).
    fn asked(&self) -> Answered<()> {
        if !self.out.load(Ordering::SeqCst) {
            return Ok(());
        }
        let number = self.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        if (mixed ^ (mixed >> 31)) % 100 < self.fails {
            return Err(Error::unavailable("an outage"));
        }
        Ok(())
    }
}

/// The warehouse as it is served.
struct Door(Arc<Warehouse>);

impl inventory::Service for Door {
    async fn restock(
        &self,
        _: &mut inventory::RestockContext,
        request: inventory::RestockRequest,
    ) -> Answered<Stock> {
        Ok(Stock { sku: request.sku, available: request.quantity.get(), gone: 0 })
    }

    async fn stock_level(
        &self,
        _: &mut inventory::StockLevelContext,
        request: StockLevelRequest,
    ) -> Answered<Stock> {
        self.0.asked()?;
        Ok(Stock { sku: request.sku, available: 1, gone: 0 })
    }

    async fn count_shelves(
        &self,
        _: &mut inventory::CountShelvesContext,
    ) -> Answered<Streaming<Stock>> {
        Ok(Streaming::from_values([]))
    }
}

impl inventory::Subscriptions for Door {
    async fn reserve_stock(
        &self,
        ctx: &mut inventory::ReserveStockContext,
        event: OrderPlaced,
    ) -> Answered<()> {
        let missing = event.lines[0].sku.clone();
        ctx.emit_stock_refused(inventory::StockRefused { order_id: event.order_id, missing });
        Ok(())
    }

    async fn release_stock(
        &self,
        _: &mut inventory::ReleaseStockContext,
        _: inventory::ReleaseStockEvent,
    ) -> Answered<()> {
        Ok(())
    }

    async fn count_everything(&self, ctx: &mut inventory::CountEverythingContext) -> Answered<()> {
        ctx.emit_shelves_counted(inventory::ShelvesCounted { products: 0, pieces: 0 });
        Ok(())
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
