//! Formatting files in place.

use std::fmt;

use similar::TextDiff;
use svckit_diagnostics::Diagnostic;

use crate::load::{Contract, Inputs, Origin};
use crate::{Failure, output};

/// A contract that is not formatted.
#[derive(Debug, Clone)]
pub struct Unformatted {
    /// The file.
    pub contract: Contract,
    /// Its path as people see it.
    pub path: String,
    /// Its text.
    pub old: String,
    /// The text that it should have.
    pub new: String,
}

/// What formatting found.
#[derive(Debug, Clone, Default)]
pub struct Formatted {
    /// Files that would change.
    pub unformatted: Vec<Unformatted>,
    /// Files with mistakes of syntax, which are left as they are.
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were looked at.
    pub files: usize,
}

/// Formats every contract of the workspace itself, in memory.
#[must_use]
pub fn format(inputs: &Inputs) -> Formatted {
    let mut formatted = Formatted::default();
    for contract in inputs.contracts.iter().filter(|c| c.origin == Origin::Local) {
        formatted.files += 1;
        let source = inputs.sources.file(contract.file);
        if !contract.is_utf8 {
            continue;
        }
        match format_text(contract, source.text()) {
            Err(diagnostics) => formatted.diagnostics.extend(diagnostics),
            Ok(new) if new == source.text() => {}
            Ok(new) => formatted.unformatted.push(Unformatted {
                contract: contract.clone(),
                path: source.path().to_owned(),
                old: source.text().to_owned(),
                new,
            }),
        }
    }
    formatted.diagnostics.extend(inputs.diagnostics.iter().filter(|d| d.is_error()).cloned());
    svckit_diagnostics::render::sort(&mut formatted.diagnostics, &inputs.sources);
    formatted
}

/// The formatted text, or the errors because of which there is none.
fn format_text(contract: &Contract, text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = svckit_syntax::parse(contract.file, text);
    match svckit_format::format(&parsed, text) {
        Some(new) => Ok(new),
        None => Err(parsed.diagnostics.into_iter().filter(Diagnostic::is_error).collect()),
    }
}

impl Unformatted {
    /// Writes the formatted text.
    ///
    /// # Errors
    /// What could not be written.
    pub fn write(&self) -> Result<(), Failure> {
        output::replace_file(&self.contract.path, self.new.as_bytes())
    }
}

/// The change as a unified diff.
impl fmt::Display for Unformatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diff = TextDiff::from_lines(&self.old, &self.new);
        let (old, new) = (self.path.as_str(), format!("{} (formatted)", self.path));
        write!(f, "{}", diff.unified_diff().header(old, &new))
    }
}
