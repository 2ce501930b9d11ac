//! What callees do by other numbers, whatever their callers have.

use std::time::Duration;

use svckit::Code;

use crate::world::World;

ways! {
    how_long_a_handler_may_take
    how_many_handlers_run_at_once
    how_many_calls_are_taken_in_a_time
}

async fn how_long_a_handler_may_take(scheme: &str) {
    let world = World::new(scheme).await;
    assert_eq!(world.get("").await.unwrap(), 3_000);
    world.theirs.set("Careful", "timeout.attempt = \"1600ms\"\ntimeout.total = \"6400ms\"").await;
    world.ours.set("Careful", "timeout.attempt = \"9s\"").await;
    assert_eq!(world.get("").await.unwrap(), 6_400, "no longer than the callee gives");
    world.ours.set("Careful", "timeout.attempt = \"2s\"").await;
    assert_eq!(world.get("").await.unwrap(), 2_000, "nor than the caller does");
}

async fn how_many_handlers_run_at_once(scheme: &str) {
    let world = World::new(scheme).await;
    let first = world.waits();
    world.probe.started(1).await;
    world.get("").await.unwrap();
    world.theirs.set("Tuned.Get", "bulkhead.concurrent = 1\nbulkhead.queue = 0").await;
    let second = world.waits();
    world.probe.started(1).await;
    let error = world.get("").await.unwrap_err();
    assert_eq!((error.code(), error.refused()), (Code::ResourceExhausted, None), "{error:?}");
    assert!(error.retry_after().is_some() && error.message().contains("too many run"), "{error:?}");
    world.theirs.set("Tuned.Get", "").await;
    world.get("").await.unwrap();
    world.probe.go.add_permits(2);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

async fn how_many_calls_are_taken_in_a_time(scheme: &str) {
    let world = World::new(scheme).await;
    for _ in 0..10 {
        world.get("").await.unwrap();
    }
    world.theirs.hand.advance(Duration::from_secs(5));
    let slow = "limit.rate = \"1/s\"\nlimit.burst = 1";
    world.theirs.set("Careful", slow).await;
    world.get("").await.unwrap();
    world.get("").await.unwrap();
    let error = world.get("").await.unwrap_err();
    assert_eq!((error.code(), error.refused()), (Code::ResourceExhausted, None), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    // What else is overridden gives nobody a share anew. Two seconds are a look at the file: two more calls.
    world.theirs.set("Careful", &format!("{slow}\nretry.attempts = 2")).await;
    world.get("").await.unwrap();
    world.get("").await.unwrap();
    assert_eq!(world.get("").await.unwrap_err().code(), Code::ResourceExhausted);
    world.theirs.set("Careful", "").await;
    for _ in 0..10 {
        world.get("").await.unwrap();
    }
}
