//! Calls over real sockets to callees that are slow, half open, reset, flapping, gone or never there: by gRPC and by HTTP
//! alike. Time is in the test's hand and bytes travel in theirs, so nothing here waits for a clock.

/// Runs a test over each way.
macro_rules! ways {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn over_grpc() {
                super::$name($crate::faults::Way::Grpc).await;
            }

            #[tokio::test]
            async fn over_http() {
                super::$name($crate::faults::Way::Http).await;
            }
        }
    )*};
}

mod flapping;
mod frames;
mod gone;
mod half_open;
mod reset;
mod slow;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use svckit::generated::{Empty, JsonCodec, One, Stub};
use svckit::{Channel, Code, Env, Error, Running};
use svckit_core::call::Transport;
use svckit_core::observe::{BreakerState, Event, Gate, Observer};
use svckit_core::operation::{
    BreakerConfig, BulkheadConfig, Idempotency, Live, Operation, PolicyConfig, RetryConfig,
    TimeoutConfig,
};
use svckit_policy::breaker::Phase;
use svckit_policy::{Policed, Standing};
use svckit_testkit::net::{Hand, Proxy};
use svckit_transport_grpc::GrpcClient;
use svckit_transport_http::HttpClient;

use crate::generated_shape::{Order, PlaceOrderRequest, ReserveRequest, StockLevelRequest};
use crate::shop::{self, Probe};

/// Longer than any pause between attempts; shorter than every limit.
const SKIPS: Duration = Duration::from_secs(12);
pub const ATTEMPT: Duration = Duration::from_secs(30);
/// A connection has all the time of the world, but where a test is about it.
const TIMEOUT: TimeoutConfig = TimeoutConfig {
    connect: Duration::from_secs(3_600),
    attempt: ATTEMPT,
    total: Duration::from_secs(200),
};
pub const POLICY: PolicyConfig = PolicyConfig {
    timeout: TIMEOUT,
    retry: Some(RetryConfig::STANDARD),
    breaker: Some(BreakerConfig::STANDARD),
    bulkhead: Some(BulkheadConfig { concurrent: 64, queue: 0 }),
    ..PolicyConfig::STANDARD
};
pub const ONCE: PolicyConfig = PolicyConfig { retry: None, ..POLICY };

const INVENTORY: &str = "sample.v1.Inventory";

const fn get(policy: PolicyConfig) -> Operation {
    Operation::query(INVENTORY, "StockLevel", "/sample.v1.InventoryService/StockLevel")
        .codec(JsonCodec::of::<StockLevelRequest, One<u32>>())
        .policy(policy)
}

/// May be repeated.
pub static GET: Operation = get(POLICY);
/// What is called over a connection: as long as that, it may take.
static CALLED: &[&Operation] = &[&GET];
/// Is not.
pub static GET_ONCE: Operation = get(ONCE);
/// What it does, it does each time.
pub static TAKE: Operation =
    Operation::command(INVENTORY, "Reserve", "/sample.v1.InventoryService/Reserve")
        .idempotency(Idempotency::None)
        .codec(JsonCodec::of::<ReserveRequest, Empty>())
        .policy(POLICY);
const fn place(policy: PolicyConfig) -> Operation {
    Operation::command("sample.v1.Orders", "PlaceOrder", "/sample.v1.OrdersService/PlaceOrder")
        .idempotency(Idempotency::ByField("request_id"))
        .codec(JsonCodec::of::<PlaceOrderRequest, Order>())
        .policy(policy)
}
/// A command with a key.
pub static PLACE: Operation = place(POLICY);
/// As [`PLACE`], asked once.
pub static PLACE_ONCE: Operation = place(ONCE);

/// How calls travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Grpc,
    Http,
}

/// What the policies told, in order.
#[derive(Default)]
pub struct Told(Mutex<Vec<Tell>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// An attempt ended; nothing: well.
    Attempt(Option<Code>),
    Retry,
    Breaker(BreakerState),
    Rejected(Gate),
}

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        let tell = match event {
            Event::Attempt { code, .. } => Tell::Attempt(*code),
            Event::Retry { .. } => Tell::Retry,
            Event::Breaker { state, .. } => Tell::Breaker(*state),
            Event::Rejected { by, .. } => Tell::Rejected(*by),
            _ => return,
        };
        self.0.lock().unwrap().push(tell);
    }
}

/// A client with its policies, time in the hand, and what they tell.
pub struct Client {
    pub hand: Hand,
    pub stub: Stub,
    /// The overrides of its policies' numbers.
    pub live: Live,
    policed: Arc<Policed>,
    told: Arc<Told>,
}

impl Client {
    pub fn new(way: Way, address: SocketAddr) -> Self {
        Self::of(way, address, CALLED)
    }

    /// One whose connections may take what these operations give them.
    pub fn of(way: Way, address: SocketAddr, operations: &'static [&'static Operation]) -> Self {
        let (hand, told) = (Hand::new(SKIPS), Arc::new(Told::default()));
        let live = Live::changing();
        let clock = Arc::new(hand.clone());
        let env = Env { clock, live: live.clone(), ..Env::default() };
        let env = env.observed_by(told.clone());
        let transport = transport(way, address, operations, &env);
        let policed = Arc::new(Policed::new(transport, env.clone()));
        let stub = Stub::new(Channel::new(policed.clone(), env));
        Self { hand, stub, live, policed, told }
    }

    pub async fn ask(&self, operation: &'static Operation) -> Result<u32, Error> {
        let request = StockLevelRequest { sku: "MUG".to_owned() };
        self.stub.unary(operation, &request).await.map(|One { value }| value)
    }

    /// As [`ask`](Self::ask), for another.
    pub async fn level(&self, sku: &str) -> Result<u32, Error> {
        let request = StockLevelRequest { sku: sku.to_owned() };
        self.stub.unary(&GET, &request).await.map(|One { value }| value)
    }

    pub async fn take(&self) -> Result<(), Error> {
        let request = ReserveRequest { sku: "MUG".to_owned(), quantity: 1 };
        self.stub.unary(&TAKE, &request).await.map(|Empty {}| ())
    }

    pub async fn place(&self, operation: &'static Operation, sku: &str) -> Result<Order, Error> {
        self.stub.unary(operation, &shop::place(sku, 1)).await
    }

    /// What was told since the last time.
    pub fn told(&self) -> Vec<Tell> {
        std::mem::take(&mut self.told.0.lock().unwrap())
    }

    /// How the attempts ended that were told of.
    pub fn attempts(&self) -> Vec<Option<Code>> {
        let told = self.told();
        told.into_iter()
            .filter_map(|tell| if let Tell::Attempt(code) = tell { Some(code) } else { None })
            .collect()
    }

    pub fn standing(&self, operation: &'static Operation) -> Standing {
        self.policed.standing(operation).expect("it was called")
    }

    /// Nothing is held: no place, no probe.
    pub fn holds_nothing(&self, operation: &'static Operation) {
        let Standing { probes, running, waiting, .. } = self.standing(operation);
        assert_eq!((probes, running, waiting), (0, 0, 0), "{operation:?}");
    }

    pub fn phase(&self, operation: &'static Operation) -> Phase {
        self.standing(operation).phase
    }
}

fn transport(
    way: Way,
    address: SocketAddr,
    operations: &'static [&'static Operation],
    env: &Env,
) -> Arc<dyn Transport> {
    match way {
        Way::Grpc => {
            let options = svckit_transport_grpc::ClientOptions { operations, ..Default::default() };
            Arc::new(GrpcClient::new(&format!("http://{address}"), options, env.clone()).unwrap())
        }
        Way::Http => {
            let options = svckit_transport_http::ClientOptions { operations, ..Default::default() };
            let url = format!("http+json://{address}");
            Arc::new(HttpClient::new(&url, options, env.clone()).unwrap())
        }
    }
}

/// The shop, a proxy before it, and a client that knows only the proxy.
pub struct World {
    pub client: Client,
    pub proxy: Proxy,
    pub probe: Arc<Probe>,
    pub running: Running,
}

impl World {
    pub async fn new(way: Way) -> Self {
        let (running, probe) = shop::start().await;
        let proxy = Proxy::before(running.address().unwrap()).await.unwrap();
        let client = Client::new(way, proxy.address());
        Self { client, proxy, probe, running }
    }

    /// How often the callee's handlers ran since the last time.
    pub fn done(&self) -> u32 {
        self.probe.calls.swap(0, Ordering::SeqCst)
    }
}

/// A failure of each of three attempts.
pub fn thrice(code: Code) -> Vec<Option<Code>> {
    vec![Some(code); 3]
}
