//! The services that the tests call. What a call asks for, by its sku or id, is what it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use futures_util::future::BoxFuture;
use svckit::{
    App, ByteStream, Bytes, Clock, Config, Env, Error, Page, PageRequest, Running, Streaming,
};
use tokio::sync::Semaphore;

use crate::generated_shape::inventory::{self, ReserveError};
use crate::generated_shape::orders::{self, PlaceOrderError};
use crate::generated_shape::*;

/// What the tests see of the inside of the services.
pub struct Probe {
    /// A permit for each handler that has started to wait.
    pub started: Semaphore,
    /// A permit for each handler that was dropped while it waited.
    pub dropped: Semaphore,
    /// A permit lets a waiting handler go on.
    pub go: Semaphore,
    /// Messages that streams have made.
    pub produced: AtomicUsize,
    /// Calls of the inventory.
    pub calls: AtomicU32,
    /// How many of the next calls of the inventory fail.
    pub failing: AtomicU32,
    /// Quantities of orders that the inventory heard of by event.
    pub placed: AtomicU32,
    /// The same quantities, one after the other.
    pub order: std::sync::Mutex<Vec<u32>>,
    /// Permits for events heard of.
    pub heard: Semaphore,
    /// Permits for photos resized.
    pub resized: Semaphore,
    /// A permit for each time the carts were looked at.
    pub ticks: Semaphore,
}

impl Default for Probe {
    fn default() -> Self {
        let none = || Semaphore::new(0);
        Self {
            started: none(),
            dropped: none(),
            go: none(),
            produced: AtomicUsize::new(0),
            calls: AtomicU32::new(0),
            failing: AtomicU32::new(0),
            placed: AtomicU32::new(0),
            order: std::sync::Mutex::default(),
            heard: none(),
            resized: none(),
            ticks: none(),
        }
    }
}

struct Dropped(Arc<Probe>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.add_permits(1);
    }
}

impl Probe {
    /// Waits until a test lets it go on, or is dropped.
    pub async fn wait(self: &Arc<Self>) {
        let dropped = Dropped(self.clone());
        self.started.add_permits(1);
        self.go.acquire().await.expect("the semaphore is never closed").forget();
        std::mem::forget(dropped);
    }

    fn fails(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

pub async fn seen(what: &Semaphore) {
    what.acquire().await.expect("the semaphore is never closed").forget();
}

pub struct Orders(pub Arc<Probe>);
pub struct Inventory(pub Arc<Probe>);

/// Both services in one app that listens.
pub async fn start() -> (Running, Arc<Probe>) {
    let (app, probe) = app();
    (app.listen("127.0.0.1:0").start().await.unwrap(), probe)
}

pub fn app() -> (App, Arc<Probe>) {
    app_with(Config::default())
}

pub fn app_with(config: Config) -> (App, Arc<Probe>) {
    app_in(config, env())
}

pub fn app_in(config: Config, env: Env) -> (App, Arc<Probe>) {
    let probe = Arc::new(Probe::default());
    let app = App::with_env(config, env)
        .serve(orders::server(Orders(probe.clone())))
        .serve(inventory::server(Inventory(probe.clone())));
    (app, probe)
}

/// A time of day that stands still where tokio's time is paused.
struct Steady(SystemTime, tokio::time::Instant);

impl Clock for Steady {
    fn wall(&self) -> SystemTime {
        self.0 + self.1.elapsed()
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }
}

fn env() -> Env {
    let clock = Arc::new(Steady(SystemTime::now(), tokio::time::Instant::now()));
    Env { clock, ..Env::default() }
}

/// A client of its own process: nothing but sockets between it and the services.
pub async fn remote(running: &Running) -> orders::Client {
    let app = App::local().endpoint("sample.v1.Orders", running.url().unwrap());
    orders::Client::connect(&app).await.unwrap()
}

/// As [`remote`], over HTTP and JSON.
pub async fn remote_http(running: &Running) -> orders::Client {
    let url = format!("http+json://{}", running.address().unwrap());
    let app = App::local().endpoint("sample.v1.Orders", url);
    orders::Client::connect(&app).await.unwrap()
}

/// A client of the inventory that runs at `url`.
pub async fn remote_inventory(url: &str) -> inventory::Client {
    inventory::Client::connect(&App::local().endpoint("sample.v1.Inventory", url)).await.unwrap()
}

pub fn order(id: &str, quantity: u32) -> Order {
    Order { id: id.to_owned(), quantity, note: None }
}

pub fn place(sku: &str, quantity: u32) -> PlaceOrderRequest {
    // A request of its own each time: the same one again would get the same answer again.
    static PLACED: AtomicU32 = AtomicU32::new(0);
    let request_id = format!("r-{}", PLACED.fetch_add(1, Ordering::SeqCst));
    PlaceOrderRequest { request_id, sku: sku.to_owned(), quantity }
}

impl orders::Service for Orders {
    async fn place_order(
        &self,
        ctx: &mut orders::PlaceOrderContext,
        req: PlaceOrderRequest,
    ) -> Result<Order, PlaceOrderError> {
        match req.sku.as_str() {
            "PANIC" => panic!("as the test asked for"),
            "WAIT" => self.0.wait().await,
            "LEFT" => {
                let left = ctx
                    .remaining()
                    .map_or(u32::MAX, |left| u32::try_from(left.as_millis()).unwrap());
                return Ok(order("left", left));
            }
            "WHO" => {
                let note =
                    [ctx.tenant(), ctx.idempotency_key(), Some(ctx.correlation_id()), ctx.caller()];
                let note = note.map(|part| part.unwrap_or("-").to_owned()).join("|");
                return Ok(Order { note: Some(note), ..order("who", 0) });
            }
            "SECRET" => return Err(Error::internal("broken").with_source("hunter2").into()),
            _ => {}
        }
        let reserve = ReserveRequest { sku: req.sku.clone(), quantity: req.quantity };
        match ctx.inventory().reserve(reserve).await {
            Err(ReserveError::OutOfStock(error)) => return Err(error.into()),
            other => other?,
        }
        // All of them are one order, so that their events have one key.
        let placed = OrderPlaced { order_id: "r-1".to_owned(), quantity: req.quantity };
        ctx.emit_order_placed(placed);
        if req.sku == "LATE" {
            return Err(Error::aborted("after it was emitted").into());
        }
        Ok(order("r-1", req.quantity))
    }

    async fn list_orders(
        &self,
        _: &mut orders::ListOrdersContext,
        req: ListOrdersRequest,
        page: PageRequest,
    ) -> Result<Page<Order>, Error> {
        let from: u32 = page.token.parse().unwrap_or(0);
        let items = (from..from + page.size).map(|n| order(&req.customer, n)).collect();
        Ok(Page { items, next_page_token: (from + page.size).to_string() })
    }

    async fn watch_order(
        &self,
        _: &mut orders::WatchOrderContext,
        req: WatchOrderRequest,
    ) -> Result<Streaming<Order>, Error> {
        let (probe, id) = (self.0.clone(), req.id.clone());
        match req.id.as_str() {
            "never" => return Err(Error::not_found("no such order")),
            "wait" => {
                let wait = futures_util::stream::once(async move {
                    probe.wait().await;
                    order("wait", 0)
                });
                let first = futures_util::stream::iter([order("first", 0)]);
                return Ok(Streaming::from_stream(futures_util::StreamExt::chain(first, wait)));
            }
            _ => {}
        }
        let orders = (0..req.count).map(move |n| {
            probe.produced.fetch_add(1, Ordering::SeqCst);
            match id.as_str() {
                "fail" if n + 1 == req.count => {
                    Err(svckit::Error::domain(&OutOfStock { sku: id.clone(), available: n }))
                }
                "panic" if n + 1 == req.count => panic!("as the test asked for"),
                "big" => Ok(Order { note: Some("x".repeat(64 * 1024)), ..order(&id, n) }),
                _ => Ok(order(&id, n)),
            }
        });
        Ok(Streaming::from_results(futures_util::stream::iter(orders)))
    }

    async fn count(
        &self,
        _: &mut orders::CountContext,
        req: CountRequest,
    ) -> Result<Streaming<u32>, Error> {
        Ok(Streaming::from_values(0..req.upto))
    }

    async fn import_orders(
        &self,
        _: &mut orders::ImportOrdersContext,
        mut orders: Streaming<Order>,
    ) -> Result<ImportSummary, Error> {
        let mut summary = ImportSummary::default();
        let dropped = Dropped(self.0.clone());
        while let Some(order) = orders.message().await? {
            summary.orders += 1;
            summary.quantity += u64::from(order.quantity);
            self.0.started.add_permits(1);
            if order.id == "stop" {
                return Err(Error::out_of_range("no more, please"));
            }
        }
        std::mem::forget(dropped);
        Ok(summary)
    }

    async fn chat(
        &self,
        _: &mut orders::ChatContext,
        mut orders: Streaming<Order>,
    ) -> Result<Streaming<Order>, Error> {
        let (sender, answers) = Streaming::channel(1);
        tokio::spawn(async move {
            loop {
                match orders.message().await {
                    Ok(Some(order)) => {
                        let answer = Order { quantity: order.quantity + 1, ..order };
                        if sender.send(answer).await.is_err() {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        let _ = sender.fail(error).await;
                        return;
                    }
                }
            }
        });
        Ok(answers)
    }

    async fn attach_scan(
        &self,
        _: &mut orders::AttachScanContext,
        req: orders::AttachScanRequest,
    ) -> Result<u64, Error> {
        assert_eq!(req.id, "o-1");
        Ok(req.scan.read_all(1 << 20).await?.len() as u64)
    }

    async fn download(
        &self,
        _: &mut orders::DownloadContext,
        req: DownloadRequest,
    ) -> Result<ByteStream, Error> {
        let chunk = Bytes::from(vec![7; req.size as usize]);
        Ok(ByteStream::from_values(vec![chunk; req.chunks as usize]))
    }

    async fn forget(&self, _: &mut orders::ForgetContext, req: ForgetRequest) -> Result<(), Error> {
        if req.customer.is_empty() { Err(Error::not_found("nobody")) } else { Ok(()) }
    }

    async fn resize_photo(
        &self,
        _: &mut orders::ResizePhotoContext,
        req: ResizePhotoRequest,
    ) -> Result<(), Error> {
        if self.0.fails() || req.photo == "broken" {
            return Err(Error::unavailable("not now"));
        }
        self.0.resized.add_permits(1);
        Ok(())
    }
}

impl orders::Subscriptions for Orders {
    async fn expire_carts(&self, _: &mut orders::ExpireCartsContext) -> Result<(), Error> {
        self.0.ticks.add_permits(1);
        Ok(())
    }
}

impl inventory::Service for Inventory {
    async fn reserve(
        &self,
        ctx: &mut inventory::ReserveContext,
        req: ReserveRequest,
    ) -> Result<(), ReserveError> {
        if self.0.fails() {
            return Err(Error::unavailable("restarting").into());
        }
        match req.sku.as_str() {
            "GONE" => Err(OutOfStock { sku: req.sku, available: 3 }.into()),
            "BUSY" => Err(Busy { queue: 9 }.into()),
            "TENANT" if ctx.tenant() != Some("acme") => {
                Err(Error::permission_denied("another tenant").into())
            }
            "PICKY" => Err(Error::invalid_argument("I do not like it").into()),
            _ => Ok(()),
        }
    }

    async fn stock_level(
        &self,
        _: &mut inventory::StockLevelContext,
        req: StockLevelRequest,
    ) -> Result<u32, Error> {
        if self.0.fails() {
            return Err(Error::unavailable("restarting"));
        }
        Ok(u32::try_from(req.sku.len()).unwrap())
    }
}

impl inventory::Subscriptions for Inventory {
    async fn count_placed(
        &self,
        _: &mut inventory::CountPlacedContext,
        event: OrderPlaced,
    ) -> Result<(), Error> {
        if self.0.fails() {
            return Err(Error::unavailable("not now"));
        }
        self.0.placed.fetch_add(event.quantity, Ordering::SeqCst);
        self.0.order.lock().unwrap().push(event.quantity);
        self.0.heard.add_permits(1);
        Ok(())
    }
}
