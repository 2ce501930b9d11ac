//! Events and queued commands within the process, from the stores' outboxes to the handlers, in memory on the way.
//!
//! Each group gets each message once, and those of one key in order of publication. A handler that fails is called again
//! after a pause that doubles; what keeps failing becomes a dead letter.

mod dead;
mod deliver;

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use svckit_core::broker::Envelope;
use svckit_core::server::{Consumer, Host};
use svckit_core::store::Store;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use self::dead::DeadLetter;
use self::dead::DeadLetters;
use self::deliver::Work;

/// How many messages of an outbox are taken at once.
const BATCH: usize = 256;

/// Carries events and queued commands within the process. Dropping it stops all handlers.
pub struct LocalBus {
    inner: Arc<Inner>,
}

struct Inner {
    host: Host,
    groups: Vec<Group>,
    pending: watch::Sender<usize>,
    dead: DeadLetters,
    stop: CancellationToken,
}

/// A consumer group with a lane for each message that it handles at once.
struct Group {
    consumer: Arc<Consumer>,
    lanes: Vec<mpsc::UnboundedSender<Work>>,
}

impl LocalBus {
    /// Starts to carry what the services of `host` publish. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(host: &Host) -> Self {
        let mut receivers = Vec::new();
        let consumers =
            host.servers().iter().flat_map(svckit_core::server::ServiceServer::consumers);
        let groups = consumers.map(|consumer| {
            let ends = (0..consumer.concurrency).map(|_| mpsc::unbounded_channel());
            let (lanes, ends) = ends.unzip::<_, _, Vec<_>, Vec<_>>();
            receivers.extend(ends);
            Group { consumer: Arc::new(consumer), lanes }
        });
        let groups = groups.collect();
        let inner = Arc::new(Inner {
            host: host.clone(),
            groups,
            pending: watch::Sender::new(0),
            dead: DeadLetters::default(),
            stop: CancellationToken::new(),
        });
        for receiver in receivers {
            deliver::lane(&inner, receiver);
        }
        for store in host.servers().iter().filter_map(|s| host.store(s.descriptor().name)) {
            relay(&inner, store);
        }
        crate::schedule::start(host, &inner.stop);
        Self { inner }
    }

    /// Returns once everything that was taken is done or dead.
    pub async fn idle(&self) {
        let host = &self.inner.host;
        let names = host.servers().iter().map(|server| server.descriptor().name);
        let stores: Vec<_> = names.filter_map(|name| host.store(name)).collect();
        loop {
            // The sender is in `self`, so the channel is open.
            let _ = self.inner.pending.subscribe().wait_for(|pending| *pending == 0).await;
            let mut waiting = 0;
            for store in &stores {
                waiting += store.outbox_status().await.map_or(0, |status| status.waiting);
            }
            if waiting == 0 && *self.inner.pending.borrow() == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// What kept failing, the oldest first; the last thousand.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.inner.dead.all()
    }
}

impl Drop for LocalBus {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}

impl fmt::Debug for LocalBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalBus")
            .field("pending", &*self.inner.pending.borrow())
            .finish_non_exhaustive()
    }
}

/// Takes what a store is to publish.
fn relay(inner: &Arc<Inner>, store: Arc<dyn Store>) {
    let (weak, stop) = (Arc::downgrade(inner), inner.stop.clone());
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            let Ok(batch) = store.outbox(0, BATCH).await else { return };
            if batch.is_empty() {
                store.outbox_grew().await;
                continue;
            }
            let Some(inner) = weak.upgrade() else { return };
            let seqs = batch.iter().map(|pending| pending.seq).collect();
            for pending in batch {
                inner.publish(&pending.envelope);
            }
            if store.published(seqs).await.is_err() {
                return;
            }
        }
    }));
}

impl Inner {
    fn publish(&self, envelope: &Envelope) {
        for group in &self.groups {
            if group.consumer.group.wants.iter().any(|name| **name == *envelope.name) {
                let lane = &group.lanes[lane(envelope, group.lanes.len())];
                self.pending.send_modify(|pending| *pending += 1);
                if lane.send(Work::new(&group.consumer, envelope.clone())).is_err() {
                    self.done();
                }
            }
        }
    }

    fn done(&self) {
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

/// Messages of one key share a lane; those without any are spread.
fn lane(envelope: &Envelope, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    if envelope.key.is_empty() {
        envelope.id.hash(&mut hasher);
    } else {
        envelope.key.hash(&mut hasher);
    }
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or(0)
}
