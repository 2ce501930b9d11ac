//! Who gets what.

use svckit_core::broker::{Envelope, Kind, Settlement};

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    G, OTHER, PAID, PLACED, at, dead, ids, message, messages, named,
};

super::scenarios! { "groups":
    "a group gets what it wants, and nothing else" => wanted,
    "each group gets each message, and settles for itself" => each,
    "what is published while no consumer lives is there for the first" => nobody_there,
    "a group that is made later gets events from then on" => late_events,
    "a queue that is made later gets the commands that were sent before" => late_commands,
    "a group made again keeps what it has, once" => made_again,
    "a name that is wanted no more: what waits stays, nothing new comes" => no_more,
    "its status counts what waits, is out, was handled, came again, is dead" => counted,
}

async fn wanted(subject: Subject) {
    let door = subject.ready(true).await;
    let batch = vec![message(1, ""), named(2, PAID), named(3, "shop.orders.v1.Orders.Order")];
    door.publish(batch, 0).await;
    assert_eq!(ids(&door.available(0).await), [1]);
    door.declare(G, &[PLACED, PAID], true).await;
    door.publish(vec![message(4, ""), named(5, PAID), named(6, "")], 1).await;
    assert_eq!(ids(&door.available(1).await), [4, 5]);
}

async fn each(subject: Subject) {
    let door = subject.ready(true).await;
    door.declare(OTHER, &[PLACED], false).await;
    door.publish(messages(1, 3, "k"), 0).await;
    let mine = door.available(0).await;
    door.ack(&mine, 0).await;
    assert_eq!(ids(&mine), [1]);
    let others = door.available_to(OTHER, 0).await;
    assert_eq!(ids(&others), [1, 2, 3]);
    door.settle(&others[1..2], &dead("internal"), 0).await;
    assert_eq!(ids(&door.available(0).await), [2]);
    assert_eq!(door.status(G).await.dead, 0);
    assert_eq!(door.status(OTHER).await.dead, 1);
}

async fn nobody_there(subject: Subject) {
    let door = subject.ready(true).await;
    for n in 1..=50 {
        door.publish(vec![message(n, &n.to_string())], i64::try_from(n).unwrap_or(0)).await;
    }
    assert_eq!(ids(&door.available(1_000_000).await), (1..=50).collect::<Vec<_>>());
}

async fn late_events(subject: Subject) {
    let door = subject.door();
    door.publish(vec![message(1, "")], 0).await;
    door.declare(G, &[PLACED], true).await;
    door.publish(vec![message(2, "")], 1).await;
    assert_eq!(ids(&door.available(1).await), [2]);
}

async fn late_commands(subject: Subject) {
    let door = subject.door();
    let command = |n, name| Envelope { kind: Kind::Command, ..named(n, name) };
    // Sent in turns, under two names of one group; retention does not touch what nobody could have had.
    let short = |n, name| Envelope { retain: std::time::Duration::ZERO, ..command(n, name) };
    door.publish(vec![command(1, "q.A"), short(2, "q.B"), command(3, "q.A")], 0).await;
    assert_eq!(door.sweep(10).await, 0);
    door.declare(G, &["q.A", "q.B"], false).await;
    door.publish(vec![command(4, "q.A")], 20).await;
    let mut found = ids(&door.available(20).await);
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3, 4]);
    // Only the first queue of a command gets what was sent before.
    door.declare(OTHER, &["q.A"], false).await;
    assert_eq!(ids(&door.available_to(OTHER, 20).await), [] as [u128; 0]);
}

async fn made_again(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 3, "k"), 0).await;
    let first = door.available(0).await;
    for _ in 0..3 {
        door.declare(G, &[PLACED], true).await;
    }
    assert_eq!(ids(&door.available(1).await), [] as [u128; 0]);
    door.ack(&first, 1).await;
    let second = door.available(1).await;
    door.ack(&second, 1).await;
    assert_eq!(ids(&second), [2]);
    assert_eq!(ids(&door.available(1).await), [3]);
}

async fn no_more(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "")], 0).await;
    door.declare(G, &[PAID], true).await;
    door.publish(vec![message(2, ""), named(3, PAID)], 1).await;
    let found = door.available(1).await;
    assert_eq!(ids(&found), [1, 3]);
    door.settle(&found, &Settlement::GiveBack { at: at(1) }, 1).await;
    assert_eq!(ids(&door.available(2).await), [1, 3]);
}

async fn counted(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 4, "k"), 5).await;
    door.publish(vec![message(5, ""), message(6, ""), message(7, "")], 6).await;
    let status = door.status(G).await;
    assert_eq!((status.waiting, status.in_flight, status.published), (7, 0, 7));
    assert_eq!((status.oldest, status.handled), (Some(at(5)), 0));
    let out = door.fetch(10, 7).await;
    assert_eq!(ids(&out), [1, 5, 6, 7]);
    let status = door.status(G).await;
    assert_eq!((status.waiting, status.in_flight, status.redelivered), (3, 4, 0));
    door.ack(&out[..1], 7).await;
    door.settle(&out[1..2], &dead("internal"), 7).await;
    door.settle(&out[2..3], &Settlement::Retry { at: at(100) }, 7).await;
    let again = door.fetch(10, 100).await;
    assert_eq!(ids(&again), [2, 7, 6]);
    let status = door.status(G).await;
    assert_eq!((status.waiting, status.in_flight), (2, 3));
    assert_eq!((status.handled, status.redelivered, status.dead), (1, 2, 1));
    assert_eq!((status.published, status.oldest), (7, Some(at(5))));
    door.ack(&again, 101).await;
    for _ in 0..2 {
        let next = door.fetch(10, 101).await;
        door.ack(&next, 101).await;
    }
    let status = door.status(G).await;
    assert_eq!((status.waiting, status.in_flight, status.handled), (0, 0, 6));
    assert_eq!(status.oldest, None);
}
