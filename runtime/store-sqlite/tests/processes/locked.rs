//! Another process that holds the lock of the file.

use std::path::Path;
use std::time::Duration;

use svckit_core::error::Code;
use svckit_core::store::{Commit, Store, Unit, Write};
use svckit_store_sqlite::{Options, SqliteStore, SqliteTransaction};

use crate::{Other, keys, role, say};

/// Opens an exclusive transaction, changes something, and holds it until it is told to end.
pub(crate) async fn hold(file: &Path) {
    let store = SqliteStore::open(file, Options::default()).expect("it opens");
    let open = store.exclusive(Duration::from_secs(600)).await.expect("it has its turn");
    let sql =
        open.as_any().downcast_ref::<SqliteTransaction>().expect("it is this store's").clone();
    let change = "INSERT INTO svckit_state (tbl, key, value) VALUES ('held', 'k', x'00')";
    sql.run(move |c| c.execute(change, [])).await.expect("it can be changed");
    say("held");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the test says when to end");
}

fn unit(key: &str) -> Unit {
    let write = Write { table: "t", key: key.to_owned(), value: Some("v".into()) };
    Unit { writes: vec![write], ..Unit::default() }
}

pub(crate) async fn refused() {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    let file = directory.path().join("s.sqlite");
    let options = Options { busy: Duration::from_millis(50), ..Options::default() };
    let store = SqliteStore::open(&file, options).expect("it opens");
    store.commit(unit("before")).await.expect("nobody has the lock");
    let mut holder = Other::start(role("holder", &file));
    assert_eq!(holder.says().as_deref(), Some("held"));

    let all = (0..200).map(|n| store.commit(unit(&n.to_string())));
    for refused in futures_util::future::join_all(all).await {
        let error = refused.expect_err("another has the lock");
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        for word in [file.to_str().expect("it is text"), "locked by another process", "wait"] {
            assert!(error.message().contains(word), "no `{word}` in: {error}");
        }
    }
    let error = store.exclusive(Duration::from_secs(1)).await.err().expect("another has the lock");
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    // What is committed can be read, also by one who comes now.
    assert_eq!(keys(&store, "t").await, ["before"]);
    let late = SqliteStore::open(&file, options).expect("to open takes no lock");
    assert_eq!(keys(&late, "t").await, ["before"]);
    assert_eq!(keys(&late, "held").await, [""; 0]);

    holder.kill();
    assert_eq!(store.commit(unit("after")).await.expect("the lock is free"), Commit::Done);
    assert_eq!(keys(&late, "t").await, ["after", "before"]);
}
