//! What waits to be published.

use futures_util::FutureExt;
use svckit_core::store::{OutboxStatus, Unit};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{Door, HELD, at, event, put, read, unit};

super::scenarios! { "outbox":
    "messages come in the order of commits, and in a unit in its own" => order,
    "a message comes as it was given, to the last byte" => intact,
    "it is read from a place on, and no more than asked" => after,
    "what was published is gone, and only that" => published,
    "places rise, also once the outbox was empty" => places,
    "of units that commit at once, each keeps its messages together, and each task its order" => at_once,
    "it says how many wait, and since when" => status,
    "a relay that waits hears of a commit, be it before it waits or while" => grew,
    "a relay hears of a commit whose caller has gone" => grew_unseen,
}

async fn order(subject: Subject) {
    let door = subject.door();
    door.emit([3, 1]).await;
    door.emit([2]).await;
    // A refused one takes no place among them.
    door.commit(Unit { reads: vec![read("a", 9)], outbox: vec![event(9)], ..unit() }).await;
    door.emit([5, 4]).await;
    assert_eq!(door.outbox().await, [3, 1, 2, 5, 4]);
}

async fn intact(subject: Subject) {
    let door = subject.door();
    let mut bare = event(7);
    (bare.expires, bare.key, bare.meta) = (None, "".into(), Default::default());
    let mut large = event(8);
    large.payload = vec![0xa5; 300_000].into();
    let all = vec![event(6), bare, large];
    door.done(Unit { outbox: all.clone(), ..unit() }).await;
    let found = door.0.outbox(0, 10).await.expect(HELD);
    assert!(found.into_iter().map(|pending| pending.envelope).eq(all));
}

async fn after(subject: Subject) {
    let door = subject.door();
    door.emit(1..=9).await;
    let all = door.pending(0, 100).await;
    assert_eq!(door.pending(0, 4).await, all[..4]);
    assert_eq!(door.pending(all[3].0, 4).await, all[4..8]);
    assert_eq!(door.pending(all[7].0, 4).await, all[8..]);
    assert_eq!(door.pending(all[8].0, 4).await, []);
    assert_eq!(door.pending(0, 0).await, []);
}

async fn published(subject: Subject) {
    let door = subject.door();
    door.emit(1..=6).await;
    let seqs: Vec<u64> = door.pending(0, 100).await.into_iter().map(|(seq, _)| seq).collect();
    door.published(vec![seqs[4], seqs[0], seqs[1]]).await;
    assert_eq!(door.outbox().await, [3, 4, 6]);
    // Again, and what never was: a relay that was killed may say it twice.
    door.published(vec![seqs[0], seqs[4], seqs[5] + 1_000]).await;
    door.published(Vec::new()).await;
    assert_eq!(door.outbox().await, [3, 4, 6]);
}

async fn places(subject: Subject) {
    let door = subject.door();
    let mut last = 0;
    for id in 1..=5 {
        door.emit([id]).await;
        let all = door.pending(last, 10).await;
        assert_eq!(all.len(), 1, "behind {last}");
        assert!(all[0].0 > last, "{} behind {last}", all[0].0);
        last = all[0].0;
        door.published(vec![last]).await;
    }
}

async fn at_once(subject: Subject) {
    const TASKS: u128 = 8;
    let door = subject.door();
    let emit = |door: Door, task: u128| async move {
        for n in 0..6 {
            let id = task * 1_000 + n * 3;
            door.emit([id, id + 1, id + 2]).await;
        }
    };
    let all: Vec<_> = (0..TASKS).map(|task| tokio::spawn(emit(door.clone(), task))).collect();
    for done in all {
        done.await.expect("no task panics");
    }
    let ids = door.outbox().await;
    assert_eq!(ids.len() as u128, TASKS * 18);
    for task in 0..TASKS {
        let own: Vec<u128> = ids.iter().copied().filter(|id| id / 1_000 == task).collect();
        assert!(own.iter().copied().eq(task * 1_000..task * 1_000 + 18), "{own:?}");
    }
    assert!(ids.chunks(3).all(|unit| unit[0] + 1 == unit[1] && unit[1] + 1 == unit[2]), "{ids:?}");
}

async fn status(subject: Subject) {
    let door = subject.door();
    let status = async || door.0.outbox_status().await.expect(HELD);
    assert_eq!(status().await, OutboxStatus::default());
    for (seconds, id) in [(5, 1), (7, 2), (9, 3)] {
        door.done(Unit { now: at(seconds), outbox: vec![event(id)], ..unit() }).await;
    }
    assert_eq!(status().await, OutboxStatus { waiting: 3, oldest: Some(at(5)) });
    let seqs = door.pending(0, 10).await;
    door.published(vec![seqs[1].0]).await;
    assert_eq!(status().await, OutboxStatus { waiting: 2, oldest: Some(at(5)) });
    door.published(vec![seqs[0].0]).await;
    assert_eq!(status().await, OutboxStatus { waiting: 1, oldest: Some(at(9)) });
    door.published(vec![seqs[2].0]).await;
    assert_eq!(status().await, OutboxStatus::default());
}

async fn grew(subject: Subject) {
    let door = subject.door();
    door.emit([1]).await;
    door.0.outbox_grew().await;
    for id in 2..10 {
        let store = door.0.clone();
        let waits = tokio::spawn(async move { store.outbox_grew().await });
        door.write(vec![put("a", b"no message")]).await;
        door.emit([id]).await;
        waits.await.expect("no task panics");
    }
}

async fn grew_unseen(subject: Subject) {
    let door = subject.door();
    let mut ids = 0..;
    for _ in 0..20 {
        let all: Vec<u128> = ids.by_ref().take(1).collect();
        let unit = Unit { outbox: all.into_iter().map(event).collect(), ..unit() };
        // Asked for, and never looked at again.
        let asked = door.0.commit(unit).now_or_never();
        drop(asked);
        door.0.outbox_grew().await;
    }
}
