//! `svckit.toml`: what a workspace of contracts consists of.

mod read;
mod table;
#[cfg(test)]
mod tests;

pub use read::{is_day, read};

use svckit_backend::Options;
use svckit_diagnostics::Span;
pub use svckit_lint::Profile;

/// Name of the file.
pub const FILE_NAME: &str = "svckit.toml";
/// The only version of the file's format.
pub const VERSION: i64 = 1;

/// A value and where it stands in `svckit.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// What `svckit.toml` says; what it leaves out has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Source roots, relative to the file's folder; empty: the folder itself.
    pub sources: Vec<Located<String>>,
    /// What `svckit gen` makes without `--target`.
    pub targets: Vec<Target>,
    /// Other workspaces whose packages are known here.
    pub dependencies: Vec<Dependency>,
    /// How strictly is judged.
    pub lint: Lint,
}

impl Config {
    /// The entry of a target.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|t| t.name.value == name)
    }

    /// The options of a target; none where it has no entry.
    #[must_use]
    pub fn options(&self, target: &str) -> Options {
        self.target(target).map(|t| t.options.clone()).unwrap_or_default()
    }
}

/// `[targets.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The backend's name.
    pub name: Located<String>,
    /// Where to, relative to the file's folder.
    pub out: Option<String>,
    /// All other keys; those of a nested table with the table's name and a dot before them.
    pub options: Options,
    /// Where each option stands.
    pub spans: Vec<(String, Span)>,
}

/// `[dependencies.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The key, for messages.
    pub name: Located<String>,
    /// Folder of the other `svckit.toml`, relative to this one's.
    pub path: Located<String>,
    /// The Rust crate that has its generated code.
    pub krate: Option<String>,
}

/// `[lint]`: what the design rules are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lint {
    /// The set of severities.
    pub profile: Profile,
    /// A file of findings that are known, relative to the file's folder.
    pub baseline: Option<Located<String>>,
    /// `[[lint.allow]]`
    pub exceptions: Vec<Exception>,
}

/// Rules that are not applied below a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// A file or folder, relative to the file's folder.
    pub path: Located<String>,
    /// Slugs of the rules.
    pub rules: Vec<Located<String>>,
    /// Why.
    pub because: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// Every table of the file with its keys, as the published schema must have them.
pub const KEYS: &[(&str, &[&str])] = &[
    ("", &["version", "sources", "targets", "dependencies", "lint"]),
    ("targets.*", &["out"]),
    ("dependencies.*", &["path", "crate"]),
    ("lint", &["profile", "allow", "baseline"]),
    ("lint.allow", &["path", "rules", "because", "until"]),
];

/// The names of the profiles.
pub const PROFILES: &[(&str, Profile)] = &[
    ("standard", Profile::Standard),
    ("strict", Profile::Strict),
    ("migration", Profile::Migration),
];
