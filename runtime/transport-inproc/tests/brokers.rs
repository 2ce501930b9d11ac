//! The brokers of one machine, and that the durable one survives.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{
    Broker, ContentType, DeadFilter, Delivery, Envelope, Failure, Fetch, Group, Kind, ReplayFrom,
    Settlement,
};
use svckit_core::call::Metadata;
use svckit_sqlite::Options;
use svckit_transport_inproc::{MemoryBroker, SqliteBroker};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(30);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn message(n: u128, key: &str) -> Envelope {
    Envelope {
        id: Uuid::from_u128(n),
        kind: Kind::Event,
        source: "a.v1.S".into(),
        name: "a.v1.S.E".into(),
        version: 1,
        readable_since: 1,
        key: key.into(),
        time: at(0),
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: Bytes::from(n.to_string()),
        expires: None,
        priority: 0,
        retain: Duration::from_secs(3600),
    }
}

fn group(ordered: bool) -> Group {
    Group { name: "g".to_owned(), wants: vec!["a.v1.S.E".to_owned()], ordered }
}

async fn fetch(broker: &dyn Broker, most: usize, now: Timestamp) -> Vec<Delivery> {
    let consumer = Uuid::from_u128(7);
    let fetch = Fetch { group: "g".to_owned(), most, now, lease: LEASE, consumer };
    let fetched = tokio::time::timeout(Duration::from_millis(200), broker.fetch(fetch)).await;
    fetched.map_or_else(|_| Vec::new(), Result::unwrap)
}

fn ids(deliveries: &[Delivery]) -> Vec<u128> {
    deliveries.iter().map(|delivery| delivery.envelope.id.as_u128()).collect()
}

async fn both<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Broker>) -> F) {
    test(Arc::new(MemoryBroker::new())).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sqlite");
    test(Arc::new(SqliteBroker::open(path, Options::default()).unwrap())).await;
}

#[tokio::test]
async fn of_a_key_one_is_out_at_a_time_and_in_order() {
    both(|broker| async move {
        broker.declare(group(true)).await.unwrap();
        let batch = vec![message(1, "k"), message(2, "k"), message(3, "l"), message(4, "")];
        broker.publish(batch.clone(), at(0)).await.unwrap();
        broker.publish(batch, at(0)).await.unwrap();
        let first = fetch(&*broker, 10, at(0)).await;
        assert_eq!(ids(&first), [1, 3, 4]);
        // A retry holds its key back.
        let retry = Settlement::Retry { at: at(10) };
        let settled =
            vec![(first[0].token.clone(), retry), (first[1].token.clone(), Settlement::Ack)];
        assert_eq!(broker.settle(settled.clone(), at(1)).await.unwrap(), [true, true]);
        assert_eq!(broker.settle(settled, at(1)).await.unwrap(), [false, false]);
        assert!(fetch(&*broker, 10, at(2)).await.is_empty());
        let again = fetch(&*broker, 10, at(10)).await;
        assert_eq!((ids(&again), again[0].attempt), (vec![1], 2));
        broker.settle(vec![(again[0].token.clone(), Settlement::Ack)], at(11)).await.unwrap();
        assert_eq!(ids(&fetch(&*broker, 10, at(11)).await), [2]);
        // The lease of 4 ends; its first holder has nothing to say any more.
        let taken = fetch(&*broker, 10, at(31)).await;
        assert_eq!(ids(&taken), [4]);
        let stale = vec![(first[2].token.clone(), Settlement::Ack)];
        assert_eq!(broker.settle(stale, at(31)).await.unwrap(), [false]);
        let status = broker.status().await.unwrap();
        assert_eq!((status[0].waiting, status[0].in_flight, status[0].handled), (0, 2, 2));
    })
    .await;
}

#[tokio::test]
async fn dead_letters_are_kept_redriven_and_replayed() {
    both(|broker| async move {
        broker.declare(group(true)).await.unwrap();
        broker.publish(vec![message(1, "k"), message(2, "k")], at(0)).await.unwrap();
        let first = fetch(&*broker, 1, at(0)).await;
        let failure = Failure {
            handler: "H".to_owned(),
            reason: "poison".to_owned(),
            class: "malformed".to_owned(),
            stack: String::new(),
            at: at(1),
        };
        let dead = vec![(first[0].token.clone(), Settlement::Dead(failure.clone()))];
        assert_eq!(broker.settle(dead, at(1)).await.unwrap(), [true]);
        let second = fetch(&*broker, 1, at(1)).await;
        assert_eq!(ids(&second), [2]);
        let letters = broker.dead(DeadFilter::default()).await.unwrap();
        assert_eq!((letters.len(), &letters[0].envelope), (1, &message(1, "k")));
        assert_eq!((letters[0].attempts, &letters[0].failure), (1, &failure));
        assert_eq!(broker.redrive(vec![letters[0].number, 99], at(2)).await.unwrap(), 1);
        broker.settle(vec![(second[0].token.clone(), Settlement::Ack)], at(2)).await.unwrap();
        let again = fetch(&*broker, 5, at(2)).await;
        assert_eq!((ids(&again), again[0].attempt), (vec![1], 1));
        broker.settle(vec![(again[0].token.clone(), Settlement::Ack)], at(2)).await.unwrap();
        let replayed = broker.replay("g".to_owned(), ReplayFrom::Time(at(0)), at(3)).await.unwrap();
        assert_eq!(replayed, 2);
        let replayed = fetch(&*broker, 5, at(3)).await;
        assert_eq!((ids(&replayed), replayed[0].replay), (vec![1], 1));
        assert!(broker.replay("h".to_owned(), ReplayFrom::Position(0), at(3)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn higher_priorities_come_first_but_never_alone() {
    both(|broker| async move {
        broker.declare(group(false)).await.unwrap();
        let urgent = |n| Envelope { priority: 5, ..message(n, "") };
        let batch = (1..=4).map(|n| message(n, "")).chain((101..=140).map(urgent)).collect();
        broker.publish(batch, at(0)).await.unwrap();
        let mut order = Vec::new();
        for _ in 0..22 {
            order.extend(ids(&fetch(&*broker, 2, at(0)).await));
        }
        assert_eq!(order.len(), 44);
        let low: Vec<_> = order.iter().enumerate().filter(|(_, n)| **n < 100).collect();
        assert!(low[0].0 < 9 && low[3].0 < 33, "{order:?}");
        assert!(order[..6].iter().all(|n| *n > 100), "{order:?}");
    })
    .await;
}

#[tokio::test]
async fn what_the_dead_held_is_handed_out_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sqlite");
    let open = || SqliteBroker::open(&path, Options::default()).unwrap();
    let (one, two) = (open(), open());
    one.declare(group(true)).await.unwrap();
    one.publish(vec![message(1, "k")], at(0)).await.unwrap();
    assert_eq!(ids(&fetch(&one, 5, at(0)).await), [1]);
    assert!(fetch(&two, 5, at(1)).await.is_empty());
    drop(one);
    // Its lock is gone with it; the file stays until somebody has freed what it held.
    let left = || std::fs::read_dir(directory.path().join("broker.sqlite.alive")).unwrap().count();
    assert_eq!(left(), 2);
    drop(two);
    let three = open();
    three.declare(group(true)).await.unwrap();
    assert_eq!(left(), 1);
    assert_eq!(ids(&fetch(&three, 5, at(2)).await), [1]);
}

#[tokio::test]
async fn what_cannot_be_read_is_held_back_and_its_neighbours_are_handed_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sqlite");
    let broker = SqliteBroker::open(&path, Options::default()).unwrap();
    broker.declare(group(false)).await.unwrap();
    let all = (1..=3).map(|n| message(n, "")).collect();
    broker.publish(all, at(0)).await.unwrap();
    let file = svckit_sqlite::rusqlite::Connection::open(&path).unwrap();
    let spoil = "UPDATE svckit_messages SET envelope = x'ff' WHERE position = 2";
    assert_eq!(file.execute(spoil, []).unwrap(), 1);
    assert_eq!(ids(&fetch(&broker, 5, at(0)).await), [1, 3]);
    let status = broker.status().await.unwrap();
    assert_eq!((status[0].waiting, status[0].in_flight), (1, 2), "it waits");
    assert!(fetch(&broker, 5, at(1)).await.is_empty(), "and is not asked for at once");
    // Somebody who can read it gets it, for the first time.
    let mend = "UPDATE svckit_messages SET envelope = ?1 WHERE position = 2";
    file.execute(mend, [&message(2, "").to_bytes()[..]]).unwrap();
    let found = fetch(&broker, 5, at(31)).await;
    let second = found.iter().find(|delivery| delivery.envelope.id.as_u128() == 2);
    assert_eq!(second.map(|delivery| delivery.attempt), Some(1), "{found:?}");
}

#[tokio::test]
async fn what_was_fetched_for_one_who_is_gone_is_given_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sqlite");
    let broker = SqliteBroker::open(path, Options::default()).unwrap();
    broker.declare(group(false)).await.unwrap();
    broker.publish(vec![message(1, "")], at(0)).await.unwrap();
    for _ in 0..20 {
        let fetch = Fetch {
            group: "g".to_owned(),
            most: 1,
            now: at(0),
            lease: LEASE,
            consumer: Uuid::from_u128(7),
        };
        // Dropped at any of its steps.
        let found = tokio::time::timeout(Duration::from_micros(300), broker.fetch(fetch)).await;
        if let Ok(Ok(found)) = found {
            let back = (found[0].token.clone(), Settlement::GiveBack { at: at(0) });
            broker.settle(vec![back], at(0)).await.unwrap();
        }
        let again = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                if broker.status().await.unwrap()[0].in_flight == 0 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        if again.await.is_err() {
            panic!("it was never given back");
        }
    }
    assert_eq!(fetch(&broker, 1, at(0)).await[0].attempt, 1, "what was given back does not count");
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    both(|broker| async move {
        broker.declare(group(false)).await.unwrap();
        broker.publish(vec![message(1, ""), message(2, "")], at(7200)).await.unwrap();
        let first = fetch(&*broker, 1, at(7200)).await;
        let retry = Settlement::Retry { at: at(7210) };
        broker.settle(vec![(first[0].token.clone(), retry)], at(7200)).await.unwrap();
        // An hour back: what nobody had yet is there, what waits for its pause is there after it.
        assert_eq!(ids(&fetch(&*broker, 5, at(3600)).await), [2]);
        assert_eq!(ids(&fetch(&*broker, 5, at(3611)).await), [1]);
    })
    .await;
}
