//! Callees that come and go.

use svckit::Code;
use svckit_core::observe::BreakerState;
use svckit_policy::breaker::Phase;

use super::{GET, GET_ONCE, Tell, Way, World};

ways! {
    who_comes_back_is_found_at_the_next_call
    one_that_is_down_more_than_up_opens_the_breaker_and_closes_it
    one_that_drains_is_left_and_found_again
}

async fn who_comes_back_is_found_at_the_next_call(way: Way) {
    let world = World::new(way).await;
    for _ in 0..4 {
        assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
        world.proxy.close().await;
        let error = world.client.ask(&GET).await.unwrap_err();
        assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true), "{error:?}");
        world.proxy.open().unwrap();
    }
    assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
    world.client.holds_nothing(&GET);
    assert_eq!(world.client.phase(&GET), Phase::Closed);
}

async fn one_that_is_down_more_than_up_opens_the_breaker_and_closes_it(way: Way) {
    let world = World::new(way).await;
    // Up for one call, down for two: never five failures in a row, yet two thirds of twenty and more.
    for n in 0..24 {
        match n % 3 {
            0 => assert_eq!(world.client.ask(&GET_ONCE).await.is_ok(), n < 20),
            _ => assert!(world.client.ask(&GET_ONCE).await.is_err()),
        }
        match n % 3 {
            0 => world.proxy.close().await,
            2 => world.proxy.open().unwrap(),
            _ => {}
        }
    }
    let opened = Tell::Breaker(BreakerState::Open);
    assert_eq!(world.client.told().iter().filter(|tell| **tell == opened).count(), 1);
    assert_eq!(world.client.phase(&GET_ONCE), Phase::Open);
    world.client.hand.advance(std::time::Duration::from_secs(6));
    for _ in 0..3 {
        assert_eq!(world.client.ask(&GET_ONCE).await.unwrap(), 3);
    }
    assert_eq!(world.client.phase(&GET_ONCE), Phase::Closed);
}

/// A callee that says goodbye finishes what it has begun; what comes later goes to the one in its place.
async fn one_that_drains_is_left_and_found_again(way: Way) {
    let world = World::new(way).await;
    let address = world.running.address().unwrap().to_string();
    let waits = world.client.place(&super::PLACE_ONCE, "WAIT");
    let drained = async {
        crate::shop::seen(&world.probe.started).await;
        let stopped = world.running.shutdown();
        world.probe.go.add_permits(1);
        stopped.await;
    };
    let (answer, ()) = tokio::join!(waits, drained);
    assert_eq!(answer.unwrap().quantity, 1);
    let (app, probe) = crate::shop::app();
    let running = app.listen(address).start().await.unwrap();
    assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
    assert_eq!(probe.calls.load(std::sync::atomic::Ordering::SeqCst), 1);
    running.shutdown().await;
}
