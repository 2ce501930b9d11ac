//! Notices an outbox whose oldest message can't be published.

use std::sync::Arc;

use jiff::Timestamp;
use svckit_core::clock::Env;
use svckit_core::error::Error;
use svckit_core::observe::Event;
use svckit_core::store::Store;

use super::STALLED;
use crate::status::Relayed;
use crate::time::{between, wall};

/// Tells once of each time that an outbox stalls, and once of its end.
pub(super) struct Stall {
    service: Arc<str>,
    /// The oldest message when it was looked last.
    oldest: Option<Timestamp>,
    told: bool,
}

impl Stall {
    pub(super) fn new(service: Arc<str>) -> Self {
        Self { service, oldest: None, told: false }
    }

    /// Something was published, or there is nothing to publish.
    pub(super) fn flows(&mut self, env: &Env) {
        self.oldest = None;
        if std::mem::take(&mut self.told) {
            tracing::info!(service = %self.service, "the outbox flows again");
            env.observe.tell(|| Event::OutboxFlows { service: &self.service });
        }
    }

    /// Nothing could be published, because of `error` or because another process has the lease. The latter is a stall
    /// only if the oldest message is still the same as the last time: else the other one publishes.
    pub(super) async fn check(
        &mut self,
        env: &Env,
        store: &dyn Store,
        counters: &Relayed,
        error: Option<&Error>,
    ) {
        let Ok(status) = store.outbox_status().await else { return };
        let before = std::mem::replace(&mut self.oldest, status.oldest);
        let Some(oldest) = status.oldest else { return self.flows(env) };
        let stuck = error.is_some() || before == Some(oldest);
        let waited = between(oldest, wall(env));
        if !stuck || waited <= STALLED || self.told {
            return;
        }
        self.told = true;
        counters.stalled.add(1);
        env.observe.tell(|| Event::OutboxStalled {
            service: &self.service,
            waiting: status.waiting,
            oldest: waited,
        });
        let why = error.map_or_else(
            || "another process holds the relay's lease and publishes nothing".to_owned(),
            ToString::to_string,
        );
        tracing::error!(
            alert = "outbox_stalled",
            service = %self.service,
            waiting = status.waiting,
            oldest_ms = waited.as_millis(),
            why,
            "the outbox stalls: its oldest message can't be published"
        );
    }
}
