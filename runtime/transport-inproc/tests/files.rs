//! The broker's file when something is wrong with it: each is told so that one knows what to do, and nothing is done by
//! halves.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{
    Broker, ContentType, Delivery, Envelope, Fetch, Group, Kind, Settlement,
};
use svckit_core::call::Metadata;
use svckit_core::error::{Code, Error};
use svckit_sqlite::Options;
use svckit_sqlite::rusqlite::Connection;
use svckit_transport_inproc::SqliteBroker;
use tempfile::TempDir;
use uuid::Uuid;

const NAME: &str = "a.v1.S.E";
const GROUP: &str = "a.v1.A";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn message(n: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(n),
        kind: Kind::Event,
        source: "a.v1.S".into(),
        name: NAME.into(),
        version: 1,
        readable_since: 1,
        key: "".into(),
        time: now(),
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: vec![7; 2_000].into(),
        expires: None,
        priority: 0,
        retain: Duration::ZERO,
    }
}

async fn declared(file: &Path, options: Options) -> SqliteBroker {
    let broker = SqliteBroker::open(file, options).unwrap();
    let wants = vec![NAME.to_owned()];
    broker.declare(Group { name: GROUP.to_owned(), wants, ordered: true }).await.unwrap();
    broker
}

async fn fetch(broker: &SqliteBroker) -> Result<Vec<Delivery>, Error> {
    let (group, lease) = (GROUP.to_owned(), Duration::from_secs(30));
    broker.fetch(Fetch { group, most: 10_000, now: now(), lease, consumer: Uuid::nil() }).await
}

fn says(error: &Error, code: Code, file: &Path, words: &[&str]) {
    assert_eq!(error.code(), code, "{error}");
    for word in words.iter().chain(&["the broker", file.to_str().unwrap()]) {
        assert!(error.message().contains(word), "no `{word}` in: {error}");
    }
}

fn place() -> (TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.sqlite");
    (directory, file)
}

#[tokio::test]
async fn a_full_file_takes_whole_batches_or_nothing_and_lets_go_of_what_it_has() {
    let (_directory, file) = place();
    let broker = declared(&file, Options { max_pages: Some(120), ..Options::default() }).await;
    let mut taken = 0;
    let error = loop {
        let batch = (taken..taken + 5).map(message).collect();
        match broker.publish(batch, now()).await {
            Ok(()) => taken += 5,
            Err(error) => break error,
        }
    };
    says(&error, Code::ResourceExhausted, &file, &["its disk is full; nothing was written"]);
    assert!(taken >= 50, "{taken}");
    let status = &broker.status().await.unwrap()[0];
    assert_eq!((u128::from(status.waiting), u128::from(status.published)), (taken, taken));

    // Those who publish in vain keep nobody from settling.
    let found = fetch(&broker).await.unwrap();
    assert_eq!(found.len() as u128, taken);
    let all = found.into_iter().map(|delivery| (delivery.token, Settlement::Ack)).collect();
    let more = broker.publish((taken..taken + 5).map(message).collect(), now());
    let (settled, refused) = futures_util::future::join(broker.settle(all, now()), more).await;
    assert!(settled.unwrap().into_iter().all(|held| held));
    assert!(refused.is_ok_and(|()| true) || broker.status().await.unwrap()[0].waiting == 0);

    // What is forgotten makes room.
    while broker.sweep(now()).await.unwrap() > 0 {}
    broker.publish((1_000..1_005).map(message).collect(), now()).await.unwrap();
}

#[tokio::test]
async fn a_locked_file_is_told_and_goes_on_later() {
    let (_directory, file) = place();
    let busy = Duration::from_millis(20);
    let broker = declared(&file, Options { busy, ..Options::default() }).await;
    broker.publish(vec![message(1)], now()).await.unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = ["locked by another process"];
    let error = broker.publish(vec![message(2)], now()).await.unwrap_err();
    says(&error, Code::Unavailable, &file, &locked);
    says(&fetch(&broker).await.unwrap_err(), Code::Unavailable, &file, &locked);
    assert_eq!(broker.status().await.unwrap()[0].waiting, 1);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(fetch(&broker).await.unwrap().len(), 1);
}

#[tokio::test]
async fn damage_is_told() {
    let (_directory, file) = place();
    let broker = declared(&file, Options::default()).await;
    broker.publish((1..200).map(message).collect(), now()).await.unwrap();
    drop(broker);
    let whole = std::fs::read(&file).unwrap();

    let mut torn = whole.clone();
    torn[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&file, &torn).unwrap();
    let error = match SqliteBroker::open(&file, Options::default()) {
        Ok(broker) => fetch(&broker).await.unwrap_err(),
        Err(error) => error,
    };
    says(&error, Code::DataLoss, &file, &["is damaged", "backup"]);

    std::fs::write(&file, b"this is a letter to somebody, and not a database at all".repeat(100))
        .unwrap();
    let error = SqliteBroker::open(&file, Options::default()).unwrap_err();
    says(&error, Code::DataLoss, &file, &["is no SQLite file"]);

    std::fs::write(&file, &whole).unwrap();
    let c = Connection::open(&file).unwrap();
    c.pragma_update(None, "user_version", 99).unwrap();
    drop(c);
    let error = SqliteBroker::open(&file, Options::default()).unwrap_err();
    says(&error, Code::FailedPrecondition, &file, &["version 99", "newer"]);
}
