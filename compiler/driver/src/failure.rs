//! What could not be read or written.

use std::fmt;
use std::io;
use std::path::Path;

/// An I/O error with what was tried, in a sentence. It ends a command with exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure(String);

impl Failure {
    /// A sentence of one's own.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// `can't read contracts/a.svc: permission denied`
    #[must_use]
    pub fn io(verb: &str, path: &Path, error: &io::Error) -> Self {
        Self(format!("can't {verb} {}: {}", path.display(), reason(error)))
    }
}

/// The reason in words, without the number of the operating system.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
