//! Files that are wrong in one way or another, at an operator's desk: each verb says what is wrong and changes nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use svckit_core::error::{Code, Error};
use svckit_operate::{DeadFilter, Desk, Redrive, ReplayFrom};
use svckit_sqlite::rusqlite::Connection;
use svckit_store_sqlite::{Options, SqliteStore};
use svckit_transport_inproc::SqliteBroker;

fn deployment(directory: &Path) {
    drop(SqliteBroker::open(directory.join("broker.sqlite"), Options::default()).unwrap());
    drop(SqliteStore::open(directory.join("a.v1.S.sqlite"), Options::default()).unwrap());
}

fn says(error: &Error, code: Code, words: &[&str]) {
    assert_eq!(error.code(), code, "{error}");
    for word in words {
        assert!(error.message().contains(word), "no `{word}` in: {error}");
    }
}

/// Puts something else in place of all but the first page.
fn tear(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_damaged_broker_is_told_by_every_verb() {
    let directory = tempfile::tempdir().unwrap();
    deployment(directory.path());
    let file = directory.path().join("broker.sqlite");
    tear(&file);
    let torn = std::fs::read(&file).unwrap();
    let desk = Desk::open(directory.path());
    let told =
        |error: &Error| says(error, Code::DataLoss, &["broker.sqlite", "is damaged", ".recover"]);
    match desk {
        Err(error) => told(&error),
        Ok(desk) => {
            told(&desk.snapshot().unwrap_err());
            told(&desk.dead_letters(&DeadFilter::default()).unwrap_err());
            told(&desk.dead_letter(1).unwrap_err());
            told(&desk.redrive(&Redrive::default(), |_| {}).unwrap_err());
            told(&desk.drop_dead(&DeadFilter::default(), false).unwrap_err());
            told(&desk.replay("a.v1.A", ReplayFrom::Position(0)).unwrap_err());
            drop(desk);
        }
    }
    assert!(std::fs::read(&file).unwrap() == torn, "the file was changed");
}

#[test]
fn a_damaged_store_is_told_and_named() {
    let directory = tempfile::tempdir().unwrap();
    deployment(directory.path());
    tear(&directory.path().join("a.v1.S.sqlite"));
    let desk = Desk::open(directory.path()).unwrap();
    says(&desk.outboxes().unwrap_err(), Code::DataLoss, &["a.v1.S.sqlite", "is damaged"]);
}

#[test]
fn a_locked_broker_can_be_looked_at_and_is_not_changed() {
    let directory = tempfile::tempdir().unwrap();
    deployment(directory.path());
    let file = directory.path().join("broker.sqlite");
    let other = Connection::open(&file).unwrap();
    let group = "INSERT INTO svckit_groups (name, ordered) VALUES ('a.v1.A', 0)";
    other.execute(group, []).unwrap();
    let desk = Desk::open(directory.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(desk.snapshot().unwrap().groups.len(), 1);
    assert!(desk.dead_letters(&DeadFilter::default()).unwrap().is_empty());
    let error = desk.replay("a.v1.A", ReplayFrom::Position(0)).unwrap_err();
    says(&error, Code::Unavailable, &["broker.sqlite", "locked by another process"]);
}

#[test]
fn what_is_no_database_is_told_and_left() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.sqlite");
    let letter = "a letter to somebody, and no database\n".repeat(200);
    std::fs::write(&file, &letter).unwrap();
    let error = Desk::open(directory.path()).unwrap_err();
    says(&error, Code::DataLoss, &["broker.sqlite", "is no SQLite file"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), letter);
}
