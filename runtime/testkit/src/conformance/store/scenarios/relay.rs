//! The lease of the relay.

use std::time::Duration;

use futures_util::future::join_all;

use crate::conformance::store::Subject;
use crate::conformance::store::make::{Door, at, secs};

super::scenarios! { "relay":
    "one has the lease, renews it, and keeps others out until it ends" => one_holds,
    "who lost it to another does not get it back before that one's ends" => lost,
    "who gives it back lets another in at once; nobody else can give it back" => given_back,
    "of many that ask at once, one has it" => one_of_many,
    "a clock that jumped ahead loses the lease once, not both of them" => ahead,
    "a clock that was set back blocks nobody for longer than a lease" => set_back,
}

const A: u128 = 1;
const B: u128 = 2;

async fn one_holds(subject: Subject) {
    let door = subject.door();
    assert!(door.lease(A, at(0), secs(3)).await);
    assert!(!door.lease(B, at(2), secs(3)).await);
    assert!(door.lease(A, at(2), secs(3)).await);
    assert!(!door.lease(B, at(4), secs(3)).await);
    assert!(door.lease(B, at(5), secs(3)).await);
}

async fn lost(subject: Subject) {
    let door = subject.door();
    assert!(door.lease(A, at(0), secs(3)).await);
    assert!(door.lease(B, at(3), secs(3)).await);
    assert!(!door.lease(A, at(4), secs(3)).await);
    assert!(!door.lease(A, at(5), secs(3)).await);
    assert!(door.lease(A, at(6), secs(3)).await);
}

async fn given_back(subject: Subject) {
    let door = subject.door();
    assert!(door.lease(A, at(0), secs(3)).await);
    assert!(!door.lease(B, at(1), Duration::ZERO).await);
    assert!(!door.lease(B, at(2), secs(3)).await);
    assert!(door.lease(A, at(2), Duration::ZERO).await);
    assert!(door.lease(B, at(2), secs(3)).await);
}

async fn one_of_many(subject: Subject) {
    let door = subject.door();
    let ask = |door: Door, n| async move { door.lease(n, at(0), secs(3)).await };
    let all = (1..20).map(|n| tokio::spawn(ask(door.clone(), n)));
    let all = join_all(all).await.into_iter().map(|held| held.expect("no task panics"));
    assert_eq!(all.filter(|held| *held).count(), 1);
}

async fn ahead(subject: Subject) {
    let door = subject.door();
    assert!(door.lease(A, at(0), secs(3)).await);
    // B's clock runs an hour ahead of A's: A must wait, and B may go on.
    assert!(door.lease(B, at(3_600), secs(3)).await);
    assert!(!door.lease(A, at(1), secs(3)).await);
    assert!(door.lease(B, at(3_602), secs(3)).await);
}

async fn set_back(subject: Subject) {
    let door = subject.door();
    assert!(door.lease(A, at(3_600), secs(3)).await);
    // A is gone, and all clocks are an hour behind now.
    assert!(!door.lease(B, at(0), secs(3)).await);
    assert!(!door.lease(B, at(2), secs(3)).await);
    assert!(door.lease(B, at(3), secs(3)).await);
    // A shorter lease that is asked for later does not make one that runs any longer.
    assert!(!door.lease(A, at(4), secs(1)).await);
    assert!(door.lease(A, at(5), secs(3)).await);
}
