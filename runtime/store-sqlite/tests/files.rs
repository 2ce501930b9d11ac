//! What can be wrong with a file, and what is said of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::error::{Code, Error};
use svckit_core::store::{Commit, Range, Store, Unit, Write};
use svckit_sqlite::rusqlite::Connection;
use svckit_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not/yet/there/orders.sqlite");
    (directory, path)
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::default()).unwrap()
}

fn refused(path: &Path) -> Error {
    SqliteStore::open(path, Options::default()).unwrap_err()
}

fn unit(n: usize) -> Unit {
    let write = |table, value: Vec<u8>| Write {
        table,
        key: format!("{n:06}"),
        value: Some(Bytes::from(value)),
    };
    let writes = vec![write("a", vec![b'x'; 3_000]), write("b", vec![b'y'; 10])];
    Unit { now: Timestamp::UNIX_EPOCH, writes, ..Unit::default() }
}

async fn fill(store: &SqliteStore, units: std::ops::Range<usize>) {
    for n in units {
        assert_eq!(store.commit(unit(n)).await.unwrap(), Commit::Done);
    }
}

async fn keys(store: &SqliteStore, table: &'static str) -> Result<Vec<String>, Error> {
    let all = Range { prefix: String::new(), after: None, limit: usize::MAX };
    Ok(store.scan(table, all).await?.into_iter().map(|(key, _)| key).collect())
}

/// What a message must say: the file, what is wrong with it, and what to do.
fn says(error: &Error, code: Code, path: &Path, words: &[&str]) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(path.to_str().unwrap()), "{error}");
    for word in words {
        assert!(error.message().contains(word), "no `{word}` in: {error}");
    }
}

#[tokio::test]
async fn a_missing_directory_is_made() {
    let (_directory, path) = place();
    let store = open(&path);
    fill(&store, 0..3).await;
    drop(store);
    assert_eq!(keys(&open(&path), "a").await.unwrap().len(), 3);
}

#[test]
fn a_place_where_no_file_can_be() {
    let (directory, path) = place();
    std::fs::create_dir_all(&path).unwrap();
    says(&refused(&path), Code::Unavailable, &path, &["can't be opened", "directory"]);
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("orders.sqlite");
    says(&refused(&below), Code::Unavailable, &below, &["the directory of", "can't be made"]);
}

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_are() {
    let (_directory, path) = place();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let others = [
        ("PRAGMA application_id = 7", "its application_id is 0x7"),
        ("CREATE TABLE theirs (x)", "its application_id is 0x0"),
    ];
    for (sql, word) in others {
        let other = Connection::open(&path).unwrap();
        other.execute_batch(sql).unwrap();
        drop(other);
        let before = std::fs::read(&path).unwrap();
        let error = refused(&path);
        says(
            &error,
            Code::FailedPrecondition,
            &path,
            &["another program's file", word, "name another"],
        );
        assert!(std::fs::read(&path).unwrap() == before, "`{sql}`: it was changed");
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::write(&path, "Dear diary, today I ".repeat(500)).unwrap();
    says(&refused(&path), Code::DataLoss, &path, &["no SQLite file", "backup"]);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let (_directory, path) = place();
    fill(&open(&path), 0..3).await;
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let error = refused(&path);
    says(&error, Code::FailedPrecondition, &path, &["version 99", "up to 1", "newer"]);
    let same = Connection::open(&path).unwrap();
    let version: u32 = same.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

/// Damages a file of many pages by `damage`, and sees that all that can be asked answers or says what is wrong.
async fn damaged(damage: fn(&mut Vec<u8>)) -> Vec<Error> {
    let (_directory, path) = place();
    fill(&open(&path), 0..400).await;
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 1_000_000, "the log was not written back: {}", bytes.len());
    damage(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    let store = match SqliteStore::open(&path, Options::default()) {
        Ok(store) => store,
        Err(error) => {
            says(&error, Code::DataLoss, &path, &["backup"]);
            return vec![error];
        }
    };
    let mut errors = Vec::new();
    errors.extend(keys(&store, "a").await.err());
    errors.extend(keys(&store, "b").await.err());
    for n in 0..400 {
        errors.extend(store.get("a", format!("{n:06}")).await.err());
    }
    for n in 0..200 {
        errors.extend(store.commit(unit(n * 2)).await.err());
    }
    errors.extend(store.outbox(0, 10).await.err());
    errors.extend(store.sweep(Timestamp::UNIX_EPOCH).await.err());
    errors.extend(store.exclusive(std::time::Duration::from_secs(9)).await.err());
    for error in &errors {
        says(error, Code::DataLoss, &path, &["is damaged", "backup", ".recover"]);
    }
    errors
}

#[tokio::test]
async fn a_damaged_file_is_told_as_data_loss() {
    let garbage = |bytes: &mut Vec<u8>| {
        let (from, to) = (8 * 4_096, bytes.len() - 4_096);
        for (n, byte) in bytes[from..to].iter_mut().enumerate() {
            *byte = (n * 7 % 251) as u8;
        }
    };
    assert!(!damaged(garbage).await.is_empty(), "nobody noticed");
    let header = |bytes: &mut Vec<u8>| bytes[..100].fill(0xee);
    assert!(!damaged(header).await.is_empty(), "nobody noticed");
    let first_page = |bytes: &mut Vec<u8>| bytes[100..4_096].fill(0xee);
    assert!(!damaged(first_page).await.is_empty(), "nobody noticed");
}

#[tokio::test]
async fn a_cut_file_is_told_as_data_loss() {
    assert!(!damaged(|bytes| bytes.truncate(bytes.len() / 2)).await.is_empty(), "nobody noticed");
    assert!(!damaged(|bytes| bytes.truncate(bytes.len() / 2 + 1_234)).await.is_empty());
    assert!(!damaged(|bytes| bytes.truncate(50)).await.is_empty(), "nobody noticed");
}

/// The log is what a crash leaves behind: wherever it ends, what is there are the first units, each whole.
#[tokio::test]
async fn a_cut_log_leaves_whole_units() {
    let (directory, path) = place();
    let store = open(&path);
    fill(&store, 0..40).await;
    let log = |path: &Path| path.with_extension("sqlite-wal");
    let (file, bytes) = (std::fs::read(&path).unwrap(), std::fs::read(log(&path)).unwrap());
    let mut counts = Vec::new();
    for n in 0..40 {
        let copy = directory.path().join(format!("{n}.sqlite"));
        // In the middle of a page, more often than between two.
        let cut = bytes.len() * n / 39;
        std::fs::write(&copy, &file).unwrap();
        std::fs::write(log(&copy), &bytes[..cut]).unwrap();
        let store = open(&copy);
        let [a, b] = [keys(&store, "a").await.unwrap(), keys(&store, "b").await.unwrap()];
        assert_eq!(a, b, "cut at {cut}");
        assert!(a.iter().cloned().eq((0..a.len()).map(|n| format!("{n:06}"))), "{a:?}");
        counts.push(a.len());
        fill(&store, 40..42).await;
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!((counts[0], counts[39]), (0, 40));
}

#[tokio::test]
async fn a_full_file_takes_nothing_of_a_unit_and_goes_on_when_there_is_room() {
    let (_directory, path) = place();
    let options = Options { max_pages: Some(100), ..Options::default() };
    let store = SqliteStore::open(&path, options).unwrap();
    let mut done = 0;
    let error = loop {
        match store.commit(unit(done)).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
    };
    assert!(done > 20, "{done}");
    says(&error, Code::ResourceExhausted, &path, &["disk is full", "nothing was written", "room"]);
    let expected: Vec<_> = (0..done).map(|n| format!("{n:06}")).collect();
    assert_eq!(keys(&store, "a").await.unwrap(), expected);
    assert_eq!(keys(&store, "b").await.unwrap(), expected);
    // Those that came at the same time and had room went through.
    let small = |n| Unit { writes: unit(n).writes[1..].to_vec(), ..Unit::default() };
    let big = (0..20).map(|n| store.commit(unit(1_000 + n)));
    let all = futures_util::future::join_all(big);
    let (small, all) = futures_util::future::join(store.commit(small(2_000)), all).await;
    for refused in all {
        assert_eq!(refused.unwrap_err().code(), Code::ResourceExhausted);
    }
    let there = keys(&store, "b").await.unwrap().contains(&"002000".to_owned());
    assert_eq!(there, small.is_ok(), "{small:?}");
    for n in 0..done {
        let writes = unit(n).writes.into_iter().map(|write| Write { value: None, ..write });
        store.commit(Unit { writes: writes.collect(), ..Unit::default() }).await.unwrap();
    }
    fill(&store, 3_000..3_010).await;
}
