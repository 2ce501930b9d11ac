//! `svckit gen --check`: what would change.

use std::fmt;

use similar::{ChangeTag, TextDiff};

use super::manifest::Manifest;
use super::{Output, paths, read};
use crate::Failure;

/// A file that is not as it would be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The folder and the path in it.
    pub path: String,
    /// In what way.
    pub kind: DifferenceKind,
}

/// In what way a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It is not there.
    Missing,
    /// It is no longer generated.
    Stale,
    /// Its contents would change by so many lines.
    Changed {
        /// Lines that would come.
        added: usize,
        /// Lines that would go.
        removed: usize,
    },
}

/// `it is missing`, `it is no longer generated`, `3 lines would come, 2 would go`
impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::Stale => f.write_str("it is no longer generated"),
            Self::Changed { added, removed } => {
                write!(f, "{added} lines would come, {removed} would go")
            }
        }
    }
}

/// `changed gen/a.proto (+1 -2)`
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.kind {
            DifferenceKind::Missing => write!(f, "missing {path}"),
            DifferenceKind::Stale => write!(f, "stale   {path}"),
            DifferenceKind::Changed { added, removed } => {
                write!(f, "changed {path} (+{added} -{removed})")
            }
        }
    }
}

pub(super) fn differences(output: &Output) -> Result<Vec<Difference>, Failure> {
    let shown = |path: &str| output.folder.join(path).display().to_string();
    let mut all = Vec::new();
    for (path, contents) in &output.files {
        let found = read(&output.folder.join(path))?;
        if let Some(kind) = difference(found.as_deref(), contents) {
            all.push(Difference { path: shown(path), kind });
        }
    }
    let wanted = paths(output);
    for (path, _) in Manifest::read(output)?.iter().filter(|(p, _)| !wanted.contains(p)) {
        if read(&output.folder.join(path))?.is_some() {
            all.push(Difference { path: shown(path), kind: DifferenceKind::Stale });
        }
    }
    Ok(all)
}

fn difference(found: Option<&[u8]>, wanted: &[u8]) -> Option<DifferenceKind> {
    let Some(found) = found else { return Some(DifferenceKind::Missing) };
    if found == wanted {
        return None;
    }
    let (old, new) = (String::from_utf8_lossy(found), String::from_utf8_lossy(wanted));
    let diff = TextDiff::from_lines(old.as_ref(), new.as_ref());
    let count = |tag| diff.iter_all_changes().filter(|c| c.tag() == tag).count();
    Some(DifferenceKind::Changed {
        added: count(ChangeTag::Insert),
        removed: count(ChangeTag::Delete),
    })
}
