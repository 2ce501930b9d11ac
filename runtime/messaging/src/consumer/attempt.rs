//! The life of one delivery.

use std::sync::Arc;
use std::time::{Duration, Instant};

use svckit_core::broker::{Delivery, Failure, Settlement};
use svckit_core::observe::{Delivered, Event, Outcome};
use svckit_core::server::{Trouble, Worked, said};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;

use super::Consumer;
use super::judge::{self, Before, Failed};
use super::leases::Hand;
use super::settle::Settled;
use crate::time::{between, later, pause, wall};

/// How long a handler may take to end once it was told to, and a settlement when all ends.
const GRACE: Duration = Duration::from_secs(1);

/// Handlers keep their time themselves; this much later those are ended that don't.
const SLACK: Duration = Duration::from_millis(500);

/// How one run of the handlers ended.
enum End {
    Worked(Worked),
    Failed(Failed),
    /// The lease is lost.
    Lost,
    /// All ends.
    Killed,
}

/// What became of a delivery.
struct Became {
    outcome: Outcome,
    class: Option<String>,
}

impl Became {
    fn plain(outcome: Outcome) -> Option<Self> {
        Some(Self { outcome, class: None })
    }

    fn failed(outcome: Outcome, class: String) -> Option<Self> {
        Some(Self { outcome, class: Some(class) })
    }
}

impl Consumer {
    /// From the broker's hand to its settlement.
    pub(super) async fn deliver(
        &self,
        delivery: Delivery,
        hand: &Hand,
        permit: OwnedSemaphorePermit,
    ) {
        let delivery = Arc::new(delivery);
        self.counters.in_flight.add(1);
        if delivery.attempt > 1 {
            self.counters.redelivered.add(1);
        }
        let began = self.shared.env.clock.now();
        let became = self.became(&delivery, hand, permit).await;
        if let Some(became) = became {
            self.tell(&delivery, &became, began);
        }
        self.counters.in_flight.less();
    }

    /// Nothing where another consumer has the delivery now.
    async fn became(
        &self,
        delivery: &Arc<Delivery>,
        hand: &Hand,
        permit: OwnedSemaphorePermit,
    ) -> Option<Became> {
        let consumer = &self.group.consumer;
        match judge::before(consumer, delivery, wall(&self.shared.env)) {
            Before::Run if consumer.at_most_once.contains(&*delivery.envelope.name) => {
                self.at_most_once(delivery, hand).await
            }
            Before::Run => self.at_least_once(delivery, hand, permit).await,
            Before::Skip => {
                self.counters.expired.add(1);
                self.settle(delivery, Settlement::Ack).await;
                Became::plain(Outcome::Expired)
            }
            Before::Hold(why) => self.hold(delivery, &why).await,
            Before::Dead(failure) => {
                if failure.class == "expired" {
                    self.counters.expired.add(1);
                }
                self.give_up(delivery, failure).await
            }
        }
    }

    fn tell(&self, delivery: &Delivery, became: &Became, began: Instant) {
        let env = &self.shared.env;
        env.observe.tell(|| {
            let took = env.clock.now().saturating_duration_since(began);
            let since = between(delivery.envelope.time, wall(env));
            Event::Delivered(Delivered {
                group: self.group.name(),
                message: &delivery.envelope,
                outcome: became.outcome,
                class: became.class.as_deref(),
                attempt: delivery.attempt,
                took,
                lag: since.saturating_sub(took),
            })
        });
    }

    async fn at_least_once(
        &self,
        delivery: &Arc<Delivery>,
        hand: &Hand,
        permit: OwnedSemaphorePermit,
    ) -> Option<Became> {
        let clock = &self.shared.env.clock;
        let begun = clock.now();
        let end = self.attempt(delivery, hand).await;
        self.ahead.handled(clock.now() - begun);
        // While this one is settled the next one may be handled.
        drop(permit);
        match end {
            End::Worked(Worked::TooNew { version, known }) => {
                let why = format!(
                    "it has version {version}, which readers of version {} and newer alone can read, and up to {known} is \
                     known here; run a newer version of the service",
                    delivery.envelope.readable_since
                );
                self.hold(delivery, &why).await
            }
            End::Worked(worked) => {
                let settled = self.settle(delivery, Settlement::Ack).await;
                if settled == Settled::Stale { None } else { self.counted(&worked) }
            }
            End::Failed(failed) => self.failed(delivery, &failed).await,
            End::Lost => {
                self.counters.fenced.add(1);
                tracing::warn!(
                    group = self.group.name(),
                    id = %delivery.envelope.id,
                    "a handler was ended: its lease was lost, and another consumer may have the message"
                );
                Became::plain(Outcome::Lost)
            }
            End::Killed => {
                let at = wall(&self.shared.env);
                if self.settle(delivery, Settlement::GiveBack { at }).await != Settled::Done {
                    return None;
                }
                self.counters.given_back.add(1);
                Became::plain(Outcome::GivenBack)
            }
        }
    }

    /// Settles first: what happens then happens once or never.
    async fn at_most_once(&self, delivery: &Arc<Delivery>, hand: &Hand) -> Option<Became> {
        if self.settle(delivery, Settlement::Ack).await != Settled::Done {
            return None;
        }
        hand.settled();
        let (why, class) = match self.attempt(delivery, hand).await {
            End::Worked(Worked::TooNew { .. }) => {
                ("its version is newer than what is known here".into(), "too_new".to_owned())
            }
            End::Worked(worked) => return self.counted(&worked),
            End::Failed(failed) => (failed.text(), failed.class().to_owned()),
            End::Lost | End::Killed => ("the process stops".to_owned(), "stopped".to_owned()),
        };
        self.counters.dropped.add(1);
        tracing::error!(
            group = self.group.name(),
            message = %delivery.envelope.name,
            id = %delivery.envelope.id,
            "a message that is delivered at most once is lost: {why}"
        );
        Became::failed(Outcome::Dropped, class)
    }

    fn counted(&self, worked: &Worked) -> Option<Became> {
        let (counter, outcome) = match worked {
            Worked::Duplicate => (&self.counters.duplicates, Outcome::Duplicate),
            _ => (&self.counters.handled, Outcome::Done),
        };
        counter.add(1);
        Became::plain(outcome)
    }

    async fn hold(&self, delivery: &Delivery, why: &str) -> Option<Became> {
        self.held(delivery, why);
        let at = later(wall(&self.shared.env), self.group.held);
        self.settle(delivery, Settlement::GiveBack { at }).await;
        Became::plain(Outcome::Held)
    }

    async fn failed(&self, delivery: &Delivery, failed: &Failed) -> Option<Became> {
        let env = &self.shared.env;
        let consumer = &self.group.consumer;
        match judge::after(consumer, delivery, failed, wall(env), &*env.rng) {
            Settlement::Dead(failure) => self.give_up(delivery, failure).await,
            settlement => {
                tracing::warn!(
                    group = self.group.name(),
                    message = %delivery.envelope.name,
                    id = %delivery.envelope.id,
                    attempt = delivery.attempt,
                    "a message will be tried again: {}",
                    failed.text()
                );
                if self.settle(delivery, settlement).await != Settled::Done {
                    return None;
                }
                self.counters.retried.add(1);
                Became::failed(Outcome::Retried, failed.class().to_owned())
            }
        }
    }

    /// Runs the handlers in a task of their own: one that panics or never yields harms nobody else.
    async fn attempt(&self, delivery: &Arc<Delivery>, hand: &Hand) -> End {
        let clock = &self.shared.env.clock;
        let limit = self.group.consumer.timeout;
        let work = self.group.handle.handle(delivery.clone());
        let mut work = AbortOnDropHandle::new(tokio::spawn(work));
        let late = clock.now().checked_add(limit.saturating_add(SLACK));
        let timeout = async {
            match late {
                Some(late) => clock.sleep_until(late).await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            biased;
            done = &mut work => return ended(done),
            () = hand.lost.cancelled() => End::Lost,
            () = self.shared.kill.cancelled() => End::Killed,
            () = timeout => End::Failed(Failed::Timeout(limit)),
        };
        work.abort();
        // What it did in its last moment counts; what it still does may not run beside the next attempt.
        tokio::select! {
            biased;
            done = &mut work => match done {
                Ok(Ok(worked)) if !matches!(end, End::Lost) => End::Worked(worked),
                _ => end,
            },
            () = pause(&self.shared.env, GRACE) => {
                tracing::error!(
                    group = self.group.name(),
                    message = %delivery.envelope.name,
                    "a handler blocks its thread: it does not end when it is told to"
                );
                end
            }
        }
    }

    async fn give_up(&self, delivery: &Delivery, failure: Failure) -> Option<Became> {
        let keep = self.group.consumer.dead_letters;
        tracing::error!(
            group = self.group.name(),
            handler = failure.handler,
            message = %delivery.envelope.name,
            id = %delivery.envelope.id,
            attempts = delivery.attempt,
            class = failure.class,
            reason = failure.reason,
            kept = keep,
            "a message is given up"
        );
        let class = failure.class.clone();
        let (settlement, counter, outcome) = if keep {
            (Settlement::Dead(failure), &self.counters.dead, Outcome::Dead)
        } else {
            (Settlement::Ack, &self.counters.dropped, Outcome::Dropped)
        };
        if self.settle(delivery, settlement).await != Settled::Done {
            return None;
        }
        counter.add(1);
        Became::failed(outcome, class)
    }

    /// A broker that is away is waited for, but not beyond the end of all.
    pub(super) async fn settle(&self, delivery: &Delivery, settlement: Settlement) -> Settled {
        let clock = &self.shared.env.clock;
        let asked = clock.now();
        let over = async {
            self.shared.kill.cancelled().await;
            pause(&self.shared.env, GRACE).await;
        };
        tokio::select! {
            biased;
            settled = self.settler.settle(delivery.token.clone(), settlement) => {
                self.ahead.settled(clock.now() - asked);
                settled
            }
            () = over => Settled::Stale,
        }
    }
}

fn ended(done: Result<Result<Worked, Trouble>, JoinError>) -> End {
    match done {
        Ok(Ok(worked)) => End::Worked(worked),
        Ok(Err(trouble)) => End::Failed(Failed::Trouble(trouble)),
        Err(error) if error.is_panic() => {
            End::Failed(Failed::Panic(said(&*error.into_panic()).to_owned()))
        }
        // The runtime itself shuts down.
        Err(_) => End::Killed,
    }
}
