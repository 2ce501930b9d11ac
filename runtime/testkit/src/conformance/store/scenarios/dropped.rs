//! Futures that are dropped at any point: what was asked is then done or not, never half, and nothing hangs.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use svckit_core::store::{Claimed, Slot, Undone, Unit};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    Door, HELD, at, close, event, finish, inbox, key, put, range, response, secs, unit,
};

super::scenarios! { "dropped futures":
    "a commit that is dropped is done or not, as a whole" => commits,
    "a claim that is dropped is made or not, and its lease ends by itself" => claims,
    "an undo and the end of what it undoes, both dropped, leave one of both" => undos,
    "an exclusive transaction that is dropped while it opens or commits keeps nobody out" => exclusives,
    "what was published and given back is so or not" => others,
}

/// Drives a future for so many turns, then drops it; what it came to, if it did.
async fn cut<F: Future>(future: F, turns: usize) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), turns);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// From at once to long after it is done.
fn turns() -> impl Iterator<Item = usize> {
    [0, 1, 2, 3].into_iter().chain((2..18).map(|n| 1 << n))
}

/// Waits until all that was asked for before has been done.
async fn settled(door: &Door) {
    door.write(vec![put("settled", b"")]).await;
}

async fn commits(subject: Subject) {
    let door = subject.door();
    for (id, turns) in (0..).zip(turns()) {
        let (a, b) = (format!("a/{id}"), format!("b/{id}"));
        let k = format!("k/{id}");
        let fence = door.run(&k, at(0)).await;
        let all = Unit {
            writes: vec![put(&a, b"1"), put(&b, b"1")],
            outbox: vec![event(id)],
            inbox: Some(inbox(id)),
            ..finish(&k, fence, response("x"))
        };
        let told = cut(door.0.commit(all), turns).await;
        settled(&door).await;
        let found = [
            door.get(&a).await.is_some(),
            door.get(&b).await.is_some(),
            door.outbox().await.contains(&id),
            door.seen(id).await,
            door.slot(&k, at(1)).await == Slot::Succeeded,
        ];
        assert!(found == [true; 5] || found == [false; 5], "after {turns}: {found:?}");
        assert!(told.is_none() || found[0], "after {turns}: {told:?}");
    }
}

async fn claims(subject: Subject) {
    let door = subject.door();
    for (id, turns) in (0..).zip(turns()) {
        let k = format!("k/{id}");
        let mut last = 0;
        if let Some(Claimed::Run { fence }) = cut(door.claim(&k, 1, at(0)), turns).await {
            last = fence;
        }
        settled(&door).await;
        let slot = door.slot(&k, at(1)).await;
        assert!(matches!(slot, Slot::Free | Slot::Running), "{slot:?}");
        // Whoever has gone keeps the key for a lease at most.
        let fence = door.run(&k, at(10)).await;
        assert!(fence > last);
        door.done(finish(&k, fence, response("x"))).await;
    }
}

async fn undos(subject: Subject) {
    let door = subject.door();
    for (id, turns) in (0..).zip(turns()) {
        let k = format!("k/{id}");
        let fence = door.run(&k, at(0)).await;
        let end = cut(door.0.commit(finish(&k, fence, response("x"))), turns).await;
        let undo = cut(door.0.commit(close(&k, Undone::Nothing)), turns).await;
        settled(&door).await;
        let slot = door.slot(&k, at(1)).await;
        match slot {
            Slot::Succeeded | Slot::Closed(Undone::Nothing) => {}
            Slot::Running => assert!(end.is_none() && undo.is_none(), "{end:?}, {undo:?}"),
            other => panic!("{other:?}"),
        }
    }
}

async fn exclusives(subject: Subject) {
    let door = subject.door();
    for (id, turns) in (0..).zip(turns()) {
        let (a, b) = (format!("a/{id}"), format!("b/{id}"));
        let open = cut(door.0.exclusive(secs(600)), turns).await;
        if let Some(open) = open {
            let open = open.expect(HELD);
            let both = Unit {
                writes: vec![put(&a, b"1"), put(&b, b"1")],
                outbox: vec![event(id)],
                ..unit()
            };
            let told = cut(open.commit(both), turns).await;
            settled(&door).await;
            let outbox = door.outbox().await.contains(&id);
            let keys = door.keys(range("")).await;
            let found = [keys.contains(&a), keys.contains(&b), outbox];
            assert!(found == [true; 3] || found == [false; 3], "after {turns}: {found:?}");
            assert!(told.is_none() || found[0], "after {turns}");
        }
        settled(&door).await;
    }
}

async fn others(subject: Subject) {
    let door = subject.door();
    for (id, turns) in (0..).zip(turns()) {
        let k = format!("k/{id}");
        door.emit([id]).await;
        let fence = door.run(&k, at(0)).await;
        let seqs: Vec<u64> = door.pending(0, 1_000).await.into_iter().map(|p| p.0).collect();
        let published = cut(door.0.published(seqs), turns).await;
        let released = cut(door.0.release(key(&k), fence), turns).await;
        let swept = cut(door.0.sweep(at(0)), turns).await;
        let leased = cut(door.lease(id + 1, at(0), secs(3)), turns).await;
        settled(&door).await;
        let outbox = door.outbox().await;
        assert!(published.is_none() || outbox.is_empty(), "{outbox:?}");
        let slot = door.slot(&k, at(1)).await;
        assert!(slot == Slot::Free || (released.is_none() && slot == Slot::Running), "{slot:?}");
        assert!(swept.is_none_or(|swept| swept.is_ok_and(|swept| swept == 0)));
        assert!(leased != Some(false), "the lease was given back before");
        // One that was dropped may hold it; as that holder it is given back.
        door.lease(id + 1, at(0), secs(0)).await;
    }
}
