//! Load that comes when it comes: the times of all calls are fixed before, and a call's time counts from then, so that a
//! call which could not even begin because others were slow is counted as slow itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shop::shop::common::v1::OrderId;
use shop::shop::inventory::v1::inventory::{self, StockLevelRequest};
use shop::shop::mail::v1::mail;
use shop::shop::orders::v1::PlaceOrderRequest;
use shop::shop::orders::v1::orders::{self, CheckProductRequest, GetOrderRequest};
use shop::shop::payments::v1::bank;
use shop::shop::shipping::v1::shipping;
use svckit::{App, Code, Error, PageRequest};
use svckit_core::observe::{BreakerState, Event, Observer};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Result;

/// A call on its way.
pub type Asked = BoxFuture<'static, std::result::Result<(), Error>>;

/// Calls of one operation over one transport.
pub struct Lane {
    /// The full name of the operation.
    pub operation: &'static str,
    /// The process that serves it.
    pub at: &'static str,
    /// `gRPC` or `HTTP`.
    pub via: &'static str,
    /// Calls a second.
    pub rate: f64,
    ask: Box<dyn Fn() -> Asked + Send + Sync>,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} over {}", self.operation, self.via)
    }
}

impl Lane {
    /// Asks `operation`, served by the process `at`, so many times a second.
    pub fn new(
        operation: &'static str,
        at: &'static str,
        via: &'static str,
        rate: f64,
        ask: impl Fn() -> Asked + Send + Sync + 'static,
    ) -> Self {
        Self { operation, at, via, rate, ask: Box::new(ask) }
    }

    /// `PlaceOrder over HTTP`.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.operation.rsplit('.').next().unwrap_or_default();
        format!("{name} ({}, {})", self.at, self.via)
    }
}

/// What became of one call.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When it was to begin, from the start of the load.
    pub at: Duration,
    /// How long it took from then.
    pub took: Duration,
    /// What it failed with.
    pub code: Option<Code>,
}

/// What customers want, one after the other, and how many have come.
#[derive(Debug)]
pub struct Wishes {
    plan: Vec<PlaceOrderRequest>,
    next: AtomicUsize,
}

impl Wishes {
    /// A plan of which the first `placed` are placed already.
    #[must_use]
    pub fn new(plan: Vec<PlaceOrderRequest>, placed: usize) -> Arc<Self> {
        Arc::new(Self { plan, next: AtomicUsize::new(placed) })
    }

    /// Those that have come.
    #[must_use]
    pub fn come(&self) -> &[PlaceOrderRequest] {
        &self.plan[..self.next.load(Ordering::Relaxed).min(self.plan.len())]
    }

    /// The next one; from the first again, if there are no more: asking twice is harmless.
    fn next(&self) -> PlaceOrderRequest {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        self.plan[at % self.plan.len()].clone()
    }
}

/// What asks a client again and again.
macro_rules! asks {
    ($client:expr, $operation:ident, $request:expr) => {{
        let (client, request) = ($client, $request);
        move || {
            let (client, request) = (client.clone(), request.clone());
            async move { client.$operation(request).await.map(drop) }.boxed()
        }
    }};
}

/// The lanes: `rate` calls a second of each query, a fourth of orders over each transport.
///
/// # Errors
/// What the apps do not know.
pub async fn lanes(grpc: &App, http: &App, wishes: &Arc<Wishes>, rate: f64) -> Result<Vec<Lane>> {
    let known = wishes.come().first().ok_or("no order is placed")?.clone();
    let (id, sku) = (known.order_id, known.lines[0].sku.clone());
    let page = PageRequest { size: 20, token: String::new() };
    let (buyer, visitor) =
        (orders::Client::connect(grpc).await?, orders::Client::connect(http).await?);
    let (come, more, reader, asker) =
        (wishes.clone(), wishes.clone(), visitor.clone(), buyer.clone());
    let over_grpc = move || placed(buyer.clone(), come.next()).boxed();
    let over_http = move || placed(visitor.clone(), more.next()).boxed();
    let get = move || read(reader.clone(), id).boxed();
    let check = asks!(asker, check_product, CheckProductRequest { sku: sku.clone() });
    let level =
        asks!(inventory::Client::connect(grpc).await?, stock_level, StockLevelRequest { sku });
    let ledger = asks!(bank::Client::connect(grpc).await?, ledger, page.clone());
    let parcels = asks!(shipping::Client::connect(http).await?, list_parcels, page.clone());
    let letters = asks!(mail::Client::connect(grpc).await?, list_letters, page);
    Ok(vec![
        Lane::new("shop.orders.v1.Orders.PlaceOrder", "orders", "gRPC", rate / 4.0, over_grpc),
        Lane::new("shop.orders.v1.Orders.PlaceOrder", "orders", "HTTP", rate / 4.0, over_http),
        Lane::new("shop.orders.v1.Orders.GetOrder", "orders", "HTTP", rate, get),
        Lane::new("shop.orders.v1.Orders.CheckProduct", "orders", "gRPC", rate, check),
        Lane::new("shop.inventory.v1.Inventory.StockLevel", "inventory", "gRPC", rate, level),
        Lane::new("shop.payments.v1.Bank.Ledger", "payments", "gRPC", rate, ledger),
        Lane::new("shop.shipping.v1.Shipping.ListParcels", "shipping", "HTTP", rate, parcels),
        Lane::new("shop.mail.v1.Mail.ListLetters", "mail", "gRPC", rate, letters),
    ])
}

async fn placed(
    client: orders::Client,
    request: PlaceOrderRequest,
) -> std::result::Result<(), Error> {
    client.place_order(request).await.map(drop).map_err(Error::from)
}

async fn read(client: orders::Client, id: OrderId) -> std::result::Result<(), Error> {
    client.get_order(GetOrderRequest { id }).await.map(drop).map_err(Error::from)
}

/// Load that runs.
#[derive(Debug)]
pub struct Load {
    start: Instant,
    until: Arc<AtomicU64>,
    running: JoinSet<()>,
    lanes: Vec<Arc<Samples>>,
}

/// What became of the calls of a lane, in the order of their ends.
#[derive(Debug, Default)]
struct Samples(Mutex<Vec<Sample>>);

impl Samples {
    fn add(&self, sample: Sample) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
    }

    /// In the order of their beginnings.
    fn sorted(&self) -> Vec<Sample> {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        samples.sort_by_key(|sample| sample.at);
        samples
    }
}

impl Load {
    /// Sends the calls of all lanes until [`stop`](Self::stop).
    #[must_use]
    pub fn start(lanes: &[Arc<Lane>]) -> Self {
        let (start, until) = (Instant::now(), Arc::new(AtomicU64::new(u64::MAX)));
        let mut load = Self { start, until, running: JoinSet::new(), lanes: Vec::new() };
        for lane in lanes {
            let samples = Arc::new(Samples::default());
            load.running.spawn(send(lane.clone(), start, load.until.clone(), samples.clone()));
            load.lanes.push(samples);
        }
        load
    }

    /// When it began.
    #[must_use]
    pub fn began(&self) -> std::time::Instant {
        self.start.into_std()
    }

    /// How long it has run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// What became of the calls of each lane so far, in the order of their beginnings.
    #[must_use]
    pub fn samples(&self) -> Vec<Vec<Sample>> {
        self.lanes.iter().map(|lane| lane.sorted()).collect()
    }

    /// Sends no more, and waits for the answers; what became of the calls of each lane.
    ///
    /// # Errors
    /// That a lane panicked.
    pub async fn stop(mut self) -> Result<Vec<Vec<Sample>>> {
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.until.store(now, Ordering::Relaxed);
        while let Some(ended) = self.running.join_next().await {
            ended?;
        }
        Ok(self.samples())
    }
}

async fn send(lane: Arc<Lane>, start: Instant, until: Arc<AtomicU64>, samples: Arc<Samples>) {
    let gap = Duration::from_secs_f64(1.0 / lane.rate);
    let (mut at, mut calls) = (Duration::ZERO, JoinSet::new());
    while at.as_nanos() < u128::from(until.load(Ordering::Relaxed)) {
        sleep_until(start + at).await;
        let (asked, samples) = ((lane.ask)(), samples.clone());
        calls.spawn(async move {
            let code = asked.await.err().map(|error| error.code());
            samples.add(Sample { at, took: start.elapsed().saturating_sub(at), code });
        });
        while calls.try_join_next().is_some() {}
        at += gap;
    }
    calls.join_all().await;
}

/// Hears of the breakers of the load's own clients.
#[derive(Debug, Default)]
pub struct Ears {
    open: Mutex<BTreeMap<&'static str, BreakerState>>,
    opened: AtomicU64,
}

impl Ears {
    /// How often a breaker opened.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// The operations whose breakers are not closed.
    #[must_use]
    pub fn open(&self) -> Vec<&'static str> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter()
            .filter(|(_, state)| **state != BreakerState::Closed)
            .map(|(name, _)| *name)
            .collect()
    }
}

impl Observer for Ears {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Breaker { operation, state, .. } = event {
            let opens = *state == BreakerState::Open;
            self.opened.fetch_add(u64::from(opens), Ordering::Relaxed);
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.insert(operation.path, *state);
        }
    }
}
