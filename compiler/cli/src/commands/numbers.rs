//! `svckit check --ranges` and `--config`

use serde_json::{Value, json};
use svckit_driver::numbers::{End, Range, prove, ranges};
use svckit_driver::{Checked, Failure};

use super::report::Report;
use super::{base, counted};
use crate::Status;
use crate::args::CheckArgs;
use crate::terminal::Terminal;

/// What the arguments ask of the numbers of a world; how many overrides are refused.
pub(super) fn judge(
    args: &CheckArgs,
    checked: &Checked,
    terminal: &Terminal,
    report: &mut Report<'_>,
) -> Result<usize, Failure> {
    if args.ranges {
        let ranges = ranges(checked);
        if terminal.is_text() {
            terminal.out(&text(&ranges))?;
        }
        let list: Vec<Value> = ranges.iter().map(Range::to_json).collect();
        report.extra("ranges", json!(list));
    }
    let Some(path) = &args.config else { return Ok(0) };
    let shown = path.display().to_string();
    let proof = prove(checked, &base()?.join(path), &shown)?;
    let found = proof.diagnostics.len();
    report.diagnostics(&proof.diagnostics, &proof.sources);
    let numbers = counted(proof.count, "number");
    if found > 0 {
        report.at_least(Status::Findings);
        terminal.say(&format!("{shown} is refused"));
    } else {
        terminal.say(&format!("{shown} is safe: {numbers} overridden, and no rule fires"));
    }
    Ok(found)
}

/// By policy and operation, a line a number; below each line what fires beyond its ends.
fn text(ranges: &[Range]) -> String {
    let mut out = String::new();
    let mut last = None;
    for range in ranges {
        if last != Some(&range.of) {
            out += &format!("{}{}\n", if last.is_some() { "\n" } else { "" }, range.of.name());
            last = Some(&range.of);
        }
        let text = |end: &Option<End>, open: &str| {
            end.as_ref().map_or_else(|| open.to_owned(), |e| range.unit.text(e.value))
        };
        let (min, max) = (text(&range.min, ""), text(&range.max, ""));
        let interval = match (min.as_str(), max.as_str()) {
            ("", "") => "any".to_owned(),
            _ => format!("{min}..={max}"),
        };
        out +=
            &format!("  {:<22} {:>10}   {interval}\n", range.number, range.unit.text(range.value));
        for (word, end) in [("below", &range.min), ("above", &range.max)] {
            if let Some(end) = end {
                out += &format!("  {:<22}   {word}: {}: {}\n", "", end.rule, end.message);
            }
        }
    }
    out
}
