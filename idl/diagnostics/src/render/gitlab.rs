//! For GitLab: a Code Quality report, which merge requests show beside the changes.

use serde::Serialize;

use super::{Findings, Fingerprints, explained};
use crate::{Diagnostic, Severity};

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

/// The report: one JSON list. What could not be read has no place in it.
#[must_use]
pub fn render(findings: &[Findings<'_>]) -> String {
    let mut fingerprints = Fingerprints::default();
    let issues: Vec<Issue> = findings
        .iter()
        .flat_map(|found| found.diagnostics.iter().map(move |d| (found, d)))
        .map(|(found, diagnostic)| issue(diagnostic, found, &mut fingerprints))
        .collect();
    let text = serde_json::to_string_pretty(&issues).expect("strings and numbers only");
    text + "\n"
}

fn issue(diagnostic: &Diagnostic, found: &Findings<'_>, fingerprints: &mut Fingerprints) -> Issue {
    let (path, lines) = match found.place(diagnostic) {
        None => (".".to_owned(), Lines { begin: 1, end: 1 }),
        Some((file, span)) => {
            let begin = file.line_of(span.start);
            (file.path().to_owned(), Lines { begin, end: file.line_of(span.end).max(begin) })
        }
    };
    Issue {
        description: explained(diagnostic, found.sources),
        check_name: diagnostic.code.slug,
        fingerprint: fingerprints.next(diagnostic, found.sources, &path),
        severity: match diagnostic.severity {
            Severity::Error => "critical",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        location: Location { path, lines },
    }
}
