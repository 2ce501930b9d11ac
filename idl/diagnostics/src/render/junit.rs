//! For CI servers that know test results: JUnit's XML. A file is a suite, what was found in it a test each.
//!
//! Errors are failures. Warnings and notes do not fail a run, so they are tests that passed and said something.

use std::fmt::Write as _;

use super::{Findings, human};
use crate::{Diagnostic, FileId, Label, SourceMap};

/// The report of all files; `failures` are what could not be read or written.
#[must_use]
pub fn render(findings: &[Findings<'_>], failures: &[String]) -> String {
    let mut suites = String::new();
    let (mut tests, mut failed) = (0, 0);
    for found in findings {
        for suite in suites_of(found) {
            tests += suite.found.len().max(1);
            failed += suite.failed();
            suite.write(found.sources, &mut suites);
        }
    }
    if !failures.is_empty() {
        tests += failures.len();
        unreadable(failures, &mut suites);
    }
    let errors = failures.len();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"svckit\" tests=\"{tests}\" \
         failures=\"{failed}\" errors=\"{errors}\">\n{suites}</testsuites>\n"
    )
}

/// What was found in one file, or, without a path, in none.
struct Suite<'a> {
    path: &'a str,
    found: Vec<&'a Diagnostic>,
}

/// A suite for each file, those without findings included, and one for what is about no file.
fn suites_of<'a>(found: &Findings<'a>) -> Vec<Suite<'a>> {
    let suite =
        |(_, file): (FileId, &'a crate::SourceFile)| Suite { path: file.path(), found: Vec::new() };
    let mut suites: Vec<Suite<'a>> = found.sources.iter().map(suite).collect();
    let mut nowhere = Suite { path: "svckit", found: Vec::new() };
    for diagnostic in found.diagnostics {
        let file = diagnostic.labels.first().map(|l: &Label| l.span.file.0 as usize);
        let suite = file.and_then(|f| suites.get_mut(f)).unwrap_or(&mut nowhere);
        suite.found.push(diagnostic);
    }
    if !nowhere.found.is_empty() {
        suites.push(nowhere);
    }
    suites
}

impl Suite<'_> {
    fn failed(&self) -> usize {
        self.found.iter().filter(|d| d.is_error()).count()
    }

    fn write(&self, sources: &SourceMap, out: &mut String) {
        let (path, failed) = (escaped(self.path), self.failed());
        let tests = self.found.len().max(1);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">"
        );
        if self.found.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"{path}\" name=\"check\"/>");
        }
        for diagnostic in &self.found {
            write_test(&path, diagnostic, sources, out);
        }
        out.push_str("  </testsuite>\n");
    }
}

fn write_test(path: &str, diagnostic: &Diagnostic, sources: &SourceMap, out: &mut String) {
    let code = diagnostic.code;
    let place = Findings { diagnostics: &[], sources }.place(diagnostic);
    let place = place.map_or_else(String::new, |(file, span)| {
        let at = file.line_col(span.start);
        format!(" at {}:{}", at.line, at.column)
    });
    let shown = escaped(&human::render_one(diagnostic, sources, human::Style::default()));
    let _ = writeln!(out, "    <testcase classname=\"{path}\" name=\"{}{place}\">", code.slug);
    if diagnostic.is_error() {
        let message = escaped(&diagnostic.message);
        let _ = writeln!(
            out,
            "      <failure type=\"{}\" message=\"{message}\">{shown}</failure>",
            code.id
        );
    } else {
        let _ = writeln!(out, "      <system-out>{shown}</system-out>");
    }
    out.push_str("    </testcase>\n");
}

fn unreadable(failures: &[String], out: &mut String) {
    let count = failures.len();
    let _ = writeln!(
        out,
        "  <testsuite name=\"files\" tests=\"{count}\" failures=\"0\" errors=\"{count}\">"
    );
    for failure in failures {
        let message = escaped(failure);
        let _ = writeln!(
            out,
            "    <testcase classname=\"files\" name=\"{message}\"><error type=\"io\" message=\"{message}\"/></testcase>"
        );
    }
    out.push_str("  </testsuite>\n");
}

/// Text for content and attributes alike; what XML can't hold at all becomes `U+FFFD`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\r' => out.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
