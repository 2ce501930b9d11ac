//! Replacing a file at once: written beside it, then renamed over it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::Failure;

/// A file that was written beside its place and is not there yet; dropped, it is gone again.
pub(super) struct Staged {
    temporary: PathBuf,
    to: PathBuf,
    /// Folders that were made for it, innermost first.
    folders: Vec<PathBuf>,
    committed: bool,
}

impl Staged {
    pub(super) fn new(to: &Path, contents: &[u8]) -> Result<Self, Failure> {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let temporary = to.with_file_name(format!(".{name}.{}.svckit-tmp", std::process::id()));
        let folders = make_folders(to)?;
        let staged = Self { temporary, to: to.to_owned(), folders, committed: false };
        staged.fill(contents).map_err(|e| Failure::io("write", to, &e))?;
        if to.is_dir() {
            return Err(Failure::new(format!(
                "can't write {}: a folder is in its place",
                to.display()
            )));
        }
        Ok(staged)
    }

    fn fill(&self, contents: &[u8]) -> std::io::Result<()> {
        let mut file = fs::File::create(&self.temporary)?;
        file.write_all(contents)?;
        if let Ok(old) = fs::metadata(&self.to) {
            file.set_permissions(old.permissions())?;
        }
        Ok(())
    }

    pub(super) fn commit(mut self) -> Result<(), Failure> {
        fs::rename(&self.temporary, &self.to).map_err(|e| Failure::io("write", &self.to, &e))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing can be done here about a temporary file that can't be removed; the command fails anyway.
            let _ = fs::remove_file(&self.temporary);
            self.folders.iter().for_each(|f| drop(fs::remove_dir(f)));
        }
    }
}

/// Makes the folders above a file; those that were not there, innermost first.
fn make_folders(to: &Path) -> Result<Vec<PathBuf>, Failure> {
    let missing: Vec<PathBuf> =
        to.ancestors().skip(1).take_while(|p| !p.exists()).map(Path::to_owned).collect();
    let missing = missing.into_iter().filter(|p| !p.as_os_str().is_empty()).collect();
    match to.parent() {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(|e| Failure::io("make the folder", folder, &e))?;
        }
        None => return Err(Failure::new(format!("can't write {}", to.display()))),
    }
    Ok(missing)
}

/// Replaces one file's contents at once; through a link, what it leads to.
///
/// # Errors
/// What could not be written. The old contents are still there then.
pub fn replace_file(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Staged::new(&path, contents)?.commit()
}

/// Replaces the contents of several files: every one is written beside its place first, so that where one can't be, all
/// are as they were.
///
/// # Errors
/// What could not be written.
pub fn replace_files<'a>(
    files: impl IntoIterator<Item = (&'a Path, &'a [u8])>,
) -> Result<(), Failure> {
    let mut staged = Vec::new();
    for (path, contents) in files {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        staged.push(Staged::new(&path, contents)?);
    }
    staged.into_iter().try_for_each(Staged::commit)
}
