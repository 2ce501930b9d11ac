//! The suite of stores on each store that is here.

mod suite;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use svckit_store_memory::MemoryStore;
use svckit_store_sqlite::{Options, SqliteStore, Synchronous};
use svckit_testkit::conformance::store::{self, Scenario, Subject, chance};

use self::suite::Case;

fn memory() -> Subject {
    let store = MemoryStore::new();
    Subject::new(move || std::sync::Arc::new(store.clone()))
}

fn sqlite(synchronous: Synchronous) -> Subject {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    let options = Options { synchronous, ..Options::default() };
    Subject::new(move || {
        let path = directory.path().join("store.sqlite");
        std::sync::Arc::new(SqliteStore::open(path, options).expect("it opens"))
    })
}

fn main() -> ExitCode {
    let scenarios = store::all();
    let on = |scenario: Scenario| {
        [
            Case::new(scenario, "memory", true, memory),
            Case::new(scenario, "SQLite", false, || sqlite(Synchronous::Full)),
        ]
    };
    let cases = scenarios.iter().copied().flat_map(on).collect();
    let chance = Trial::test("SQLite: by chance: answers as one in memory does", || {
        chance::play(96, 60, memory, || sqlite(Synchronous::Normal));
        Ok(())
    });
    suite::run("Stores", &Arguments::from_args(), cases, vec![chance])
}
