//! One SQLite file: one writer thread with group commit, reader threads, migrations, errors that say what to do.
//!
//! Several processes may have the same file open; SQLite's own locks keep them apart. Within a process all changes go
//! through one thread, which commits what has gathered while the last commit was being made durable: so the cost of a
//! commit is shared, and nobody waits for a lock.

mod alive;
mod error;
mod open;
mod reader;
mod session;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use rusqlite;
use rusqlite::Connection;
use svckit_core::error::Result;

pub use self::alive::{Alive, Dead};
pub use self::error::Place;
use self::reader::Readers;
pub use self::session::Session;
use self::writer::Writer;

/// What a file is for, and how it came to its present form.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// SQLite's `application_id`: tells our files from others.
    pub application_id: i32,
    /// For people: `store`, `broker`.
    pub what: &'static str,
    /// SQL, each entry run once, in this order; only ever added to.
    pub steps: &'static [&'static str],
}

/// When a commit counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// When it is on the disk: it survives a power failure.
    #[default]
    Full,
    /// When the system has it: it survives the process's death, not that of the machine.
    Normal,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When a commit counts as durable.
    pub synchronous: Synchronous,
    /// How long another process's lock is waited for.
    pub busy: Duration,
    /// How many threads read.
    pub readers: usize,
    /// How large the file may grow, in pages of 4 KiB; nothing for as large as the disk allows.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    /// Durable on disk, 5 s for locks, two readers.
    fn default() -> Self {
        let (synchronous, busy) = (Synchronous::Full, Duration::from_secs(5));
        Self { synchronous, busy, readers: 2, max_pages: None }
    }
}

/// An open file. Cheap to clone; it is closed when the last clone is dropped, after what was asked is done.
#[derive(Clone, Debug)]
pub struct File {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    writer: Writer,
    readers: Readers,
    watch: Mutex<Connection>,
}

impl File {
    /// Opens a file, creates it and its directory where they are not, and brings it to its present form.
    ///
    /// # Errors
    /// `failed_precondition` for a file that is not of this schema, is newer, or can't be written, `data_loss` for a
    /// damaged one, `unavailable` for one that is locked or can't be reached.
    pub fn open(path: impl AsRef<Path>, schema: &Schema, options: Options) -> Result<Self> {
        let place = Place::new(path.as_ref(), schema.what);
        let writer = open::writable(&place, schema, options)?;
        let reader = |_| open::readable(&place, options);
        let readers = (0..options.readers.max(1)).map(reader).collect::<Result<Vec<_>>>()?;
        let watch = Mutex::new(open::readable(&place, options)?);
        let writer = Writer::start(writer, place.clone(), options.busy)?;
        let readers = Readers::start(readers, &place)?;
        Ok(Self { inner: Arc::new(Inner { place, writer, readers, watch }) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &PathBuf {
        self.inner.place.path()
    }

    /// Runs `change` in a transaction and returns when that is durable. Others' changes may share the transaction; an
    /// error or panic of this one undoes this one alone: all of them are undone then, and each is made again by itself, so a change
    /// may run twice, the first time for nothing. A future that is dropped leaves the change to be done or not.
    ///
    /// # Errors
    /// That of `change`, or of the commit; then nothing was changed.
    pub async fn write<R, F>(&self, change: F) -> Result<R>
    where
        R: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        self.inner.writer.write(change)?.await
    }

    /// Runs `look` on a snapshot: all that was committed before.
    ///
    /// # Errors
    /// That of `look`.
    pub async fn read<R, F>(&self, look: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        self.inner.readers.read(look)?.await
    }

    /// Opens a transaction for one holder alone; other changes wait until it is over, `at_most` so long.
    ///
    /// # Errors
    /// `unavailable` if it can't be had.
    pub async fn exclusive(&self, at_most: Duration) -> Result<Session> {
        self.inner.writer.exclusive(at_most)?.await
    }

    /// A number that changes with every commit to the file, of whatever process. It costs no disk access.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn data_version(&self) -> Result<i64> {
        let watch = self.inner.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut version| version.query_row([], |row| row.get(0)))
            .map_err(|error| self.inner.place.error(error))
    }

    /// An error of SQLite as it is told: with the file's name and what to do.
    #[must_use]
    pub fn error(&self, error: rusqlite::Error) -> svckit_core::error::Error {
        self.inner.place.error(error)
    }
}
