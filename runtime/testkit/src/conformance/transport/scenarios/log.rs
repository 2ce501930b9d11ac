//! What was published, and for how long that is known.

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{G, OTHER, PLACED, dead, ids, message, messages};

super::scenarios! { "log":
    "an id that is there is left out: in the batch, later, in flight, settled, dead" => duplicates,
    "an id that was forgotten is new" => new_again,
    "what somebody waits for is kept beyond its time" => waited_for,
    "what nobody wants is forgotten in its time" => unwanted,
    "2,000 in one batch, then as many one by one: all of them, in order" => many,
    "nothing published is nothing" => nothing,
}

async fn duplicates(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k"), message(1, "k"), message(2, "l")], 0).await;
    door.publish(vec![message(3, "m"), message(1, "k")], 1).await;
    let out = door.available(1).await;
    assert_eq!(ids(&out), [1, 2, 3]);
    // The first one counts, whatever another says.
    door.publish(vec![message(1, "other"), message(2, "other")], 2).await;
    assert_eq!(ids(&door.available(2).await), [] as [u128; 0]);
    door.ack(&out[..1], 2).await;
    door.settle(&out[1..2], &dead("internal"), 2).await;
    door.publish(messages(1, 3, "k"), 3).await;
    assert_eq!(ids(&door.available(3).await), [] as [u128; 0]);
    door.declare(OTHER, &[PLACED], true).await;
    door.publish(messages(1, 3, "k"), 3).await;
    assert_eq!(ids(&door.available_to(OTHER, 3).await), [] as [u128; 0]);
}

async fn new_again(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 1, ""), 0).await;
    door.ack(&door.fetch(1, 0).await, 0).await;
    assert_eq!(door.sweep(999).await, 0);
    door.publish(messages(1, 1, ""), 999).await;
    assert_eq!(ids(&door.available(999).await), [] as [u128; 0]);
    assert!(door.sweep(1_000).await >= 1);
    door.publish(messages(1, 1, ""), 1_000).await;
    assert_eq!(ids(&door.fetch(9, 1_000).await), [1]);
}

async fn waited_for(subject: Subject) {
    let door = subject.ready(true).await;
    door.declare(OTHER, &[PLACED], true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let out = door.fetch(1, 0).await;
    door.ack(&out, 0).await;
    let out = door.fetch(1, 0).await;
    assert_eq!(door.sweep(100_000).await, 0);
    door.ack(&out, 100_000).await;
    assert_eq!(door.sweep(100_000).await, 0);
    for _ in 0..2 {
        let out = door.0.fetch(crate::conformance::transport::make::Door::asks(OTHER, 9, 100_000));
        door.ack(&out.await.expect("it is there"), 100_000).await;
    }
    assert_eq!(door.sweep(100_000).await, 2);
    assert_eq!(door.sweep(100_000).await, 0);
}

async fn unwanted(subject: Subject) {
    let door = subject.door();
    door.publish(messages(1, 3, "k"), 0).await;
    assert_eq!(door.sweep(999).await, 0);
    assert_eq!(door.sweep(1_001).await, 3);
}

async fn many(subject: Subject) {
    let door = subject.ready(true).await;
    let key = |n: u128| format!("k{}", n % 100);
    door.publish((0..2_000).map(|n| message(n, &key(n))).collect(), 0).await;
    let rest = (2_000..4_000).map(|n| door.publish(vec![message(n, &key(n))], 0));
    // Asked for in this order, all at once.
    futures_util::future::join_all(rest).await;
    let mut order = vec![Vec::new(); 100];
    for _ in 0..40 {
        let out = door.fetch(1_000, 0).await;
        for n in ids(&out) {
            order[usize::try_from(n % 100).expect("below 100")].push(n);
        }
        door.ack(&out, 0).await;
    }
    for (k, found) in (0..).zip(order) {
        assert!(found.iter().copied().eq((0..40).map(|n| n * 100 + k)), "{k}: {found:?}");
    }
    assert_eq!(door.status(G).await.handled, 4_000);
}

async fn nothing(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(Vec::new(), 0).await;
    assert_eq!(door.status(G).await.published, 0);
    assert_eq!(ids(&door.available(0).await), [] as [u128; 0]);
}
