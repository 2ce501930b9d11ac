//! A small disk of memory, in a namespace of its own, so that no rights are needed where the system lets anyone have one.

use std::path::Path;
use std::process::{Command, Stdio};

use bytes::Bytes;
use svckit_core::error::Code;
use svckit_core::store::{Commit, Store, Unit, Write};
use svckit_store_sqlite::{Options, SqliteStore};

use crate::{Other, as_role, keys, say};

const SIZE: &str = "size=3m";

/// `sh` in a namespace of its own, with a small disk on a directory.
fn sh(directory: &Path, then: &str) -> Command {
    let mut command = Command::new("unshare");
    let script = format!("mount -t tmpfs -o {SIZE} tmpfs \"$0\" && {then}");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script]).arg(directory);
    command
}

/// Whether the system lets this process have such a disk.
pub(crate) fn can_be_made() -> bool {
    let Ok(directory) = tempfile::tempdir() else { return false };
    let mut command = sh(directory.path(), "true");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn unit(n: usize) -> Unit {
    let write = |table, size| Write {
        table,
        key: format!("{n:04}"),
        value: Some(Bytes::from(vec![b'x'; size])),
    };
    Unit { writes: vec![write("a", 100), write("b", 30_000), write("c", 100)], ..Unit::default() }
}

/// Commits until the disk is full, a few times; each time it makes room by removing another file.
pub(crate) async fn fill(file: &Path) {
    let ballast = file.with_extension("ballast");
    let mut done = Vec::new();
    let mut n = 0;
    std::fs::write(&ballast, vec![0; 900_000]).expect("there is room yet");
    let store = SqliteStore::open(file, Options::default()).expect("it opens");
    for round in 0..2 {
        let error = loop {
            n += 1;
            match store.commit(unit(n)).await {
                Ok(Commit::Done) => done.push(format!("{n:04}")),
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
        assert!(error.message().contains("its disk is full; nothing was written"), "{error}");
        for table in ["a", "b", "c"] {
            assert_eq!(keys(&store, table).await, done, "{table}");
        }
        if round == 0 {
            std::fs::remove_file(&ballast).expect("it is there");
            n += 1;
            store.commit(unit(n)).await.expect("there is room again");
            done.push(format!("{n:04}"));
        }
    }
    // A full disk does not keep it from being opened and read.
    drop(store);
    let store = SqliteStore::open(file, Options::default()).expect("it opens");
    assert_eq!(keys(&store, "b").await, done);
    say(&format!("{} units", done.len()));
}

pub(crate) fn full() {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    let program = std::env::current_exe().expect("a test has a file");
    let mut command = sh(directory.path(), "exec \"$1\"");
    command.arg(program);
    as_role(&mut command, "filler", &directory.path().join("s.sqlite"));
    let mut filler = Other::start(command);
    let said = filler.says().expect("the filler came to its end");
    let units: usize = said.trim_end_matches(" units").parse().expect("it says how many");
    assert!(units > 10, "{said}");
}
