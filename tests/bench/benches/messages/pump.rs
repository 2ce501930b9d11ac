//! Ours: messages through the broker alone, which is what the peers have; and the whole way of an event, from a command
//! through its service's outbox, the broker and an inbox.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit::{App, Bytes, Running};
use svckit_bench::Lap;
use svckit_bench::bench::messages::v1::pump::{
    self, PushContext, PushError, PushRequest, Pushed, TakeContext,
};
use svckit_core::broker::{Broker, ContentType, Delivery, Envelope, Group, Kind};
use svckit_core::clock::Env;
use svckit_core::server::{Consumer, Trouble, Worked};
use svckit_messaging::{ConsumerGroup, Handle, Messaging, MessagingParts};
use svckit_transport_inproc::SqliteBroker;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::plain::p99;
use crate::{AT_ONCE, LENGTH};

/// Counts what arrives, and how long each took.
#[derive(Clone)]
pub(crate) struct Taken {
    began: Instant,
    taken: Arc<AtomicUsize>,
    latencies: Arc<Mutex<Vec<Duration>>>,
    more: Arc<Notify>,
}

impl Taken {
    pub(crate) fn new() -> Self {
        let (taken, latencies, more) = Default::default();
        Self { began: Instant::now(), taken, latencies, more }
    }

    /// A body that says when it was made.
    fn body(&self) -> Bytes {
        let mut body = vec![7; LENGTH];
        let at = u64::try_from(self.began.elapsed().as_nanos()).expect("it takes no centuries");
        body[..8].copy_from_slice(&at.to_be_bytes());
        body.into()
    }

    fn take(&self, body: &[u8]) {
        let at: [u8; 8] = body[..8].try_into().expect("it is ours");
        let took =
            self.began.elapsed().saturating_sub(Duration::from_nanos(u64::from_be_bytes(at)));
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(took);
        self.taken.fetch_add(1, Ordering::SeqCst);
        self.more.notify_one();
    }

    async fn until(&self, count: usize) {
        while self.taken.load(Ordering::SeqCst) < count {
            self.more.notified().await;
        }
    }

    /// So many messages, from publishers at once, until all are settled.
    async fn lap<P, S>(&self, messages: usize, publish: P, settled: impl AsyncFnOnce()) -> Lap
    where
        P: Fn(Bytes) -> S,
        S: Future<Output = ()> + Send + 'static,
        P: Clone + Send + 'static,
    {
        let begun = Instant::now();
        let until = self.taken.load(Ordering::SeqCst) + messages;
        let tasks = (0..AT_ONCE).map(|_| {
            let (publish, taken) = (publish.clone(), self.clone());
            tokio::spawn(async move {
                for _ in 0..messages / AT_ONCE {
                    publish(taken.body()).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("it does not panic");
        }
        self.until(until).await;
        settled().await;
        let all =
            std::mem::take(&mut *self.latencies.lock().unwrap_or_else(PoisonError::into_inner));
        Lap { took: begun.elapsed(), p99: p99(all) }
    }
}

impl Handle for Taken {
    fn handle(&self, delivery: Arc<Delivery>) -> BoxFuture<'static, Result<Worked, Trouble>> {
        self.take(&delivery.envelope.payload);
        std::future::ready(Ok(Worked::Done)).boxed()
    }
}

pub(crate) const NAME: &str = "bench.messages.v1.Pump.Pushed";

/// A broker and one consumer of it.
pub(crate) struct Bare {
    broker: Arc<dyn Broker>,
    messaging: Messaging,
    taken: Taken,
    ids: Arc<AtomicU64>,
    key: fn(u64) -> String,
}

impl Bare {
    /// Messages have the keys that `key` gives to their numbers.
    pub(crate) async fn start(file: &Path, key: fn(u64) -> String) -> Self {
        let broker = SqliteBroker::open(file, svckit_sqlite::Options::default());
        let broker: Arc<dyn Broker> = Arc::new(broker.expect("it opens"));
        let taken = Taken::new();
        let group = ConsumerGroup {
            consumer: Consumer {
                pauses: std::collections::BTreeMap::new(),
                group: Group { name: "take".into(), wants: vec![NAME.into()], ordered: true },
                service: "bench.messages.v1.Pump",
                concurrency: 16,
                attempts: 5,
                dead_letters: true,
                at_most_once: std::collections::BTreeSet::new(),
                timeout: Duration::from_secs(10),
                every: None,
            },
            lease: Duration::from_secs(30),
            held: Duration::from_secs(30),
            handle: Arc::new(taken.clone()),
        };
        let parts = MessagingParts {
            env: Env::default(),
            broker: broker.clone(),
            groups: vec![group],
            stores: Vec::new(),
        };
        let messaging = Messaging::start(parts).await.expect("it starts");
        Self { broker, messaging, taken, ids: Arc::default(), key }
    }

    pub(crate) async fn lap(&self, messages: usize) -> Lap {
        let (broker, ids, key) = (self.broker.clone(), self.ids.clone(), self.key);
        let publish = move |body| {
            let number = ids.fetch_add(1, Ordering::Relaxed);
            let sent = broker.publish(vec![envelope(number, key(number), body)], Timestamp::now());
            sent.map(|sent| sent.expect("there is room"))
        };
        let idle = async || self.messaging.idle().await.expect("the file is there");
        self.taken.lap(messages, publish, idle).await
    }

    pub(crate) async fn end(self) {
        self.messaging.drain(Duration::from_secs(5)).await;
    }
}

pub(crate) fn envelope(number: u64, key: String, payload: Bytes) -> Envelope {
    Envelope {
        id: Uuid::from_u128(u128::from(number) << 64 | u128::from(number)),
        kind: Kind::Event,
        source: "bench.messages.v1.Pump".into(),
        name: NAME.into(),
        version: 1,
        readable_since: 1,
        key: key.into(),
        time: Timestamp::now(),
        content_type: ContentType::Protobuf,
        meta: svckit_core::call::Metadata::default(),
        payload,
        expires: None,
        priority: 0,
        retain: Duration::from_secs(24 * 3600),
    }
}

#[derive(Clone)]
struct Pump(Taken);

impl pump::Service for Pump {
    async fn push(&self, ctx: &mut PushContext, request: PushRequest) -> Result<(), PushError> {
        ctx.emit_pushed(Pushed { body: request.body });
        Ok(())
    }
}

impl pump::Subscriptions for Pump {
    async fn take(&self, _: &mut TakeContext, pushed: Pushed) -> svckit::Result<()> {
        self.0.take(&pushed.body);
        Ok(())
    }
}

/// A service that publishes and takes.
pub(crate) struct Whole {
    running: Running,
    taken: Taken,
}

impl Whole {
    pub(crate) async fn start(directory: &Path) -> Self {
        let taken = Taken::new();
        let app = App::local().data(directory).serve(pump::server(Pump(taken.clone())));
        Self { running: app.start().await.expect("it starts"), taken }
    }

    pub(crate) async fn lap(&self, messages: usize) -> Lap {
        let client = pump::Client::connect(&self.running).await.expect("it is served here");
        let publish = move |body| {
            let client = client.clone();
            async move {
                client.push(PushRequest { body }).await.expect("it is taken");
            }
        };
        let idle = async || self.running.idle().await.expect("the files are there");
        self.taken.lap(messages, publish, idle).await
    }

    pub(crate) async fn end(self) {
        self.running.shutdown().await;
    }
}
