//! A clock in the hand of a test.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::clock::Clock;
use tokio::sync::watch;

/// A clock that stands still until a test moves it, while bytes travel over sockets in their own time: so a slow machine
/// makes nothing late. Clones share the time.
///
/// Short sleeps, as between attempts, move it by themselves, so that a test speaks of the long ones alone.
#[derive(Clone, Debug)]
pub struct Hand(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    /// Sleeps up to that long move the clock.
    skips: Duration,
    now: watch::Sender<Instant>,
    /// Who sleeps: until when, and a number of their own.
    sleepers: watch::Sender<BTreeSet<(Instant, u64)>>,
    numbers: AtomicU64,
    moving: Mutex<()>,
}

impl Hand {
    /// Stands at some time; sleeps of up to `skips` move it.
    #[must_use]
    pub fn new(skips: Duration) -> Self {
        let start = tokio::time::Instant::now().into_std();
        Self(Arc::new(Inner {
            start,
            skips,
            now: watch::Sender::new(start),
            sleepers: watch::Sender::default(),
            numbers: AtomicU64::new(0),
            moving: Mutex::new(()),
        }))
    }

    /// Moves it on; who slept until then wakes.
    pub fn advance(&self, time: Duration) {
        let _moving = self.moving();
        self.0.now.send_modify(|now| *now += time);
    }

    /// How far it has moved.
    #[must_use]
    pub fn moved(&self) -> Duration {
        self.now().saturating_duration_since(self.0.start)
    }

    /// Waits until so many have fallen asleep for that time, and it has not moved since.
    pub async fn asleep(&self, count: usize, time: Duration) {
        let mut sleepers = self.0.sleepers.subscribe();
        let fresh = |sleepers: &BTreeSet<(Instant, u64)>| {
            let until = self.now() + time;
            sleepers.iter().filter(|(at, _)| *at == until).count()
        };
        // The sender is in `self`.
        let _ = sleepers.wait_for(|sleepers| fresh(sleepers) >= count).await;
    }

    /// Waits until somebody sleeps who will wake if it moves by that time.
    pub async fn asleep_within(&self, time: Duration) {
        let mut sleepers = self.0.sleepers.subscribe();
        let soon = |sleepers: &BTreeSet<(Instant, u64)>| {
            let (now, until) = (self.now(), self.now() + time);
            sleepers.iter().any(|(at, _)| *at > now && *at <= until)
        };
        let _ = sleepers.wait_for(soon).await;
    }

    fn moving(&self) -> MutexGuard<'_, ()> {
        self.0.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn skip_to(&self, at: Instant) -> bool {
        let _moving = self.moving();
        let short = at.saturating_duration_since(self.now()) <= self.0.skips;
        if short {
            self.0.now.send_modify(|now| *now = at.max(*now));
        }
        short
    }
}

impl Clock for Hand {
    fn wall(&self) -> SystemTime {
        // Late enough for every certificate and token.
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.moved()
    }

    fn now(&self) -> Instant {
        *self.0.now.borrow()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        let this = self.clone();
        async move {
            if this.skip_to(at) {
                return;
            }
            let number = this.0.numbers.fetch_add(1, Ordering::Relaxed);
            let _asleep = Asleep::new(&this, (at, number));
            let mut now = this.0.now.subscribe();
            let _ = now.wait_for(|now| *now >= at).await;
        }
        .boxed()
    }
}

/// One that sleeps.
struct Asleep<'a>(&'a Hand, (Instant, u64));

impl<'a> Asleep<'a> {
    fn new(hand: &'a Hand, who: (Instant, u64)) -> Self {
        hand.0.sleepers.send_modify(|sleepers| {
            sleepers.insert(who);
        });
        Self(hand, who)
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.0.sleepers.send_modify(|sleepers| {
            sleepers.remove(&self.1);
        });
    }
}
