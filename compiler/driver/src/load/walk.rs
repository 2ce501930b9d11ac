//! Walking folders: sorted, without end even where links make circles, and past what holds no contracts of ours.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::Failure;
use crate::config::FILE_NAME;

/// What is below a folder.
#[derive(Default)]
pub(super) struct Found {
    /// The `.svc` files, sorted.
    pub(super) files: Vec<PathBuf>,
    /// The folders that were looked into.
    pub(super) folders: Vec<PathBuf>,
    /// Other workspaces, which were passed by; in no order.
    pub(super) workspaces: Vec<PathBuf>,
    /// The folders that could not be.
    pub(super) failures: Vec<Failure>,
}

/// Everything below `root`, but hidden folders, `target`, `node_modules` and other workspaces.
pub(super) fn walk(root: &Path) -> Found {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    let mut pending = vec![root.to_owned()];
    while let Some(folder) = pending.pop() {
        if !seen.insert(canonical(&folder)) {
            continue;
        }
        match entries(&folder) {
            Ok(entries) => {
                found.folders.push(folder);
                for path in entries {
                    visit(path, &mut found, &mut pending);
                }
            }
            Err(error) => found.failures.push(Failure::io("read the folder", &folder, &error)),
        }
    }
    found.files.sort();
    found
}

fn visit(path: PathBuf, found: &mut Found, pending: &mut Vec<PathBuf>) {
    if path.is_dir() {
        if path.join(FILE_NAME).is_file() {
            found.workspaces.push(path);
        } else if is_entered(&path) {
            pending.push(path);
        }
    } else if path.extension().is_some_and(|e| e == "svc") && (path.is_file() || !path.exists()) {
        found.files.push(path);
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn is_entered(folder: &Path) -> bool {
    let name = folder.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    !name.starts_with('.') && name != "target" && name != "node_modules"
}

/// The path without links, or as it is where that can't be told.
pub(super) fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A path of `svckit.toml` from the folder that it is relative to, `.` left out and `..` kept.
pub(super) fn join(root: &Path, relative: &str) -> PathBuf {
    let joined = root.join(relative);
    joined.components().filter(|c| *c != Component::CurDir).collect()
}

/// The nearest folder above that exists: where something missing would appear.
pub(super) fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|p| p.is_dir()).map(Path::to_owned)
}

/// The path as people see it: relative to `base` where it is below, `/` between its parts.
pub(super) fn shown(base: &Path, path: &Path) -> String {
    let path = path.strip_prefix(base).unwrap_or(path);
    let path: PathBuf = path.components().filter(|c| *c != Component::CurDir).collect();
    let text = path.display().to_string();
    if text.is_empty() { ".".into() } else { text.replace('\\', "/") }
}
