//! Keeps deliveries in the hand while their handlers work, and tells those whose lease is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use svckit_core::broker::{Broker, Token};
use svckit_core::clock::Env;
use tokio_util::sync::CancellationToken;

use crate::time::{pause, wall};

/// So many are extended at once.
const BATCH: usize = 1024;

/// The deliveries in the hands of a consumer.
#[derive(Clone)]
pub(super) struct Flight {
    env: Env,
    broker: Arc<dyn Broker>,
    lease: Duration,
    held: Arc<Mutex<BTreeMap<(u64, u64), Held>>>,
}

struct Held {
    token: Token,
    /// Until when the lease surely holds.
    until: Instant,
    lost: CancellationToken,
}

/// One delivery in the hand; dropping it ends the extension of its lease.
pub(super) struct Hand {
    flight: Flight,
    at: (u64, u64),
    /// Told when the lease is lost.
    pub(super) lost: CancellationToken,
}

impl Flight {
    pub(super) fn new(env: Env, broker: Arc<dyn Broker>, lease: Duration) -> Self {
        Self { env, broker, lease, held: Arc::default() }
    }

    /// Takes a delivery that was handed out just now into the hand.
    pub(super) fn take(&self, token: &Token) -> Hand {
        let (at, lost) = ((token.position, token.fence), CancellationToken::new());
        let until = self.env.clock.now() + self.lease;
        let held = Held { token: token.clone(), until, lost: lost.clone() };
        self.held().insert(at, held);
        Hand { flight: self.clone(), at, lost }
    }

    /// Extends leases, each at a third of it, for ever.
    pub(super) async fn keep(&self) {
        loop {
            let wait = self.round().await;
            pause(&self.env, wait).await;
        }
    }

    /// Extends what is due; how long to wait for the next time.
    async fn round(&self) -> Duration {
        let asked = self.env.clock.now();
        let due = self.due(asked);
        for batch in due.chunks(BATCH) {
            let extended = self.broker.extend(batch.to_vec(), wall(&self.env), self.lease);
            match extended.await {
                Ok(held) => self.extended(batch, &held, asked),
                Err(error) => {
                    tracing::debug!(%error, "leases can't be extended; trying again");
                    let again = self.lease / 12;
                    self.expire(again);
                    return again;
                }
            }
        }
        self.lease / 6
    }

    /// Those whose lease is at a third, or will be before it is looked again.
    fn due(&self, now: Instant) -> Vec<Token> {
        let soon = now + self.lease * 5 / 6;
        let held = self.held();
        held.values().filter(|held| held.until <= soon).map(|held| held.token.clone()).collect()
    }

    fn extended(&self, tokens: &[Token], still: &[bool], asked: Instant) {
        let mut all = self.held();
        for (token, still) in tokens.iter().zip(still) {
            let Some(held) = all.get_mut(&(token.position, token.fence)) else { continue };
            if *still {
                held.until = asked + self.lease;
            } else {
                held.lost.cancel();
            }
        }
    }

    /// Gives up what may be handed to another before it is looked again.
    fn expire(&self, again: Duration) {
        let then = self.env.clock.now() + again;
        self.held().values().filter(|held| held.until <= then).for_each(|held| held.lost.cancel());
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<(u64, u64), Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    /// Settled before it is handled: there is no lease to keep, and none to lose.
    pub(super) fn settled(&self) {
        self.flight.held().remove(&self.at);
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.settled();
    }
}
