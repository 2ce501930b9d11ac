//! What the paths of a command line stand for.

use std::path::{Path, PathBuf};

use super::walk;
use crate::Failure;
use crate::config::{self, FILE_NAME};

/// One world to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The folder of a `svckit.toml`.
    Workspace(PathBuf),
    /// Files and folders that belong to no workspace: a world of their own.
    Loose(Vec<PathBuf>),
}

/// The worlds that `paths` name, as seen from the folder `base`; without any path, the workspace that `base` is in.
///
/// A path below a source root of a workspace stands for that workspace. All that is in none is one world.
///
/// # Errors
/// A path that does not exist.
pub fn find(paths: &[PathBuf], base: &Path) -> Result<Vec<Start>, Failure> {
    if paths.is_empty() {
        let start = workspace_above(base).map(Start::Workspace);
        return Ok(vec![start.unwrap_or_else(|| Start::Loose(vec![base.to_owned()]))]);
    }
    let mut starts = Vec::new();
    let mut loose = Vec::new();
    for path in paths {
        let path = walk::join(base, &path.to_string_lossy());
        if !path.exists() {
            let shown = walk::shown(base, &path);
            return Err(Failure::new(format!(
                "can't read {shown}: there is no such file or folder"
            )));
        }
        match workspace_of(&path) {
            Some(root) => starts.push(Start::Workspace(root)),
            None => loose.push(path),
        }
    }
    starts.extend((!loose.is_empty()).then_some(Start::Loose(loose)));
    starts.dedup();
    Ok(starts)
}

/// The nearest folder at or above this one with a `svckit.toml`.
fn workspace_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|f| f.join(FILE_NAME).is_file()).map(Path::to_owned)
}

/// The workspace whose sources a path belongs to.
fn workspace_of(path: &Path) -> Option<PathBuf> {
    if path.is_dir() && path.join(FILE_NAME).is_file() {
        return Some(path.to_owned());
    }
    if path.file_name().is_some_and(|n| n == FILE_NAME) {
        return path.parent().map(Path::to_owned);
    }
    let path = walk::canonical(path);
    let root = workspace_above(path.parent()?)?;
    let text = std::fs::read_to_string(root.join(FILE_NAME)).unwrap_or_default();
    let (config, _) = config::read(svckit_diagnostics::FileId::default(), &text);
    let roots = config.sources.iter().map(|s| walk::canonical(&walk::join(&root, &s.value)));
    let covers = config.sources.is_empty() || roots.into_iter().any(|r| path.starts_with(r));
    covers.then_some(root)
}
