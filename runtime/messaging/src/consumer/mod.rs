//! From the broker to the handlers.
//!
//! One consumer per group asks the broker for as many messages as it has permits free, and runs a handler for each. Where
//! handlers take less time than messages take to come and to be settled, it asks for so many more as fill that time. A
//! handler that fails is tried again after a pause that doubles, with full jitter; one that keeps failing, or fails in a
//! way that no other try could mend, leaves a dead letter. While a handler works its lease is extended; one whose lease
//! is lost is ended, for another consumer has the message now.
//!
//! **Poison.** A message whose handler takes the process down with it is handed out again after each restart, and so are
//! its neighbours, through no fault of theirs. So those that were handed out more often than their attempts allow and
//! never settled are run alone: what dies then dies alone, and is given up after [`ALONE`] more times.
//!
//! **Versions.** An event of a version that is newer than what a handler knows is read as the newest known one where its
//! publisher says that this is safe (`readable_since`), else it is held back: it waits in the broker, an error is logged,
//! and a newer instance takes it. It never becomes a dead letter.

mod ahead;
mod attempt;
mod fetching;
mod judge;
mod leases;
mod settle;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use svckit_core::broker::{Broker, Delivery};
use svckit_core::clock::Env;
use svckit_core::server::{self, Host, ServiceServer, Trouble, Worked};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::ahead::Ahead;
use self::leases::Flight;
use self::settle::Settler;
use crate::status::Counters;

/// How long a delivery is a consumer's, unless it is extended.
pub const LEASE: Duration = Duration::from_secs(30);
/// How long a message is held back before it is looked at again.
pub const HELD: Duration = Duration::from_secs(30);
/// How often a message is run alone that was handed out more often than its attempts allow.
pub const ALONE: u32 = 3;
/// A fetch that says nothing for so long is asked anew.
pub const SILENT: Duration = Duration::from_secs(60);
/// A larger payload is malformed, bytes.
pub const LARGEST: usize = 64 << 20;
/// So many messages that are held back are remembered, so that each is told once.
const TOLD: usize = 10_000;

/// Handles the messages of a group, with all that stands around its handlers: their inboxes, their transactions.
pub trait Handle: Send + Sync + 'static {
    /// Handles a message; returns once its effect is durable. The future is dropped when the attempt's time is over or
    /// its lease is lost; what was asked of a store is then either done or not.
    ///
    /// # Errors
    /// Why not. `permanent` for what no other try could mend; else the error's `retry_after` is honoured.
    fn handle(&self, delivery: Arc<Delivery>) -> BoxFuture<'static, Result<Worked, Trouble>>;
}

/// The handlers of one service of a host.
#[derive(Clone)]
pub struct Hosted {
    host: Host,
    service: &'static str,
}

impl Hosted {
    /// The handlers of `service`, its full name.
    #[must_use]
    pub fn new(host: Host, service: &'static str) -> Self {
        Self { host, service }
    }
}

impl Handle for Hosted {
    fn handle(&self, delivery: Arc<Delivery>) -> BoxFuture<'static, Result<Worked, Trouble>> {
        let Self { host, service } = self.clone();
        Box::pin(async move { host.handle(service, &delivery).await })
    }
}

/// A consumer of one group in this process.
#[derive(Clone)]
pub struct ConsumerGroup {
    /// The group, and how it is to be consumed.
    pub consumer: server::Consumer,
    /// How long a delivery is this consumer's, unless it is extended: [`LEASE`].
    pub lease: Duration,
    /// How long a message is held back before it is looked at again: [`HELD`].
    pub held: Duration,
    /// What handles its messages.
    pub handle: Arc<dyn Handle>,
}

impl fmt::Debug for ConsumerGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerGroup").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

impl ConsumerGroup {
    /// All groups of the services of a host.
    #[must_use]
    pub fn of(host: &Host) -> Vec<Self> {
        let consumers = host.servers().iter().flat_map(ServiceServer::consumers);
        let group = |consumer: server::Consumer| {
            let handle = Arc::new(Hosted::new(host.clone(), consumer.service));
            Self { consumer, lease: LEASE, held: HELD, handle }
        };
        consumers.map(group).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.consumer.group.name
    }
}

/// What all consumers of a process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) broker: Arc<dyn Broker>,
    /// Stop taking.
    pub(crate) drain: CancellationToken,
    /// Give back what is in hand.
    pub(crate) kill: CancellationToken,
    /// The deliveries in hand.
    pub(crate) tasks: TaskTracker,
}

/// The consumer of one group.
pub(crate) struct Consumer {
    shared: Shared,
    group: ConsumerGroup,
    id: Uuid,
    /// One for each handler that may run.
    permits: Arc<Semaphore>,
    concurrency: u32,
    /// One for each delivery that may be in hand, from its fetch to its settlement.
    hands: Arc<Semaphore>,
    ahead: Ahead,
    counters: Arc<Counters>,
    flight: Flight,
    settler: Settler,
    told: Mutex<BTreeSet<Uuid>>,
}

impl Consumer {
    pub(crate) fn new(shared: Shared, group: ConsumerGroup, counters: Arc<Counters>) -> Arc<Self> {
        // A semaphore holds no more, and no process runs as many handlers.
        let concurrency = u32::try_from(group.consumer.concurrency.clamp(1, 1 << 16)).unwrap_or(1);
        let id = shared.env.ids.new_id();
        let flight = Flight::new(shared.env.clone(), shared.broker.clone(), group.lease);
        let settler = Settler::new(shared.env.clone(), shared.broker.clone(), group.name().into());
        Arc::new(Self {
            shared,
            group,
            id,
            permits: Arc::new(Semaphore::new(concurrency as usize)),
            concurrency,
            hands: Arc::new(Semaphore::new((concurrency + ahead::MOST) as usize)),
            ahead: Ahead::new(concurrency),
            counters,
            flight,
            settler,
            told: Mutex::default(),
        })
    }

    /// Runs until the drain, then until all that it has in hand is settled.
    pub(crate) async fn run(self: Arc<Self>) {
        let all = async {
            self.clone().fetching().await;
            // All that there are: what was not to be fetched ahead is given back by now.
            let _ = self.hands.acquire_many(self.concurrency + ahead::MOST).await;
        };
        tokio::select! {
            () = all => {}
            () = self.flight.keep() => {}
            () = self.settler.run() => {}
        }
    }

    /// Tells once of each message that is held back.
    fn held(&self, delivery: &Delivery, why: &str) {
        self.counters.held.add(1);
        let envelope = &delivery.envelope;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(envelope.id) {
            if told.len() > TOLD {
                told.pop_first();
            }
            tracing::error!(
                alert = "message_held_back",
                group = self.group.name(),
                message = %envelope.name,
                id = %envelope.id,
                "a message is held back: {why}"
            );
        }
    }
}
