//! What was found, for people and for machines.

use serde_json::{Map, Value, json};
use svckit_diagnostics::render::{Findings, github, gitlab, human, json as machine, junit, sarif};
use svckit_diagnostics::{Code, Diagnostic, SourceMap, Span};
use svckit_driver::Failure;

use crate::Status;
use crate::args::Format;
use crate::terminal::Terminal;

/// Documents for machines list so many messages and count the others: more would only fill their memory and ours.
const LISTED: usize = 10_000;

/// What a command found, gathered over several worlds.
pub(crate) struct Report<'a> {
    terminal: &'a Terminal,
    /// By world; kept for machines alone.
    found: Vec<(Vec<Diagnostic>, SourceMap)>,
    /// How many messages, and how many beyond [`LISTED`] are not listed.
    counts: machine::Counts,
    truncated: usize,
    failures: Vec<String>,
    extra: Map<String, Value>,
    status: Status,
}

impl<'a> Report<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            found: Vec::new(),
            counts: machine::Counts::default(),
            truncated: 0,
            failures: Vec::new(),
            extra: Map::new(),
            status: Status::Clean,
        }
    }

    /// Messages of one world; shown at once to people.
    pub(crate) fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if diagnostics.iter().any(Diagnostic::is_error) {
            self.at_least(Status::Findings);
        }
        if self.terminal.is_text() {
            let style = human::Style { color: self.terminal.color };
            self.terminal.err(&human::render_with_summary(diagnostics, sources, style));
        } else {
            self.counts.add(diagnostics);
            self.list(diagnostics.to_vec(), sources.clone());
        }
    }

    /// Keeps messages for the document, as many as there is room for.
    fn list(&mut self, mut diagnostics: Vec<Diagnostic>, sources: SourceMap) {
        let room = LISTED.saturating_sub(self.found.iter().map(|(d, _)| d.len()).sum());
        self.truncated += diagnostics.len().saturating_sub(room);
        diagnostics.truncate(room);
        self.found.push((diagnostics, sources));
    }

    /// Files that are not as they should be, each with what is to be said of it. People are shown how they differ, and
    /// the JSON document lists them; the other formats have nothing but findings.
    pub(crate) fn differing(
        &mut self,
        code: Code,
        files: impl IntoIterator<Item = (String, String)>,
    ) {
        let mut sources = SourceMap::default();
        let found: Vec<_> = files
            .into_iter()
            .map(|(path, message)| {
                let file = sources.add(path, "");
                Diagnostic::new(code, Span::new(file, 0, 0), message)
            })
            .collect();
        if found.is_empty() {
            return;
        }
        self.at_least(Status::Findings);
        if !matches!(self.terminal.format, Format::Text | Format::Json) {
            self.list(found, sources);
        }
    }

    /// What could not be read or written.
    pub(crate) fn failures(&mut self, failures: &[Failure]) {
        for failure in failures {
            self.at_least(Status::Failed);
            self.failures.push(failure.to_string());
            // A report of GitLab's has no place for it.
            if matches!(self.terminal.format, Format::Text | Format::Gitlab) {
                self.terminal.failure(failure);
            }
        }
    }

    /// A member of the JSON document that only this command has.
    pub(crate) fn extra(&mut self, name: &str, value: Value) {
        self.extra.insert(name.to_owned(), value);
    }

    /// Makes the exit code at least this bad.
    pub(crate) fn at_least(&mut self, status: Status) {
        self.status = self.status.max(status);
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Writes the document, if one is wanted.
    pub(crate) fn finish(self) -> Result<Status, Failure> {
        let findings: Vec<Findings<'_>> = self
            .found
            .iter()
            .map(|(diagnostics, sources)| Findings { diagnostics, sources })
            .collect();
        let text = match self.terminal.format {
            Format::Json => self.document(&findings),
            Format::Sarif => sarif::render(&findings, &self.failures),
            Format::Github => github::render(&findings, &self.failures),
            Format::Gitlab => gitlab::render(&findings),
            Format::Junit => junit::render(&findings, &self.failures),
            _ => return Ok(self.status),
        };
        self.terminal.out(&text)?;
        if self.truncated > 0 && self.terminal.format != Format::Json {
            let more = super::counted(self.truncated, "message");
            self.terminal.err(&format!("… and {more} more, which are not listed\n"));
        }
        Ok(self.status)
    }

    /// The JSON document: the messages of all worlds, and what only this command has.
    fn document(&self, findings: &[Findings<'_>]) -> String {
        let mut all = machine::Document::default();
        for found in findings {
            all.append(machine::document(found.diagnostics, found.sources, &[]));
        }
        all.failures.clone_from(&self.failures);
        all.summary = self.counts;
        let mut document = json!(all);
        if self.truncated > 0 {
            document["truncated"] = json!(self.truncated);
        }
        for (name, value) in &self.extra {
            document[name] = value.clone();
        }
        format!("{document:#}\n")
    }
}
