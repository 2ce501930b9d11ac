//! Who waits for a message is told when there is one.

use std::time::Duration;

use futures_util::FutureExt;
use svckit_core::broker::{Delivery, Settlement};
use tokio::task::JoinHandle;

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    Door, G, HELD, OTHER, PLACED, at, dead, ids, message, messages,
};

super::scenarios! { "waiting":
    "by a publication" => publication,
    "by the end of what held a key back" => key_free,
    "by what another gives back" => given_back,
    "by the time of a retry" => due,
    "by the end of a lease" => lease,
    "by a redrive and by a replay" => again,
    "by the group, when it is made" => group_made,
    "of many who wait, one gets it" => one_of_many,
    "who waits no more has taken nothing" => gone,
    "a lease counts from when it was handed out, not from when it was asked for" => counts_from,
}

/// Asks, and is surely waiting when this returns.
async fn asked(door: &Door, now: i64) -> JoinHandle<Vec<Delivery>> {
    let mut fetch = door.0.fetch(Door::asks(G, 10, now));
    for _ in 0..10 {
        assert!((&mut fetch).now_or_never().is_none(), "there is nothing yet");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::spawn(async move { fetch.await.expect(HELD) })
}

async fn got(waiting: JoinHandle<Vec<Delivery>>) -> Vec<u128> {
    ids(&waiting.await.expect("no task panics"))
}

async fn publication(subject: Subject) {
    let door = subject.ready(true).await;
    let waiting = asked(&door, 0).await;
    door.declare(OTHER, &[PLACED], true).await;
    door.publish(vec![message(1, "k")], 0).await;
    assert_eq!(got(waiting).await, [1]);
    assert_eq!(ids(&door.available_to(OTHER, 0).await), [1]);
}

async fn key_free(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 3, "k"), 0).await;
    let out = door.fetch(10, 0).await;
    let waiting = asked(&door, 0).await;
    door.ack(&out, 0).await;
    let out = waiting.await.expect("no task panics");
    assert_eq!(ids(&out), [2]);
    let waiting = asked(&door, 0).await;
    door.settle(&out, &dead("internal"), 0).await;
    assert_eq!(got(waiting).await, [3]);
}

async fn given_back(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let out = door.fetch(10, 0).await;
    let waiting = asked(&door, 0).await;
    door.settle(&out, &Settlement::GiveBack { at: at(0) }, 0).await;
    assert_eq!(got(waiting).await, [1]);
}

async fn due(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let out = door.fetch(10, 0).await;
    let soon = at(0).checked_add(Duration::from_millis(150)).expect("a time of this century");
    door.settle(&out, &Settlement::Retry { at: soon }, 0).await;
    let waiting = asked(&door, 0).await.await.expect("no task panics");
    assert_eq!((ids(&waiting), waiting[0].attempt), (vec![1], 2));
}

async fn lease(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let short =
        svckit_core::broker::Fetch { lease: Duration::from_millis(150), ..Door::asks(G, 10, 0) };
    assert_eq!(ids(&door.0.fetch(short).await.expect(HELD)), [1]);
    let waiting = asked(&door, 0).await.await.expect("no task panics");
    assert_eq!((ids(&waiting), waiting[0].attempt), (vec![1], 2));
}

async fn again(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let out = door.fetch(10, 0).await;
    door.settle(&out, &dead("internal"), 0).await;
    let waiting = asked(&door, 0).await;
    assert_eq!(door.redrive(&door.letters().await, 0).await, 1);
    let out = waiting.await.expect("no task panics");
    assert_eq!(ids(&out), [1]);
    door.ack(&out, 0).await;
    let waiting = asked(&door, 0).await;
    assert_eq!(door.replay(svckit_core::broker::ReplayFrom::Position(0), 0).await, 1);
    assert_eq!(got(waiting).await, [1]);
}

async fn group_made(subject: Subject) {
    let door = subject.door();
    let waiting = asked(&door, 0).await;
    door.declare(G, &[PLACED], true).await;
    door.publish(vec![message(1, "k")], 0).await;
    assert_eq!(got(waiting).await, [1]);
}

async fn one_of_many(subject: Subject) {
    let door = subject.ready(true).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(asked(&door, 0).await);
    }
    for n in 1..=5 {
        door.publish(vec![message(n, "")], 0).await;
        let (out, _, others) = futures_util::future::select_all(waiting).await;
        assert_eq!(ids(&out.expect("no task panics")), [n]);
        waiting = others;
    }
}

async fn gone(subject: Subject) {
    let door = subject.ready(true).await;
    for _ in 0..3 {
        let waiting = asked(&door, 0).await;
        waiting.abort();
        assert!(waiting.await.is_err(), "there was nothing to get");
    }
    door.publish(vec![message(1, "k")], 0).await;
    let out = door.available(0).await;
    assert_eq!((ids(&out), out[0].attempt), (vec![1], 1));
}

async fn counts_from(subject: Subject) {
    let door = subject.ready(true).await;
    let waiting = asked(&door, 0).await;
    // The one who waits has no other clock than its own patience.
    tokio::time::sleep(Duration::from_millis(20)).await;
    door.publish(vec![message(1, "k")], 0).await;
    let out = waiting.await.expect("no task panics");
    assert!(out[0].first >= at(0).checked_add(Duration::from_millis(20)).expect("a near time"));
}
