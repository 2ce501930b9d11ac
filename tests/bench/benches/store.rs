//! Units of a handler's effects in one SQLite file, beside a plain loop that puts the same bytes into the same tables, a
//! transaction each, with the same durability.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use svckit_bench::{in_earnest, race};
use svckit_core::broker::{ContentType, Envelope, Kind};
use svckit_core::store::{Commit, Inbox, Store, Unit, Write};
use svckit_sqlite::rusqlite::{self, Connection, ToSql};
use svckit_store_sqlite::{Options, SqliteStore, Synchronous};
use tokio::runtime::Runtime;
use uuid::Uuid;

const CONSUMER: &str = "shop.shipping.v1.Shipping.ShipOrder";
const UNTIL: i64 = 1_900_000_000_000_000;

fn main() {
    let runtime = Runtime::new().expect("threads can be started");
    let directory = tempfile::tempdir().expect("there is room on the disk");
    let (rounds, units) = if in_earnest() { (11, 512) } else { (1, 8) };
    let kinds = [
        ("on the disk", Synchronous::Full, "FULL"),
        ("with the system", Synchronous::Normal, "NORMAL"),
    ];
    for (what, synchronous, pragma) in kinds {
        let at = |name: &str| directory.path().join(format!("{pragma}-{name}.sqlite"));
        let options = Options { synchronous, ..Options::default() };
        let store = Arc::new(SqliteStore::open(at("ours"), options).expect("it opens"));
        let plain = plain(&at("theirs"), pragma);
        let (mut ours, mut theirs) = (0, 0);
        for (tasks, aim) in [(1, 0.5), (16, 1.0), (128, 1.0)] {
            let raced = race(
                rounds,
                || {
                    runtime.block_on(commits(&store, ours, units, tasks));
                    ours += units as u128;
                },
                || {
                    (0..units).for_each(|n| put(&plain, theirs + n as u128));
                    theirs += units as u128;
                },
            );
            raced.report_throughput(&format!("units, {what}, {tasks} at once"), aim);
        }
    }
}

/// So many units and no more, by tasks that each commit one after the other.
async fn commits(store: &Arc<SqliteStore>, first: u128, units: usize, tasks: usize) {
    let tasks = (0..tasks).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in (task..units).step_by(tasks) {
                let unit = unit(first + n as u128);
                assert_eq!(store.commit(unit).await.expect("there is room"), Commit::Done);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no task panics");
    }
}

fn envelope(id: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(id),
        kind: Kind::Event,
        source: "shop.shipping.v1.Shipping".into(),
        name: "shop.shipping.v1.Shipping.OrderShipped".into(),
        version: 1,
        readable_since: 1,
        key: key(id).into(),
        time: jiff::Timestamp::UNIX_EPOCH,
        content_type: ContentType::Protobuf,
        meta: svckit_core::call::Metadata::default(),
        payload: vec![7; 200].into(),
        expires: None,
        priority: 0,
        retain: Duration::from_secs(3_600),
    }
}

fn key(id: u128) -> String {
    format!("order-{:06}", id % 10_000)
}

/// What a handler does on the average: it handles a message, changes a record, and emits an event.
fn unit(id: u128) -> Unit {
    Unit {
        writes: vec![Write { table: "orders", key: key(id), value: Some(vec![1; 200].into()) }],
        outbox: vec![envelope(id)],
        inbox: Some(Inbox {
            consumer: CONSUMER.to_owned(),
            id: Uuid::from_u128(id),
            replay: 0,
            keep_until: jiff::Timestamp::from_microsecond(UNTIL).expect("a time of this century"),
        }),
        ..Unit::default()
    }
}

/// A file with the same tables.
fn plain(path: &Path, synchronous: &str) -> Connection {
    drop(SqliteStore::open(path, Options::default()).expect("it opens"));
    let plain = Connection::open(path).expect("it opens");
    plain.pragma_update(None, "journal_mode", "WAL").expect("it can be set");
    plain.pragma_update(None, "synchronous", synchronous).expect("it can be set");
    // Written back as seldom as ours is, so that not that is compared.
    plain.pragma_update(None, "wal_autocheckpoint", 4_000).expect("it can be set");
    plain
}

fn put(plain: &Connection, id: u128) {
    let run = |sql: &str, values: &[&dyn ToSql]| -> rusqlite::Result<usize> {
        plain.prepare_cached(sql)?.execute(values)
    };
    let inbox = "INSERT INTO svckit_inbox (consumer, id, replay, until) VALUES (?1, ?2, 0, ?3)";
    let state = "INSERT OR REPLACE INTO svckit_state (tbl, key, value) VALUES ('orders', ?1, ?2)";
    let outbox = "INSERT INTO svckit_outbox (at, envelope) VALUES (0, ?1)";
    let all = || {
        run("BEGIN IMMEDIATE", &[])?;
        run(inbox, &[&CONSUMER, &&id.to_be_bytes()[..], &UNTIL])?;
        run(state, &[&key(id), &vec![1_u8; 200]])?;
        run(outbox, &[&&envelope(id).to_bytes()[..]])?;
        run("COMMIT", &[])
    };
    all().expect("there is room");
}
