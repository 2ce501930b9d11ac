//! Callees that take too long.

use std::time::Duration;

use svckit::{CallOptions, Code};
use svckit_core::observe::Gate;
use svckit_testkit::net::Fault;

use super::{ATTEMPT, GET_ONCE, PLACE, PLACE_ONCE, Tell, Way, World, thrice};
use crate::shop::{place, seen};

ways! {
    late_headers_end_at_the_attempts_limit_and_cancel_the_work
    an_answer_that_stops_ends_at_the_attempts_limit
    the_callers_deadline_ends_a_call_and_nothing_starts_after_it
    the_deadline_travels
    who_gives_up_gives_everything_back
}

async fn late_headers_end_at_the_attempts_limit_and_cancel_the_work(way: Way) {
    let world = World::new(way).await;
    let call = world.client.place(&PLACE, "WAIT");
    let clock = async {
        for _ in 0..3 {
            seen(&world.probe.started).await;
            world.client.hand.advance(ATTEMPT);
            seen(&world.probe.dropped).await;
        }
    };
    let (error, ()) = tokio::join!(call, clock);
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.retried_below()), (Code::DeadlineExceeded, true), "{error:?}");
    assert_eq!(world.client.attempts(), thrice(Code::DeadlineExceeded));
    world.client.holds_nothing(&PLACE);
    // Two retries were paid for, and gave nothing back: 14 tokens each of 500.
    assert_eq!(world.client.standing(&PLACE).tokens, 500 - 2 * 14);
    // The place in the bulkhead and the connection are there for the next.
    assert_eq!(world.client.place(&PLACE, "MUG").await.unwrap().quantity, 1);
}

async fn an_answer_that_stops_ends_at_the_attempts_limit(way: Way) {
    // After nothing at all, within the head, and within the answer.
    for bytes in [0, 1, 12, 40] {
        let world = World::new(way).await;
        world.proxy.switch(Fault::Stops(bytes));
        let clock = async {
            world.client.hand.asleep(1, ATTEMPT).await;
            world.proxy.asked_since(0).await;
            world.client.hand.advance(ATTEMPT);
        };
        let (error, ()) = tokio::join!(world.client.ask(&GET_ONCE), clock);
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.unreached()), (Code::DeadlineExceeded, false), "{error:?}");
        world.client.holds_nothing(&GET_ONCE);
    }
}

async fn the_callers_deadline_ends_a_call_and_nothing_starts_after_it(way: Way) {
    let world = World::new(way).await;
    let limit = Duration::from_secs(20);
    let stub = world.client.stub.with(CallOptions::new().deadline(limit));
    let request = place("WAIT", 1);
    let call = stub.unary::<_, crate::generated_shape::Order, svckit::Error>(&PLACE, &request);
    let clock = async {
        seen(&world.probe.started).await;
        world.client.hand.advance(limit);
        seen(&world.probe.dropped).await;
    };
    let (error, ()) = tokio::join!(call, clock);
    assert_eq!(error.unwrap_err().code(), Code::DeadlineExceeded);
    // It was retryable, and there was no time: one attempt.
    assert_eq!(world.client.attempts(), [Some(Code::DeadlineExceeded)]);
    world.client.holds_nothing(&PLACE);
    let asked = world.proxy.asked();
    let stub = world.client.stub.with(CallOptions::new().deadline(Duration::ZERO));
    let error = stub
        .unary::<_, crate::generated_shape::Order, svckit::Error>(&PLACE, &place("MUG", 1))
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.unreached()), (Code::DeadlineExceeded, true));
    assert_eq!(world.client.told(), [Tell::Rejected(Gate::Deadline)]);
    assert_eq!(world.proxy.asked(), asked);
}

async fn the_deadline_travels(way: Way) {
    let world = World::new(way).await;
    let left = world.client.place(&PLACE, "LEFT").await.unwrap().quantity;
    // That of the attempt, and not that of the call; less what the way took in the callee's time.
    let most = u32::try_from(ATTEMPT.as_millis()).unwrap();
    assert!((1..=most).contains(&left), "{left}");
    let stub = world.client.stub.with(CallOptions::new().deadline(Duration::from_secs(17)));
    let order: crate::generated_shape::Order =
        stub.unary::<_, _, svckit::Error>(&PLACE, &place("LEFT", 1)).await.unwrap();
    assert!((1..=17_000).contains(&order.quantity), "{order:?}");
}

async fn who_gives_up_gives_everything_back(way: Way) {
    let world = World::new(way).await;
    for _ in 0..3 {
        {
            let mut call = std::pin::pin!(world.client.place(&PLACE_ONCE, "WAIT"));
            tokio::select! {
                done = &mut call => panic!("{done:?}"),
                () = seen(&world.probe.started) => {
                    assert_eq!(world.client.standing(&PLACE_ONCE).running, 1);
                }
            }
        }
        seen(&world.probe.dropped).await;
        world.client.holds_nothing(&PLACE_ONCE);
    }
    // A caller's own cancel says nothing of the callee.
    assert_eq!(world.client.told(), []);
}
