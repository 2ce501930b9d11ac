//! Sets of severities.

use svckit_diagnostics::{Diagnostic, Severity};

/// How bad findings of design are. What the language forbids is an error in every profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// As the rules' pages say.
    #[default]
    Standard,
    /// Warnings are errors: for systems whose every exception has a reason.
    Strict,
    /// Errors are warnings, and all else is as it was: for systems that are described before they are mended.
    Migration,
}

impl Profile {
    /// Raises or lowers a finding.
    pub(crate) fn apply(self, finding: &mut Diagnostic) {
        finding.severity = match (self, finding.severity) {
            (Self::Strict, Severity::Warning) => Severity::Error,
            (Self::Migration, Severity::Error) => Severity::Warning,
            (_, severity) => severity,
        };
    }
}
