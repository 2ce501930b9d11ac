//! The service's own tables: their migrations, and SQL in the transaction of a unit.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use svckit_core::error::{Code, Result};
use svckit_core::store::{Commit, Conflict, Exclusive, Read, Store, Unit, Write};
use svckit_sqlite::rusqlite::Connection;
use svckit_store_sqlite::{Options, SqliteStore, SqliteTransaction};
use tempfile::TempDir;

const TABLE: (&str, &str) = ("1-seats", "CREATE TABLE seats (seat INTEGER PRIMARY KEY, who TEXT)");

fn open(directory: &TempDir) -> SqliteStore {
    SqliteStore::open(directory.path().join("s.sqlite"), Options::default()).unwrap()
}

async fn with_table() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    store.migrate(&[TABLE]).await.unwrap();
    (directory, store)
}

async fn begin(store: &SqliteStore, at_most: Duration) -> (Box<dyn Exclusive>, SqliteTransaction) {
    let open = store.exclusive(at_most).await.unwrap();
    let sql = open.as_any().downcast_ref::<SqliteTransaction>().unwrap().clone();
    (open, sql)
}

fn seat(n: i64) -> impl FnOnce(&Connection) -> svckit_sqlite::rusqlite::Result<usize> + Send {
    move |c| c.execute("INSERT INTO seats VALUES (?1, 'alice')", [n])
}

async fn seats(store: &SqliteStore) -> Vec<i64> {
    let (_open, sql) = begin(store, Duration::from_secs(60)).await;
    let all = |c: &Connection| {
        let mut all = c.prepare("SELECT seat FROM seats ORDER BY seat")?;
        all.query_map([], |row| row.get(0))?.collect()
    };
    sql.run(all).await.unwrap()
}

fn put(key: &str) -> Unit {
    let write = Write { table: "t", key: key.to_owned(), value: Some("v".into()) };
    Unit { writes: vec![write], ..Unit::default() }
}

async fn has(store: &SqliteStore, key: &str) -> bool {
    store.get("t", key.to_owned()).await.unwrap().is_some()
}

#[tokio::test]
async fn migrations_are_run_once_each_in_their_order() {
    let (directory, store) = with_table().await;
    let second =
        ("2-rows", "ALTER TABLE seats ADD COLUMN row TEXT; INSERT INTO seats (seat) VALUES (1)");
    store.migrate(&[TABLE, second]).await.unwrap();
    store.migrate(&[TABLE, second]).await.unwrap();
    drop(store);
    let store = open(&directory);
    store.migrate(&[TABLE, second]).await.unwrap();
    assert_eq!(seats(&store).await, [1]);
}

async fn refused(store: &SqliteStore, steps: &[(&str, &str)], code: Code, words: &[&str]) {
    let error = store.migrate(steps).await.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    for word in words.iter().chain(&["s.sqlite"]) {
        assert!(error.message().contains(word), "no `{word}` in: {error}");
    }
    // Nothing of it stays, and the store goes on.
    assert_eq!(seats(store).await, [0_i64; 0]);
    store.commit(put("next")).await.unwrap();
}

#[tokio::test]
async fn migrations_that_cannot_be_are_refused_as_a_whole() {
    let (_directory, store) = with_table().await;
    let insert = ("2", "INSERT INTO seats (seat) VALUES (1)");
    let other = (TABLE.0, "CREATE TABLE seats (seat TEXT)");
    let precondition = Code::FailedPrecondition;
    refused(&store, &[insert, other], precondition, &["`1-seats`", "another text", "add a new"])
        .await;
    refused(&store, &[insert, ("2", "SELECT 1")], precondition, &["`2`", "another text"]).await;
    let wrong = ("3", "CREATE TABEL x (y)");
    refused(&store, &[insert, wrong], Code::Internal, &["`3`", "failed", "TABEL"]).await;
    let ours = ("4", "CREATE TABLE svckit_more (x)");
    refused(&store, &[insert, ours], precondition, &["`4`", "`svckit_`"]).await;
    let ours = ("5", "DROP TABLE svckit_inbox");
    refused(&store, &[insert, ours], precondition, &["`5`", "`svckit_`"]).await;
    let ends = ("6", "COMMIT");
    let error = store.migrate(&[ends]).await.unwrap_err();
    assert!(error.message().contains("leave BEGIN, COMMIT and ROLLBACK out"), "{error}");
}

#[tokio::test]
async fn sql_and_unit_are_committed_together_or_not_at_all() {
    let (_directory, store) = with_table().await;
    let (open, sql) = begin(&store, Duration::from_secs(60)).await;
    sql.run(seat(1)).await.unwrap();
    assert_eq!(open.commit(put("a")).await.unwrap(), Commit::Done);
    assert_eq!((seats(&store).await, has(&store, "a").await), (vec![1], true));

    // A unit that is refused takes the SQL with it, even while somebody holds on to the transaction.
    let (open, sql) = begin(&store, Duration::from_secs(60)).await;
    sql.run(seat(2)).await.unwrap();
    let stale = Read { table: "t", key: "a".to_owned(), version: 99 };
    let refused = open.commit(Unit { reads: vec![stale], ..put("b") }).await.unwrap();
    let changed = Conflict::Changed { table: "t", key: "a".to_owned() };
    assert_eq!(refused, Commit::Refused(changed));
    assert_eq!((seats(&store).await, has(&store, "b").await), (vec![1], false));
    assert_eq!(sql.run(seat(3)).await.unwrap_err().code(), Code::Aborted);

    let (open, sql) = begin(&store, Duration::from_secs(60)).await;
    sql.run(seat(4)).await.unwrap();
    drop((open, sql));
    assert_eq!(seats(&store).await, [1]);
}

#[tokio::test]
async fn a_step_that_fails_is_told_and_the_transaction_goes_on() {
    let (_directory, store) = with_table().await;
    let (open, sql) = begin(&store, Duration::from_secs(60)).await;
    sql.run(seat(1)).await.unwrap();
    let error = sql.run(seat(1)).await.unwrap_err();
    assert!(error.message().contains("UNIQUE constraint failed: seats.seat"), "{error}");
    let panics = |_: &Connection| -> svckit_sqlite::rusqlite::Result<()> { panic!("as asked for") };
    assert_eq!(sql.run(panics).await.unwrap_err().code(), Code::Internal);
    sql.run(seat(2)).await.unwrap();
    open.commit(put("a")).await.unwrap();
    assert_eq!(seats(&store).await, [1, 2]);
}

#[tokio::test]
async fn a_step_that_ends_the_transaction_is_told() {
    let (_directory, store) = with_table().await;
    for end in ["COMMIT", "ROLLBACK"] {
        let (open, sql) = begin(&store, Duration::from_secs(60)).await;
        let error = sql.run(move |c| c.execute_batch(end)).await.unwrap_err();
        assert!(error.message().contains("ended by SQL within it"), "{error}");
        assert_eq!(open.commit(put("a")).await.unwrap_err().code(), Code::Aborted);
        assert!(!has(&store, "a").await);
    }
    store.commit(put("next")).await.unwrap();
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_interrupted() {
    let (_directory, store) = with_table().await;
    let (open, sql) = begin(&store, Duration::from_millis(20)).await;
    sql.run(seat(1)).await.unwrap();
    let endless =
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
    let step = move |c: &Connection| c.query_row(endless, [], |row| row.get::<_, i64>(0));
    let done: Result<i64> = sql.run(step).await;
    assert_eq!(done.unwrap_err().code(), Code::Aborted);
    assert_eq!(open.commit(put("a")).await.unwrap_err().code(), Code::Aborted);
    assert_eq!((seats(&store).await, has(&store, "a").await), (vec![], false));
}
