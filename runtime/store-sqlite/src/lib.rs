//! A store in one SQLite file: durable on one machine, with no server.
//!
//! The file belongs to one service, whose own tables may live in it beside those of the runtime, which all begin with
//! `svckit_`. All changes go through one thread that commits what has gathered together.

mod commit;
mod migrations;
mod outbox;
mod raw;
mod records;
mod state;

use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit_core::error::Result;
use svckit_core::store::{
    Claim, Claimed, Commit, Exclusive, Inbox, OutboxStatus, Pending, Range, RecordKey, Slot, Store,
    Stored, Unit,
};
use svckit_sqlite::rusqlite::{self, Connection};
use svckit_sqlite::{Alive, File, Schema};
pub use svckit_sqlite::{Options, Synchronous};
use tokio::sync::Notify;
use uuid::Uuid;

pub use self::raw::{Sqlite, SqliteTransaction};

const SCHEMA: Schema =
    Schema { application_id: 0x7376_6b73, what: "store", steps: &[include_str!("schema/1.sql")] };

/// A store in a file. Cheap to clone; the clones are one store.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    file: File,
    alive: Alive,
    grew: Arc<Notify>,
}

impl SqliteStore {
    /// Opens the file of a service, and makes it where it is not there. It blocks for as long as the disk takes.
    ///
    /// # Errors
    /// As [`File::open`]; the message names the file and says what to do.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let file = File::open(path, &SCHEMA, options)?;
        let alive = Alive::new(file.path())?;
        Ok(Self { inner: Arc::new(Inner { file, grew: Arc::default(), alive }) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.inner.file.path()
    }

    /// Brings the service's own tables to their present form: SQL by name, each run once and in this order, all or
    /// nothing. What was run is remembered with its text.
    ///
    /// # Errors
    /// `failed_precondition` if the text of one that was run has changed since, or if one makes something whose name begins
    /// with `svckit_`; `internal` if one fails, with what SQLite says.
    pub async fn migrate(&self, steps: &[(&str, &str)]) -> Result<()> {
        migrations::run(&self.inner.file, steps).await
    }

    /// Tells the relay when it is dropped, if the unit has something for it.
    fn grew(&self, unit: &Unit) -> Option<Grew> {
        (!unit.outbox.is_empty()).then(|| Grew(self.inner.grew.clone()))
    }

    /// Gives back what processes claimed that have died.
    async fn bury(&self) -> Result<usize> {
        let mut released = 0;
        for dead in self.inner.alive.dead() {
            let id = dead.id;
            released += self.write(move |c| records::release_all(c, id)).await?;
            dead.buried();
        }
        Ok(released)
    }

    fn write<R, F>(&self, change: F) -> BoxFuture<'static, Result<R>>
    where
        R: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let file = self.inner.file.clone();
        async move { file.write(change).await }.boxed()
    }

    fn read<R, F>(&self, look: F) -> BoxFuture<'static, Result<R>>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let file = self.inner.file.clone();
        async move { file.read(look).await }.boxed()
    }
}

/// Goes with a commit to the thread that makes it, so that the relay hears of it even if the one who asked has gone.
struct Grew(Arc<Notify>);

impl Drop for Grew {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Microseconds since 1970, as times are kept.
fn us(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn time(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
}

/// As SQLite keeps numbers that are never negative.
fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn uint(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl Store for SqliteStore {
    fn get(&self, table: &'static str, key: String) -> BoxFuture<'static, Result<Option<Stored>>> {
        self.read(move |c| state::get(c, table, &key))
    }

    fn scan(
        &self,
        table: &'static str,
        range: Range,
    ) -> BoxFuture<'static, Result<Vec<(String, Stored)>>> {
        self.read(move |c| state::scan(c, table, &range))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'static, Result<Claimed>> {
        let store = self.clone();
        async move {
            let owner = store.inner.alive.id();
            let again = claim.clone();
            let claimed = store.write(move |c| records::claim(c, &claim, owner)).await?;
            // One that runs in a process that has died will not end.
            if matches!(claimed, Claimed::Running { .. }) && store.bury().await? > 0 {
                return store.write(move |c| records::claim(c, &again, owner)).await;
            }
            Ok(claimed)
        }
        .boxed()
    }

    fn release(&self, key: RecordKey, fence: u64) -> BoxFuture<'static, Result<()>> {
        self.write(move |c| records::release(c, &key, fence))
    }

    fn slot(&self, key: RecordKey, now: Timestamp) -> BoxFuture<'static, Result<Slot>> {
        self.read(move |c| records::slot(c, &key, now))
    }

    fn seen(&self, inbox: Inbox) -> BoxFuture<'static, Result<bool>> {
        self.read(move |c| commit::seen(c, &inbox))
    }

    fn commit(&self, unit: Unit) -> BoxFuture<'static, Result<Commit>> {
        let (file, grew) = (self.inner.file.clone(), self.grew(&unit));
        async move {
            let change = move |c: &Connection| {
                let _until_it_is_committed = &grew;
                commit::commit(c, &unit)
            };
            file.write(change).await
        }
        .boxed()
    }

    fn exclusive(&self, at_most: Duration) -> BoxFuture<'static, Result<Box<dyn Exclusive>>> {
        let store = self.clone();
        async move {
            let session = store.inner.file.exclusive(at_most).await?;
            let open: Box<dyn Exclusive> = Box::new(SqliteTransaction::new(session, store));
            Ok(open)
        }
        .boxed()
    }

    fn outbox(&self, after: u64, limit: usize) -> BoxFuture<'static, Result<Vec<Pending>>> {
        let read = self.read(move |c| outbox::after(c, after, limit));
        async move { read.await?.into_iter().map(outbox::pending).collect() }.boxed()
    }

    fn published(&self, seqs: Vec<u64>) -> BoxFuture<'static, Result<()>> {
        self.write(move |c| outbox::published(c, &seqs))
    }

    fn outbox_grew(&self) -> BoxFuture<'static, ()> {
        let grew = self.inner.grew.clone();
        async move { grew.notified().await }.boxed()
    }

    fn outbox_status(&self) -> BoxFuture<'static, Result<OutboxStatus>> {
        self.read(outbox::status)
    }

    fn lease_relay(
        &self,
        holder: Uuid,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<bool>> {
        self.write(move |c| outbox::lease(c, holder, now, lease))
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.write(move |c| commit::sweep(c, now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
