//! A clock in the hand, a small broker, faults, and handlers that do as they are told.
#![allow(dead_code, unreachable_pub, reason = "each suite uses a part of it")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests hold the clock")]

pub mod faulty;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit_core::broker::{Broker, ContentType, Delivery, Envelope, Group, Kind};
use svckit_core::call::Metadata;
use svckit_core::clock::{Clock, Env, IdGen, Rng};
use svckit_core::error::{Code, Error};
use svckit_core::message::Every;
use svckit_core::server::{Consumer, Trouble, Worked};
use svckit_core::store::{Commit, Inbox, Store, Unit};
use svckit_messaging::{ConsumerGroup, Handle, Messaging, MessagingParts, ServiceStore};
use uuid::Uuid;

pub const SERVICE: &str = "t.v1.T";
pub const EVENT: &str = "t.v1.T.Happened";

/// A clock that follows tokio's paused time, and can be set.
pub struct TestClock {
    start: tokio::time::Instant,
    offset_ms: AtomicI64,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { start: tokio::time::Instant::now(), offset_ms: AtomicI64::new(0) })
    }

    pub fn jump(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn timestamp(&self) -> Timestamp {
        self.wall().try_into().unwrap()
    }
}

impl Clock for TestClock {
    fn wall(&self) -> SystemTime {
        // 2027-01-01T00:00:00Z
        let base = UNIX_EPOCH + Duration::from_secs(1_798_761_600) + self.start.elapsed();
        let offset = self.offset_ms.load(Ordering::SeqCst);
        let by = Duration::from_millis(offset.unsigned_abs());
        if offset < 0 { base - by } else { base + by }
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(at.into()))
    }
}

pub struct Seeded(AtomicU64);

impl Rng for Seeded {
    fn next_u64(&self) -> u64 {
        let seed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl IdGen for Seeded {
    fn new_id(&self) -> Uuid {
        Uuid::from_u128(0xf00d_0000_0000_0000_0000_0000_0000_0000 | u128::from(self.next_u64()))
    }
}

/// The highest number always: no jitter.
pub struct Longest;

impl Rng for Longest {
    fn next_u64(&self) -> u64 {
        u64::MAX
    }
}

pub fn env(clock: &Arc<TestClock>, seed: u64) -> Env {
    Env {
        clock: clock.clone(),
        rng: Arc::new(Seeded(AtomicU64::new(seed))),
        ids: Arc::new(Seeded(AtomicU64::new(seed ^ 0xffff))),
        ..Env::default()
    }
}

pub fn event(number: u32, key: &str) -> Envelope {
    Envelope {
        id: Uuid::from_u128(u128::from(number) + 1),
        kind: Kind::Event,
        source: SERVICE.into(),
        name: EVENT.into(),
        version: 1,
        readable_since: 1,
        key: key.into(),
        time: Timestamp::UNIX_EPOCH,
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: number.to_be_bytes().to_vec().into(),
        expires: None,
        priority: 0,
        retain: Duration::from_secs(3600),
    }
}

pub fn number(delivery: &Delivery) -> u32 {
    u32::from_be_bytes(delivery.envelope.payload[..].try_into().unwrap())
}

pub fn consumer() -> Consumer {
    Consumer {
        group: Group { name: SERVICE.into(), wants: vec![EVENT.into()], ordered: true },
        service: SERVICE,
        concurrency: 8,
        attempts: 3,
        pauses: BTreeMap::new(),
        dead_letters: true,
        at_most_once: BTreeSet::new(),
        timeout: Duration::from_secs(10),
        every: None,
    }
}

pub fn scheduled(every: Every) -> Consumer {
    let name = format!("{SERVICE}/Clean");
    Consumer {
        group: Group { name: name.clone(), wants: vec![name], ordered: false },
        concurrency: 1,
        attempts: 1,
        dead_letters: false,
        every: Some(every),
        ..consumer()
    }
}

type Done = BoxFuture<'static, Result<Worked, Trouble>>;

/// A handler made of a closure.
pub struct By<F>(pub F);

impl<F: Fn(Arc<Delivery>) -> Done + Send + Sync + 'static> Handle for By<F> {
    fn handle(&self, delivery: Arc<Delivery>) -> Done {
        (self.0)(delivery)
    }
}

pub fn by<F, Fut>(handle: F) -> Arc<dyn Handle>
where
    F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Worked, Trouble>> + Send + 'static,
{
    Arc::new(By(move |delivery| handle(delivery).boxed()))
}

pub fn trouble(error: Error) -> Trouble {
    let (class, permanent) = match error.code() {
        Code::InvalidArgument => ("malformed", true),
        code => (code.name(), false),
    };
    Trouble { handler: "OnHappened".into(), class, permanent, error }
}

pub fn group(consumer: Consumer, handle: Arc<dyn Handle>) -> ConsumerGroup {
    let (lease, held) = (Duration::from_secs(30), Duration::from_secs(30));
    ConsumerGroup { consumer, lease, held, handle }
}

pub async fn start(
    env: &Env,
    broker: &Arc<dyn Broker>,
    groups: Vec<ConsumerGroup>,
    stores: Vec<Arc<dyn Store>>,
) -> Messaging {
    let stores =
        stores.into_iter().map(|store| ServiceStore { service: SERVICE.into(), store }).collect();
    let parts = MessagingParts { env: env.clone(), broker: broker.clone(), groups, stores };
    Messaging::start(parts).await.unwrap()
}

/// Takes part in the order of things: which messages were handled, in which order.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<(String, u32)>>>);

impl Log {
    pub fn add(&self, delivery: &Delivery) {
        self.0.lock().unwrap().push((delivery.envelope.key.to_string(), number(delivery)));
    }

    pub fn numbers(&self) -> Vec<u32> {
        self.0.lock().unwrap().iter().map(|(_, number)| *number).collect()
    }

    pub fn by_key(&self) -> BTreeMap<String, Vec<u32>> {
        let mut keys = BTreeMap::<String, Vec<u32>>::new();
        for (key, number) in self.0.lock().unwrap().iter() {
            keys.entry(key.clone()).or_default().push(*number);
        }
        keys
    }
}

/// What a handler does to its store with an inbox: `false` for a message that was seen before.
pub async fn effect(
    store: &dyn Store,
    delivery: &Delivery,
    now: Timestamp,
    outbox: Vec<Envelope>,
) -> Result<bool, Error> {
    let inbox = Inbox {
        consumer: delivery.token.group.clone(),
        id: delivery.envelope.id,
        replay: delivery.replay,
        keep_until: Timestamp::MAX,
    };
    let unit = Unit { now, inbox: Some(inbox), outbox, ..Unit::default() };
    Ok(store.commit(unit).await? == Commit::Done)
}

/// Puts messages into the outbox of a store.
pub async fn emit(store: &dyn Store, now: Timestamp, outbox: Vec<Envelope>) {
    let unit = Unit { now, outbox, ..Unit::default() };
    assert_eq!(store.commit(unit).await.unwrap(), Commit::Done);
}

/// Waits, by the paused clock, until something is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..1_000_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came about that {what}");
}
