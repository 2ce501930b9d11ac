//! The suite of stores on each store that is here.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use svckit_store_memory::MemoryStore;
use svckit_store_sqlite::{Options, SqliteStore, Synchronous};
use svckit_testkit::conformance::store::{self, Scenario, Subject, chance};

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
    let memory_too = scenarios.iter().filter(|scenario| scenario.not_in_memory.is_empty());
    let mut trials: Vec<Trial> =
        memory_too.map(|scenario| trial("memory", *scenario, memory)).collect();
    let durable = || sqlite(Synchronous::Full);
    trials.extend(scenarios.iter().map(|scenario| trial("SQLite", *scenario, durable)));
    trials.push(Trial::test("SQLite: by chance: answers as one in memory does", || {
        chance::play(96, 60, memory, || sqlite(Synchronous::Normal));
        Ok(())
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(store: &str, scenario: Scenario, subject: fn() -> Subject) -> Trial {
    let name = format!("{store}: {}: {}", scenario.area, scenario.name);
    Trial::test(name, move || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_time().build();
        let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
        runtime.block_on((scenario.play)(subject()));
        Ok(())
    })
}
