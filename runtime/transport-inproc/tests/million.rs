//! A million messages that wait cost no more memory, and no more of the file is read, than a few of them do. Where
//! `SVCKIT_FULL` is not set, it is a hundred thousand.
#![cfg(all(feature = "sqlite", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{Broker, ContentType, Envelope, Fetch, Group, Kind, Settlement};
use svckit_core::call::Metadata;
use svckit_sqlite::Options;
use svckit_sqlite::rusqlite::{Connection, params};
use svckit_transport_inproc::SqliteBroker;
use uuid::Uuid;

const NAME: &str = "a.v1.S.E";
const GROUP: &str = "a.v1.A";

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn message(n: u128, payload: usize) -> Envelope {
    Envelope {
        id: Uuid::from_u128(n),
        kind: Kind::Event,
        source: "a.v1.S".into(),
        name: NAME.into(),
        version: 1,
        readable_since: 1,
        key: format!("{}", n % 10_000).into(),
        time: now(),
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: vec![7; payload].into(),
        expires: None,
        priority: 0,
        retain: Duration::from_secs(24 * 3600),
    }
}

/// As if it had been published message by message, which takes much longer.
fn fill(file: &Path, waiting: u64) {
    let waiting = i64::try_from(waiting).unwrap();
    let c = Connection::open(file).unwrap();
    c.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN").unwrap();
    let envelope = message(1, 256).to_bytes();
    c.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
         INSERT INTO svckit_messages (position, id, kind, name, published, retain_until, envelope)
         SELECT n, CAST(printf('%016d', n) AS BLOB), 0, ?2, ?3, ?3 + 86400000000, ?4 FROM n",
        params![waiting, NAME, now().as_microsecond(), &envelope[..]],
    )
    .unwrap();
    c.execute(
        "INSERT INTO svckit_deliveries (grp, position, lane, head, priority, due, replay)
         SELECT (SELECT grp FROM svckit_groups), position, 'a.v1.S' || char(0) || position % 10000,
           position <= 10000, 0, ?1, 0 FROM svckit_messages",
        [now().as_microsecond()],
    )
    .unwrap();
    c.execute("UPDATE svckit_groups SET depth = ?1, published = ?1", [waiting]).unwrap();
    c.execute_batch("COMMIT; PRAGMA journal_mode = WAL").unwrap();
}

/// What this process has of memory, and what it has read so far, bytes.
fn cost() -> (u64, u64) {
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    (field("/proc/self/status", "VmRSS:") * 1024, field("/proc/self/io", "rchar:"))
}

async fn open(file: &Path) -> SqliteBroker {
    let broker = SqliteBroker::open(file, Options::default()).unwrap();
    let wants = vec![NAME.to_owned()];
    broker.declare(Group { name: GROUP.to_owned(), wants, ordered: true }).await.unwrap();
    broker
}

/// Opens it, looks how it does, handles some hundreds, and publishes as many; what that read and how memory grew.
async fn work(file: &Path, waiting: u64) -> (u64, u64) {
    let (memory, read) = cost();
    let broker = open(file).await;
    assert_eq!(broker.status().await.unwrap()[0].waiting, waiting);
    for round in 0..10_u32 {
        let fetch = Fetch {
            group: GROUP.to_owned(),
            most: 64,
            now: now(),
            lease: Duration::from_secs(30),
            consumer: Uuid::nil(),
        };
        let found = broker.fetch(fetch).await.unwrap();
        assert_eq!(found.len(), 64);
        let all = found.into_iter().map(|delivery| (delivery.token, Settlement::Ack));
        broker.settle(all.collect(), now()).await.unwrap();
        let first = (1 << 64) + u128::from(round) * 64;
        broker
            .publish((first..first + 64).map(|n| message(n, 256)).collect(), now())
            .await
            .unwrap();
    }
    broker.sweep(now()).await.unwrap();
    assert_eq!(broker.status().await.unwrap()[0].waiting, waiting);
    let (memory_then, read_then) = cost();
    (memory_then.saturating_sub(memory), read_then - read)
}

#[tokio::test]
async fn what_waits_costs_neither_memory_nor_time() {
    let waiting = if std::env::var_os("SVCKIT_FULL").is_some() { 1_000_000 } else { 100_000 };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.sqlite");
    drop(open(&file).await);
    fill(&file, waiting);
    let length = std::fs::metadata(&file).unwrap().len();
    assert!(length > waiting * 256, "the file is too small for a test: {length}");
    let (memory, read) = work(&file, waiting).await;
    assert!(memory < 8 << 20, "memory grew by {memory} bytes");
    assert!(read < 2 << 20, "{read} bytes were read of {length}");
}
