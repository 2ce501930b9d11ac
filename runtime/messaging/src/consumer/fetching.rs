//! Asks the broker for what can be handled now.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use svckit_core::broker::{Delivery, Fetch, Settlement};
use svckit_core::error::Result;
use tokio::sync::OwnedSemaphorePermit;

use super::leases::Hand;
use super::{Consumer, SILENT, ahead, judge};
use crate::time::{Backoff, between, later, pause, wall};

/// So many are fetched at once.
const BATCH: usize = 256;
const BASE: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(5);
/// How long a fetch that is being answered when the drain begins may take.
const FAREWELL: Duration = Duration::from_millis(100);
/// How often it is looked whether the wall clock was set.
const LOOK: Duration = Duration::from_secs(5);
/// So far it is from what it ought to be then.
const JUMP: Duration = Duration::from_secs(1);
/// A broker that does not say how it does within this time is silent, too.
const STATUS: Duration = Duration::from_secs(5);

/// What a fetch came to, with the permits that it was asked under.
type Answer = (OwnedSemaphorePermit, Result<Vec<Delivery>>);

/// Whether a clock that ought to show one time and shows the other was set.
fn set(ought: Timestamp, shows: Timestamp) -> bool {
    between(ought, shows).max(between(shows, ought)) > JUMP
}

impl Consumer {
    /// Fetches and hands out until the drain.
    pub(super) async fn fetching(self: Arc<Self>) {
        let drain = self.shared.drain.clone();
        let mut backoff = Backoff::new(BASE, CAP);
        let Ok(mut spare) = self.hands.clone().acquire_many_owned(ahead::MOST).await else {
            return;
        };
        loop {
            self.spare(&mut spare);
            let next = async {
                let permits = self.free().await?;
                let fetched = self.fetch(permits.num_permits()).await;
                Some((permits, fetched))
            };
            let mut next = Box::pin(next);
            let Some(answer) = drain.run_until_cancelled(&mut next).await else {
                return self.farewell(next).await;
            };
            let Some((permits, fetched)) = answer else { return };
            match fetched {
                Ok(deliveries) => {
                    if backoff.recovered() {
                        tracing::info!(group = self.group.name(), "messages are fetched again");
                    }
                    self.clone().hand_out(deliveries, permits, spare.num_permits()).await;
                }
                Err(error) => {
                    if backoff.failed() {
                        tracing::warn!(group = self.group.name(), %error, "messages can't be fetched; trying again");
                    }
                    drop(permits);
                    drain.run_until_cancelled(backoff.wait(&self.shared.env)).await;
                }
            }
        }
    }

    /// What is being handed out when the drain begins is given back.
    async fn farewell(&self, next: Pin<Box<impl Future<Output = Option<Answer>>>>) {
        let env = &self.shared.env;
        tokio::select! {
            biased;
            () = self.shared.kill.cancelled() => {}
            next = next => {
                let Some((_permits, Ok(deliveries))) = next else { return };
                let at = wall(env);
                let back = |delivery: Delivery| self.settler.settle(delivery.token, Settlement::GiveBack { at });
                join_all(deliveries.into_iter().map(back)).await;
            }
            () = pause(env, FAREWELL) => {}
        }
        // The fetch is dropped by now. What a broker had claimed for it just then it gives back: once when that is
        // claimed, once when it is given back, what is asked now is answered.
        for _ in 0..2 {
            tokio::task::yield_now().await;
            let answered = self.shared.broker.settle(Vec::new(), wall(env));
            self.shared.kill.run_until_cancelled(answered).await;
        }
    }

    /// Keeps so many hands back as are not to be filled ahead of the handlers.
    fn spare(&self, spare: &mut OwnedSemaphorePermit) {
        let (kept, wanted) = (spare.num_permits(), (ahead::MOST - self.ahead.now()) as usize);
        if kept > wanted {
            drop(spare.split(kept - wanted));
        } else {
            // Those that are full now are kept back when they are free.
            let more = (wanted - kept).min(self.hands.available_permits());
            let more = u32::try_from(more).unwrap_or(0);
            if let Ok(more) = self.hands.clone().try_acquire_many_owned(more) {
                spare.merge(more);
            }
        }
    }

    /// Waits for a free hand and takes all that are free with it. Nothing if the semaphore is closed, which it never is.
    async fn free(&self) -> Option<OwnedSemaphorePermit> {
        let mut hands = self.hands.clone().acquire_owned().await.ok()?;
        let more = self.hands.available_permits().min(BATCH - 1);
        let more = u32::try_from(more).unwrap_or(0);
        if let Ok(more) = self.hands.clone().try_acquire_many_owned(more) {
            hands.merge(more);
        }
        Some(hands)
    }

    /// Asks for messages; asks anew when nothing was said for long, or when the wall clock was set meanwhile: the broker
    /// was told the time when it was asked.
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        let env = &self.shared.env;
        loop {
            let (asked, told) = (env.clock.now(), wall(env));
            let fetch = Fetch {
                group: self.group.name().to_owned(),
                most,
                now: told,
                lease: self.group.lease,
                consumer: self.id,
            };
            let mut fetched = self.shared.broker.fetch(fetch);
            let mut waited = Duration::ZERO;
            while waited < SILENT && !set(later(told, waited), wall(env)) {
                tokio::select! {
                    biased;
                    fetched = &mut fetched => return fetched,
                    () = pause(env, LOOK) => waited = env.clock.now() - asked,
                }
            }
            drop(fetched);
            if waited >= SILENT {
                self.watch().await?;
            }
        }
    }

    /// The watchdog: tells of a fetch that says nothing although messages wait and nobody has any in hand.
    async fn watch(&self) -> Result<()> {
        let env = &self.shared.env;
        let late = env.clock.now() + STATUS;
        let status = tokio::select! {
            biased;
            status = self.shared.broker.status() => status?,
            () = env.clock.sleep_until(late) => {
                self.silent("the broker does not say how it does");
                return Ok(());
            }
        };
        let mine = status.into_iter().find(|status| status.group == self.group.name());
        let Some(mine) = mine else {
            // Somebody took the group away: make it known again.
            return self.shared.broker.declare(self.group.consumer.group.clone()).await;
        };
        if mine.waiting > 0 && mine.in_flight == 0 {
            self.silent("messages wait, nobody has any in hand, and none is handed out");
        }
        Ok(())
    }

    fn silent(&self, what: &str) {
        self.counters.silent.add(1);
        tracing::warn!(
            alert = "consumer_silent",
            group = self.group.name(),
            "{what}; they may wait for their time; asking anew"
        );
    }

    /// Gives each delivery to a task of its own, with a hand.
    async fn hand_out(
        self: Arc<Self>,
        deliveries: Vec<Delivery>,
        mut hands: OwnedSemaphorePermit,
        spare: usize,
    ) {
        let (suspects, rest): (Vec<_>, Vec<_>) = deliveries
            .into_iter()
            .partition(|delivery| judge::suspect(&self.group.consumer, delivery));
        for delivery in rest {
            // A broker that gives more than it was asked for has them run one after the other.
            let hand = match hands.split(1) {
                Some(hand) => hand,
                None => match self.hands.clone().acquire_owned().await {
                    Ok(hand) => hand,
                    Err(_) => return,
                },
            };
            let lease = self.flight.take(&delivery.token);
            self.shared.tasks.spawn(self.clone().in_turn(delivery, lease, hand));
        }
        drop(hands);
        self.alone(suspects, spare).await;
    }

    /// Waits until a handler may run. What waits when the drain begins is given back.
    async fn in_turn(self: Arc<Self>, delivery: Delivery, hand: Hand, place: OwnedSemaphorePermit) {
        let permit = tokio::select! {
            biased;
            permit = self.permits.clone().acquire_owned() => permit.ok(),
            () = self.shared.drain.cancelled() => None,
            () = hand.lost.cancelled() => return,
        };
        match permit {
            Some(permit) => self.deliver(delivery, &hand, permit).await,
            None => {
                let back = Settlement::GiveBack { at: wall(&self.shared.env) };
                self.settle(&delivery, back).await;
            }
        }
        drop((hand, place));
    }

    /// Runs one of them with nothing beside it and gives the others back first, so that what takes the process down
    /// takes nothing else with it.
    async fn alone(self: Arc<Self>, suspects: Vec<Delivery>, spare: usize) {
        let mut suspects = suspects.into_iter();
        let Some(first) = suspects.next() else { return };
        let back = Settlement::GiveBack { at: wall(&self.shared.env) };
        for other in suspects {
            self.settler.settle(other.token, back.clone()).await;
        }
        let hand = self.flight.take(&first.token);
        // What was fetched before is settled first.
        let spare = u32::try_from(spare).unwrap_or(ahead::MOST);
        let all = self.concurrency + ahead::MOST - spare;
        let all = self.hands.clone().acquire_many_owned(all);
        let Some(Ok(hands)) = self.shared.kill.run_until_cancelled(all).await else {
            self.settler.settle(first.token, back).await;
            return;
        };
        tracing::warn!(
            group = self.group.name(),
            message = %first.envelope.name,
            id = %first.envelope.id,
            attempt = first.attempt,
            "a message that never came back is run alone"
        );
        let task = self.shared.tasks.spawn(self.clone().in_turn(first, hand, hands));
        let _ = task.await;
    }
}
