//! In whose hand a message is.

use svckit_core::broker::{Settlement, Token};

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    G, HELD, LEASE, OTHER, PLACED, at, dead, ids, message, messages, secs,
};

super::scenarios! { "leases":
    "what is in a hand is in no other until its lease ends" => lent,
    "a lease that is extended ends so long after that" => extended,
    "the token of an earlier delivery settles and extends nothing" => stale,
    "the first hand settles as long as no other has it" => late,
    "settled twice: the first counts" => twice,
    "each of many is answered for itself" => each,
    "attempts count what was handed out, not what was given back" => attempts,
    "when it was first handed out stays, whatever comes" => first,
    "no more is handed out than asked for" => no_more,
    "what is given back at a drain is another's at once" => drained,
}

async fn lent(subject: Subject) {
    let door = subject.ready(false).await;
    door.publish(messages(1, 3, ""), 0).await;
    assert_eq!(ids(&door.available(0).await), [1, 2, 3]);
    assert_eq!(ids(&door.available(LEASE - 1).await), [] as [u128; 0]);
    assert_eq!(ids(&door.available(LEASE + 10).await), [1, 2, 3]);
}

async fn extended(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k"), message(2, "l")], 0).await;
    let out = door.available(0).await;
    assert_eq!(door.extend(&out[..1], 20, LEASE).await, [true]);
    assert_eq!(ids(&door.available(LEASE + 10).await), [2]);
    assert_eq!(ids(&door.available(20 + LEASE - 1).await), [] as [u128; 0]);
    // It is shortened as well.
    assert_eq!(door.extend(&out[..1], 40, 2).await, [true]);
    assert_eq!(ids(&door.available(42).await), [1]);
}

async fn stale(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let old = door.available(0).await;
    let new = door.available(LEASE + 10).await;
    assert_eq!(ids(&old), ids(&new));
    assert_ne!(old[0].token, new[0].token);
    let now = LEASE + 11;
    let again = Settlement::Retry { at: at(now) };
    for how in [Settlement::Ack, again, Settlement::GiveBack { at: at(now) }, dead("internal")] {
        assert_eq!(door.try_settle(&old, &how, now).await, [false], "{how:?}");
    }
    assert_eq!(door.extend(&old, now, 1_000).await, [false]);
    assert_eq!(ids(&door.available(now).await), [] as [u128; 0]);
    assert_eq!(door.letters().await, []);
    door.ack(&new, now).await;
    assert_eq!(ids(&door.available(now).await), [2]);
    // What was given back is in nobody's hand, that of the giver included.
    let given = door.available(now + LEASE + 10).await;
    let back = Settlement::GiveBack { at: at(10_000) };
    door.settle(&given, &back, now).await;
    assert_eq!(door.try_settle(&given, &Settlement::Ack, now).await, [false]);
    assert_eq!(door.extend(&given, now, 1_000).await, [false]);
    assert_eq!(ids(&door.available(10_000).await), [2]);
}

async fn late(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let out = door.available(0).await;
    assert_eq!(door.extend(&out, LEASE * 5, LEASE).await, [true]);
    assert_eq!(door.try_settle(&out, &Settlement::Ack, LEASE * 10).await, [true]);
    assert_eq!(ids(&door.available(LEASE * 10).await), [2]);
}

async fn twice(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let out = door.fetch(5, 0).await;
    let both =
        vec![(out[0].token.clone(), Settlement::Ack), (out[0].token.clone(), dead("internal"))];
    assert_eq!(door.0.settle(both, at(0)).await.expect(HELD), [true, false]);
    assert_eq!(door.try_settle(&out, &Settlement::Ack, 0).await, [false]);
    assert_eq!(door.letters().await, []);
    assert_eq!(door.status(G).await.handled, 1);
}

async fn each(subject: Subject) {
    let door = subject.ready(false).await;
    door.declare(OTHER, &[PLACED], false).await;
    door.publish(messages(1, 4, ""), 0).await;
    let out = door.fetch(4, 0).await;
    let others = door.0.fetch(crate::conformance::transport::make::Door::asks(OTHER, 1, 0));
    let others = others.await.expect(HELD);
    let token = |position, fence| Token { group: G.to_owned(), position, fence };
    let of = |n: usize| out[n].token.clone();
    let all = vec![
        (of(0), Settlement::Ack),
        (token(u64::MAX, 1), Settlement::Ack),
        (Token { fence: of(1).fence + 1, ..of(1) }, Settlement::Ack),
        (of(1), Settlement::Retry { at: at(0) }),
        (Token { group: "nobody".to_owned(), ..token(999_999, 1) }, Settlement::Ack),
        (others[0].token.clone(), Settlement::Ack),
        (of(2), dead("internal")),
        (of(2), Settlement::Ack),
    ];
    let held = door.0.settle(all, at(0)).await.expect(HELD);
    assert_eq!(held, [true, false, false, true, false, true, true, false]);
    let tokens = vec![of(3), of(0), token(0, 0)];
    assert_eq!(door.0.extend(tokens, at(0), secs(9)).await.expect(HELD), [true, false, false]);
    assert_eq!(door.0.settle(Vec::new(), at(0)).await.expect(HELD), [] as [bool; 0]);
    assert_eq!(ids(&door.available(1).await), [2]);
}

async fn attempts(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let steps = [
        (Some(Settlement::GiveBack { at: at(0) }), 1),
        (Some(Settlement::GiveBack { at: at(0) }), 1),
        (Some(Settlement::Retry { at: at(0) }), 1),
        (Some(Settlement::GiveBack { at: at(0) }), 2),
        (None, 2),
        (Some(Settlement::Retry { at: at(0) }), 3),
        (Some(dead("internal")), 4),
    ];
    let mut now = 0;
    for (how, attempt) in steps {
        let out = door.available(now).await;
        assert_eq!((ids(&out), out[0].attempt), (vec![1], attempt), "{how:?}");
        match how {
            Some(how) => door.settle(&out, &how, now).await,
            // Its consumer dies.
            None => now += LEASE + 10,
        }
    }
    assert_eq!(door.letters().await[0].attempts, 4);
}

async fn first(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let out = door.available(100).await;
    let first = out[0].first;
    assert!(first >= at(100), "{first}");
    door.settle(&out, &Settlement::Retry { at: at(200) }, 100).await;
    let again = door.available(200).await;
    // To the microsecond.
    assert_eq!(again[0].first.as_microsecond(), first.as_microsecond());
    door.settle(&again, &dead("internal"), 200).await;
    assert_eq!(door.letters().await[0].first.as_microsecond(), first.as_microsecond());
}

async fn no_more(subject: Subject) {
    let door = subject.ready(false).await;
    door.publish(messages(1, 7, ""), 0).await;
    assert_eq!(ids(&door.fetch(1, 0).await), [1]);
    assert_eq!(ids(&door.fetch(4, 0).await), [2, 3, 4, 5]);
    assert_eq!(ids(&door.fetch(4, 0).await), [6, 7]);
    // Who asks for nothing gets that, at once.
    door.publish(vec![message(8, "")], 0).await;
    assert_eq!(ids(&door.fetch(0, 0).await), [] as [u128; 0]);
    assert_eq!(ids(&door.fetch(1, 0).await), [8]);
}

async fn drained(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k"), message(2, ""), message(3, "k")], 0).await;
    let out = door.available(0).await;
    door.settle(&out, &Settlement::GiveBack { at: at(0) }, 0).await;
    let again = door.available(0).await;
    assert_eq!(ids(&again), [1, 2]);
    assert!(again.iter().all(|delivery| delivery.attempt == 1));
}
