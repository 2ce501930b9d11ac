//! What values must keep to, and what is reported where they do not.

mod rules;
mod subject;

use std::fmt;

pub use self::rules::{Measure, Pattern, Ranged, field, items, len, newtype, pattern, range};
pub use self::subject::{Items, Subject};
pub use crate::value::{date, decimal, json, timestamp, uuid};

/// No more than this many violations are kept of one message; the others are counted.
const MOST: usize = 100;

/// A rule that a value does not keep to.
///
/// It never holds the value itself, which may be sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where: `lines[3].price.amount`, `labels["a"]`; empty for the value as a whole.
    pub path: String,
    /// Which rule, as the contract writes it: `len 3..=32`; or `required`, `type`, `uuid` and the like.
    pub rule: String,
    /// What is wrong, for people.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "`{}` {}", self.path, self.message)
    }
}

impl std::error::Error for Violation {}

/// Reads what a scalar holds from its text, which the violation does not repeat.
///
/// # Errors
/// When the text is not one of its type.
pub fn parse<T: std::str::FromStr>(text: &str) -> Result<T, Violation> {
    text.parse().map_err(|_| Violation {
        path: String::new(),
        rule: "type".into(),
        message: "is not written as its type is".into(),
    })
}

/// All violations found in one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    list: Vec<Violation>,
    dropped: usize,
}

impl Violations {
    /// None.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), dropped: 0 }
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many were found, those that were too many to keep included.
    #[inline]
    #[must_use]
    pub const fn mark(&self) -> usize {
        self.list.len() + self.dropped
    }

    /// Those that were kept, at most 100.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.list.iter()
    }

    /// Those that were kept, at most 100.
    #[must_use]
    pub fn into_vec(self) -> Vec<Violation> {
        self.list
    }

    /// Adds one.
    #[cold]
    pub fn push(
        &mut self,
        path: impl Into<String>,
        rule: impl Into<String>,
        message: impl Into<String>,
    ) {
        if self.list.len() >= MOST {
            self.dropped += 1;
            return;
        }
        self.list.push(Violation { path: path.into(), rule: rule.into(), message: message.into() });
    }

    /// A field is missing that must be there.
    #[cold]
    pub fn required(&mut self, name: &str) {
        self.push(name, "required", "must be there, but is missing");
    }

    /// A union holds none of its members.
    #[cold]
    pub fn unset(&mut self, members: &[&str]) {
        let members = members.join("`, `");
        self.push(
            "",
            "required",
            format!("must hold one of `{members}`, but holds none known here"),
        );
    }

    /// Puts the name of a field before the paths of what was added after `mark`.
    #[inline]
    pub fn prefix_from(&mut self, mark: usize, name: &str) {
        if self.mark() > mark {
            self.prefix(mark, name);
        }
    }

    /// Puts an index before the paths of what was added after `mark`.
    #[inline]
    pub fn index_from(&mut self, mark: usize, index: usize) {
        if self.mark() > mark {
            self.prefix(mark, &format!("[{index}]"));
        }
    }

    /// Puts a map's key before the paths of what was added after `mark`.
    #[cold]
    pub(crate) fn key_from(&mut self, mark: usize, key: &str) {
        self.prefix(mark, &format!("[{key}]"));
    }

    /// Ends the paths of what was added after `mark` below these fields.
    #[cold]
    pub(crate) fn conceal_from(&mut self, mark: usize, fields: &[&str]) {
        for violation in self.list.iter_mut().skip(mark) {
            let below = |field: &&&str| {
                let rest = violation.path.strip_prefix(**field);
                rest.is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            if let Some(field) = fields.iter().find(below) {
                violation.path = (*field).to_owned();
            }
        }
    }

    /// An element of a list was not readable, or counts as absent.
    #[cold]
    pub(crate) fn element(&mut self, mark: usize, name: &str, index: usize) {
        if self.mark() == mark {
            self.required("");
        }
        self.prefix(mark, &format!("{name}[{index}]"));
    }

    #[cold]
    fn prefix(&mut self, mark: usize, prefix: &str) {
        if prefix.is_empty() {
            return;
        }
        for violation in self.list.iter_mut().skip(mark) {
            let dot = match violation.path.as_bytes().first() {
                None | Some(b'[') => "",
                Some(_) => ".",
            };
            violation.path = format!("{prefix}{dot}{}", violation.path);
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, violation) in self.list.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        if self.dropped > 0 {
            write!(f, "; and {} more", self.dropped)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
