//! Group commit, sessions, and what can be wrong with a file.

use std::time::Duration;

use svckit_core::error::Code;

use crate::{File, Options, Schema, Synchronous};

const SCHEMA: Schema = Schema {
    application_id: 0x7376_6301,
    what: "test file",
    steps: &["CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL)"],
};

fn open(directory: &tempfile::TempDir) -> File {
    File::open(directory.path().join("a/b.sqlite"), &SCHEMA, Options::default()).unwrap()
}

async fn put(file: &File, k: i64, v: &'static str) -> svckit_core::error::Result<usize> {
    file.write(move |c| c.execute("INSERT INTO t VALUES (?1, ?2)", (k, v))).await
}

async fn count(file: &File) -> i64 {
    file.read(|c| c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn what_fails_is_undone_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = open(&directory);
    let all = (0..100).map(|k| {
        let file = file.clone();
        // Every tenth clashes with the one before it; every eleventh panics after its change.
        tokio::spawn(async move {
            let key = if k % 10 == 9 { k - 1 } else { k };
            let change = move |c: &rusqlite::Connection| {
                c.execute("INSERT INTO t VALUES (?1, 'x')", [key])?;
                assert!(k % 11 != 10, "as the test asked for");
                Ok(())
            };
            file.write(change).await.is_ok()
        })
    });
    let mut kept = 0;
    for done in all.collect::<Vec<_>>() {
        kept += i64::from(done.await.unwrap());
    }
    assert_eq!(count(&file).await, kept);
    assert!((80..=90).contains(&kept), "{kept}");
    drop(file);
    assert_eq!(count(&open(&directory)).await, kept);
}

#[tokio::test]
async fn a_session_keeps_others_out_until_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let file = open(&directory);
    let session = file.exclusive(Duration::from_secs(60)).await.unwrap();
    let other = tokio::spawn({
        let file = file.clone();
        async move { put(&file, 1, "other").await }
    });
    session.run(|c| c.execute("INSERT INTO t VALUES (1, 'mine')", [])).await.unwrap();
    assert!(!other.is_finished());
    session.commit(()).await.unwrap();
    let error = other.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Internal, "{error}");

    let session = file.exclusive(Duration::from_secs(60)).await.unwrap();
    session.run(|c| c.execute("INSERT INTO t VALUES (2, 'mine')", [])).await.unwrap();
    drop(session);
    put(&file, 2, "other").await.unwrap();
    assert_eq!(count(&file).await, 2);
}

#[tokio::test]
async fn a_session_that_is_held_too_long_is_rolled_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = open(&directory);
    let session = file.exclusive(Duration::from_millis(20)).await.unwrap();
    session.run(|c| c.execute("INSERT INTO t VALUES (1, 'mine')", [])).await.unwrap();
    put(&file, 1, "other").await.unwrap();
    assert_eq!(session.commit(()).await.unwrap_err().code(), Code::Aborted);
}

#[test]
fn what_is_not_ours_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.sqlite");
    let open = |schema: &Schema| File::open(&path, schema, Options::default());
    drop(open(&SCHEMA).unwrap());
    let other = open(&Schema { application_id: 7, ..SCHEMA }).unwrap_err();
    assert_eq!(other.code(), Code::FailedPrecondition);
    assert!(other.message().contains("another program's file"), "{other}");
    const NEWER: &[&str] = &[SCHEMA.steps[0], "CREATE TABLE u (k)"];
    drop(open(&Schema { steps: NEWER, ..SCHEMA }).unwrap());
    let newer = open(&SCHEMA).unwrap_err();
    assert!(newer.message().contains("has version 2, and this program knows versions up to 1"));
    std::fs::write(&path, "no database at all, and long enough to be looked at").unwrap();
    assert_eq!(open(&SCHEMA).unwrap_err().code(), Code::DataLoss);
}

#[tokio::test]
async fn a_full_file_takes_nothing_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.sqlite");
    let options = Options { max_pages: Some(20), ..Options::default() };
    let file = File::open(&path, &SCHEMA, options).unwrap();
    let big =
        |k: i64| file.write(move |c| c.execute("INSERT INTO t VALUES (?1, zeroblob(60000))", [k]));
    big(1).await.unwrap();
    let error = big(2).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(count(&file).await, 1);
    file.write(|c| c.execute("DELETE FROM t", [])).await.unwrap();
    big(3).await.unwrap();
}

#[tokio::test]
async fn commits_of_others_are_seen() {
    let directory = tempfile::tempdir().unwrap();
    let (one, two) = (open(&directory), open(&directory));
    let before = one.data_version().unwrap();
    put(&two, 1, "x").await.unwrap();
    assert_ne!(one.data_version().unwrap(), before);
    assert_eq!(count(&one).await, 1);
}

#[tokio::test]
async fn it_is_as_durable_as_was_asked() {
    let directory = tempfile::tempdir().unwrap();
    for (synchronous, expected) in [(Synchronous::Full, 2), (Synchronous::Normal, 1)] {
        let options = Options { synchronous, ..Options::default() };
        let file = File::open(directory.path().join("f.sqlite"), &SCHEMA, options).unwrap();
        let pragmas =
            "SELECT synchronous, journal_mode FROM pragma_synchronous, pragma_journal_mode";
        let is = move |c: &rusqlite::Connection| {
            c.query_row(pragmas, [], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        let is: (i64, String) = file.write(is).await.unwrap();
        assert_eq!(is, (expected, "wal".to_owned()));
    }
}

/// One that is locked out waits for those who come one right after the other, and gets in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_that_write_without_a_pause_keep_nobody_out() {
    let directory = tempfile::tempdir().unwrap();
    let (busy, one) = (open(&directory), open(&directory));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (busy, stop) = (busy.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    busy.write(|c| c.execute("REPLACE INTO t VALUES (0, 'x')", [])).await.unwrap();
                }
            })
        })
        .collect();
    for k in 1..=20 {
        put(&one, k, "one").await.unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(count(&busy).await, 21);
}
