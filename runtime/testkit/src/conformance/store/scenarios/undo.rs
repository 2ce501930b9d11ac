//! Undo by key: what an undo finds, and what it closes, in every order.

use svckit_core::store::{Claimed, Commit, Slot, Undone, Unit};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    Door, FENCED, REOPENED, at, close, failure, finish, put, response,
};

super::scenarios! { "undo":
    "a command that comes after its undo is refused, until the key is forgotten" => before,
    "a command that runs while it is undone is fenced off, and can't be given back" => meanwhile,
    "a command that succeeded is undone once, and not answered again" => after_success,
    "a command that failed is undone as one that never ran" => after_failure,
    "an undo that finds something else than it looked for is refused and changes nothing" => found,
    "a closed key may be closed again alike, and then is kept for longer" => again,
    "an answer that is over is nothing to undo" => over,
    "of the end of a command and its undo, one comes first, and the other learns of it" => race,
}

async fn before(subject: Subject) {
    let door = subject.door();
    assert_eq!(door.slot("k", at(0)).await, Slot::Free);
    door.done(close("k", Undone::Nothing)).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Closed(Undone::Nothing));
    assert_eq!(door.claim("k", 1, at(1)).await, Claimed::Closed);
    assert_eq!(door.claim("k", 2, at(999)).await, Claimed::Closed);
    assert_eq!(door.slot("k", at(1_000)).await, Slot::Free);
    door.run("k", at(1_000)).await;
}

async fn meanwhile(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    door.done(close("k", Undone::Nothing)).await;
    let late = Unit { writes: vec![put("a", b"late")], ..finish("k", fence, response("late")) };
    assert_eq!(door.commit(late).await, FENCED);
    assert_eq!(door.get("a").await, None);
    door.release("k", fence).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Closed(Undone::Nothing));
    assert_eq!(door.claim("k", 1, at(100)).await, Claimed::Closed);
}

async fn after_success(subject: Subject) {
    let door = subject.door();
    door.ran("k", response("x")).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Succeeded);
    door.done(Unit { writes: vec![put("a", b"undone")], ..close("k", Undone::Effect) }).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Closed(Undone::Effect));
    assert_eq!(door.claim("k", 1, at(1)).await, Claimed::Closed);
    assert_eq!(door.commit(close("k", Undone::Nothing)).await, REOPENED);
}

async fn after_failure(subject: Subject) {
    let door = subject.door();
    door.ran("k", failure("x")).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Failed);
    door.done(close("k", Undone::Nothing)).await;
    assert_eq!(door.slot("k", at(1)).await, Slot::Closed(Undone::Nothing));
    assert_eq!(door.claim("k", 1, at(1)).await, Claimed::Closed);
}

/// Brings a key to a state; what an undo finds there.
async fn brought(door: &Door, k: &str, state: &str) -> (Slot, Undone) {
    match state {
        "free" => {}
        "running" => drop(door.run(k, at(0)).await),
        "succeeded" => drop(door.ran(k, response("x")).await),
        "failed" => drop(door.ran(k, failure("x")).await),
        "undone" => {
            door.ran(k, response("x")).await;
            door.done(close(k, Undone::Effect)).await;
        }
        "closed" => door.done(close(k, Undone::Nothing)).await,
        other => panic!("there is no state {other}"),
    }
    match state {
        "free" => (Slot::Free, Undone::Nothing),
        "running" => (Slot::Running, Undone::Nothing),
        "succeeded" => (Slot::Succeeded, Undone::Effect),
        "failed" => (Slot::Failed, Undone::Nothing),
        "undone" => (Slot::Closed(Undone::Effect), Undone::Effect),
        _ => (Slot::Closed(Undone::Nothing), Undone::Nothing),
    }
}

async fn found(subject: Subject) {
    let door = subject.door();
    for state in ["free", "running", "succeeded", "failed", "undone", "closed"] {
        let (slot, right) = brought(&door, state, state).await;
        let wrong = match right {
            Undone::Effect => Undone::Nothing,
            Undone::Nothing => Undone::Effect,
        };
        let unit = Unit { writes: vec![put("a", b"")], ..close(state, wrong) };
        assert_eq!(door.commit(unit).await, REOPENED, "{state}");
        assert_eq!(door.get("a").await, None, "{state}");
        assert_eq!(door.slot(state, at(1)).await, slot);
        door.done(close(state, right)).await;
        assert_eq!(door.slot(state, at(1)).await, Slot::Closed(right), "{state}");
    }
}

async fn again(subject: Subject) {
    let door = subject.door();
    for found in [Undone::Nothing, Undone::Effect] {
        let k = format!("{found:?}");
        if found == Undone::Effect {
            door.ran(&k, response("x")).await;
        }
        door.done(close(&k, found)).await;
        let mut longer = close(&k, found);
        if let Some(close) = &mut longer.close {
            close.keep_until = at(3_000);
        }
        door.done(Unit { now: at(500), ..longer }).await;
        assert_eq!(door.slot(&k, at(2_999)).await, Slot::Closed(found));
        assert_eq!(door.claim(&k, 1, at(2_999)).await, Claimed::Closed);
    }
}

async fn over(subject: Subject) {
    let door = subject.door();
    door.ran("k", response("x")).await;
    let late = |found| Unit { now: at(1_500), ..close("k", found) };
    assert_eq!(door.commit(late(Undone::Effect)).await, REOPENED);
    let mut late = late(Undone::Nothing);
    if let Some(close) = &mut late.close {
        close.keep_until = at(2_000);
    }
    door.done(late).await;
    assert_eq!(door.slot("k", at(1_600)).await, Slot::Closed(Undone::Nothing));
}

async fn race(subject: Subject) {
    let door = subject.door();
    for round in 0..24 {
        let k = format!("k{round}");
        let fence = door.run(&k, at(0)).await;
        let end = finish(&k, fence, response("x"));
        let undo = close(&k, Undone::Nothing);
        let spawn = |unit| {
            let door = door.clone();
            tokio::spawn(async move { door.commit(unit).await })
        };
        // By turns the one and the other is asked first.
        let (end, undo) = if round % 2 == 0 {
            let end = spawn(end);
            (end, spawn(undo))
        } else {
            let undo = spawn(undo);
            (spawn(end), undo)
        };
        let ended = end.await.expect("no task panics");
        let undone = undo.await.expect("no task panics");
        let slot = door.slot(&k, at(1)).await;
        match (ended, undone) {
            (Commit::Done, REOPENED) => assert_eq!(slot, Slot::Succeeded),
            (FENCED, Commit::Done) => assert_eq!(slot, Slot::Closed(Undone::Nothing)),
            both => panic!("{both:?}"),
        }
    }
}
