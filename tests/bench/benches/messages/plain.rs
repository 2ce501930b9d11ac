//! A plain loop of rusqlite that inserts and deletes the same bytes with the same durability, a transaction each.

use std::path::Path;
use std::time::{Duration, Instant};

use svckit_bench::Lap;
use svckit_sqlite::rusqlite::Connection;

pub(crate) fn open(path: &Path) -> Connection {
    let plain = Connection::open(path).expect("it opens");
    plain
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE m (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);",
        )
        .expect("it is empty");
    plain
}

/// An eighth of the messages, counted eightfold: one after the other they take long, and as long each.
const SHARE: usize = 8;

pub(crate) fn run(plain: &Connection, messages: usize, body: &[u8]) -> Lap {
    let begun = Instant::now();
    let each = (0..messages / SHARE).map(|_| {
        let begun = Instant::now();
        insert_and_delete(plain, body);
        begun.elapsed()
    });
    let each = each.collect();
    Lap { took: begun.elapsed() * SHARE as u32, p99: p99(each) }
}

/// The slowest of a hundred.
pub(crate) fn p99(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() * 99 / 100).copied().unwrap_or_default()
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
