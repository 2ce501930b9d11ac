//! What callers do by other numbers, from the next call on.

use std::time::Duration;

use svckit::Code;
use svckit_core::error::Refused;
use svckit_testkit::net::BlackHole;

use crate::tuned::v1::tuned::RaceRequest;
use crate::world::World;

ways! {
    attempts_and_their_pauses
    the_budget_of_retries
    when_a_breaker_opens
    how_long_it_stays_open_and_what_it_lets_through
    how_many_run_at_once
    how_many_are_sent_in_a_time
    how_soon_and_how_often_requests_race
    how_long_attempts_and_calls_may_take
    how_long_a_connection_may_take
    services_and_single_operations
}

const MS: Duration = Duration::from_millis(1);

async fn attempts_and_their_pauses(scheme: &str) {
    let world = World::new(scheme).await;
    assert_eq!(world.fails().await, (3, 300 * MS), "the contract's");
    world.ours.set("Careful", "retry.attempts = 2").await;
    assert_eq!(world.fails().await, (2, 100 * MS));
    world.ours.set("Careful", "retry.attempts = 4\nretry.backoff_min = \"200ms\"").await;
    assert_eq!(world.fails().await, (4, 1_000 * MS), "200, 400 and, at most, 400");
    world.ours.set("Careful", "retry.attempts = 4\nretry.backoff_max = \"150ms\"").await;
    assert_eq!(world.fails().await, (4, 400 * MS), "100, 150, 150");
    world.ours.set("Careful", "").await;
    assert_eq!(world.fails().await, (3, 300 * MS), "the contract's again");
}

async fn the_budget_of_retries(scheme: &str) {
    for (numbers, least, most) in
        [("", 24, 24), ("retry.budget = \"1%\"\nretry.budget_min = \"1/s\"", 9, 13)]
    {
        let world = World::new(scheme).await;
        world.ours.set("Careful", numbers).await;
        let mut retries = 0;
        for _ in 0..12 {
            retries += world.fails().await.0 - 1;
        }
        assert!((least..=most).contains(&retries), "{retries} with {numbers}");
    }
}

/// Calls of which every other one fails, until the breaker refuses one; so many got through.
async fn until_refused(world: &World) -> Option<usize> {
    for n in 0..60 {
        let answer = world.get(if n % 2 == 0 { "" } else { "FAIL" }).await;
        if answer.is_err_and(|error| error.refused() == Some(Refused::Breaker)) {
            return Some(n);
        }
    }
    None
}

async fn when_a_breaker_opens(scheme: &str) {
    for (numbers, refused) in [
        ("", None),
        ("breaker.min_calls = 10", Some(10)),
        ("breaker.min_calls = 10\nbreaker.failure_rate = \"60%\"", None),
    ] {
        let world = World::new(scheme).await;
        world.ours.set("Careful", &format!("retry.attempts = 1\n{numbers}")).await;
        assert_eq!(until_refused(&world).await, refused, "{numbers}");
    }
    // It is the calls before that count: those that came by the old numbers, too.
    let world = World::new(scheme).await;
    world.ours.set("Careful", "retry.attempts = 1").await;
    assert_eq!(until_refused(&world).await, None);
    world.ours.set("Careful", "retry.attempts = 1\nbreaker.min_calls = 10").await;
    assert!(until_refused(&world).await.is_some_and(|n| n <= 2));
}

async fn how_long_it_stays_open_and_what_it_lets_through(scheme: &str) {
    for (numbers, probes, open) in
        [("", 3, 5), ("breaker.open_min = \"30s\"\nbreaker.half_open = 1", 1, 30)]
    {
        let world = World::new(scheme).await;
        let more = "retry.attempts = 1\nbreaker.min_calls = 10\n";
        world.ours.set("Careful", &format!("{more}{numbers}")).await;
        assert_eq!(until_refused(&world).await, Some(10));
        world.ours.hand.advance(Duration::from_secs(open - 1));
        let error = world.get("").await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Breaker));
        // The rest, and what it is spread by.
        world.ours.hand.advance(Duration::from_secs(open));
        let waiting: Vec<_> = (0..probes).map(|_| world.waits()).collect();
        world.probe.started(probes).await;
        let error = world.get("").await.unwrap_err();
        assert_eq!(error.refused(), Some(Refused::Breaker), "one more than {probes}");
        world.probe.go.add_permits(waiting.len());
        for call in waiting {
            call.await.unwrap().unwrap();
        }
        world.get("").await.unwrap();
    }
}

async fn how_many_run_at_once(scheme: &str) {
    let world = World::new(scheme).await;
    let set = async |numbers: &str| {
        world.ours.set("Careful", &format!("timeout.attempt = \"9s\"\n{numbers}")).await;
    };
    set("").await;
    let first = world.waits();
    world.probe.started(1).await;
    world.get("").await.unwrap();
    set("bulkhead.concurrent = 1\nbulkhead.queue = 0").await;
    let second = world.waits();
    world.probe.started(1).await;
    let error = world.get("").await.unwrap_err();
    assert_eq!((error.code(), error.refused()), (Code::ResourceExhausted, Some(Refused::Bulkhead)));
    set("bulkhead.concurrent = 3\nbulkhead.queue = 0").await;
    world.get("").await.unwrap();
    // Nobody who was in it was thrown out.
    world.probe.go.add_permits(2);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

async fn how_many_are_sent_in_a_time(scheme: &str) {
    let world = World::new(scheme).await;
    for _ in 0..10 {
        world.get("").await.unwrap();
    }
    world.ours.hand.advance(Duration::from_secs(5));
    world.ours.set("Careful", "limit.rate = \"1/s\"\nlimit.burst = 1").await;
    world.get("").await.unwrap();
    world.get("").await.unwrap();
    let error = world.get("").await.unwrap_err();
    assert_eq!((error.code(), error.refused()), (Code::ResourceExhausted, Some(Refused::Limit)));
    world.ours.hand.advance(Duration::from_secs(1));
    world.get("").await.unwrap();
    world.ours.set("Careful", "limit.rate = \"500/s\"").await;
    for _ in 0..10 {
        world.get("").await.unwrap();
    }
}

async fn how_soon_and_how_often_requests_race(scheme: &str) {
    let world = World::new(scheme).await;
    for (numbers, sent, after) in [
        ("", 2, 400),
        ("hedge.at_most = 2", 3, 800),
        ("hedge.after = \"200ms\"", 2, 200),
        ("hedge.after = \"200ms\"\nhedge.at_most = 3", 4, 600),
    ] {
        world.ours.set("Raced", numbers).await;
        let (start, client) = (world.ours.hand.moved(), world.client.clone());
        let _ = world.probe.calls();
        let race =
            tokio::spawn(async move { client.race(RaceRequest { id: "WAIT".into() }).await });
        world.probe.started(sent).await;
        assert_eq!(world.ours.hand.moved() - start, after * MS, "{numbers}");
        world.probe.go.add_permits(1);
        race.await.unwrap().unwrap();
        assert_eq!(world.probe.calls(), u64::from(sent), "{numbers}");
    }
}

async fn how_long_attempts_and_calls_may_take(scheme: &str) {
    let world = World::new(scheme).await;
    assert_eq!(world.get("").await.unwrap(), 3_000);
    world.ours.set("Careful", "timeout.attempt = \"4s\"").await;
    assert_eq!(world.get("").await.unwrap(), 4_000);
    world.ours.set("Careful", "timeout.attempt = \"9s\"\ntimeout.total = \"9s\"").await;
    assert_eq!(world.get("").await.unwrap(), 9_000);
    // An attempt ends by what held when it began; the next call has what holds then.
    let waiting = world.waits();
    world.probe.started(1).await;
    world.ours.set("Careful", "retry.attempts = 1\ntimeout.attempt = \"2s\"").await;
    assert_eq!(world.get("").await.unwrap(), 2_000);
    world.probe.go.add_permits(1);
    assert_eq!(waiting.await.unwrap().unwrap(), 9_000);
    let (waiting, start) = (world.waits(), world.ours.hand.moved());
    world.probe.started(1).await;
    world.ours.hand.advance(2_000 * MS);
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(world.ours.hand.moved() - start, 2_000 * MS);
}

async fn how_long_a_connection_may_take(scheme: &str) {
    let hole = BlackHole::open().unwrap();
    let at = hole.address();
    let world = World::before(scheme, |_| async move { vec![at] }).await;
    for (numbers, wait) in [("", 1_500), ("\ntimeout.connect = \"2700ms\"", 2_700)] {
        // The longest that any operation gives a connection counts: that of `Race` stands under its own policy.
        world.ours.set("Careful", &format!("retry.attempts = 1{numbers}")).await;
        let ends = async {
            world.ours.hand.asleep(1, wait * MS).await;
            world.ours.hand.advance(wait * MS);
        };
        let (answer, ()) = tokio::join!(world.get(""), ends);
        let error = answer.unwrap_err();
        assert_eq!((error.code(), error.unreached()), (Code::Unavailable, true), "{error:?}");
    }
}

async fn services_and_single_operations(scheme: &str) {
    let world = World::new(scheme).await;
    let plain = async || {
        let _ = world.probe.calls();
        world.plain("FAIL").await.unwrap_err();
        let attempts = world.probe.calls();
        world.plain("").await.unwrap();
        attempts
    };
    assert_eq!((world.fails().await.0, plain().await), (3, 3));
    world.ours.set("Tuned.Plain", "retry.attempts = 2").await;
    assert_eq!((world.fails().await.0, plain().await), (3, 2));
    world.ours.set("Tuned.Get", "retry.attempts = 1").await;
    assert_eq!((world.fails().await.0, plain().await), (1, 3));
    world.ours.set("Tuned", "retry.attempts = 2").await;
    assert_eq!((world.fails().await.0, plain().await), (2, 2));
    let all = "retry.attempts = 1\n[policy.\"tuned.v1.Tuned.Plain\"]\nretry.attempts = 3\n\
        [policy.\"tuned.v1.Careful\"]\nretry.attempts = 2\n";
    world.ours.set("Tuned", all).await;
    assert_eq!((world.fails().await.0, plain().await), (1, 3), "the narrowest has the last word");
}
