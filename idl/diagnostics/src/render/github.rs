//! For GitHub Actions: workflow commands, which become annotations of the changed lines.

use std::fmt::Write as _;

use super::{Findings, explained};
use crate::{Diagnostic, Severity};

/// A line for each message; `failures` are what could not be read or written.
#[must_use]
pub fn render(findings: &[Findings<'_>], failures: &[String]) -> String {
    let mut out = String::new();
    for found in findings {
        for diagnostic in found.diagnostics {
            annotate(diagnostic, found, &mut out);
        }
    }
    for failure in failures {
        let _ = writeln!(out, "::error::{}", data(failure));
    }
    out
}

fn annotate(diagnostic: &Diagnostic, found: &Findings<'_>, out: &mut String) {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = vec![("title", title(diagnostic))];
    if let Some((file, span)) = found.place(diagnostic) {
        let (start, end) = (file.line_col(span.start), file.line_col(span.end.max(span.start)));
        properties.push(("file", file.path().to_owned()));
        properties.push(("line", start.line.to_string()));
        properties.push(("endLine", end.line.to_string()));
        // GitHub takes columns only of what stands on one line.
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
            properties.push(("endColumn", end.column.to_string()));
        }
    }
    let list: Vec<_> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    let _ = writeln!(
        out,
        "::{command} {}::{}",
        list.join(","),
        data(&explained(diagnostic, found.sources))
    );
}

/// `E0120 unknown-type`, or the slug alone where a rule has no number.
fn title(diagnostic: &Diagnostic) -> String {
    let code = diagnostic.code;
    if code.id == code.slug { code.slug.to_owned() } else { format!("{} {}", code.id, code.slug) }
}

/// What stands after the `::`, on one line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which may hold neither of the marks around it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
