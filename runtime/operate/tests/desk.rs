//! An operator at a deployment's files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{Broker, ContentType, Envelope, Failure, Fetch, Group, Kind, Settlement};
use svckit_core::call::Metadata;
use svckit_core::error::Code;
use svckit_core::store::{Store, Unit};
use svckit_operate::{DeadFilter, Desk, Redrive, ReplayFrom};
use svckit_store_sqlite::{Options, SqliteStore};
use svckit_transport_inproc::SqliteBroker;
use uuid::Uuid;

const GROUP: &str = "a.v1.A";

fn now() -> Timestamp {
    "2027-03-01T10:00:00Z".parse().unwrap()
}

fn message(n: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(n),
        kind: Kind::Event,
        source: "a.v1.S".into(),
        name: "a.v1.S.E".into(),
        version: 1,
        readable_since: 1,
        key: "".into(),
        time: now(),
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: Bytes::from_static(b"x"),
        expires: None,
        priority: 0,
        retain: Duration::from_secs(3600),
    }
}

/// A deployment with three dead letters, one message that is handled, and one in an outbox.
async fn deployment(directory: &std::path::Path) {
    let broker = SqliteBroker::open(directory.join("broker.sqlite"), Options::default()).unwrap();
    let wants = vec!["a.v1.S.E".to_owned()];
    broker.declare(Group { name: GROUP.to_owned(), wants, ordered: false }).await.unwrap();
    broker.publish((1..=4).map(message).collect(), now()).await.unwrap();
    let fetch = Fetch {
        group: GROUP.to_owned(),
        most: 10,
        now: now(),
        lease: Duration::from_secs(30),
        consumer: Uuid::from_u128(1),
    };
    let failure = Failure {
        handler: "H".to_owned(),
        reason: "no".to_owned(),
        class: "unavailable".to_owned(),
        stack: String::new(),
        at: now(),
    };
    let settle = broker.fetch(fetch).await.unwrap().into_iter().map(|delivery| {
        let last = delivery.envelope.id == Uuid::from_u128(4);
        let how = if last { Settlement::Ack } else { Settlement::Dead(failure.clone()) };
        (delivery.token, how)
    });
    broker.settle(settle.collect(), now()).await.unwrap();
    let store = SqliteStore::open(directory.join("a.v1.S.sqlite"), Options::default()).unwrap();
    let unit = Unit { now: now(), outbox: vec![message(9)], ..Unit::default() };
    store.commit(unit).await.unwrap();
}

#[test]
fn letters_are_listed_given_back_and_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(deployment(directory.path()));
    let desk = Desk::open(directory.path()).unwrap();
    let all = desk.dead_letters(&DeadFilter::default()).unwrap();
    assert_eq!(
        all.iter().map(|letter| letter.envelope.id.as_u128()).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(desk.dead_letter(all[1].number).unwrap(), all[1]);
    assert_eq!(desk.dead_letter(99).unwrap_err().code(), Code::NotFound);

    let one = DeadFilter { id: Some(Uuid::from_u128(2)), ..DeadFilter::default() };
    let counted = Redrive { filter: one.clone(), dry_run: true, ..Redrive::default() };
    assert_eq!(desk.redrive(&counted, |_| {}).unwrap().done, 0);
    let given = Redrive { filter: one, ..Redrive::default() };
    assert_eq!(desk.redrive(&given, |_| {}).unwrap().done, 1);
    let status = &desk.snapshot().unwrap().groups[0];
    assert_eq!((status.waiting, status.dead, status.handled), (1, 2, 1));

    assert_eq!(desk.drop_dead(&DeadFilter::default(), false).unwrap().done, 2);
    assert!(desk.dead_letters(&DeadFilter::default()).unwrap().is_empty());
    // All that the group ever got, but for what it has not handled yet.
    assert_eq!(desk.replay(GROUP, ReplayFrom::Position(0)).unwrap(), 3);
    let unknown = desk.replay("b.v1.B", ReplayFrom::Position(0)).unwrap_err();
    assert!(unknown.message().contains("there are: a.v1.A"), "{unknown}");
}

#[test]
fn outboxes_are_seen() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(deployment(directory.path()));
    let outboxes = Desk::open(directory.path()).unwrap().outboxes().unwrap();
    assert_eq!(outboxes.len(), 1);
    assert_eq!((outboxes[0].service.as_str(), outboxes[0].status.waiting), ("a.v1.S", 1));
}

#[test]
fn a_place_without_a_deployment_is_told_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let error = Desk::open(directory.path()).unwrap_err();
    assert!(error.message().contains("SVCKIT_DATA"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
