//! The broker in memory: what it holds ends with the process. For tests, and the oracle that the durable ones are compared
//! with.

mod data;
mod group;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use jiff::Timestamp;
use svckit_core::broker::{
    Broker, DeadFilter, DeadLetter, Delivery, Envelope, Fetch, Group, GroupStatus, ReplayFrom,
    Settlement, Token,
};
use svckit_core::error::{Error, Result};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::data::Data;

/// The longest that a fetch sleeps before it looks again.
const LOOK: Duration = Duration::from_secs(3600);

/// A broker in memory. Cheap to clone; the clones are one broker.
#[derive(Clone, Default)]
pub struct MemoryBroker {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    data: Mutex<Data>,
    /// Told when there may be something to hand out.
    more: Notify,
}

impl MemoryBroker {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.inner.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, after which there may be more to hand out.
    fn feed<R: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Data) -> R,
    ) -> BoxFuture<'static, Result<R>> {
        let done = change(&mut self.data());
        self.inner.more.notify_waiters();
        ready(Ok(done)).boxed()
    }

    async fn next(self, fetch: Fetch) -> Vec<Delivery> {
        let started = Instant::now();
        self.data().hear(fetch.now);
        loop {
            // Listens before it looks, so that nothing comes unnoticed in between.
            let more = self.inner.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            let now = later(fetch.now, started.elapsed());
            let (found, due) = {
                let mut data = self.data();
                (data.fetch(&fetch, now), data.next_due(&fetch.group))
            };
            if !found.is_empty() || fetch.most == 0 {
                return found;
            }
            let wait = due.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
            let wait = wait.unwrap_or(LOOK).clamp(Duration::from_millis(1), LOOK);
            tokio::select! {
                () = more => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

fn later(at: Timestamp, after: Duration) -> Timestamp {
    at.checked_add(after).unwrap_or(Timestamp::MAX)
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryBroker")
    }
}

impl Broker for MemoryBroker {
    fn declare(&self, group: Group) -> BoxFuture<'static, Result<()>> {
        self.feed(|data| data.declare(group))
    }

    fn publish(&self, batch: Vec<Envelope>, now: Timestamp) -> BoxFuture<'static, Result<()>> {
        self.feed(|data| batch.into_iter().for_each(|envelope| data.publish(envelope, now)))
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Vec<Delivery>>> {
        let broker = self.clone();
        async move { Ok(broker.next(fetch).await) }.boxed()
    }

    fn settle(
        &self,
        settlements: Vec<(Token, Settlement)>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        self.feed(|data| {
            settlements.into_iter().map(|(token, how)| data.settle(&token, how, now)).collect()
        })
    }

    fn extend(
        &self,
        tokens: Vec<Token>,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        let until = later(now, lease);
        let mut data = self.data();
        ready(Ok(tokens.iter().map(|token| data.extend(token, until)).collect())).boxed()
    }

    fn status(&self) -> BoxFuture<'static, Result<Vec<GroupStatus>>> {
        ready(Ok(self.data().status())).boxed()
    }

    fn dead(&self, filter: DeadFilter) -> BoxFuture<'static, Result<Vec<DeadLetter>>> {
        ready(Ok(self.data().dead(&filter))).boxed()
    }

    fn redrive(&self, numbers: Vec<u64>, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.feed(|data| numbers.iter().map(|number| u64::from(data.redrive(*number, now))).sum())
    }

    fn drop_dead(&self, numbers: Vec<u64>) -> BoxFuture<'static, Result<u64>> {
        self.feed(|data| numbers.iter().map(|number| u64::from(data.forget(*number))).sum())
    }

    fn replay(
        &self,
        group: String,
        from: ReplayFrom,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<u64>> {
        let replayed = self.data().replay(&group, from, now);
        self.inner.more.notify_waiters();
        let unknown = || {
            Error::not_found(format!(
                "there is no group `{group}`; a group is there once one of its consumers has run"
            ))
        };
        ready(replayed.ok_or_else(unknown)).boxed()
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.feed(|data| data.sweep(now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
