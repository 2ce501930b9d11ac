//! Writing what was generated: all or nothing, only what changed, and never over or instead of what others wrote.

mod compare;
mod manifest;
mod replace;
#[cfg(test)]
mod tests;

pub use compare::{Difference, DifferenceKind};
pub use replace::{replace_file, replace_files};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use svckit_diagnostics::Diagnostic;

use crate::Failure;
use manifest::Manifest;

/// What one target wants to have in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The target's name; its manifest is called by it.
    pub target: String,
    /// The folder.
    pub folder: PathBuf,
    /// Contents by relative path, `/` between its parts.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the files do without, at its place in the contracts; they can be used all the same.
    pub warnings: Vec<Diagnostic>,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Paths that are new or have new contents.
    pub changed: Vec<String>,
    /// Paths that were ours and are no longer made.
    pub removed: Vec<String>,
    /// Paths that are no longer made but were edited since, so they stay.
    pub kept: Vec<String>,
    /// How many files were as they should be.
    pub unchanged: usize,
}

/// Whether a generated path stays within its folder.
#[must_use]
pub fn is_contained(path: &str) -> bool {
    let parts = Path::new(path).components();
    !path.is_empty()
        && !path.contains('\\')
        && parts.into_iter().all(|c| matches!(c, Component::Normal(_)))
}

/// Writes every output, or, where one can't be, none.
///
/// # Errors
/// What could not be written; a file in the way that svckit did not write.
pub fn write(outputs: &[Output]) -> Result<Vec<Written>, Failure> {
    let plans: Vec<Plan<'_>> = outputs.iter().map(Plan::new).collect::<Result<_, _>>()?;
    let mut staged = Vec::new();
    for plan in &plans {
        for path in &plan.changed {
            let to = plan.output.folder.join(path);
            staged.push(replace::Staged::new(&to, &plan.output.files[path])?);
        }
    }
    for plan in &plans {
        plan.remember_old_and_new()?;
    }
    for file in staged {
        file.commit()?;
    }
    plans.into_iter().map(Plan::finish).collect()
}

/// What differs between the folders and what would be written.
///
/// # Errors
/// What could not be read.
pub fn compare(outputs: &[Output]) -> Result<Vec<Difference>, Failure> {
    let mut all = Vec::new();
    for output in outputs {
        all.extend(compare::differences(output)?);
    }
    Ok(all)
}

/// What has to be done to one folder.
struct Plan<'a> {
    output: &'a Output,
    old: Manifest,
    changed: Vec<String>,
}

impl<'a> Plan<'a> {
    fn new(output: &'a Output) -> Result<Self, Failure> {
        let old = Manifest::read(output)?;
        let mut changed = Vec::new();
        for (path, contents) in &output.files {
            assert!(is_contained(path), "escaping paths are refused before anything is written");
            let to = output.folder.join(path);
            stays_inside(&output.folder, &to)?;
            match read(&to)? {
                Some(found) if found == *contents => continue,
                Some(_) if !old.contains(path) => return Err(in_the_way(&to)),
                _ => changed.push(path.clone()),
            }
        }
        Ok(Self { output, old, changed })
    }

    /// So that after a crash between two renames every file of ours is still known as ours.
    fn remember_old_and_new(&self) -> Result<(), Failure> {
        Manifest::of(self.output).with(&self.old).write(self.output)
    }

    fn finish(self) -> Result<Written, Failure> {
        let (stale, kept) = self.stale()?;
        for path in &stale {
            let path = self.output.folder.join(path);
            fs::remove_file(&path).map_err(|e| Failure::io("remove", &path, &e))?;
            remove_empty_folders(&self.output.folder, &path);
        }
        Manifest::of(self.output).write(self.output)?;
        let unchanged = self.output.files.len() - self.changed.len();
        Ok(Written { changed: self.changed, removed: stale, kept, unchanged })
    }

    /// Files of ours that are no longer made: as we wrote them, and edited since.
    fn stale(&self) -> Result<(Vec<String>, Vec<String>), Failure> {
        let (mut stale, mut kept) = (Vec::new(), Vec::new());
        for (path, hash) in self.old.iter().filter(|(p, _)| !self.output.files.contains_key(*p)) {
            let full = self.output.folder.join(path);
            if stays_inside(&self.output.folder, &full).is_err() {
                continue;
            }
            match read(&full)? {
                Some(found) if manifest::hash(&found) == hash => stale.push(path.to_owned()),
                Some(_) => kept.push(path.to_owned()),
                None => {}
            }
        }
        Ok((stale, kept))
    }
}

fn in_the_way(path: &Path) -> Failure {
    Failure::new(format!(
        "{} was not written by svckit and would be overwritten; move it, or name another folder",
        path.display()
    ))
}

/// Refuses to write through a link that leads out of the folder.
fn stays_inside(folder: &Path, path: &Path) -> Result<(), Failure> {
    let Ok(root) = fs::canonicalize(folder) else { return Ok(()) };
    let parents = path.ancestors().skip(1).take_while(|p| p.starts_with(folder));
    for parent in parents {
        if let Ok(real) = fs::canonicalize(parent) {
            if real.starts_with(&root) {
                return Ok(());
            }
            let shown = parent.display();
            return Err(Failure::new(format!(
                "{shown} leads out of the output folder; nothing was written"
            )));
        }
    }
    Ok(())
}

/// The contents, none where there is no file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(Failure::io("read", path, &e)),
    }
}

/// Removes the folders above a removed file that are empty now, up to the output folder itself.
fn remove_empty_folders(folder: &Path, path: &Path) {
    for parent in path.ancestors().skip(1).take_while(|p| *p != folder) {
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
}

/// The paths of an output, as a set.
fn paths(output: &Output) -> BTreeSet<&str> {
    output.files.keys().map(String::as_str).collect()
}
