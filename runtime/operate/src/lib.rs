//! What operators do, while the services run or at rest: dead letters, outboxes, replays, lag.
//!
//! A [`Desk`] stands before one deployment: for `local`, the directory of its files. It blocks: it is for command lines,
//! not for handlers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::Broker;
pub use svckit_core::broker::{
    ContentType, DeadFilter, DeadLetter, Envelope, Failure, GroupStatus, ReplayFrom,
};
use svckit_core::clock::Env;
pub use svckit_core::error::{Error, Result};
use svckit_core::store::{OutboxStatus, Store};
pub use svckit_messaging::Lag;
use svckit_messaging::dead_letter;
pub use svckit_messaging::dead_letter::{Done, Redrive, as_test};
use svckit_store_sqlite::{Options, SqliteStore};
use svckit_transport_inproc::SqliteBroker;

/// The broker's file in the directory of a deployment.
const BROKER: &str = "broker.sqlite";

/// What an operator works at.
pub struct Desk {
    directory: PathBuf,
    broker: Arc<dyn Broker>,
    env: Env,
    runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// The outbox of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// The service.
    pub service: String,
    /// How it does.
    pub status: OutboxStatus,
}

/// How all groups do at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When.
    pub at: Timestamp,
    /// The groups, by name.
    pub groups: Vec<GroupStatus>,
}

impl Snapshot {
    /// How far each group is behind.
    #[must_use]
    pub fn lag(&self) -> Vec<Lag> {
        self.groups.iter().map(|group| Lag::of(group, self.at)).collect()
    }

    /// Messages a second that a group was given, and that it handled, since an earlier moment.
    #[must_use]
    pub fn rates(&self, earlier: &Self, group: &str) -> (f64, f64) {
        let of = |snapshot: &Self| snapshot.groups.iter().find(|g| g.group == group).cloned();
        let (Some(now), Some(then)) = (of(self), of(earlier)) else { return (0.0, 0.0) };
        let seconds = self.at.duration_since(earlier.at).as_secs_f64().max(0.001);
        let rate = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
        (rate(now.published, then.published), rate(now.handled, then.handled))
    }
}

impl Desk {
    /// The desk of the deployment whose files are in `directory`. Nothing is made there.
    ///
    /// # Errors
    /// `not_found` if there is no broker's file, else what is wrong with it.
    pub fn open(directory: &Path) -> Result<Self> {
        let file = directory.join(BROKER);
        if !file.is_file() {
            return Err(Error::not_found(format!(
                "{} is not there; name the directory that the services were given as SVCKIT_DATA, with --data",
                file.display()
            )));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(Error::from)?;
        let broker = Arc::new(SqliteBroker::open(file, Options::default())?);
        Ok(Self { directory: directory.to_owned(), broker, env: Env::default(), runtime })
    }

    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.env.clock.wall()).unwrap_or(Timestamp::MAX)
    }

    /// Dead letters, the oldest first.
    ///
    /// # Errors
    /// The broker's.
    pub fn dead_letters(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>> {
        self.runtime.block_on(dead_letter::list(&*self.broker, filter))
    }

    /// One dead letter, by its number.
    ///
    /// # Errors
    /// `not_found`, or the broker's.
    pub fn dead_letter(&self, number: u64) -> Result<DeadLetter> {
        self.runtime.block_on(dead_letter::show(&*self.broker, number))
    }

    /// Gives dead letters to their groups again; `progress` is told of each step.
    ///
    /// # Errors
    /// The broker's.
    pub fn redrive(&self, what: &Redrive, progress: impl FnMut(Done)) -> Result<Done> {
        self.runtime.block_on(dead_letter::redrive(&*self.broker, &self.env, what, progress))
    }

    /// Forgets dead letters.
    ///
    /// # Errors
    /// The broker's.
    pub fn drop_dead(&self, filter: &DeadFilter, dry_run: bool) -> Result<Done> {
        self.runtime.block_on(dead_letter::drop(&*self.broker, filter, dry_run))
    }

    /// Gives a group all that it wants again, from there on; how many messages that are.
    ///
    /// # Errors
    /// `not_found` for a group that is not known, with those that are.
    pub fn replay(&self, group: &str, from: ReplayFrom) -> Result<u64> {
        let known = self.snapshot()?.groups;
        if !known.iter().any(|status| status.group == group) {
            let names: Vec<_> = known.iter().map(|status| status.group.as_str()).collect();
            return Err(Error::not_found(format!(
                "there is no group `{group}`; there are: {}",
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            )));
        }
        self.runtime.block_on(self.broker.replay(group.to_owned(), from, self.now()))
    }

    /// How all groups do.
    ///
    /// # Errors
    /// The broker's.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let groups = self.runtime.block_on(self.broker.status())?;
        Ok(Snapshot { at: self.now(), groups })
    }

    /// The outboxes of all services, by name.
    ///
    /// # Errors
    /// What is wrong with the first store that can't be read.
    pub fn outboxes(&self) -> Result<Vec<Outbox>> {
        let mut services: Vec<_> = std::fs::read_dir(&self.directory)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".sqlite").map(str::to_owned))
            .filter(|service| format!("{service}.sqlite") != BROKER)
            .collect();
        services.sort_unstable();
        services.into_iter().map(|service| self.outbox(service)).collect()
    }

    fn outbox(&self, service: String) -> Result<Outbox> {
        let path = self.directory.join(format!("{service}.sqlite"));
        let store = SqliteStore::open(path, Options::default())?;
        let status = self.runtime.block_on(store.outbox_status())?;
        Ok(Outbox { service, status })
    }

    /// How long ago something was.
    #[must_use]
    pub fn age(&self, at: Timestamp) -> Duration {
        Duration::try_from(self.now().duration_since(at)).unwrap_or_default()
    }
}
