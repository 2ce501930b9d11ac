//! `svckit check`

use svckit_driver::Failure;

use super::report::Report;
use super::{counted, load_all};
use crate::Status;
use crate::args::CheckArgs;
use crate::terminal::Terminal;

pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let mut report = Report::new(terminal);
    let mut contracts = 0;
    let mut found = 0;
    for inputs in load_all(&args.paths)? {
        contracts += inputs.contracts.len();
        let checked = svckit_driver::check(inputs);
        found += checked.diagnostics.len();
        report.diagnostics(&checked.diagnostics, checked.sources());
        report.failures(checked.failures());
    }
    if found == 0 && report.status() == Status::Clean {
        terminal.say(&format!("{} checked, nothing found", counted(contracts, "contract")));
    }
    report.finish()
}
