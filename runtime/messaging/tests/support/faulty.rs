//! A broker that fails when it is told to.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use svckit_core::broker::{
    Broker, DeadFilter, DeadLetter, Delivery, Envelope, Fetch, Group, GroupStatus, ReplayFrom,
    Settlement, Token,
};
use svckit_core::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Publish,
    Fetch,
    Settle,
    /// Only what goes to the dead letters.
    Bury,
    Extend,
    /// Fetches hang that are asked while it is so.
    Silence,
    /// Every lease is said to be lost.
    Fenced,
    /// What is published is taken over, and an error is told.
    LostConfirm,
}

pub struct Faulty {
    pub inner: Arc<dyn Broker>,
    on: Mutex<BTreeSet<Fault>>,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Broker>) -> Arc<Self> {
        Arc::new(Self { inner, on: Mutex::default() })
    }

    pub fn set(&self, fault: Fault, on: bool) {
        let mut all = self.on.lock().unwrap();
        if on {
            all.insert(fault)
        } else {
            all.remove(&fault)
        };
    }

    fn is(&self, fault: Fault) -> bool {
        self.on.lock().unwrap().contains(&fault)
    }
}

fn down<T: Send + 'static>() -> BoxFuture<'static, Result<T>> {
    async { Err(Error::unavailable("the broker is away")) }.boxed()
}

impl Broker for Faulty {
    fn declare(&self, group: Group) -> BoxFuture<'static, Result<()>> {
        self.inner.declare(group)
    }

    fn publish(&self, batch: Vec<Envelope>, now: Timestamp) -> BoxFuture<'static, Result<()>> {
        if self.is(Fault::Publish) {
            return down();
        }
        let done = self.inner.publish(batch, now);
        if self.is(Fault::LostConfirm) {
            return async { done.await.and(Err(Error::unavailable("the confirm is lost"))) }
                .boxed();
        }
        done
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Vec<Delivery>>> {
        if self.is(Fault::Silence) {
            return std::future::pending().boxed();
        }
        if self.is(Fault::Fetch) { down() } else { self.inner.fetch(fetch) }
    }

    fn settle(
        &self,
        settlements: Vec<(Token, Settlement)>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        let bury = settlements.iter().any(|(_, what)| matches!(what, Settlement::Dead(_)));
        if self.is(Fault::Settle) || (bury && self.is(Fault::Bury)) {
            return down();
        }
        self.inner.settle(settlements, now)
    }

    fn extend(
        &self,
        tokens: Vec<Token>,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        if self.is(Fault::Fenced) {
            return async move { Ok(vec![false; tokens.len()]) }.boxed();
        }
        if self.is(Fault::Extend) { down() } else { self.inner.extend(tokens, now, lease) }
    }

    fn status(&self) -> BoxFuture<'static, Result<Vec<GroupStatus>>> {
        self.inner.status()
    }

    fn dead(&self, filter: DeadFilter) -> BoxFuture<'static, Result<Vec<DeadLetter>>> {
        self.inner.dead(filter)
    }

    fn redrive(&self, numbers: Vec<u64>, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.inner.redrive(numbers, now)
    }

    fn drop_dead(&self, numbers: Vec<u64>) -> BoxFuture<'static, Result<u64>> {
        self.inner.drop_dead(numbers)
    }

    fn replay(
        &self,
        group: String,
        from: ReplayFrom,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<u64>> {
        self.inner.replay(group, from, now)
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.inner.sweep(now)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
