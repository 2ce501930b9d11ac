//! Callees that take connections and requests, and say nothing.

use std::time::Duration;

use svckit::Code;
use svckit_core::observe::{BreakerState, Gate};
use svckit_policy::breaker::Phase;
use svckit_testkit::net::Fault;

use super::{ATTEMPT, GET, GET_ONCE, TAKE, Tell, Way, World, thrice};

ways! {
    a_callee_that_never_accepts_costs_an_attempt_its_time
    a_callee_that_never_answers_costs_an_attempt_its_time
    a_connection_that_went_dead_is_left_for_a_new_one
    what_may_have_arrived_is_not_repeated
    a_breaker_opens_and_comes_back_by_its_probes
}

/// Ends so many attempts, one after the other, at their time.
async fn ends(world: &World, attempts: usize) {
    for _ in 0..attempts {
        world.client.hand.asleep(1, ATTEMPT).await;
        world.client.hand.advance(ATTEMPT);
    }
}

async fn a_callee_that_never_accepts_costs_an_attempt_its_time(way: Way) {
    let world = World::new(way).await;
    world.proxy.switch(Fault::Backlog);
    let (error, ()) = tokio::join!(world.client.ask(&GET), ends(&world, 3));
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(world.client.attempts(), thrice(Code::DeadlineExceeded));
    world.client.holds_nothing(&GET);
    // Whatever waits in the queue of the system is asked for by nobody any more.
    world.proxy.switch(Fault::None);
    assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
}

async fn a_callee_that_never_answers_costs_an_attempt_its_time(way: Way) {
    for fault in [Fault::Silent, Fault::Mute] {
        let world = World::new(way).await;
        world.proxy.switch(fault);
        let (error, ()) = tokio::join!(world.client.ask(&GET), ends(&world, 3));
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.retried_below()), (Code::DeadlineExceeded, true));
        assert_eq!(world.client.attempts(), thrice(Code::DeadlineExceeded));
        world.client.holds_nothing(&GET);
    }
}

/// Over one connection of HTTP/2 all calls would wait for as long as the kernel believes in it.
async fn a_connection_that_went_dead_is_left_for_a_new_one(way: Way) {
    let world = World::new(way).await;
    assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
    let before = world.proxy.connections();
    world.proxy.switch(Fault::Silent);
    let (error, ()) = tokio::join!(world.client.ask(&GET), ends(&world, 3));
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    // The callee is well again, but not on the connections that are dead.
    world.proxy.switch(Fault::None);
    assert_eq!(world.client.ask(&GET_ONCE).await.unwrap(), 3);
    assert!(world.proxy.connections() > before);
}

async fn what_may_have_arrived_is_not_repeated(way: Way) {
    let world = World::new(way).await;
    world.proxy.switch(Fault::Mute);
    let (error, ()) = tokio::join!(world.client.take(), ends(&world, 1));
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.unreached()), (Code::DeadlineExceeded, false), "{error:?}");
    assert!(!error.retried_below());
    assert_eq!(world.client.attempts(), [Some(Code::DeadlineExceeded)]);
    assert!(world.done() <= 1);
    world.client.holds_nothing(&TAKE);
}

async fn a_breaker_opens_and_comes_back_by_its_probes(way: Way) {
    let world = World::new(way).await;
    world.proxy.switch(Fault::Silent);
    for _ in 0..5 {
        let (error, ()) = tokio::join!(world.client.ask(&GET_ONCE), ends(&world, 1));
        assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    }
    assert_eq!(world.client.phase(&GET_ONCE), Phase::Open);
    assert_eq!(world.client.told().last(), Some(&Tell::Breaker(BreakerState::Open)));
    let asked = world.proxy.asked();
    let error = world.client.ask(&GET_ONCE).await.unwrap_err();
    assert_eq!((error.code(), error.unreached()), (Code::Unavailable, true));
    assert!(error.retry_after().is_some(), "{error:?}");
    assert_eq!(world.client.told(), [Tell::Rejected(Gate::Breaker)]);
    assert_eq!(world.proxy.asked(), asked);
    // Its time passes, and the callee is still silent: of ten callers three are let through, whose places are given
    // back where they give up.
    world.client.hand.advance(Duration::from_secs(6));
    let calls = || (0..10).map(|_| world.client.ask(&GET_ONCE));
    {
        let mut all = std::pin::pin!(futures_util::future::join_all(calls()));
        let three = async { world.client.hand.asleep(3, ATTEMPT).await };
        tokio::select! {
            _ = &mut all => panic!("the probes are under way"),
            () = three => assert_eq!(world.client.standing(&GET_ONCE).probes, 3),
        }
    }
    world.client.holds_nothing(&GET_ONCE);
    let refused = Tell::Rejected(Gate::Breaker);
    assert_eq!(world.client.told().iter().filter(|tell| **tell == refused).count(), 7);
    // Still silent to the next probe: it stays open for twice as long.
    let (error, ()) = tokio::join!(world.client.ask(&GET_ONCE), ends(&world, 1));
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    world.client.hand.advance(Duration::from_secs(6));
    assert_eq!(world.client.phase(&GET_ONCE), Phase::Open);
    world.client.hand.advance(Duration::from_secs(6));
    // Well again: three answers close it.
    world.proxy.switch(Fault::None);
    for n in 1..=3 {
        assert_eq!(world.client.phase(&GET_ONCE), Phase::HalfOpen, "before probe {n}");
        assert_eq!(world.client.ask(&GET_ONCE).await.unwrap(), 3);
    }
    assert_eq!(world.client.phase(&GET_ONCE), Phase::Closed);
    assert_eq!(world.client.told().last(), Some(&Tell::Breaker(BreakerState::Closed)));
}
