//! Keyed commands: claims, leases, fences, and answers that are given again.

use futures_util::future::join_all;
use svckit_core::store::{Claimed, Commit, RecordKey, Slot, Unit};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    Door, FENCED, at, failure, finish, key, put, range, response, unit,
};

super::scenarios! { "claims":
    "a claim keeps others out until its lease ends, and says when that is" => leased,
    "the fence is greater with each claim of a key, whatever came between" => fences,
    "who was overtaken commits nothing" => overtaken,
    "whose lease ended while nobody else came, commits" => late_alone,
    "a fence holds for its own key alone" => other_fence,
    "what was answered is answered again, byte by byte, success and failure alike" => replayed,
    "a key that was used for another request says so, while it runs and after it" => other_request,
    "operation, principal, tenant and key each make another command" => apart,
    "an answer is kept until its time and not longer" => kept,
    "a claim that is given back is as if it had not been made" => given_back,
    "only who holds a claim gives it back" => given_back_late,
    "of many that claim at once, one runs" => one_runs,
    "of many that finish under one fence at once, one is taken" => one_finishes,
}

async fn leased(subject: Subject) {
    let door = subject.door();
    door.run("k", at(0)).await;
    let until = at(10);
    assert_eq!(door.claim("k", 1, at(0)).await, Claimed::Running { until });
    assert_eq!(door.claim("k", 1, at(9)).await, Claimed::Running { until });
    assert_eq!(door.slot("k", at(9)).await, Slot::Running);
    door.run("k", at(10)).await;
    assert_eq!(door.claim("k", 1, at(19)).await, Claimed::Running { until: at(20) });
}

async fn fences(subject: Subject) {
    let door = subject.door();
    let mut fences = vec![door.run("k", at(0)).await, door.run("k", at(10)).await];
    door.release("k", fences[1]).await;
    fences.push(door.run("k", at(11)).await);
    door.done(finish("k", fences[2], response("x"))).await;
    fences.push(door.run("k", at(2_000)).await);
    door.release("k", fences[3]).await;
    door.sweep(at(9_000)).await;
    fences.push(door.run("k", at(9_000)).await);
    assert!(fences.is_sorted_by(|a, b| a < b), "{fences:?}");
}

async fn overtaken(subject: Subject) {
    let door = subject.door();
    let first = door.run("k", at(0)).await;
    let second = door.run("k", at(10)).await;
    let late = Unit { writes: vec![put("a", b"late")], ..finish("k", first, response("late")) };
    assert_eq!(door.commit(late.clone()).await, FENCED);
    assert_eq!(door.get("a").await, None);
    door.done(finish("k", second, response("second"))).await;
    assert_eq!(door.commit(late).await, FENCED);
    assert_eq!(door.claim("k", 1, at(20)).await, Claimed::Done(response("second")));
}

async fn late_alone(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    assert_eq!(door.slot("k", at(500)).await, Slot::Running);
    let late = Unit { now: at(500), ..finish("k", fence, response("late")) };
    door.done(late).await;
    assert_eq!(door.claim("k", 1, at(501)).await, Claimed::Done(response("late")));
}

async fn other_fence(subject: Subject) {
    let door = subject.door();
    let (one, two) = (door.run("one", at(0)).await, door.run("two", at(0)).await);
    assert_ne!(one, two);
    assert_eq!(door.commit(finish("one", two, response("x"))).await, FENCED);
    assert_eq!(door.commit(finish("never", one, response("x"))).await, FENCED);
    assert_eq!(door.commit(finish("one", one + 100, response("x"))).await, FENCED);
    door.release("one", two).await;
    assert_eq!(door.slot("one", at(1)).await, Slot::Running);
    assert_eq!(door.slot("two", at(1)).await, Slot::Running);
}

async fn replayed(subject: Subject) {
    let door = subject.door();
    for (key, outcome) in
        [("yes", response("\0yes")), ("no", failure("\0no")), ("nothing", response(""))]
    {
        door.ran(key, outcome.clone()).await;
        for _ in 0..2 {
            assert_eq!(door.claim(key, 1, at(1)).await, Claimed::Done(outcome.clone()));
        }
    }
    assert_eq!(door.slot("yes", at(1)).await, Slot::Succeeded);
    assert_eq!(door.slot("no", at(1)).await, Slot::Failed);
}

async fn other_request(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    assert_eq!(door.claim("k", 2, at(1)).await, Claimed::OtherRequest);
    // Not even the end of the lease makes it another's.
    assert_eq!(door.claim("k", 2, at(11)).await, Claimed::OtherRequest);
    door.done(finish("k", fence, failure("no"))).await;
    assert_eq!(door.claim("k", 2, at(12)).await, Claimed::OtherRequest);
    assert_eq!(door.claim("k", 1, at(12)).await, Claimed::Done(failure("no")));
}

async fn apart(subject: Subject) {
    let door = subject.door();
    door.ran("k", response("x")).await;
    let others = [
        RecordKey { operation: "shop.orders.v1.Orders.Cancel".to_owned(), ..key("k") },
        RecordKey { principal: "bob".to_owned(), ..key("k") },
        RecordKey { principal: String::new(), ..key("k") },
        RecordKey { tenant: "other".to_owned(), ..key("k") },
        // Nor do parts run into each other.
        RecordKey { principal: "alic".to_owned(), tenant: "eacme".to_owned(), ..key("k") },
        key("K"),
        key(""),
    ];
    for other in others {
        let claimed = door.claim_key(other.clone(), 2, at(1)).await;
        assert!(matches!(claimed, Claimed::Run { .. }), "{other:?}: {claimed:?}");
    }
    assert_eq!(door.claim("k", 1, at(1)).await, Claimed::Done(response("x")));
}

async fn kept(subject: Subject) {
    let door = subject.door();
    let first = door.ran("k", response("x")).await;
    assert_eq!(door.claim("k", 1, at(999)).await, Claimed::Done(response("x")));
    assert_eq!(door.slot("k", at(1_000)).await, Slot::Free);
    // Then another request may use it, too.
    let Claimed::Run { fence } = door.claim("k", 2, at(1_000)).await else {
        panic!("the key is free again")
    };
    assert!(fence > first);
    assert_eq!(door.commit(finish("k", first, response("late"))).await, FENCED);
}

async fn given_back(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    door.release("k", fence).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Free);
    assert_eq!(door.commit(finish("k", fence, response("late"))).await, FENCED);
    assert!(matches!(door.claim("k", 2, at(1)).await, Claimed::Run { .. }));
}

async fn given_back_late(subject: Subject) {
    let door = subject.door();
    let first = door.run("k", at(0)).await;
    let second = door.run("k", at(10)).await;
    door.release("k", first).await;
    assert_eq!(door.claim("k", 1, at(11)).await, Claimed::Running { until: at(20) });
    door.done(finish("k", second, response("x"))).await;
    door.release("k", second).await;
    assert_eq!(door.claim("k", 1, at(12)).await, Claimed::Done(response("x")));
    door.release("never", 1).await;
}

async fn one_runs(subject: Subject) {
    let door = subject.door();
    let claim = |door: Door| async move { door.claim("k", 1, at(0)).await };
    let all = (0..20).map(|_| tokio::spawn(claim(door.clone())));
    let all: Vec<Claimed> =
        join_all(all).await.into_iter().map(|c| c.expect("no task panics")).collect();
    let ran = all.iter().filter(|claimed| matches!(claimed, Claimed::Run { .. })).count();
    let waits = all.iter().filter(|c| **c == Claimed::Running { until: at(10) }).count();
    assert_eq!((ran, waits), (1, 19), "{all:?}");
}

async fn one_finishes(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    let end = |door: Door, n: usize| async move {
        let count = Unit { writes: vec![put(&format!("by/{n}"), b"")], ..unit() };
        let end = finish("k", fence, response(&n.to_string()));
        door.commit(Unit { finish: end.finish, ..count }).await
    };
    let all = (0..20).map(|n| tokio::spawn(end(door.clone(), n)));
    let all: Vec<_> = join_all(all).await.into_iter().map(|c| c.expect("no task panics")).collect();
    let winner = all.iter().position(|c| *c == Commit::Done);
    let winner = winner.expect("one was taken");
    assert_eq!(all.iter().filter(|commit| **commit == FENCED).count(), 19, "{all:?}");
    let keys = door.keys(range("by/")).await;
    assert_eq!(keys, [format!("by/{winner}")]);
    let answer = Claimed::Done(response(&winner.to_string()));
    assert_eq!(door.claim("k", 1, at(1)).await, answer);
}
