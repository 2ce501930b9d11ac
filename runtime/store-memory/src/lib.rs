//! A store in memory: what it holds ends with the process. For tests, and the oracle that the durable ones are compared
//! with.

mod data;
mod exclusive;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use jiff::Timestamp;
use svckit_core::error::Result;
use svckit_core::store::{
    Claim, Claimed, Commit, Exclusive, Inbox, OutboxStatus, Pending, Range, RecordKey, Slot, Store,
    Stored, Unit,
};
use tokio::sync::Notify;
use uuid::Uuid;

use self::data::Data;
use self::exclusive::Gate;

/// A store in memory. Cheap to clone; the clones are one store.
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    data: Mutex<Data>,
    grew: Notify,
    gate: Arc<Gate>,
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.inner.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_commit(&self, unit: Unit) -> Commit {
        let publishes = !unit.outbox.is_empty();
        let commit = self.data().commit(unit);
        if publishes && commit == Commit::Done {
            self.inner.grew.notify_one();
        }
        commit
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

fn done<T: Send + 'static>(value: T) -> BoxFuture<'static, Result<T>> {
    ready(Ok(value)).boxed()
}

impl Store for MemoryStore {
    fn get(&self, table: &'static str, key: String) -> BoxFuture<'static, Result<Option<Stored>>> {
        done(self.data().get(table, &key))
    }

    fn scan(
        &self,
        table: &'static str,
        range: Range,
    ) -> BoxFuture<'static, Result<Vec<(String, Stored)>>> {
        done(self.data().scan(table, &range))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'static, Result<Claimed>> {
        done(self.data().claim(claim))
    }

    fn release(&self, key: RecordKey, fence: u64) -> BoxFuture<'static, Result<()>> {
        self.data().release(&key, fence);
        done(())
    }

    fn slot(&self, key: RecordKey, now: Timestamp) -> BoxFuture<'static, Result<Slot>> {
        done(self.data().slot(&key, now))
    }

    fn seen(&self, inbox: Inbox) -> BoxFuture<'static, Result<bool>> {
        done(self.data().seen(&inbox))
    }

    fn commit(&self, unit: Unit) -> BoxFuture<'static, Result<Commit>> {
        let store = self.clone();
        async move {
            let turn = store.inner.gate.turn().await;
            let commit = store.now_commit(unit);
            drop(turn);
            Ok(commit)
        }
        .boxed()
    }

    fn exclusive(&self, at_most: Duration) -> BoxFuture<'static, Result<Box<dyn Exclusive>>> {
        let store = self.clone();
        async move { Ok(exclusive::open(store, at_most).await) }.boxed()
    }

    fn outbox(&self, after: u64, limit: usize) -> BoxFuture<'static, Result<Vec<Pending>>> {
        done(self.data().outbox(after, limit))
    }

    fn published(&self, seqs: Vec<u64>) -> BoxFuture<'static, Result<()>> {
        self.data().published(&seqs);
        done(())
    }

    fn outbox_grew(&self) -> BoxFuture<'static, ()> {
        let inner = self.inner.clone();
        async move { inner.grew.notified().await }.boxed()
    }

    fn outbox_status(&self) -> BoxFuture<'static, Result<OutboxStatus>> {
        done(self.data().outbox_status())
    }

    fn lease_relay(
        &self,
        holder: Uuid,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<bool>> {
        done(self.data().lease_relay(holder, now, lease))
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        done(self.data().sweep(now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
