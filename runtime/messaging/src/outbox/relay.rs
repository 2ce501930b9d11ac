//! The relay of one store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use svckit_core::broker::{Broker, Envelope};
use svckit_core::clock::Env;
use svckit_core::error::Result;
use svckit_core::observe::Event;
use svckit_core::store::Store;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::stall::Stall;
use super::{BATCH, LEASE, POLL};
use crate::status::Relayed;
use crate::time::{Backoff, pause, wall};

/// The longest pause while the broker is away: what recovers is noticed soon.
const CAP: Duration = Duration::from_secs(2);
const BASE: Duration = Duration::from_millis(100);

/// Hands what lies in the outbox of one store to the broker.
pub(crate) struct Relay {
    env: Env,
    service: Arc<str>,
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    counters: Arc<Relayed>,
    holder: Uuid,
    /// Until when the lease surely holds, by the clock that never jumps.
    leased: Option<Instant>,
    backoff: Backoff,
    stall: Stall,
}

/// How a round ended.
enum Round {
    /// The outbox was empty at last.
    Empty,
    /// Another process relays.
    Elsewhere,
}

impl Relay {
    pub(crate) fn new(
        env: Env,
        service: Arc<str>,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        counters: Arc<Relayed>,
    ) -> Self {
        let holder = env.ids.new_id();
        let stall = Stall::new(service.clone());
        let backoff = Backoff::new(BASE, CAP);
        Self { env, service, store, broker, counters, holder, leased: None, backoff, stall }
    }

    /// Relays until `stop`, then once more, and gives the lease back.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let wait = self.round().await;
            let woken = self.woken(wait);
            stop.run_until_cancelled(woken).await;
        }
        self.round().await;
        self.release().await;
    }

    /// Publishes all there is; how to wait for the next time: nothing, for as long as nobody tells of more.
    async fn round(&mut self) -> Option<Duration> {
        match self.pump().await {
            Ok(Round::Empty) => {
                if self.backoff.recovered() {
                    tracing::info!(service = %self.service, "the outbox is published again");
                }
                self.stall.flows(&self.env);
                None
            }
            Ok(Round::Elsewhere) => {
                self.stall.check(&self.env, &*self.store, &self.counters, None).await;
                Some(POLL)
            }
            Err(error) => {
                self.counters.failures.add(1);
                let code = error.code();
                let failed = || Event::PublishFailed { service: &self.service, code };
                self.env.observe.tell(failed);
                if self.backoff.failed() {
                    tracing::warn!(service = %self.service, %error, "the outbox can't be published; trying again");
                }
                self.stall.check(&self.env, &*self.store, &self.counters, Some(&error)).await;
                Some(self.backoff.next(&self.env))
            }
        }
    }

    async fn woken(&self, wait: Option<Duration>) {
        match wait {
            Some(wait) => pause(&self.env, wait).await,
            None => {
                tokio::select! {
                    () = self.store.outbox_grew() => {}
                    () = pause(&self.env, POLL) => {}
                }
            }
        }
    }

    /// Publishes batch by batch; what was published is taken out while the next batch is read.
    async fn pump(&mut self) -> Result<Round> {
        let (mut after, mut done) = (0, Vec::new());
        loop {
            let next = self.store.outbox(after, BATCH);
            let (removed, batch) = join(self.remove(std::mem::take(&mut done)), next).await;
            removed?;
            let batch = batch?;
            let Some(last) = batch.last() else { return Ok(Round::Empty) };
            after = last.seq;
            if !self.lease().await? {
                return Ok(Round::Elsewhere);
            }
            let (seqs, envelopes): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|pending| (pending.seq, pending.envelope)).unzip();
            self.publish(envelopes).await?;
            self.counters.published.add(seqs.len() as u64);
            self.stall.flows(&self.env);
            done = seqs;
        }
    }

    async fn publish(&self, envelopes: Vec<Envelope>) -> Result<()> {
        let observe = &self.env.observe;
        // What is told of them is kept only where somebody listens.
        let told = observe.observed().then(|| (envelopes.clone(), self.env.clock.now()));
        self.broker.publish(envelopes, wall(&self.env)).await?;
        if let Some((messages, began)) = told {
            let took = self.env.clock.now().saturating_duration_since(began);
            observe.tell(|| Event::Published { service: &self.service, messages: &messages, took });
        }
        Ok(())
    }

    async fn remove(&self, seqs: Vec<u64>) -> Result<()> {
        if seqs.is_empty() { Ok(()) } else { self.store.published(seqs).await }
    }

    /// Whether this process may publish: takes the lease, or renews it when a third of it is over.
    async fn lease(&mut self) -> Result<bool> {
        let now = self.env.clock.now();
        if self.leased.is_some_and(|until| now + LEASE * 2 / 3 < until) {
            return Ok(true);
        }
        let held = self.store.lease_relay(self.holder, wall(&self.env), LEASE).await?;
        self.leased = held.then(|| now + LEASE);
        Ok(held)
    }

    /// Lets another process go on at once.
    async fn release(&mut self) {
        if self.leased.take().is_some() {
            let released = self.store.lease_relay(self.holder, wall(&self.env), Duration::ZERO);
            if let Err(error) = released.await {
                tracing::debug!(service = %self.service, %error, "the relay's lease was not given back; it ends by itself");
            }
        }
    }
}
