#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use svckit_core::clock::SystemClock;

use super::*;

const TWO: BulkheadConfig = BulkheadConfig { concurrent: 2, queue: 3 };

#[tokio::test(start_paused = true)]
async fn two_run_three_wait_and_the_rest_is_refused() {
    let bulkhead = Bulkhead::new(TWO);
    let until = SystemClock.now() + Duration::from_secs(1);
    let first = bulkhead.enter(until, &SystemClock).await.expect("a place");
    let _second = bulkhead.enter(until, &SystemClock).await.expect("a place");
    let waits: Vec<_> = (0..3)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            tokio::spawn(async move { bulkhead.enter(until, &SystemClock).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!((bulkhead.running(), bulkhead.waiting()), (2, 3));
    assert_eq!(bulkhead.enter(until, &SystemClock).await.map(drop), Err(Full::Queue));
    drop(first);
    for wait in waits {
        assert_eq!(wait.await.expect("no panic"), Ok(()), "one after the other has its turn");
    }
    assert_eq!((bulkhead.running(), bulkhead.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_longer_than_may_be() {
    let bulkhead = Bulkhead::new(TWO);
    let _held = [bulkhead.try_enter().expect("a place"), bulkhead.try_enter().expect("a place")];
    let until = SystemClock.now() + Duration::from_secs(1);
    assert_eq!(bulkhead.enter(until, &SystemClock).await.map(drop), Err(Full::Waited));
    assert_eq!(bulkhead.waiting(), 0);
}

#[test]
fn it_says_how_full_it_is() {
    let bulkhead = Bulkhead::new(BulkheadConfig { concurrent: 5, queue: 0 });
    let held: Vec<_> = (0..4).map(|_| bulkhead.try_enter().expect("a place")).collect();
    assert!(bulkhead.above(80) && !bulkhead.above(81));
    drop(held);
    assert!(!bulkhead.above(1));
}

/// A clock that never wakes anybody.
struct Still;

impl Clock for Still {
    fn wall(&self) -> std::time::SystemTime {
        std::time::SystemTime::UNIX_EPOCH
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, _: Instant) -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

type Wait<'a> = Pin<Box<dyn Future<Output = Result<Permit, Full>> + 'a>>;

proptest! {
    /// "Permits are conserved under any cancellation."
    #[test]
    fn places_are_conserved_under_any_cancel(moves in prop::collection::vec((0..4_u8, 0..8_usize), 1..200)) {
        let bulkhead = Bulkhead::new(TWO);
        let mut cx = Context::from_waker(Waker::noop());
        let (mut waits, mut places): (Vec<Wait<'_>>, Vec<Permit>) = (Vec::new(), Vec::new());
        for (what, at) in moves {
            match what {
                0 => waits.push(Box::pin(bulkhead.enter(Instant::now(), &Still))),
                1 if !waits.is_empty() => drop(waits.swap_remove(at % waits.len())),
                2 if !places.is_empty() => drop(places.swap_remove(at % places.len())),
                _ => {}
            }
            waits.retain_mut(|wait| match wait.as_mut().poll(&mut cx) {
                Poll::Pending => true,
                Poll::Ready(Ok(place)) => {
                    places.push(place);
                    false
                }
                Poll::Ready(Err(_)) => false,
            });
            prop_assert!(places.len() <= 2 && waits.len() <= 3);
            prop_assert_eq!(usize::try_from(bulkhead.waiting()).expect("few"), waits.len());
        }
        drop(waits);
        drop(places);
        prop_assert_eq!((bulkhead.running(), bulkhead.waiting()), (0, 0));
    }
}

#[test]
fn who_is_refused_stays_away_for_an_attempt_and_a_second_at_most() {
    let quick = Duration::from_millis(300);
    assert_eq!(Bulkhead::retry_after(quick), quick);
    assert_eq!(Bulkhead::retry_after(Duration::from_secs(5)), Duration::from_secs(1));
}
