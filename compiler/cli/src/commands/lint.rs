//! `svckit lint`

use std::collections::BTreeSet;

use serde_json::json;
use svckit_diagnostics::Diagnostic;
use svckit_driver::{Checked, Failure, Inputs, baseline, days_from_now, output, registry};

use super::report::Report;
use super::{base, counted, load_all};
use crate::Status;
use crate::args::LintArgs;
use crate::terminal::Terminal;

/// How long a baseline holds where nothing is said of it.
const BASELINE_DAYS: u64 = 90;

pub(crate) fn run(args: &LintArgs, terminal: &Terminal) -> Result<Status, Failure> {
    let worlds = load_all(&args.paths)?;
    if args.write_baseline.is_some() {
        return write_baseline(args, worlds, terminal);
    }
    let mut report = Report::new(terminal);
    let mut found = 0;
    let mut fixes = Vec::new();
    for inputs in worlds {
        let checked = if args.fix {
            fixed(args, inputs, terminal, &mut report, &mut fixes)?
        } else {
            svckit_driver::check(inputs)
        };
        let findings = findings(&checked);
        found += findings.len();
        report.diagnostics(&findings, checked.sources());
        report.failures(checked.failures());
    }
    if args.fix {
        report.extra("fixed", json!(fixes));
    }
    if found == 0 && report.status() == Status::Clean {
        terminal.say("the rules find nothing");
    }
    report.finish()
}

/// What the rules found; where the contracts themselves have errors, those, for nothing was judged then.
fn findings(checked: &Checked) -> Vec<Diagnostic> {
    let rules: BTreeSet<&str> = registry::rule_codes().map(|c| c.id).collect();
    let is_of_rule = |d: &&Diagnostic| rules.contains(d.code.id);
    let is_error = |d: &&Diagnostic| d.is_error() && !is_of_rule(d);
    let errors: Vec<_> = checked.diagnostics.iter().filter(is_error).cloned().collect();
    if !errors.is_empty() {
        return errors;
    }
    checked.diagnostics.iter().filter(is_of_rule).cloned().collect()
}

/// Applies fixes, or shows what they would change; the world as it is afterwards, or would be.
fn fixed(
    args: &LintArgs,
    inputs: Inputs,
    terminal: &Terminal,
    report: &mut Report<'_>,
    fixes: &mut Vec<String>,
) -> Result<Checked, Failure> {
    let fixed = svckit_driver::fix(inputs);
    if args.dry_run {
        for file in &fixed.files {
            report.at_least(Status::Findings);
            if terminal.is_text() {
                terminal.out(&file.to_string())?;
            }
        }
    } else {
        fixed.write()?;
    }
    let did = if args.dry_run { "would be applied" } else { "applied" };
    let (applied, files) = (counted(fixed.applied, "fix"), counted(fixed.files.len(), "contract"));
    let applied = applied.replace("fixs", "fixes");
    terminal.say(&format!("{applied} {did} in {files}"));
    fixes.extend(fixed.files.iter().map(|f| f.shown.clone()));
    Ok(fixed.checked)
}

fn write_baseline(
    args: &LintArgs,
    mut worlds: Vec<Inputs>,
    terminal: &Terminal,
) -> Result<Status, Failure> {
    let Some(path) = &args.write_baseline else { return Ok(Status::Clean) };
    if worlds.len() != 1 {
        return Err(Failure::new("a baseline is of one workspace at a time: name one"));
    }
    let mut inputs = worlds.remove(0);
    inputs.baseline = None;
    let checked = svckit_driver::check(inputs);
    let mut report = Report::new(terminal);
    report.failures(checked.failures());
    let errors: Vec<_> = findings(&checked).into_iter().filter(|d| !is_design(d)).collect();
    if errors.iter().any(Diagnostic::is_error) {
        report.diagnostics(&errors, checked.sources());
        return report.finish();
    }
    let until = args.until.clone().unwrap_or_else(|| days_from_now(BASELINE_DAYS));
    let (text, count) = baseline::write(&checked, &until);
    output::replace_file(&base()?.join(path), text.as_bytes())?;
    let findings = counted(count, "finding");
    let shown = path.display();
    terminal.say(&format!(
        "{findings} written to {shown}, known until {until}; name it in svckit.toml: [lint] baseline = \"{shown}\""
    ));
    report.finish()
}

fn is_design(diagnostic: &Diagnostic) -> bool {
    registry::rule_codes().any(|c| c.id == diagnostic.code.id)
}
