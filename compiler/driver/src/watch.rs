//! Whether anything that was read has changed since.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::load::Inputs;

/// How files and folders looked; whoever watches asks now and then, which needs no help of the operating system and
/// works on every file system.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    seen: Vec<(PathBuf, Option<Look>)>,
}

/// What tells that a file is another than before.
type Look = (Option<SystemTime>, u64);

impl Watch {
    /// Everything that these worlds were read from, as it is now.
    #[must_use]
    pub fn of<'a>(worlds: impl IntoIterator<Item = &'a Inputs>) -> Self {
        let mut paths: Vec<PathBuf> =
            worlds.into_iter().flat_map(|w| w.watched.iter().cloned()).collect();
        paths.sort();
        paths.dedup();
        Self { seen: paths.into_iter().map(|p| (look(&p), p)).map(|(l, p)| (p, l)).collect() }
    }

    /// How many files and folders are watched.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// What looks otherwise than when it was last asked for.
    pub fn changed(&mut self) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        for (path, seen) in &mut self.seen {
            let now = look(path);
            if now != *seen {
                *seen = now;
                changed.push(path.clone());
            }
        }
        changed
    }
}

fn look(path: &Path) -> Option<Look> {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok(), data.len()))
}
