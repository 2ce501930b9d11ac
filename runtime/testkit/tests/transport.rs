//! The suite of brokers on each broker that is here.

mod suite;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use svckit_sqlite::{Options, Synchronous};
use svckit_testkit::conformance::transport::{self, Scenario, Subject, chance};
use svckit_transport_inproc::{MemoryBroker, SqliteBroker};

use self::suite::Case;

fn memory() -> Subject {
    let broker = MemoryBroker::new();
    Subject::new(move || Arc::new(broker.clone()))
}

fn sqlite(synchronous: Synchronous) -> Subject {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    let options = Options { synchronous, ..Options::default() };
    Subject::new(move || {
        let path = directory.path().join("broker.sqlite");
        Arc::new(SqliteBroker::open(path, options).expect("it opens"))
    })
}

fn main() -> ExitCode {
    let scenarios = transport::all();
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
    suite::run("Brokers", &Arguments::from_args(), cases, vec![chance])
}
