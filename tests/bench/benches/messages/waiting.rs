//! A broker in which a million messages wait: how long it takes until it hands out the first, beside opening the same file
//! and counting them.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use svckit::Bytes;
use svckit_bench::race;
use svckit_core::broker::{Broker, Fetch, Group};
use svckit_sqlite::rusqlite::Connection;
use svckit_transport_inproc::SqliteBroker;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::LENGTH;
use crate::pump::{NAME, envelope};

const BATCH: u64 = 10_000;

pub(crate) fn start(runtime: &Runtime, file: &Path, messages: u64, rounds: usize) {
    runtime.block_on(fill(file, messages));
    let raced = race(
        rounds,
        || runtime.block_on(first(file)),
        || {
            let plain = Connection::open(file).expect("it opens");
            let count = "SELECT count(*) FROM svckit_deliveries";
            let waiting: i64 = plain.query_row(count, [], |row| row.get(0)).expect("it is there");
            assert_eq!(u64::try_from(waiting).ok(), Some(messages));
        },
    );
    raced.report_time(&format!("the first of {messages} that wait"), 1.0);
    println!("{:<44} {:>7.1} ms, aim ≤ 2000", "", raced.ours().as_secs_f64() * 1e3);
}

async fn fill(file: &Path, messages: u64) {
    let broker = open(file).await;
    for first in (0..messages).step_by(BATCH as usize) {
        let body = Bytes::from(vec![7; LENGTH]);
        let numbers = first..messages.min(first + BATCH);
        let batch = numbers.map(|n| envelope(n, format!("order-{:06}", n % 100_000), body.clone()));
        broker.publish(batch.collect(), Timestamp::now()).await.expect("there is room");
    }
}

async fn open(file: &Path) -> SqliteBroker {
    let broker = SqliteBroker::open(file, svckit_sqlite::Options::default()).expect("it opens");
    let group = Group { name: "take".into(), wants: vec![NAME.into()], ordered: true };
    broker.declare(group).await.expect("there is room");
    broker
}

/// Opens, is handed some, and lets go of them.
async fn first(file: &Path) {
    let broker = open(file).await;
    let fetch = Fetch {
        group: "take".into(),
        most: 16,
        now: Timestamp::now(),
        lease: Duration::from_millis(1),
        consumer: Uuid::nil(),
    };
    let found = broker.fetch(fetch).await.expect("the file is there");
    assert_eq!(found.len(), 16);
}
