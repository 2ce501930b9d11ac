//! `svckit check`

use std::time::Instant;

use svckit_driver::{Failure, Session, Watch};

use super::report::Report;
use super::{counted, load_all, numbers, stats, watch};
use crate::Status;
use crate::args::CheckArgs;
use crate::terminal::Terminal;

pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let mut sessions = Vec::new();
    if args.watch {
        return watch::run(terminal, || once(args, terminal, &mut sessions));
    }
    once(args, terminal, &mut sessions).map(|(status, _)| status)
}

/// Checks every world, each with the session that it had the last time; what was read is to be watched.
fn once(
    args: &CheckArgs,
    terminal: &Terminal,
    sessions: &mut Vec<Session>,
) -> Result<(Status, Watch), Failure> {
    let mut report = Report::new(terminal);
    let mut contracts = 0;
    let mut found = 0;
    let start = Instant::now();
    let worlds = load_all(&args.paths)?;
    let loading = start.elapsed();
    let watch = Watch::of(&worlds);
    sessions.resize_with(worlds.len(), Session::default);
    let mut all = Vec::new();
    for (inputs, session) in worlds.into_iter().zip(sessions) {
        contracts += inputs.contracts.len();
        // What asks for numbers asks for the whole world; who only watches, for what changed.
        let part = args.watch && !args.ranges && args.config.is_none();
        let checked = if part { session.recheck(inputs) } else { session.check(inputs) };
        found += checked.diagnostics.len();
        report.diagnostics(&checked.diagnostics, checked.sources());
        report.failures(checked.failures());
        if !part && !checked.is_broken() {
            found += numbers::judge(args, &checked, terminal, &mut report)?;
        }
        all.push(checked.stats);
    }
    if found == 0 && !args.ranges && report.status() == Status::Clean {
        terminal.say(&format!("{} checked, nothing found", counted(contracts, "contract")));
    }
    if args.stats {
        let stats = stats::sum(&all, loading);
        if terminal.is_text() {
            terminal.out(&stats::text(&stats))?;
        }
        report.extra("stats", stats::json(&stats));
    }
    Ok((report.finish()?, watch))
}
