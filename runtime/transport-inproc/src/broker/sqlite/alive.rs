//! Which processes live: each holds the lock of a file of its own beside the broker's. The system lets go of it when the
//! process ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use svckit_core::error::{Error, Result};
use uuid::Uuid;

use super::SqliteBroker;

/// This process's lock.
pub(super) struct Alive {
    id: Uuid,
    directory: PathBuf,
    path: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

impl Alive {
    /// Takes a lock of one's own beside the file `broker`.
    pub(super) fn new(broker: &Path) -> Result<Self> {
        let mut directory = broker.as_os_str().to_owned();
        directory.push(".alive");
        let directory = PathBuf::from(directory);
        #[expect(clippy::disallowed_methods, reason = "it names a process, not a message")]
        let id = Uuid::now_v7();
        let path = directory.join(id.to_string());
        let told = |error: std::io::Error| Error::from(error).context(path.display());
        fs::create_dir_all(&directory).map_err(told)?;
        // It gets its name when it is locked, so that nobody takes it for that of a process that has died.
        let unnamed = directory.join(format!("{id}.new"));
        let lock = File::create(&unnamed).map_err(told)?;
        lock.lock().map_err(told)?;
        fs::rename(&unnamed, &path).map_err(told)?;
        Ok(Self { id, directory, path, _lock: lock })
    }

    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// Takes what the dead held out of their hands.
    pub(super) async fn bury(&self, broker: &SqliteBroker) -> Result<()> {
        for (id, path) in self.dead() {
            let freed = move |c: &svckit_sqlite::rusqlite::Connection| {
                c.execute(
                    "UPDATE svckit_deliveries SET due = 0, owner = NULL WHERE owner = ?1",
                    [&id.as_bytes()[..]],
                )
            };
            let freed = broker.feed(freed).await?;
            if freed > 0 {
                tracing::warn!(
                    messages = freed,
                    "a process has died; what it held is handed out again"
                );
            }
            // Only now, so that whoever fails on the way is followed by another.
            let _ = fs::remove_file(path);
        }
        Ok(())
    }

    fn dead(&self) -> Vec<(Uuid, PathBuf)> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let paths = entries.filter_map(std::result::Result::ok).map(|entry| entry.path());
        let others = paths.filter(|path| *path != self.path);
        let named = others.filter_map(|path| {
            let id = Uuid::parse_str(path.file_name()?.to_str()?).ok()?;
            Some((id, path))
        });
        named.filter(|(_, path)| is_free(path)).collect()
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
        let _ = fs::remove_file(&self.path);
    }
}
