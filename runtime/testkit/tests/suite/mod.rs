//! Runs the scenarios of a suite, and holds its section of the table against what they came to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use futures_util::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};
use svckit_testkit::conformance::scenario::Scenario;
use svckit_testkit::conformance::table::{self, Row, Verdict};

/// One scenario on one transport or store.
pub(crate) struct Case {
    area: &'static str,
    scenario: &'static str,
    /// The transport or store.
    on: &'static str,
    /// Why it has no meaning there; empty where it has.
    without: &'static str,
    play: Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>,
}

impl Case {
    /// The scenario on one that is kept in memory, or on one that is not.
    pub(crate) fn new<S: 'static>(
        scenario: Scenario<S>,
        on: &'static str,
        in_memory: bool,
        subject: impl FnOnce() -> S + Send + 'static,
    ) -> Self {
        let Scenario { area, name, not_in_memory, play } = scenario;
        let without = if in_memory { not_in_memory } else { "" };
        Self { area, scenario: name, on, without, play: Box::new(move || play(subject())) }
    }
}

type Verdicts = Arc<Mutex<BTreeMap<(usize, &'static str), Verdict>>>;

/// Runs all cases, and what belongs to the suite but not to the table.
pub(crate) fn run(
    suite: &str,
    arguments: &Arguments,
    cases: Vec<Case>,
    more: Vec<Trial>,
) -> ExitCode {
    let mut rows: Vec<Row> = Vec::new();
    let verdicts = Verdicts::default();
    let (all, mut trials) = (cases.len(), more);
    for case in cases {
        let is_same = |row: &Row| row.area == case.area && row.scenario == case.scenario;
        let place = rows.iter().position(is_same).unwrap_or_else(|| {
            let (area, scenario) = (case.area.to_owned(), case.scenario.to_owned());
            rows.push(Row { area, scenario, verdicts: BTreeMap::new() });
            rows.len() - 1
        });
        trials.push(trial(case, place, verdicts.clone()));
    }
    let conclusion = libtest_mimic::run(arguments, trials);
    let verdicts = verdicts.lock().expect("no scenario panics with it");
    if conclusion.has_failed() || verdicts.len() < all {
        // A part of the suite says nothing of the table.
        return conclusion.exit_code();
    }
    for ((place, on), verdict) in verdicts.iter() {
        rows[*place].verdicts.insert((*on).to_owned(), verdict.clone());
    }
    written(suite, &table::render(suite, &rows))
}

fn trial(case: Case, place: usize, verdicts: Verdicts) -> Trial {
    let name = format!("{}: {}: {}", case.on, case.area, case.scenario);
    Trial::test(name, move || {
        let verdict = if case.without.is_empty() {
            play(case.play)?;
            Verdict::Holds
        } else {
            Verdict::Without(case.without.to_owned())
        };
        verdicts.lock().expect("no scenario panics with it").insert((place, case.on), verdict);
        Ok(())
    })
}

fn play(play: Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>) -> Result<(), Failed> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_time().build();
    let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
    runtime.block_on(async { play().await });
    Ok(())
}

/// Compares the committed section with the run, or writes it.
fn written(suite: &str, found: &str) -> ExitCode {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../CONFORMANCE.md");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    if table::section(&text, suite) == Some(found) {
        return ExitCode::SUCCESS;
    }
    if std::env::var_os("BLESS").is_some() {
        let text = table::with_section(&text, suite, found);
        std::fs::write(&path, text).expect("the table can be written");
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "the section {suite} of runtime/CONFORMANCE.md is not what the run found; write it anew with\n    \
         BLESS=1 cargo test -p svckit-testkit"
    );
    ExitCode::FAILURE
}
