//! The broker in one SQLite file, which all processes of one machine that are deployed together share.
//!
//! Each message is a row of the log and, for each group that wants it, a row of what that group has not settled. All
//! changes of a process go through the file's one writer thread, which commits what has gathered together. A process
//! that dies, or closes the broker, lets go of its lock on a file of its own beside the broker's; the others notice, and
//! what was in its hands is handed out again at once, without waiting for the end of its leases.

mod clock;
mod dead;
mod fetch;
mod groups;
mod publish;
mod settle;

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit_core::broker::{
    Broker, DeadFilter, DeadLetter, Delivery, Envelope, Fetch, Group, GroupStatus, ReplayFrom,
    Settlement, Token,
};
use svckit_core::error::Result;
use svckit_sqlite::rusqlite::{self, Connection};
use svckit_sqlite::{Alive, File, Options, Schema};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::turns::Turns;

const SCHEMA: Schema = Schema {
    application_id: 0x7376_6b62,
    what: "broker",
    steps: &[
        include_str!("schema/1.sql"),
        include_str!("schema/2.sql"),
        include_str!("schema/3.sql"),
    ],
};

/// A broker in a file. Cheap to clone; the clones are one broker.
#[derive(Clone)]
pub struct SqliteBroker {
    inner: Arc<Inner>,
}

struct Inner {
    file: File,
    /// Told when there may be something to hand out.
    more: Notify,
    turns: Mutex<HashMap<String, Turns>>,
    /// The groups that were handed something when they asked last.
    handing: Mutex<HashSet<String>>,
    /// When the clock was last compared with the file's, and what that showed.
    heard: Mutex<Option<(Instant, i64)>>,
    alive: Alive,
}

impl SqliteBroker {
    /// Opens the file, and makes it where it is not there. It blocks for as long as the disk takes.
    ///
    /// # Errors
    /// As [`File::open`]; the message names the file and says what to do.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let file = File::open(path, &SCHEMA, options)?;
        let alive = Alive::new(file.path())?.mortal();
        let (more, turns, handing, heard) = Default::default();
        Ok(Self { inner: Arc::new(Inner { file, more, turns, handing, heard, alive }) })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.inner.file.path()
    }

    fn write<R, F>(&self, change: F) -> BoxFuture<'static, Result<R>>
    where
        R: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let file = self.inner.file.clone();
        async move { file.write(change).await }.boxed()
    }

    /// As `write`, for changes after which there may be more to hand out.
    fn feed<R, F>(&self, change: F) -> BoxFuture<'static, Result<R>>
    where
        R: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let (inner, write) = (self.inner.clone(), self.write(change));
        async move {
            let done = write.await?;
            inner.more.notify_waiters();
            Ok(done)
        }
        .boxed()
    }

    fn read<R, F>(&self, look: F) -> BoxFuture<'static, Result<R>>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let file = self.inner.file.clone();
        async move { file.read(look).await }.boxed()
    }

    /// Takes what the dead held out of their hands.
    async fn bury(&self) -> Result<()> {
        for dead in self.inner.alive.dead() {
            let id = dead.id;
            let freed = move |c: &Connection| {
                c.execute(
                    "UPDATE svckit_deliveries SET due = 0, owner = NULL WHERE owner = ?1",
                    [&id.as_bytes()[..]],
                )
            };
            let freed = self.feed(freed).await?;
            if freed > 0 {
                tracing::warn!(
                    messages = freed,
                    "a process has died; what it held is handed out again"
                );
            }
            dead.buried();
        }
        Ok(())
    }

    fn turns(&self, group: &str) -> Turns {
        let turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.get(group).copied().unwrap_or_default()
    }

    /// Whether the group was handed something when it asked last.
    fn handing(&self, group: &str) -> bool {
        self.inner.handing.lock().unwrap_or_else(PoisonError::into_inner).contains(group)
    }

    fn handed(&self, group: &str, something: bool) {
        let mut handing = self.inner.handing.lock().unwrap_or_else(PoisonError::into_inner);
        if !something {
            handing.remove(group);
        } else if !handing.contains(group) {
            handing.insert(group.to_owned());
        }
    }

    fn took(&self, group: &str, count: usize) {
        let mut turns = self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(group.to_owned()).or_default().took(count);
    }
}

impl fmt::Debug for SqliteBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBroker").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Microseconds since 1970, as times are kept.
fn us(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn time(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
}

fn later(at: Timestamp, after: Duration) -> Timestamp {
    at.checked_add(after).unwrap_or(Timestamp::MAX)
}

/// As SQLite keeps numbers that are never negative.
fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn uint(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl Broker for SqliteBroker {
    fn declare(&self, group: Group) -> BoxFuture<'static, Result<()>> {
        let broker = self.clone();
        async move {
            broker.bury().await?;
            broker.feed(move |c| groups::declare(c, &group)).await
        }
        .boxed()
    }

    fn publish(&self, batch: Vec<Envelope>, now: Timestamp) -> BoxFuture<'static, Result<()>> {
        self.feed(move |c| publish::publish(c, &batch, now))
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Vec<Delivery>>> {
        let broker = self.clone();
        async move { fetch::fetch(&broker, fetch).await }.boxed()
    }

    fn settle(
        &self,
        settlements: Vec<(Token, Settlement)>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        self.feed(move |c| settle::settle(c, &settlements, now))
    }

    fn extend(
        &self,
        tokens: Vec<Token>,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        self.write(move |c| settle::extend(c, &tokens, later(now, lease)))
    }

    fn status(&self) -> BoxFuture<'static, Result<Vec<GroupStatus>>> {
        self.read(groups::status)
    }

    fn dead(&self, filter: DeadFilter) -> BoxFuture<'static, Result<Vec<DeadLetter>>> {
        let rows = self.read(move |c| dead::list(c, &filter));
        async move { rows.await?.into_iter().map(dead::letter).collect() }.boxed()
    }

    fn redrive(&self, numbers: Vec<u64>, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.feed(move |c| dead::redrive(c, &numbers, now))
    }

    fn drop_dead(&self, numbers: Vec<u64>) -> BoxFuture<'static, Result<u64>> {
        self.write(move |c| dead::forget(c, &numbers))
    }

    fn replay(
        &self,
        group: String,
        from: ReplayFrom,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<u64>> {
        let (broker, name) = (self.clone(), group.clone());
        async move {
            let replayed = broker.feed(move |c| publish::replay(c, &group, from, now)).await?;
            replayed.ok_or_else(|| groups::unknown(&broker, &name))
        }
        .boxed()
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.write(move |c| publish::sweep(c, now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Inner {
    /// What this process calls itself in what it holds.
    fn owner(&self) -> Uuid {
        self.alive.id()
    }
}
