//! One message about a contract.

use crate::{Code, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Reported; fails only where asked to.
    Warning,
    /// For the reader's information.
    Note,
}

/// A place in a source text and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub message: String,
    /// The place that the message is about, as against others that explain it.
    pub primary: bool,
}

/// One step of the way that leads to what a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waypoint {
    /// The line of the contract by which it is taken.
    pub span: Span,
    /// What happens there.
    pub message: String,
}

/// Whether a tool may apply a [`Fix`] unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicability {
    /// Surely what is meant.
    Safe,
    /// Likely; a person should look.
    Unsafe,
}

/// One replacement of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// A change of the source that would mend what is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// The replacements; they do not overlap.
    pub edits: Vec<Edit>,
    /// Whether it may be applied unasked.
    pub applicability: Applicability,
}

/// One message: what is wrong, where, why, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// How bad; the code's unless raised or lowered.
    pub severity: Severity,
    /// One sentence that stands alone, without a full stop.
    pub message: String,
    /// Places; the first primary one is where the message is shown.
    pub labels: Vec<Label>,
    /// How it comes about, step by step; empty where there is nothing to follow.
    pub way: Vec<Waypoint>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// Changes that a tool can apply.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A message of `code`, shown at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            labels: vec![Label { span, message: String::new(), primary: true }],
            way: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Says something at the primary place.
    #[must_use]
    pub fn here(mut self, message: impl Into<String>) -> Self {
        self.labels[0].message = message.into();
        self
    }

    /// Points at another place that explains it.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into(), primary: false });
        self
    }

    /// Adds a step to the way.
    #[must_use]
    pub fn step(mut self, span: Span, message: impl Into<String>) -> Self {
        self.way.push(Waypoint { span, message: message.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds advice that a tool can carry out: `span` replaced by `text`.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fixes.push(Fix {
            title: title.into(),
            edits: vec![Edit { span, text: text.into() }],
            applicability: Applicability::Safe,
        });
        self
    }

    /// Makes the last fix one that a person should look at.
    #[must_use]
    pub fn unsafe_fix(mut self) -> Self {
        if let Some(fix) = self.fixes.last_mut() {
            fix.applicability = Applicability::Unsafe;
        }
        self
    }

    /// Where the message is shown.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map(|l| l.span).unwrap_or_default()
    }

    /// Whether it stops generation.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
