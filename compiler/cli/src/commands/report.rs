//! What was found, for people and for machines.

use serde_json::{Map, Value, json};
use svckit_diagnostics::render::{human, json as machine};
use svckit_diagnostics::{Diagnostic, SourceMap};
use svckit_driver::Failure;

use crate::Status;
use crate::terminal::Terminal;

/// What a command found, gathered over several worlds.
pub(crate) struct Report<'a> {
    terminal: &'a Terminal,
    messages: Vec<Value>,
    failures: Vec<String>,
    counts: [usize; 4],
    extra: Map<String, Value>,
    status: Status,
}

const COUNTS: [&str; 4] = ["errors", "warnings", "notes", "files"];

impl<'a> Report<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            messages: Vec::new(),
            failures: Vec::new(),
            counts: [0; 4],
            extra: Map::new(),
            status: Status::Clean,
        }
    }

    /// Messages of one world; shown at once to people.
    pub(crate) fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if diagnostics.iter().any(Diagnostic::is_error) {
            self.at_least(Status::Findings);
        }
        if !self.terminal.json {
            let style = human::Style { color: self.terminal.color };
            self.terminal.err(&human::render_with_summary(diagnostics, sources, style));
            return;
        }
        let document = machine::document(diagnostics, sources, &[]);
        let document = serde_json::to_value(document).expect("strings and numbers only");
        for (count, name) in self.counts.iter_mut().zip(COUNTS) {
            let more = document["summary"][name].as_u64().unwrap_or(0);
            *count += usize::try_from(more).unwrap_or(usize::MAX);
        }
        self.messages.extend(document["diagnostics"].as_array().cloned().unwrap_or_default());
    }

    /// What could not be read or written.
    pub(crate) fn failures(&mut self, failures: &[Failure]) {
        for failure in failures {
            self.at_least(Status::Failed);
            self.failures.push(failure.to_string());
            if !self.terminal.json {
                self.terminal.failure(failure);
            }
        }
    }

    /// A member of the document that only this command has.
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
    pub(crate) fn finish(mut self) -> Result<Status, Failure> {
        if self.terminal.json {
            let counts: Map<_, _> =
                COUNTS.iter().zip(self.counts).map(|(n, c)| ((*n).to_owned(), json!(c))).collect();
            self.extra.insert("version".into(), json!(machine::VERSION));
            self.extra.insert("diagnostics".into(), Value::Array(self.messages));
            self.extra.insert("summary".into(), Value::Object(counts));
            self.extra.insert("failures".into(), json!(self.failures));
            let document = Value::Object(self.extra);
            self.terminal.out(&format!("{document:#}\n"))?;
        }
        Ok(self.status)
    }
}
