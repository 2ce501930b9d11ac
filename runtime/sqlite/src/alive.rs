//! Which processes have a file open: each holds the lock of a file of its own beside it. The system lets go of it when the
//! process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use svckit_core::error::{Error, Result};
use uuid::Uuid;

/// This process's lock.
#[derive(Debug)]
pub struct Alive {
    id: Uuid,
    directory: PathBuf,
    path: PathBuf,
    /// Whether one that closes is one that has died.
    mortal: bool,
    /// Locked for as long as it is open.
    _lock: File,
}

impl Alive {
    /// Takes a lock of one's own beside the file `of`.
    ///
    /// # Errors
    /// `unavailable` if it can't be made there.
    pub fn new(of: &Path) -> Result<Self> {
        let mut directory = of.as_os_str().to_owned();
        directory.push(".alive");
        let directory = PathBuf::from(directory);
        let id = Uuid::now_v7();
        let path = directory.join(id.to_string());
        let told = |error: std::io::Error| Error::from(error).context(path.display());
        fs::create_dir_all(&directory).map_err(told)?;
        // It gets its name when it is locked, so that nobody takes it for that of a process that has died.
        let unnamed = directory.join(format!("{id}.new"));
        let lock = File::create(&unnamed).map_err(told)?;
        lock.lock().map_err(told)?;
        fs::rename(&unnamed, &path).map_err(told)?;
        Ok(Self { id, directory, path, mortal: false, _lock: lock })
    }

    /// Lets others free what it holds when it is dropped, as if the process had died: the file stays until they have.
    #[must_use]
    pub fn mortal(mut self) -> Self {
        self.mortal = true;
        self
    }

    /// What this process calls itself in what it holds.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Those who have died and were not buried yet.
    #[must_use]
    pub fn dead(&self) -> Vec<Dead> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let paths = entries.filter_map(std::result::Result::ok).map(|entry| entry.path());
        let others = paths.filter(|path| *path != self.path);
        let named = others.filter_map(|path| {
            let id = Uuid::parse_str(path.file_name()?.to_str()?).ok()?;
            Some(Dead { id, path })
        });
        named.filter(|dead| is_free(&dead.path)).collect()
    }
}

/// A process that has died.
#[derive(Debug)]
pub struct Dead {
    /// What it called itself.
    pub id: Uuid,
    path: PathBuf,
}

impl Dead {
    /// What it held is free again. Only to be said then: whoever fails on the way is followed by another.
    pub fn buried(self) {
        let _ = fs::remove_file(self.path);
    }
}

/// Whether nobody holds the lock of a file.
fn is_free(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        if !self.mortal {
            let _ = fs::remove_file(&self.path);
        }
    }
}
