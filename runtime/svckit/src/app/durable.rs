//! Where what is durable is: a file per service and one for messages, or memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use svckit_core::broker::Broker;
use svckit_core::store::Store;
use svckit_store_memory::MemoryStore;
use svckit_transport_inproc::MemoryBroker;

use crate::Result;

/// The directory of an app, or memory.
pub(crate) struct Durable(Option<PathBuf>);

impl Durable {
    pub(super) fn new(directory: Option<PathBuf>) -> Self {
        Self(directory)
    }

    /// Whether it ends with the process.
    pub(super) fn is_memory(&self) -> bool {
        self.0.is_none()
    }

    /// The store of a service.
    pub(super) fn store(&self, service: &str) -> Result<Arc<dyn Store>> {
        match &self.0 {
            None => Ok(Arc::new(MemoryStore::new())),
            Some(directory) => file_store(&directory.join(format!("{service}.sqlite"))),
        }
    }

    /// What carries messages.
    pub(super) fn broker(&self) -> Result<Arc<dyn Broker>> {
        match &self.0 {
            None => Ok(Arc::new(MemoryBroker::new())),
            Some(directory) => file_broker(&directory.join("broker.sqlite")),
        }
    }
}

#[cfg(feature = "sqlite")]
fn file_store(path: &Path) -> Result<Arc<dyn Store>> {
    use svckit_store_sqlite::{Options, SqliteStore};
    Ok(Arc::new(SqliteStore::open(path, Options::default())?))
}

#[cfg(feature = "sqlite")]
fn file_broker(path: &Path) -> Result<Arc<dyn Broker>> {
    use svckit_store_sqlite::Options;
    use svckit_transport_inproc::SqliteBroker;
    Ok(Arc::new(SqliteBroker::open(path, Options::default())?))
}

#[cfg(not(feature = "sqlite"))]
fn file_store(path: &Path) -> Result<Arc<dyn Store>> {
    Err(no_files(path))
}

#[cfg(not(feature = "sqlite"))]
fn file_broker(path: &Path) -> Result<Arc<dyn Broker>> {
    Err(no_files(path))
}

#[cfg(not(feature = "sqlite"))]
fn no_files(path: &Path) -> crate::Error {
    crate::Error::failed_precondition(format!(
        "{} can't be opened, for svckit is built without its feature `sqlite`; build it with that, or set \
         SVCKIT_DATA=:memory: for what ends with the process",
        path.display()
    ))
}
