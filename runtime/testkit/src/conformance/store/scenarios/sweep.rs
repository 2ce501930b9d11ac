//! What is forgotten.

use svckit_core::store::{ABANDONED, Claimed, Inbox, Slot, Undone, Unit, Write};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    FENCED, HELD, SEEN, at, close, event, failure, finish, inbox, put, response, unit,
};

super::scenarios! { "sweep":
    "answers, closed keys and handled messages are forgotten at their time, and not before" => at_their_time,
    "state, outbox and claims that may still be finished are never forgotten" => keeps,
    "a claim that nobody finished is forgotten a day after its lease, and its fence is stale" => abandoned,
    "what is forgotten is counted, and once all is, there is nothing more" => counted,
    "what is put and written since is not touched" => reused,
}

async fn at_their_time(subject: Subject) {
    let door = subject.door();
    door.ran("yes", response("x")).await;
    door.ran("no", failure("x")).await;
    door.done(close("closed", Undone::Nothing)).await;
    door.done(Unit { inbox: Some(inbox(1)), ..unit() }).await;
    let longer = Inbox { keep_until: at(2_000), ..inbox(2) };
    door.done(Unit { inbox: Some(longer.clone()), ..unit() }).await;
    assert_eq!(door.sweep(at(999)).await, 0);
    assert_eq!(door.claim("yes", 1, at(999)).await, Claimed::Done(response("x")));
    assert_eq!(door.claim("no", 1, at(999)).await, Claimed::Done(failure("x")));
    assert_eq!(door.claim("closed", 1, at(999)).await, Claimed::Closed);
    assert_eq!(door.commit(Unit { inbox: Some(inbox(1)), ..unit() }).await, SEEN);
    assert_eq!(door.sweep(at(1_000)).await, 4);
    for key in ["yes", "no", "closed"] {
        assert_eq!(door.slot(key, at(0)).await, Slot::Free, "{key}");
    }
    assert!(!door.seen(1).await);
    assert!(door.0.seen(longer).await.expect(HELD));
}

async fn keeps(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    door.done(Unit { writes: vec![put("a", b"1")], outbox: vec![event(1)], ..unit() }).await;
    let version = door.version("a").await;
    assert_eq!(door.sweep(at(80_000)).await, 0);
    assert_eq!((door.version("a").await, door.outbox().await), (version, vec![1]));
    door.done(finish("k", fence, response("x"))).await;
    assert_eq!(door.sweep(at(80_000)).await, 1);
    assert_eq!((door.version("a").await, door.outbox().await), (version, vec![1]));
}

async fn abandoned(subject: Subject) {
    let door = subject.door();
    let fence = door.run("k", at(0)).await;
    let day = i64::try_from(ABANDONED.as_secs()).expect("a day is short");
    assert_eq!(door.sweep(at(10 + day - 1)).await, 0);
    assert_eq!(door.sweep(at(10 + day)).await, 1);
    assert_eq!(door.slot("k", at(0)).await, Slot::Free);
    assert_eq!(door.commit(finish("k", fence, response("late"))).await, FENCED);
    assert!(door.run("k", at(10 + day)).await > fence);
}

async fn counted(subject: Subject) {
    const ALL: u64 = 12_000;
    let door = subject.door();
    // In one transaction, so that it does not take long: claims are made one by one.
    let entries = (0..u128::from(ALL)).map(|id| {
        let store = door.0.clone();
        async move { store.commit(Unit { inbox: Some(inbox(id)), ..unit() }).await }
    });
    for done in futures_util::future::join_all(entries).await {
        done.expect(HELD);
    }
    let (mut swept, mut times) = (0, 0);
    loop {
        let some = door.sweep(at(1_000)).await;
        if some == 0 {
            break;
        }
        (swept, times) = (swept + some, times + 1);
    }
    assert_eq!(swept, ALL);
    assert!(times > 1, "one sweep of {ALL} entries keeps others waiting for long");
    assert!(!door.seen(7).await);
}

async fn reused(subject: Subject) {
    let door = subject.door();
    door.ran("k", response("old")).await;
    door.done(Unit { inbox: Some(inbox(1)), ..unit() }).await;
    assert_eq!(door.sweep(at(1_000)).await, 2);
    let fence = door.run("k", at(1_000)).await;
    let mut new = finish("k", fence, response("new"));
    if let Some(finish) = &mut new.finish {
        finish.keep_until = at(3_000);
    }
    new.inbox = Some(Inbox { keep_until: at(3_000), ..inbox(1) });
    new.writes = vec![Write { ..put("a", b"1") }];
    door.done(new).await;
    assert_eq!(door.sweep(at(2_999)).await, 0);
    assert_eq!(door.claim("k", 1, at(2_999)).await, Claimed::Done(response("new")));
    assert!(door.seen(1).await);
}
