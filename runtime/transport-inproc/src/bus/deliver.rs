//! From a lane to a handler, again where it fails.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{Delivery, Envelope, Token};
use svckit_core::server::{Consumer, Trouble};
use tokio::sync::mpsc;

use super::{DeadLetter, Inner};

/// The pause before the second attempt is at most that long; it doubles.
const BASE: Duration = Duration::from_millis(100);
/// No pause is longer.
const CAP: Duration = Duration::from_secs(5);

/// One message for one group.
pub(super) struct Work {
    consumer: Arc<Consumer>,
    envelope: Envelope,
}

impl Work {
    pub(super) fn new(consumer: &Arc<Consumer>, envelope: Envelope) -> Self {
        Self { consumer: consumer.clone(), envelope }
    }

    fn delivery(&self, attempt: u32, now: Timestamp) -> Delivery {
        let group = self.consumer.group.name.clone();
        Delivery {
            token: Token { group, position: 0, fence: 0 },
            envelope: self.envelope.clone(),
            attempt,
            replay: 0,
            first: now,
        }
    }
}

/// Handles what comes in one after the other.
pub(super) fn lane(inner: &Arc<Inner>, mut receiver: mpsc::UnboundedReceiver<Work>) {
    let (weak, stop) = (Arc::downgrade(inner), inner.stop.clone());
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        while let Some(work) = receiver.recv().await {
            let Some(inner) = weak.upgrade() else { return };
            handle(&inner, work).await;
        }
    }));
}

async fn handle(inner: &Inner, work: Work) {
    let mut attempt = 1;
    loop {
        let delivery = work.delivery(attempt, now(inner));
        let Err(trouble) = inner.host.handle(work.consumer.service, &delivery).await else { break };
        if attempt >= work.consumer.attempts || trouble.permanent {
            inner.dead.add(letter(inner, work, attempt, trouble));
            break;
        }
        tracing::warn!(id = %work.envelope.id, handler = trouble.handler, attempt, error = %trouble.error, "a message will be tried again");
        pause(inner, attempt).await;
        attempt += 1;
    }
    inner.done();
}

async fn pause(inner: &Inner, attempt: u32) {
    let env = inner.host.env();
    let longest = BASE.saturating_mul(1 << (attempt - 1).min(16)).min(CAP);
    if let Some(then) = env.clock.now().checked_add(env.rng.up_to(longest)) {
        env.clock.sleep_until(then).await;
    }
}

fn now(inner: &Inner) -> Timestamp {
    Timestamp::try_from(inner.host.env().clock.wall()).unwrap_or(Timestamp::MAX)
}

fn letter(inner: &Inner, work: Work, attempts: u32, trouble: Trouble) -> DeadLetter {
    let Envelope { id, name, key, payload, meta, .. } = work.envelope;
    DeadLetter {
        id,
        what: name.to_string(),
        service: work.consumer.service,
        handler: trouble.handler,
        key: key.to_string(),
        payload,
        meta,
        attempts,
        error: trouble.error,
        time: now(inner),
    }
}
