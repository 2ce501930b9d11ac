//! Reading again.

use svckit_core::broker::ReplayFrom;
use svckit_core::error::Code;

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    Door, G, OTHER, PAID, PLACED, at, dead, ids, message, messages, named,
};

super::scenarios! { "replay":
    "from a time: what was published then or later, in order" => from_time,
    "from a place in the log" => from_position,
    "what is not settled yet does not come twice" => not_twice,
    "each replay has its number" => numbers,
    "only what the group wants comes, and only to it" => wanted,
    "what lies dead comes too, and its letter stays" => dead_too,
    "what was published before the group was there comes by a replay alone" => before_it,
    "what the log forgot does not come" => forgotten,
    "of a group that is not there: not found" => unknown,
}

async fn through(door: &Door, batch: Vec<svckit_core::broker::Envelope>, now: i64) {
    let count = batch.len();
    door.publish(batch, now).await;
    for _ in 0..count {
        let out = door.fetch(1, now).await;
        door.ack(&out, now).await;
    }
}

async fn from_time(subject: Subject) {
    let door = subject.ready(true).await;
    through(&door, messages(1, 2, "k"), 0).await;
    through(&door, messages(3, 4, "k"), 10).await;
    through(&door, messages(5, 5, ""), 20).await;
    assert_eq!(door.replay(ReplayFrom::Time(at(10)), 30).await, 3);
    let mut order = Vec::new();
    while order.len() < 3 {
        let out = door.fetch(10, 30).await;
        assert!(out.iter().all(|delivery| (delivery.replay, delivery.attempt) == (1, 1)));
        order.extend(ids(&out));
        door.ack(&out, 30).await;
    }
    assert_eq!(order, [3, 5, 4]);
    assert_eq!(door.replay(ReplayFrom::Time(at(21)), 30).await, 0);
}

async fn before_it(subject: Subject) {
    let door = subject.door();
    door.publish(messages(1, 2, "k"), 0).await;
    door.declare(G, &[PLACED], true).await;
    door.publish(messages(3, 3, "k"), 1).await;
    let out = door.fetch(10, 1).await;
    assert_eq!(ids(&out), [3]);
    door.ack(&out, 1).await;
    assert_eq!(door.replay(ReplayFrom::Time(at(0)), 1).await, 3);
    assert_eq!(ids(&door.fetch(1, 1).await), [1]);
}

async fn from_position(subject: Subject) {
    let door = subject.ready(false).await;
    door.publish(messages(1, 4, ""), 0).await;
    let out = door.fetch(10, 0).await;
    // Where the third stands, its dead letter says.
    door.settle(&out[2..3], &dead("internal"), 0).await;
    door.ack(&out[..2], 0).await;
    door.ack(&out[3..], 0).await;
    let position = door.letters().await[0].position;
    assert_eq!(door.replay(ReplayFrom::Position(position), 1).await, 2);
    let out = door.fetch(10, 1).await;
    assert_eq!(ids(&out), [3, 4]);
    door.ack(&out, 1).await;
    assert_eq!(door.replay(ReplayFrom::Position(u64::MAX), 1).await, 0);
    assert_eq!(door.replay(ReplayFrom::Position(0), 1).await, 4);
}

async fn not_twice(subject: Subject) {
    let door = subject.ready(true).await;
    through(&door, messages(1, 1, "k"), 0).await;
    door.publish(messages(2, 4, "k"), 0).await;
    let out = door.fetch(1, 0).await;
    assert_eq!(door.replay(ReplayFrom::Position(0), 0).await, 1);
    assert_eq!(door.replay(ReplayFrom::Position(0), 0).await, 0);
    door.ack(&out, 0).await;
    let mut order = Vec::new();
    for _ in 0..3 {
        let out = door.fetch(10, 0).await;
        order.extend(out.iter().map(|d| (d.envelope.id.as_u128(), d.replay)));
        door.ack(&out, 0).await;
    }
    assert_eq!(order, [(3, 0), (4, 0), (1, 1)]);
}

async fn numbers(subject: Subject) {
    let door = subject.ready(true).await;
    through(&door, messages(1, 1, "k"), 0).await;
    for n in 1..=3 {
        assert_eq!(door.replay(ReplayFrom::Position(0), 0).await, 1);
        let out = door.fetch(1, 0).await;
        assert_eq!(out[0].replay, n);
        door.ack(&out, 0).await;
    }
    // What is new is in no replay.
    door.publish(messages(2, 2, "k"), 0).await;
    assert_eq!(door.fetch(1, 0).await[0].replay, 0);
}

async fn wanted(subject: Subject) {
    let door = subject.door();
    door.declare(G, &[PLACED, PAID], true).await;
    door.declare(OTHER, &[PLACED], true).await;
    through(&door, vec![message(1, ""), named(2, PAID)], 0).await;
    // It is of the log, though it came before the group wanted it.
    door.publish(vec![named(3, "late")], 0).await;
    door.declare(G, &[PLACED, "late"], true).await;
    assert_eq!(door.replay(ReplayFrom::Position(0), 0).await, 2);
    assert_eq!(ids(&door.fetch(10, 0).await), [1, 3]);
    assert_eq!(door.status(OTHER).await.waiting, 1);
}

async fn dead_too(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 1, "k"), 0).await;
    let out = door.fetch(1, 0).await;
    door.settle(&out, &dead("internal"), 0).await;
    assert_eq!(door.replay(ReplayFrom::Time(at(0)), 0).await, 1);
    let out = door.fetch(1, 0).await;
    assert_eq!((ids(&out), out[0].replay), (vec![1], 1));
    assert_eq!(door.letters().await.len(), 1);
}

async fn forgotten(subject: Subject) {
    let door = subject.ready(true).await;
    through(&door, messages(1, 2, "k"), 0).await;
    through(&door, messages(3, 3, "k"), 1_500).await;
    assert_eq!(door.sweep(1_600).await, 2);
    assert_eq!(door.replay(ReplayFrom::Position(0), 1_600).await, 1);
}

async fn unknown(subject: Subject) {
    let door = subject.ready(true).await;
    let replayed = door.0.replay("nobody".to_owned(), ReplayFrom::Position(0), at(0)).await;
    let error = replayed.expect_err("there is no such group");
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.to_string().contains("nobody"), "{error}");
    assert_eq!(door.status(G).await.published, 0);
}
