//! Broker and store as a worker sees them: with points to die at, and a gate that cuts it off.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit_core::broker::{
    Broker, DeadFilter, DeadLetter, Delivery, Envelope, Fetch, Group, GroupStatus, ReplayFrom,
    Settlement, Token,
};
use svckit_core::error::{Error, Result};
use svckit_core::store::{
    Claim, Claimed, Commit, Exclusive, Inbox, OutboxStatus, Pending, Range, RecordKey, Slot, Store,
    Stored, Unit,
};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::crash::{Crash, Label};

/// Whether a worker may go on: what is cut off or frozen waits here.
#[derive(Clone)]
pub(super) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(true))
    }

    pub(super) fn set(&self, open: bool) {
        self.0.send_replace(open);
    }

    pub(super) async fn pass(&self) {
        // The sender is in `self`, so the channel is open.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// The same for broker and store.
#[derive(Clone)]
pub(super) struct Eye {
    pub(super) crash: Crash,
    pub(super) gate: Gate,
    /// Until then no dead letter can be written.
    pub(super) no_graves: Option<Instant>,
}

impl Eye {
    /// Runs `work` between two points, cut off where the worker is.
    fn between<S: ?Sized + Send + Sync + 'static, T: Send + 'static>(
        &self,
        before: Option<Label>,
        inner: &Arc<S>,
        work: impl FnOnce(&S) -> BoxFuture<'static, Result<T>> + Send + 'static,
        after: Option<Label>,
    ) -> BoxFuture<'static, Result<T>> {
        let (eye, inner) = (self.clone(), inner.clone());
        async move {
            if let Some(label) = before {
                eye.crash.point(label).await;
            }
            eye.gate.pass().await;
            let done = work(&inner).await;
            eye.gate.pass().await;
            if let Some(label) = after.filter(|_| done.is_ok()) {
                eye.crash.point(label).await;
            }
            done
        }
        .boxed()
    }

    fn plain<S: ?Sized + Send + Sync + 'static, T: Send + 'static>(
        &self,
        inner: &Arc<S>,
        work: impl FnOnce(&S) -> BoxFuture<'static, Result<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        self.between(None, inner, work, None)
    }
}

pub(super) struct WatchedBroker {
    pub(super) inner: Arc<dyn Broker>,
    pub(super) eye: Eye,
}

/// The points before and after a batch of settlements.
fn labels(settlements: &[(Token, Settlement)]) -> (Option<Label>, Option<Label>) {
    let any = |is: fn(&Settlement) -> bool| settlements.iter().any(|(_, what)| is(what));
    if any(|what| matches!(what, Settlement::Dead(_))) {
        (Some(Label::BeforeBury), Some(Label::AfterBury))
    } else if any(|what| matches!(what, Settlement::Retry { .. })) {
        (Some(Label::BeforeRetry), Some(Label::AfterRetry))
    } else if any(|what| matches!(what, Settlement::Ack)) {
        (Some(Label::BeforeAck), Some(Label::AfterAck))
    } else {
        (None, None)
    }
}

impl Broker for WatchedBroker {
    fn declare(&self, group: Group) -> BoxFuture<'static, Result<()>> {
        self.eye.plain(&self.inner, move |inner| inner.declare(group))
    }

    fn publish(&self, batch: Vec<Envelope>, now: Timestamp) -> BoxFuture<'static, Result<()>> {
        let (before, after) = (Some(Label::BeforePublish), Some(Label::AfterPublish));
        self.eye.between(before, &self.inner, move |inner| inner.publish(batch, now), after)
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Vec<Delivery>>> {
        self.eye.between(None, &self.inner, move |i| i.fetch(fetch), Some(Label::AfterFetch))
    }

    fn settle(
        &self,
        settlements: Vec<(Token, Settlement)>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        let (before, after) = labels(&settlements);
        let graves = self.eye.no_graves.is_some_and(|until| until > Instant::now());
        if graves && before == Some(Label::BeforeBury) {
            let down = || Error::unavailable("the dead letters are out of reach");
            return async move { Err(down()) }.boxed();
        }
        self.eye.between(before, &self.inner, move |i| i.settle(settlements, now), after)
    }

    fn extend(
        &self,
        tokens: Vec<Token>,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        self.eye.plain(&self.inner, move |inner| inner.extend(tokens, now, lease))
    }

    fn status(&self) -> BoxFuture<'static, Result<Vec<GroupStatus>>> {
        self.eye.plain(&self.inner, move |inner| inner.status())
    }

    fn dead(&self, filter: DeadFilter) -> BoxFuture<'static, Result<Vec<DeadLetter>>> {
        self.eye.plain(&self.inner, move |inner| inner.dead(filter))
    }

    fn redrive(&self, numbers: Vec<u64>, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.eye.plain(&self.inner, move |inner| inner.redrive(numbers, now))
    }

    fn drop_dead(&self, numbers: Vec<u64>) -> BoxFuture<'static, Result<u64>> {
        self.eye.plain(&self.inner, move |inner| inner.drop_dead(numbers))
    }

    fn replay(
        &self,
        group: String,
        from: ReplayFrom,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<u64>> {
        self.eye.plain(&self.inner, move |inner| inner.replay(group, from, now))
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.eye.plain(&self.inner, move |inner| inner.sweep(now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) struct WatchedStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) eye: Eye,
}

impl Store for WatchedStore {
    fn get(&self, table: &'static str, key: String) -> BoxFuture<'static, Result<Option<Stored>>> {
        self.eye.plain(&self.inner, move |inner| inner.get(table, key))
    }

    fn scan(
        &self,
        table: &'static str,
        range: Range,
    ) -> BoxFuture<'static, Result<Vec<(String, Stored)>>> {
        self.eye.plain(&self.inner, move |inner| inner.scan(table, range))
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'static, Result<Claimed>> {
        self.eye.plain(&self.inner, move |inner| inner.claim(claim))
    }

    fn release(&self, key: RecordKey, fence: u64) -> BoxFuture<'static, Result<()>> {
        self.eye.plain(&self.inner, move |inner| inner.release(key, fence))
    }

    fn slot(&self, key: RecordKey, now: Timestamp) -> BoxFuture<'static, Result<Slot>> {
        self.eye.plain(&self.inner, move |inner| inner.slot(key, now))
    }

    fn seen(&self, inbox: Inbox) -> BoxFuture<'static, Result<bool>> {
        self.eye.plain(&self.inner, move |inner| inner.seen(inbox))
    }

    fn commit(&self, unit: Unit) -> BoxFuture<'static, Result<Commit>> {
        let (eye, inner) = (self.eye.clone(), self.inner.clone());
        async move {
            eye.crash.point(Label::BeforeEffect).await;
            eye.gate.pass().await;
            let open = inner.commit(unit);
            if eye.crash.points_at(Label::DuringEffect) {
                // Asked for, and nobody waits for it.
                tokio::spawn(open);
                tokio::task::yield_now().await;
                eye.crash.now(Label::DuringEffect).await;
                return Err(Error::unavailable("the process is gone"));
            }
            let done = open.await;
            eye.gate.pass().await;
            eye.crash.point(Label::AfterEffect).await;
            done
        }
        .boxed()
    }

    fn exclusive(&self, at_most: Duration) -> BoxFuture<'static, Result<Box<dyn Exclusive>>> {
        self.eye.plain(&self.inner, move |inner| inner.exclusive(at_most))
    }

    fn outbox(&self, after: u64, limit: usize) -> BoxFuture<'static, Result<Vec<Pending>>> {
        self.eye.plain(&self.inner, move |inner| inner.outbox(after, limit))
    }

    fn published(&self, seqs: Vec<u64>) -> BoxFuture<'static, Result<()>> {
        self.eye.between(None, &self.inner, move |i| i.published(seqs), Some(Label::AfterRemove))
    }

    fn outbox_grew(&self) -> BoxFuture<'static, ()> {
        self.inner.outbox_grew()
    }

    fn outbox_status(&self) -> BoxFuture<'static, Result<OutboxStatus>> {
        self.eye.plain(&self.inner, move |inner| inner.outbox_status())
    }

    fn lease_relay(
        &self,
        holder: Uuid,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<bool>> {
        self.eye.plain(&self.inner, move |inner| inner.lease_relay(holder, now, lease))
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.eye.plain(&self.inner, move |inner| inner.sweep(now))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
