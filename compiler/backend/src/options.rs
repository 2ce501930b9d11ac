//! Options of a backend, as `svckit.toml` and build.rs give them.

use std::collections::BTreeMap;

/// Options by name; which ones there are says [`Backend::options`](crate::Backend::options).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, String>);

/// An option that a backend does not take, or a value that it can't read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// The option's name.
    pub name: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Options {
    /// Sets an option.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// An option's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every option that starts with `prefix.`, without it: `extern.shop.common.v1`.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(prefix)?.strip_prefix('.')?;
            Some((rest, value.as_str()))
        })
    }

    /// Every option.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }
}
