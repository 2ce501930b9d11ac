//! All of it for one process: starts, drains, ends.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use svckit_core::broker::Broker;
use svckit_core::clock::Env;
use svckit_core::error::Result;
use svckit_core::store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::consumer::{Consumer, ConsumerGroup, Shared};
use crate::outbox::Relay;
use crate::schedule::{self, ScheduleParts};
use crate::status::{Counters, Lag, Relayed, Status};
use crate::sweep::{self, Swept};
use crate::time::{pause, wall};

/// How soon [`Messaging::idle`] looks again; the pause grows up to [`SELDOM`].
const SOON: Duration = Duration::from_millis(2);
const SELDOM: Duration = Duration::from_millis(100);
/// How long handlers, settlements and the relays' last round may take when all ends at once.
const GOODBYE: Duration = Duration::from_secs(3);

/// What messaging is made of.
pub struct MessagingParts {
    /// Clock, chance and ids.
    pub env: Env,
    /// What carries the messages.
    pub broker: Arc<dyn Broker>,
    /// The groups of the services of this process, schedules among them: [`ConsumerGroup::of`].
    pub groups: Vec<ConsumerGroup>,
    /// The services' stores, whose outboxes are relayed.
    pub stores: Vec<ServiceStore>,
}

/// The store of a service.
#[derive(Clone)]
pub struct ServiceStore {
    /// The service's full name.
    pub service: String,
    /// Its store.
    pub store: Arc<dyn Store>,
}

/// Relays, consumers and schedules of one process. Dropping it stops all of them: handlers are ended where they are, and
/// what they had in hand is given back in the background, as far as the runtime still runs; [`drain`](Self::drain) is the
/// better end.
pub struct Messaging {
    env: Env,
    broker: Arc<dyn Broker>,
    stores: Vec<ServiceStore>,
    groups: Vec<(String, Arc<Counters>)>,
    relayed: Vec<Arc<Relayed>>,
    drain: CancellationToken,
    kill: CancellationToken,
    relay: CancellationToken,
    end: CancellationToken,
    /// Consumers and what they have in hand.
    consumers: TaskTracker,
    relays: TaskTracker,
}

impl fmt::Debug for Messaging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messaging").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Messaging {
    /// Makes all groups known and starts. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The broker's, if it can't be told of the groups.
    pub async fn start(parts: MessagingParts) -> Result<Self> {
        let MessagingParts { env, broker, groups, stores } = parts;
        for group in &groups {
            broker.declare(group.consumer.group.clone()).await?;
        }
        let mut messaging = Self {
            env,
            broker,
            stores,
            groups: Vec::new(),
            relayed: Vec::new(),
            drain: CancellationToken::new(),
            kill: CancellationToken::new(),
            relay: CancellationToken::new(),
            end: CancellationToken::new(),
            consumers: TaskTracker::new(),
            relays: TaskTracker::new(),
        };
        messaging.relay();
        messaging.tick(&groups);
        messaging.consume(groups);
        messaging.sweep();
        messaging.consumers.close();
        messaging.relays.close();
        Ok(messaging)
    }

    fn relay(&mut self) {
        for ServiceStore { service, store } in &self.stores {
            let counters = Arc::<Relayed>::default();
            self.relayed.push(counters.clone());
            let (env, broker) = (self.env.clone(), self.broker.clone());
            let relay = Relay::new(env, service.as_str().into(), store.clone(), broker, counters);
            let (relay, end) = (relay.run(self.relay.clone()), self.end.clone());
            self.relays.spawn(end.run_until_cancelled_owned(relay));
        }
    }

    fn tick(&self, groups: &[ConsumerGroup]) {
        for consumer in groups.iter().map(|group| &group.consumer) {
            let Some(every) = consumer.every else { continue };
            let (service, name) = (consumer.service, consumer.group.name.clone());
            let parts = ScheduleParts { service, name, every };
            let ticks = schedule::run(self.env.clone(), self.broker.clone(), parts);
            tokio::spawn(self.drain.clone().run_until_cancelled_owned(ticks));
        }
    }

    fn consume(&mut self, groups: Vec<ConsumerGroup>) {
        let shared = Shared {
            env: self.env.clone(),
            broker: self.broker.clone(),
            drain: self.drain.clone(),
            kill: self.kill.clone(),
            tasks: self.consumers.clone(),
        };
        for group in groups {
            let counters = Arc::<Counters>::default();
            self.groups.push((group.consumer.group.name.clone(), counters.clone()));
            self.consumers.spawn(Consumer::new(shared.clone(), group, counters).run());
        }
    }

    fn sweep(&self) {
        let stores = self.stores.iter().map(|service| Swept::Store(service.store.clone()));
        let all = stores.chain([Swept::Broker(self.broker.clone())]).collect();
        let sweep = sweep::run(self.env.clone(), all);
        tokio::spawn(self.end.clone().run_until_cancelled_owned(sweep));
    }

    /// Takes nothing new, lets handlers end within `limit`, gives back what they still have in hand then, and publishes
    /// what they emitted. Returns whether all of them ended by themselves. Cancelled, it leaves the rest to the drop.
    pub async fn drain(self, limit: Duration) -> bool {
        self.drain.cancel();
        let ended = self.within(limit, self.consumers.wait()).await;
        if !ended {
            tracing::warn!(
                "handlers still ran at the end of the drain; their messages are given back"
            );
            self.kill.cancel();
            self.within(GOODBYE, self.consumers.wait()).await;
        }
        self.relay.cancel();
        if !self.within(GOODBYE, self.relays.wait()).await {
            tracing::warn!("the outboxes could not be emptied; the next start does it");
        }
        ended
    }

    async fn within(&self, limit: Duration, done: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = done => true,
            () = pause(&self.env, limit) => false,
        }
    }

    /// Returns once everything that was published so far is settled and the outboxes are empty: for tests, and for those
    /// who measure. A message that is held back, or waits for another consumer, keeps it waiting.
    ///
    /// # Errors
    /// The broker's or a store's.
    pub async fn idle(&self) -> Result<()> {
        let mut look = SOON;
        loop {
            let before = self.settled().await?;
            let empty = self.relayed_all().await?;
            // What moved from an outbox to a group between the two looks shows in the third.
            if empty && before.is_some() && before == self.settled().await? {
                return Ok(());
            }
            pause(&self.env, look).await;
            look = (look * 2).min(SELDOM);
        }
    }

    /// How many messages each group got so far; nothing if one of them is not done with all of them.
    async fn settled(&self) -> Result<Option<Vec<u64>>> {
        let all = self.broker.status().await?;
        let mine =
            all.iter().filter(|group| self.groups.iter().any(|(name, _)| *name == group.group));
        let got = mine
            .map(|group| (group.waiting == 0 && group.in_flight == 0).then_some(group.published));
        Ok(got.collect())
    }

    async fn relayed_all(&self) -> Result<bool> {
        for service in &self.stores {
            if service.store.outbox_status().await?.waiting > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What this process did so far.
    #[must_use]
    pub fn status(&self) -> Status {
        let groups = self.groups.iter().map(|(name, counters)| counters.snapshot(name));
        let outboxes = self.stores.iter().zip(&self.relayed);
        let outboxes = outboxes.map(|(service, counters)| counters.snapshot(&service.service));
        Status { groups: groups.collect(), outboxes: outboxes.collect() }
    }

    /// How far the groups are behind, over all processes.
    ///
    /// # Errors
    /// The broker's.
    pub async fn lag(&self) -> Result<Vec<Lag>> {
        let now = wall(&self.env);
        Ok(self.broker.status().await?.iter().map(|status| Lag::of(status, now)).collect())
    }
}

impl Drop for Messaging {
    fn drop(&mut self) {
        self.drain.cancel();
        self.kill.cancel();
        self.end.cancel();
    }
}
