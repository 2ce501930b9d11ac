//! `runtime/CONFORMANCE.md`: transport × scenario → verdict.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What a scenario came to on one transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that must hold held.
    Holds,
    /// It has no meaning there, and why.
    Without(String),
}

/// One scenario, in the order in which the suite has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The suite's part: `killed`, `poison`.
    pub area: String,
    /// What happens, and what must hold.
    pub scenario: String,
    /// By transport.
    pub verdicts: BTreeMap<String, Verdict>,
}

const HEAD: &str = "\
# Conformance

What every transport and every store here was put through, and what came of it. On SQLite each scenario ran with real
processes, killed with `kill -9`; in memory a worker is cut off from broker and stores on the spot. What must hold after
each of them: nothing is lost, no effect happens twice, each key keeps its order. A run writes this file (`BLESS=1 cargo
test -p svckit-testkit --test messages`); a test fails where it says something else than the run.
";

/// The table as Markdown.
#[must_use]
pub fn render(rows: &[Row]) -> String {
    let mut transports: Vec<&String> = rows.iter().flat_map(|row| row.verdicts.keys()).collect();
    transports.sort_by_key(|name| name.to_lowercase());
    transports.dedup();
    let mut out = HEAD.to_owned();
    let mut notes = Vec::new();
    let mut area = "";
    for row in rows {
        if row.area != area {
            area = &row.area;
            head(&mut out, area, &transports);
        }
        let _ = write!(out, "| {} |", row.scenario);
        for transport in &transports {
            let text = match row.verdicts.get(*transport) {
                Some(Verdict::Holds) => "holds".to_owned(),
                Some(Verdict::Without(why)) => format!("without[^{}]", note(&mut notes, why)),
                None => "not run".to_owned(),
            };
            let _ = write!(out, " {text} |");
        }
        out.push('\n');
    }
    let _ = writeln!(out, "\n{} scenarios.", rows.len());
    for (at, why) in notes.iter().enumerate() {
        let _ = write!(out, "\n[^{}]: {why}\n", at + 1);
    }
    out
}

fn head(out: &mut String, area: &str, transports: &[&String]) {
    let _ = write!(out, "\n## {area}\n\n| scenario |");
    for transport in transports {
        let _ = write!(out, " {transport} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(transports.len()));
    out.push('\n');
}

/// The number of a note, which is written once.
fn note<'a>(notes: &mut Vec<&'a str>, why: &'a str) -> usize {
    let at = notes.iter().position(|note| *note == why).unwrap_or_else(|| {
        notes.push(why);
        notes.len() - 1
    });
    at + 1
}
