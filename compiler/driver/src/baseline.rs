//! Findings that were there when a team began: known, listed in a file, and not reported until a day.

use std::collections::HashMap;
use std::path::Path;

use svckit_diagnostics::render::Fingerprints;
use svckit_diagnostics::{Diagnostic, FileId, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::check::Checked;
use crate::codes;
use crate::config::Located;
use crate::load::{Inputs, relative};
use crate::registry;

/// Format of the file.
const VERSION: i64 = 1;

/// A baseline that was read.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    file: FileId,
    /// The last day on which it holds.
    until: Option<Located<String>>,
    /// Fingerprints, and where each stands.
    entries: Vec<(String, Span)>,
}

/// Reads a baseline's text; what is wrong with it is reported.
pub(crate) fn read(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Baseline {
    let mut baseline = Baseline { file, ..Baseline::default() };
    let span = |range: std::ops::Range<usize>| Span::new(file, range.start, range.end);
    let (table, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        let message = format!("this is not TOML: {}", error.message());
        let place = span(error.span().unwrap_or(0..0));
        diagnostics.push(Diagnostic::new(codes::INVALID_TOML, place, message));
        return baseline;
    }
    let table = table.get_ref();
    let version = table.get("version").and_then(|v| v.get_ref().as_integer());
    if version.and_then(|v| v.as_str().parse::<i64>().ok()) != Some(VERSION) {
        let place = table.get("version").map_or(0..0, Spanned::span);
        let message = format!("`version` must be {VERSION}: the version of a baseline's format");
        let help = "write the file anew: svckit lint --write-baseline FILE";
        diagnostics.push(Diagnostic::new(codes::INVALID_VALUE, span(place), message).help(help));
        return baseline;
    }
    baseline.until = table.get("until").and_then(|value| {
        let text = match value.get_ref() {
            DeValue::Datetime(day) => day.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => return None,
        };
        Some(Located { value: text, span: span(value.span()) })
    });
    let findings = table.get("finding").and_then(|v| v.get_ref().as_array());
    for finding in findings.into_iter().flatten() {
        let print = finding.get_ref().as_table().and_then(|t| t.get("fingerprint"));
        if let Some((print, text)) = print.and_then(|p| Some((p, p.get_ref().as_str()?))) {
            baseline.entries.push((text.to_owned(), span(print.span())));
        }
    }
    baseline
}

impl Baseline {
    /// Leaves out what is listed, and says what is to be said of the list itself.
    pub(crate) fn apply(&self, found: Vec<Diagnostic>, inputs: &Inputs) -> Vec<Diagnostic> {
        let expired = self.until.as_ref().filter(|u| u.value.as_str() < inputs.today.as_str());
        if let Some(until) = expired {
            let message = format!("this baseline ended on {}", until.value);
            let help = "mend what it lists, or write it anew: svckit lint --write-baseline FILE";
            let ended = Diagnostic::new(codes::EXPIRED_BASELINE, until.span, message).help(help);
            return found.into_iter().chain([ended]).collect();
        }
        let mut known: HashMap<&str, Option<Span>> =
            self.entries.iter().map(|(print, span)| (print.as_str(), Some(*span))).collect();
        let mut left = Vec::new();
        for (diagnostic, print) in with_fingerprints(found, inputs) {
            match print.and_then(|p| known.get_mut(p.as_str())) {
                Some(entry) => *entry = None,
                None => left.push(diagnostic),
            }
        }
        let mut stale: Vec<Span> = known.into_values().flatten().collect();
        stale.sort();
        left.extend(self.stale(&stale));
        left
    }

    fn stale(&self, entries: &[Span]) -> Option<Diagnostic> {
        let first = entries.first()?;
        let message = match entries.len() {
            1 => "an entry of this baseline matches nothing any more".to_owned(),
            n => format!("{n} entries of this baseline match nothing any more"),
        };
        let help =
            "what they listed is mended; write the file anew: svckit lint --write-baseline FILE";
        let diagnostic = Diagnostic::new(codes::STALE_BASELINE, *first, message).help(help);
        Some(diagnostic.here(if entries.len() == 1 { "" } else { "the first of them" }))
    }

    /// The file that it was read from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }
}

/// Each finding with its fingerprint, if it is one of a rule of design.
fn with_fingerprints(
    found: Vec<Diagnostic>,
    inputs: &Inputs,
) -> impl Iterator<Item = (Diagnostic, Option<String>)> {
    let paths: HashMap<FileId, String> =
        inputs.contracts.iter().map(|c| (c.file, relative(&inputs.root, &c.path))).collect();
    let mut prints = Fingerprints::default();
    found.into_iter().map(move |diagnostic| {
        let path = paths.get(&diagnostic.span().file);
        let path = path.filter(|_| is_of_rule(&diagnostic));
        let print = path.map(|path| prints.next(&diagnostic, &inputs.sources, path));
        (diagnostic, print)
    })
}

fn is_of_rule(diagnostic: &Diagnostic) -> bool {
    registry::RULES.iter().any(|rule| rule.code == diagnostic.code)
}

/// A baseline of all that the rules of design find, as text, and how many findings it lists. `checked` must have been
/// checked without one.
#[must_use]
pub fn write(checked: &Checked, until: &str) -> (String, usize) {
    let mut out = String::from(
        "# Findings that are known, written by `svckit lint --write-baseline`. Delete what was mended, or write it anew.\n",
    );
    out += &format!("version = {VERSION}\nuntil = {until}\n");
    let mut count = 0;
    for (diagnostic, print) in with_fingerprints(checked.diagnostics.clone(), &checked.inputs) {
        let Some(print) = print else { continue };
        count += 1;
        let file = checked.sources().get(diagnostic.span().file);
        let contract = checked.inputs.contracts.iter().find(|c| c.file == diagnostic.span().file);
        let path = contract.map_or(Path::new(""), |c| &c.path);
        let line = file.map_or(1, |f| f.line_of(diagnostic.span().start));
        out += &format!(
            "\n[[finding]]\nrule = {}\nplace = {}\nmessage = {}\nfingerprint = {}\n",
            quoted(diagnostic.code.slug),
            quoted(&format!("{}:{line}", relative(&checked.inputs.root, path))),
            quoted(&diagnostic.message),
            quoted(&print),
        );
    }
    (out, count)
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out += &format!("\\u{:04X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
