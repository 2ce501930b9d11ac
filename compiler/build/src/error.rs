//! Why a build failed, as it is read in cargo's output.

use std::fmt;

use svckit_diagnostics::Diagnostic;
use svckit_diagnostics::render::human;
use svckit_driver::{Checked, Failure};

/// Why contracts were not compiled. `Debug` and `Display` both give the messages as `svckit check` shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    text: String,
}

impl Error {
    /// Of everything that was found.
    pub(crate) fn of(checked: &Checked) -> Self {
        let failures = checked.failures().iter().map(|f| format!("error: {f}\n"));
        Self { text: checked.rendered(false) + &failures.collect::<String>() }
    }

    /// Of what a backend said.
    pub(crate) fn with(checked: &Checked, found: &[Diagnostic]) -> Self {
        Self { text: human::render_with_summary(found, checked.sources(), human::Style::default()) }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self { text: failure.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}

/// What `fn main() -> svckit_build::Result` prints: `Error: ` and this.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the contracts can't be compiled\n\n{self}")
    }
}

impl std::error::Error for Error {}
