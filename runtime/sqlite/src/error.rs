//! Errors of SQLite in words that help.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;
use svckit_core::error::{Code, Error};

/// A file and what it is for.
#[derive(Clone, Debug)]
pub struct Place {
    path: Arc<PathBuf>,
    what: &'static str,
}

const SHARED_MEMORY: i32 = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// What SQLite says, what that is in our terms, and what to do.
const KNOWN: &[(ErrorCode, Code, &str)] = &[
    (
        ErrorCode::DatabaseBusy,
        Code::Unavailable,
        "is locked by another process; end that one, or wait until it is done",
    ),
    (ErrorCode::DatabaseLocked, Code::Unavailable, "is locked by another transaction; try again"),
    (
        ErrorCode::DiskFull,
        Code::ResourceExhausted,
        "can't grow, for its disk is full; nothing was written; make room, and it goes on by itself",
    ),
    (
        ErrorCode::DatabaseCorrupt,
        Code::DataLoss,
        "is damaged; restore it from a backup, or salvage what is left with `sqlite3 FILE .recover`",
    ),
    (
        ErrorCode::NotADatabase,
        Code::DataLoss,
        "is no SQLite file, or its beginning is damaged; move it away or restore it from a backup",
    ),
    (
        ErrorCode::ReadOnly,
        Code::FailedPrecondition,
        "can't be written; give this process the right to write the file and its directory",
    ),
    (
        ErrorCode::PermissionDenied,
        Code::FailedPrecondition,
        "can't be used; give this process the right to read and write the file and its directory",
    ),
    (
        ErrorCode::CannotOpen,
        Code::Unavailable,
        "can't be opened; see whether its directory is there and may be written",
    ),
    (ErrorCode::SystemIoFailure, Code::Unavailable, "can't be read or written; see to its disk"),
];

impl Place {
    pub(crate) fn new(path: &Path, what: &'static str) -> Self {
        Self { path: Arc::new(path.to_owned()), what }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &PathBuf {
        &self.path
    }

    /// `the store /data/orders.sqlite`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("the {} {}", self.what, self.path.display())
    }

    /// An error of SQLite as it is told.
    #[must_use]
    pub fn error(&self, error: rusqlite::Error) -> Error {
        let known = match error.sqlite_error() {
            // The index of the log, which is a file beside it, can't grow.
            Some(rusqlite::ffi::Error { extended_code: SHARED_MEMORY, .. }) => {
                Some(ErrorCode::DiskFull)
            }
            other => other.map(|error| error.code),
        };
        let known = KNOWN.iter().find(|(code, ..)| Some(*code) == known);
        let known = known.map(|(_, code, text)| (*code, *text));
        let (code, text) = known.unwrap_or((Code::Internal, "could not do what was asked"));
        Error::new(code, format!("{} {text} ({error})", self.name())).with_source(error)
    }

    pub(crate) fn closed(&self) -> Error {
        Error::unavailable(format!("{} is closed, for its thread has ended", self.name()))
    }

    pub(crate) fn ended(&self) -> Error {
        Error::internal(format!(
            "a transaction of {} was ended by SQL within it; leave BEGIN, COMMIT and ROLLBACK out, all of it is committed \
             at its end",
            self.name()
        ))
    }

    pub(crate) fn read_only(&self) -> Error {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        self.error(rusqlite::Error::SqliteFailure(code, None))
    }

    pub(crate) fn panicked(&self) -> Error {
        Error::internal(format!("a change to {} failed unexpectedly and was undone", self.name()))
    }
}
