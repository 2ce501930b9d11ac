//! `svckit fmt`

use std::io::Read as _;
use std::path::Path;

use serde_json::json;
use svckit_driver::format::{Formatted, format};
use svckit_driver::{Failure, Inputs, codes};

use super::report::Report;
use super::{counted, load_all};
use crate::Status;
use crate::args::FmtArgs;
use crate::terminal::Terminal;

pub(crate) fn run(args: &FmtArgs, terminal: &Terminal) -> Result<Status, Failure> {
    if args.paths.iter().any(|p| p == Path::new("-")) {
        return standard_input(args, terminal);
    }
    let mut report = Report::new(terminal);
    let mut paths = Vec::new();
    let mut files = 0;
    for inputs in load_all(&args.paths)? {
        let formatted = format(&inputs);
        files += formatted.files;
        report.diagnostics(&formatted.diagnostics, &inputs.sources);
        report.failures(&inputs.failures);
        finish_world(args, terminal, &formatted, &mut report)?;
        paths.extend(formatted.unformatted.into_iter().map(|u| u.path));
    }
    let did = if args.check { "would be formatted" } else { "formatted" };
    terminal.say(&format!("{} of {} {did}", paths.len(), counted(files, "contract")));
    report.extra("unformatted", json!(paths));
    report.finish()
}

/// Writes the files, or shows what would change.
fn finish_world(
    args: &FmtArgs,
    terminal: &Terminal,
    formatted: &Formatted,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    for file in &formatted.unformatted {
        if args.check {
            if terminal.is_text() {
                terminal.out(&file.to_string())?;
            }
        } else if let Err(failure) = file.write() {
            report.failures(&[failure]);
        }
    }
    if args.check {
        let message = "this contract is not formatted";
        let files = formatted.unformatted.iter().map(|f| (f.path.clone(), message.to_owned()));
        report.differing(codes::UNFORMATTED, files);
    }
    Ok(())
}

/// Standard input formatted to standard output; where it can't be, it comes out as it is.
fn standard_input(args: &FmtArgs, terminal: &Terminal) -> Result<Status, Failure> {
    if args.paths.len() > 1 {
        return Err(Failure::new("`-`, standard input, can't be given together with paths"));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::new(format!("can't read standard input: {e}")))?;
    let inputs: Inputs = svckit_driver::load_text("<stdin>", &bytes);
    let formatted = format(&inputs);
    let mut report = Report::new(terminal);
    report.diagnostics(&formatted.diagnostics, &inputs.sources);
    if args.check {
        finish_world(args, terminal, &formatted, &mut report)?;
    } else if formatted.diagnostics.is_empty() {
        let text = formatted.unformatted.first().map_or(bytes, |u| u.new.clone().into_bytes());
        terminal.out(&String::from_utf8_lossy(&text))?;
        return Ok(report.status());
    }
    report.finish()
}
