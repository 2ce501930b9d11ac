//! Relays: from stores to the broker, through all that may be away.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests hold the clock")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::faulty::{Fault, Faulty};
use support::*;
use svckit_core::broker::Broker;
use svckit_core::server::Worked;
use svckit_core::store::Store;
use svckit_messaging::Messaging;
use svckit_store_memory::MemoryStore;
use svckit_transport_inproc::MemoryBroker;

struct Bench {
    clock: Arc<TestClock>,
    env: svckit_core::clock::Env,
    faulty: Arc<Faulty>,
    broker: Arc<dyn Broker>,
    store: Arc<dyn Store>,
}

fn bench() -> Bench {
    let clock = TestClock::new();
    let faulty = Faulty::new(Arc::new(MemoryBroker::new()));
    let store = Arc::new(MemoryStore::new());
    Bench { env: env(&clock, 11), clock, broker: faulty.clone(), faulty, store }
}

impl Bench {
    async fn start(&self, log: &Log) -> Messaging {
        let seen = log.clone();
        let handle = by(move |delivery| {
            seen.add(&delivery);
            async { Ok(Worked::Done) }
        });
        let groups = vec![group(consumer(), handle)];
        start(&self.env, &self.broker, groups, vec![self.store.clone()]).await
    }

    /// A process of which only the relay matters.
    async fn relay(&self) -> Messaging {
        start(&self.env, &self.broker, vec![], vec![self.store.clone()]).await
    }

    async fn emit(&self, numbers: impl IntoIterator<Item = u32>, key: &str) {
        let all = numbers.into_iter().map(|number| event(number, key)).collect();
        emit(&*self.store, self.clock.timestamp(), all).await;
    }

    async fn waiting(&self) -> u64 {
        self.store.outbox_status().await.unwrap().waiting
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_is_published_in_order() {
    let bench = bench();
    let log = Log::default();
    bench.emit(0..300, "k").await;
    let messaging = bench.start(&log).await;
    for n in 300..1000 {
        bench.emit([n], "k").await;
    }
    messaging.idle().await.unwrap();
    assert_eq!(log.numbers(), (0..1000).collect::<Vec<_>>());
    assert_eq!(messaging.status().outboxes[0].published, 1000);
    assert_eq!(bench.waiting().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_commit_wakes_the_relay() {
    let bench = bench();
    let messaging = bench.start(&Log::default()).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let began = bench.env.clock.now();
    bench.emit([1], "").await;
    until("it is published", || messaging.status().outboxes[0].published == 1).await;
    assert!(bench.env.clock.now() - began < Duration::from_millis(50), "not by the poll");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_loses_nothing_and_the_stall_is_told_once() {
    let bench = bench();
    let log = Log::default();
    bench.faulty.set(Fault::Publish, true);
    let messaging = bench.start(&log).await;
    bench.emit(0..10, "k").await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(messaging.status().outboxes[0].stalled, 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let counters = messaging.status().outboxes[0].clone();
    assert_eq!((counters.stalled, counters.published), (1, 0));
    assert!((30..200).contains(&counters.failures), "with pauses that grow: {counters:?}");
    bench.faulty.set(Fault::Publish, false);
    let began = bench.env.clock.now();
    messaging.idle().await.unwrap();
    assert!(bench.env.clock.now() - began < Duration::from_secs(3));
    assert_eq!(log.numbers(), (0..10).collect::<Vec<_>>());
    // The next time is told again.
    bench.faulty.set(Fault::Publish, true);
    bench.emit([10], "k").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(messaging.status().outboxes[0].stalled, 2);
}

#[tokio::test(start_paused = true)]
async fn a_confirm_that_was_lost_publishes_nothing_twice() {
    let bench = bench();
    let log = Log::default();
    bench.faulty.set(Fault::LostConfirm, true);
    let messaging = bench.start(&log).await;
    bench.emit(0..5, "k").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(bench.waiting().await, 5);
    bench.faulty.set(Fault::LostConfirm, false);
    messaging.idle().await.unwrap();
    assert_eq!(log.numbers(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn one_process_relays_at_a_time_and_another_follows_soon() {
    let bench = bench();
    let one = bench.relay().await;
    bench.emit([0], "").await;
    until("one relays", || one.status().outboxes[0].published == 1).await;
    let other = bench.relay().await;
    bench.emit([1], "").await;
    until("it is published", || {
        one.status().outboxes[0].published + other.status().outboxes[0].published == 2
    })
    .await;
    assert_eq!(other.status().outboxes[0].published, 0, "the first still has the lease");
    // Gone without a word, as by kill -9: its lease is still there.
    drop(one);
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench.emit([2], "").await;
    let began = bench.env.clock.now();
    until("the other follows", || other.status().outboxes[0].published == 1).await;
    assert!(bench.env.clock.now() - began <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_drain_publishes_what_is_left_and_gives_the_lease_back() {
    let bench = bench();
    let messaging = bench.relay().await;
    bench.emit(0..1000, "k").await;
    assert!(messaging.drain(Duration::from_secs(10)).await);
    assert_eq!(bench.waiting().await, 0);
    let other = bench.relay().await;
    bench.emit([1000], "k").await;
    let began = bench.env.clock.now();
    until("the other relays at once", || other.status().outboxes[0].published == 1).await;
    assert!(bench.env.clock.now() - began < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_relay_whose_lease_another_keeps_is_told_as_stalled() {
    let bench = bench();
    let (store, clock) = (bench.store.clone(), bench.clock.clone());
    let (holder, lease) = (uuid::Uuid::from_u128(1), Duration::from_secs(3));
    let hold = async move || store.lease_relay(holder, clock.timestamp(), lease).await.unwrap();
    assert!(hold().await);
    // One that renews its lease, and publishes nothing.
    tokio::spawn(async move {
        while hold().await {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let messaging = bench.relay().await;
    bench.emit([1], "").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let counters = messaging.status().outboxes[0].clone();
    assert_eq!((counters.stalled, counters.published, counters.failures), (1, 0, 0));
}
