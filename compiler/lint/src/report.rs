//! What rules found.

use svckit_diagnostics::{Diagnostic, Span};

/// Gathers findings, in the order of rules.
#[derive(Debug, Default)]
pub struct Report {
    pub(crate) findings: Vec<Finding>,
}

/// A message and what it is about.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The name of the item or member that is judged: what an `allow` before it excuses, wherever the message is
    /// shown.
    pub(crate) subject: Span,
    pub(crate) diagnostic: Diagnostic,
}

impl Report {
    /// Adds a finding about the item or member whose name stands at `subject`. It is excused by an `allow` before
    /// whatever holds that name, or the place where the message is shown.
    pub fn add(&mut self, subject: Span, diagnostic: Diagnostic) {
        self.findings.push(Finding { subject, diagnostic });
    }
}
