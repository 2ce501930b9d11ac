//! The one exclusive transaction: a turn that commits wait for.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::error::{Error, Result};
use svckit_core::store::{Commit, Exclusive, Unit};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use crate::MemoryStore;

/// What is asked for longer than that lasts that long.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Lets one in at a time.
#[derive(Default)]
pub(crate) struct Gate(Arc<Mutex<()>>);

impl Gate {
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.0.clone().lock_owned().await
    }
}

struct Open {
    store: MemoryStore,
    turn: Arc<std::sync::Mutex<Option<OwnedMutexGuard<()>>>>,
    until: Instant,
}

/// Waits for the turn, which ends after `at_most` whatever the holder does.
pub(crate) async fn open(store: MemoryStore, at_most: Duration) -> Box<dyn Exclusive> {
    let turn = store.inner.gate.turn().await;
    let until = Instant::now() + at_most.min(LONGEST);
    let turn = Arc::new(std::sync::Mutex::new(Some(turn)));
    let weak = Arc::downgrade(&turn);
    tokio::spawn(async move {
        tokio::time::sleep_until(until).await;
        if let Some(turn) = weak.upgrade() {
            drop(turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take());
        }
    });
    Box::new(Open { store, turn, until })
}

impl Exclusive for Open {
    fn commit(self: Box<Self>, unit: Unit) -> BoxFuture<'static, Result<Commit>> {
        async move {
            let turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            let Some(turn) = turn.filter(|_| Instant::now() < self.until) else {
                return Err(Error::aborted(
                    "the exclusive transaction was held too long and was rolled back",
                ));
            };
            let commit = self.store.now_commit(unit);
            drop(turn);
            Ok(commit)
        }
        .boxed()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
