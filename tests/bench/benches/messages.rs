//! A durable message from its publisher through a handler to its settlement, beside a plain loop of rusqlite that inserts
//! and deletes the same bytes with the same durability, a transaction each.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use svckit::{App, Bytes, Running};
use svckit_bench::bench::messages::v1::pump::{
    self, PushContext, PushError, PushRequest, Pushed, TakeContext,
};
use svckit_bench::{in_earnest, race};
use svckit_sqlite::rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Publishers at once.
const AT_ONCE: usize = 64;
/// Bytes of a message.
const LENGTH: usize = 256;

#[derive(Clone, Default)]
struct Pump {
    taken: Arc<AtomicUsize>,
    more: Arc<Notify>,
}

impl pump::Service for Pump {
    async fn push(&self, ctx: &mut PushContext, request: PushRequest) -> Result<(), PushError> {
        ctx.emit_pushed(Pushed { body: request.body });
        Ok(())
    }
}

impl pump::Subscriptions for Pump {
    async fn take(&self, _: &mut TakeContext, _: Pushed) -> svckit::Result<()> {
        self.taken.fetch_add(1, Ordering::SeqCst);
        self.more.notify_one();
        Ok(())
    }
}

fn main() {
    let runtime = Runtime::new().expect("threads can be started");
    let directory = tempfile::tempdir().expect("there is room on the disk");
    let pump = Pump::default();
    let running = runtime.block_on(start(directory.path(), &pump));
    let plain = plain(&directory.path().join("plain.sqlite"));
    let (rounds, messages) = if in_earnest() { (7, 2_048) } else { (1, 64) };
    let body = Bytes::from(vec![7; LENGTH]);
    let raced = race(
        rounds,
        || runtime.block_on(through(&running, &pump, messages, &body)),
        || (0..messages).for_each(|_| insert_and_delete(&plain, &body)),
    );
    raced.report_throughput("durable publish, handle, settle", 0.5);
    runtime.block_on(running.shutdown());
}

async fn start(directory: &Path, pump: &Pump) -> Running {
    let app = App::local().data(directory).serve(pump::server(pump.clone()));
    app.start().await.expect("it starts")
}

/// So many messages, from many publishers, until the last is handled and its outbox empty.
async fn through(running: &Running, pump: &Pump, messages: usize, body: &Bytes) {
    let client = pump::Client::connect(running).await.expect("it is served here");
    let until = pump.taken.load(Ordering::SeqCst) + messages;
    let tasks = (0..AT_ONCE).map(|_| {
        let (client, body) = (client.clone(), body.clone());
        tokio::spawn(async move {
            for _ in 0..messages / AT_ONCE {
                client.push(PushRequest { body: body.clone() }).await.expect("it is taken");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("it does not panic");
    }
    while pump.taken.load(Ordering::SeqCst) < until {
        pump.more.notified().await;
    }
    running.idle().await.expect("the files are there");
}

fn plain(path: &Path) -> Connection {
    let plain = Connection::open(path).expect("it opens");
    plain
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE m (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);",
        )
        .expect("it is empty");
    plain
}

/// A transaction to insert, another to delete.
fn insert_and_delete(plain: &Connection, body: &[u8]) {
    plain
        .prepare_cached("INSERT INTO m (body) VALUES (?1)")
        .and_then(|mut s| s.execute([body]))
        .expect("there is room");
    let id = plain.last_insert_rowid();
    plain
        .prepare_cached("DELETE FROM m WHERE id = ?1")
        .and_then(|mut s| s.execute([id]))
        .expect("it is there");
}
