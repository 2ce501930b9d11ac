//! For machines: one JSON document with field names that stay.

use serde::Serialize;

use super::Summary;
use crate::{Applicability, Diagnostic, Edit, Fix, Label, Severity, SourceMap, Span, Waypoint};

/// Version of the document's shape; it changes when a field is removed or means something else.
pub const VERSION: u32 = 1;

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct Document {
    /// [`VERSION`].
    pub version: u32,
    /// The messages.
    pub diagnostics: Vec<Message>,
    /// Their number.
    pub summary: Counts,
    /// What could not be read or written, in a sentence each.
    pub failures: Vec<String>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            version: VERSION,
            diagnostics: Vec::new(),
            summary: Counts::default(),
            failures: Vec::new(),
        }
    }
}

impl Document {
    /// Adds what another world's document holds.
    pub fn append(&mut self, mut other: Self) {
        self.diagnostics.append(&mut other.diagnostics);
        self.failures.append(&mut other.failures);
        self.summary.errors += other.summary.errors;
        self.summary.warnings += other.summary.warnings;
        self.summary.notes += other.summary.notes;
        self.summary.files += other.summary.files;
    }
}

impl Counts {
    /// Counts the messages of one more world.
    pub fn add(&mut self, diagnostics: &[Diagnostic]) {
        let Summary { errors, warnings, notes, files } = Summary::of(diagnostics);
        self.errors += errors;
        self.warnings += warnings;
        self.notes += notes;
        self.files += files;
    }
}

/// Numbers of messages.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
    /// Files with at least one message.
    pub files: usize,
}

/// A [`Diagnostic`].
#[derive(Debug, Serialize)]
pub struct Message {
    /// `E0101`, or the slug where a rule has no number.
    pub code: &'static str,
    /// Kebab case.
    pub slug: &'static str,
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where it is shown.
    #[serde(flatten)]
    pub place: Place,
    /// Every place that matters.
    pub labels: Vec<LabelOut>,
    /// How it comes about, step by step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<StepOut>,
    /// Facts.
    pub notes: Vec<String>,
    /// Advice.
    pub help: Vec<String>,
    /// Changes that mend it.
    pub fixes: Vec<FixOut>,
}

/// A range of a file.
#[derive(Debug, Serialize)]
pub struct Place {
    /// Path as in the messages for people.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// Where it ends (exclusive).
    pub end: End,
    /// First byte in the file and one past the last.
    pub bytes: [u32; 2],
}

/// The end of a range.
#[derive(Debug, Serialize)]
pub struct End {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// A [`Label`].
#[derive(Debug, Serialize)]
pub struct LabelOut {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is said of it; may be empty.
    pub message: String,
    /// Whether the message is about this place.
    pub primary: bool,
}

/// A [`Waypoint`].
#[derive(Debug, Serialize)]
pub struct StepOut {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What happens there.
    pub message: String,
}

/// A [`Fix`].
#[derive(Debug, Serialize)]
pub struct FixOut {
    /// What it does.
    pub title: String,
    /// `safe` or `unsafe`.
    pub applicability: &'static str,
    /// The replacements.
    pub edits: Vec<EditOut>,
}

/// An [`Edit`].
#[derive(Debug, Serialize)]
pub struct EditOut {
    /// What is replaced.
    #[serde(flatten)]
    pub place: Place,
    /// By what.
    pub text: String,
}

/// The document for these messages, in the order given; `failures` are what could not be read or written.
#[must_use]
pub fn document(diagnostics: &[Diagnostic], sources: &SourceMap, failures: &[String]) -> Document {
    let Summary { errors, warnings, notes, files } = Summary::of(diagnostics);
    Document {
        version: VERSION,
        diagnostics: diagnostics.iter().map(|d| message(d, sources)).collect(),
        summary: Counts { errors, warnings, notes, files },
        failures: failures.to_vec(),
    }
}

/// The document as text, indented, with a line break at its end.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, failures: &[String]) -> String {
    let document = document(diagnostics, sources, failures);
    let text = serde_json::to_string_pretty(&document).expect("strings and numbers only");
    text + "\n"
}

fn message(diagnostic: &Diagnostic, sources: &SourceMap) -> Message {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    Message {
        code: diagnostic.code.id,
        slug: diagnostic.code.slug,
        severity,
        message: diagnostic.message.clone(),
        place: diagnostic.labels.first().map_or_else(nowhere, |l| place(l.span, sources)),
        labels: diagnostic.labels.iter().map(|l| label(l, sources)).collect(),
        way: diagnostic.way.iter().map(|w| step(w, sources)).collect(),
        notes: diagnostic.notes.clone(),
        help: diagnostic.help.clone(),
        fixes: diagnostic.fixes.iter().map(|f| fix(f, sources)).collect(),
    }
}

fn step(step: &Waypoint, sources: &SourceMap) -> StepOut {
    StepOut { place: place(step.span, sources), message: step.message.clone() }
}

fn place(span: Span, sources: &SourceMap) -> Place {
    let Some(file) = sources.get(span.file) else { return nowhere() };
    let (start, end) = (file.line_col(span.start), file.line_col(span.end));
    Place {
        file: file.path().to_owned(),
        line: start.line,
        column: start.column,
        end: End { line: end.line, column: end.column },
        bytes: [span.start, span.end],
    }
}

/// The place of a message about no file.
fn nowhere() -> Place {
    Place {
        file: String::new(),
        line: 1,
        column: 1,
        end: End { line: 1, column: 1 },
        bytes: [0, 0],
    }
}

fn label(label: &Label, sources: &SourceMap) -> LabelOut {
    LabelOut {
        place: place(label.span, sources),
        message: label.message.clone(),
        primary: label.primary,
    }
}

fn fix(fix: &Fix, sources: &SourceMap) -> FixOut {
    let edit = |e: &Edit| EditOut { place: place(e.span, sources), text: e.text.clone() };
    FixOut {
        title: fix.title.clone(),
        applicability: match fix.applicability {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
        },
        edits: fix.edits.iter().map(edit).collect(),
    }
}
