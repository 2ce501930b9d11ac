//! The suite of messages on each transport that is here.

mod suite;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use svckit_testkit::conformance::messages::{self, Backend, Scenario, WORKER, World};

use self::suite::Case;

const BACKENDS: [Backend; 2] = [Backend::Memory, Backend::Sqlite];

fn main() -> ExitCode {
    if let Ok(setup) = std::env::var(WORKER) {
        return worker(&setup);
    }
    silent();
    let mut arguments = Arguments::from_args();
    // Each waits for processes more than it works.
    arguments.test_threads.get_or_insert(6);
    let scenarios = messages::all();
    let on = |scenario: Scenario| {
        BACKENDS.map(|backend| {
            let in_memory = backend == Backend::Memory;
            Case::new(scenario, backend.name(), in_memory, move || World::new(backend))
        })
    };
    let cases = scenarios.into_iter().flat_map(on).collect();
    suite::run("Messages", &arguments, cases, Vec::new())
}

/// Handlers panic because a message says so; nobody needs to read of that.
fn silent() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&"the message says so") {
            tell(panic);
        }
    }));
}

fn worker(setup: &str) -> ExitCode {
    match messages::child(setup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}
