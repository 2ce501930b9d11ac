//! The suite of messages on each transport that is here, and the table that it writes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use svckit_testkit::conformance::messages::{self, Backend, Scenario, WORKER, World};
use svckit_testkit::conformance::table::{self, Row, Verdict};

const BACKENDS: [Backend; 2] = [Backend::Memory, Backend::Sqlite];

/// By place of the scenario and transport.
type Verdicts = Arc<Mutex<BTreeMap<(usize, &'static str), Verdict>>>;

fn main() -> ExitCode {
    if let Ok(setup) = std::env::var(WORKER) {
        return worker(&setup);
    }
    silent();
    let mut arguments = Arguments::from_args();
    // Each waits for processes more than it works.
    arguments.test_threads.get_or_insert(6);
    let scenarios = messages::all();
    let verdicts = Verdicts::default();
    let trials = trials(&scenarios, &verdicts);
    let all = trials.len();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let verdicts = verdicts.lock().expect("no scenario panics with it");
    if conclusion.has_failed() || verdicts.len() < all {
        // A part of the suite says nothing of the table.
        return conclusion.exit_code();
    }
    written(&rows(&scenarios, &verdicts))
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

fn trials(scenarios: &[Scenario], verdicts: &Verdicts) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (at, scenario) in scenarios.iter().copied().enumerate() {
        for backend in BACKENDS {
            let verdicts = verdicts.clone();
            let name = format!("{}: {}: {}", backend.name(), scenario.area, scenario.name);
            trials.push(Trial::test(name, move || {
                let verdict = play(scenario, backend)?;
                verdicts
                    .lock()
                    .expect("no scenario panics with it")
                    .insert((at, backend.name()), verdict);
                Ok(())
            }));
        }
    }
    trials
}

fn play(scenario: Scenario, backend: Backend) -> Result<Verdict, Failed> {
    if backend == Backend::Memory && !scenario.not_in_memory.is_empty() {
        return Ok(Verdict::Without(scenario.not_in_memory.to_owned()));
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_time().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async { (scenario.play)(World::new(backend)).await });
    Ok(Verdict::Holds)
}

fn rows(scenarios: &[Scenario], verdicts: &BTreeMap<(usize, &'static str), Verdict>) -> Vec<Row> {
    let row = |(at, scenario): (usize, &Scenario)| Row {
        area: scenario.area.to_owned(),
        scenario: scenario.name.to_owned(),
        verdicts: verdicts
            .iter()
            .filter(|((place, _), _)| *place == at)
            .map(|((_, backend), verdict)| ((*backend).to_owned(), verdict.clone()))
            .collect(),
    };
    scenarios.iter().enumerate().map(row).collect()
}

/// Compares the committed table with the run, or writes it.
fn written(rows: &[Row]) -> ExitCode {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../CONFORMANCE.md");
    let text = table::render(rows);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("the table can be written");
        return ExitCode::SUCCESS;
    }
    if std::fs::read_to_string(&path).unwrap_or_default() == text {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "runtime/CONFORMANCE.md is not what the run found; write it anew with\n    BLESS=1 cargo test -p svckit-testkit --test messages"
    );
    ExitCode::FAILURE
}
