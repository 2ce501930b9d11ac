//! The one exclusive transaction.

use std::time::Duration;

use futures_util::FutureExt;
use svckit_core::error::Code;
use svckit_core::store::{Commit, Exclusive, Unit};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    Door, HELD, SEEN, changed, event, inbox, put, range, read, secs, unit,
};

super::scenarios! { "exclusive":
    "others' commits wait until it is committed" => others_wait,
    "others' commits wait until it is dropped, which leaves nothing" => dropped,
    "what is read within it is what is there, and does not change until it ends" => reads,
    "its unit is validated as any other" => validated,
    "one at a time, each of those that wait in its turn" => turns,
    "who no longer waits for it does not have it" => no_longer_waits,
    "one that is held too long is refused as `aborted`, and the next goes on" => too_long,
    "it may be asked for without limit" => unlimited,
    "a relay hears of what it committed" => grew,
}

const LONG: Duration = Duration::from_secs(600);

async fn open(door: &Door) -> Box<dyn Exclusive> {
    door.0.exclusive(LONG).await.expect(HELD)
}

/// A commit that has been asked for; it is not done yet.
fn asked(door: &Door, unit: Unit) -> tokio::task::JoinHandle<Commit> {
    let mut commit = door.0.commit(unit);
    assert!((&mut commit).now_or_never().is_none(), "a commit went by an exclusive transaction");
    tokio::spawn(async move { commit.await.expect(HELD) })
}

async fn others_wait(subject: Subject) {
    let door = subject.door();
    let open = open(&door).await;
    let other = asked(&door, Unit { reads: vec![read("a", 0)], ..unit() });
    let own = Unit { writes: vec![put("a", b"own")], outbox: vec![event(1)], ..unit() };
    assert!(!other.is_finished());
    assert_eq!(open.commit(own).await.expect(HELD), Commit::Done);
    // So it comes after, and sees what was done.
    assert_eq!(other.await.expect("no task panics"), changed("a"));
    assert_eq!(door.value("a").await.as_deref(), Some(&b"own"[..]));
    assert_eq!(door.outbox().await, [1]);
}

async fn dropped(subject: Subject) {
    let door = subject.door();
    let open = open(&door).await;
    let other = asked(&door, Unit { reads: vec![read("a", 0)], ..unit() });
    drop(open);
    assert_eq!(other.await.expect("no task panics"), Commit::Done);
    // Nor does a commit that nobody drove leave anything.
    let open = self::open(&door).await;
    drop(open.commit(Unit { writes: vec![put("a", b"never")], ..unit() }));
    door.write(vec![put("b", b"next")]).await;
    assert_eq!(door.keys(range("")).await, ["b"]);
}

async fn reads(subject: Subject) {
    let door = subject.door();
    door.write(vec![put("a", b"1")]).await;
    let open = open(&door).await;
    let other = asked(&door, Unit { writes: vec![put("a", b"other")], ..unit() });
    let (version, scan) = (door.version("a").await, door.scan(range("")).await);
    let reads = vec![read("a", version)];
    let own = Unit { reads, scans: vec![scan], writes: vec![put("b", b"own")], ..unit() };
    assert_eq!(open.commit(own).await.expect(HELD), Commit::Done);
    assert_eq!(other.await.expect("no task panics"), Commit::Done);
    assert_eq!(door.value("a").await.as_deref(), Some(&b"other"[..]));
}

async fn validated(subject: Subject) {
    let door = subject.door();
    door.done(Unit { inbox: Some(inbox(1)), ..unit() }).await;
    for (unit, why) in [
        (Unit { reads: vec![read("a", 7)], ..unit() }, changed("a")),
        (Unit { inbox: Some(inbox(1)), ..unit() }, SEEN),
    ] {
        let unit = Unit { writes: vec![put("a", b"never")], ..unit };
        let open = open(&door).await;
        assert_eq!(open.commit(unit).await.expect(HELD), why);
        // It is over then, and leaves nothing.
        door.write(vec![put("b", b"next")]).await;
        assert_eq!(door.keys(range("")).await, ["b"]);
    }
}

async fn turns(subject: Subject) {
    let door = subject.door();
    let turn = |door: Door, n: u8| async move {
        let open = open(&door).await;
        let count = door.value("count").await.unwrap_or_default();
        tokio::task::yield_now().await;
        let count = [&count[..], &[n]].concat();
        let unit = Unit { writes: vec![put("count", &count)], ..unit() };
        assert_eq!(open.commit(unit).await.expect(HELD), Commit::Done);
    };
    let all: Vec<_> = (0..12).map(|n| tokio::spawn(turn(door.clone(), n))).collect();
    for done in all {
        done.await.expect("no task panics");
    }
    let mut count = door.value("count").await.expect("it was put");
    count.sort_unstable();
    assert!(count.into_iter().eq(0..12));
}

async fn no_longer_waits(subject: Subject) {
    let door = subject.door();
    let held = open(&door).await;
    for _ in 0..3 {
        let mut waits = door.0.exclusive(LONG);
        assert!((&mut waits).now_or_never().is_none(), "two hold the transaction");
        drop(waits);
    }
    drop(held);
    drop(open(&door).await);
    door.write(vec![put("a", b"1")]).await;
}

async fn too_long(subject: Subject) {
    let door = subject.door();
    let held = door.0.exclusive(Duration::from_millis(5)).await.expect(HELD);
    // The next has it only once the time of the first is over.
    let next = open(&door).await;
    let late = Unit { writes: vec![put("a", b"late")], outbox: vec![event(1)], ..unit() };
    let error = held.commit(late).await.expect_err("its time is over");
    assert_eq!(error.code(), Code::Aborted, "{error}");
    let unit = Unit { writes: vec![put("b", b"next")], ..unit() };
    assert_eq!(next.commit(unit).await.expect(HELD), Commit::Done);
    assert_eq!(door.keys(range("")).await, ["b"]);
    assert_eq!(door.outbox().await, []);
}

async fn unlimited(subject: Subject) {
    let door = subject.door();
    let open = door.0.exclusive(Duration::MAX).await.expect(HELD);
    let unit = Unit { writes: vec![put("a", b"1")], ..unit() };
    assert_eq!(open.commit(unit).await.expect(HELD), Commit::Done);
    drop(door.0.exclusive(secs(u64::MAX)).await.expect(HELD));
}

async fn grew(subject: Subject) {
    let door = subject.door();
    for id in 1..5 {
        let open = open(&door).await;
        let mut commit = open.commit(Unit { outbox: vec![event(id)], ..unit() });
        if id % 2 == 0 {
            commit.await.expect(HELD);
        } else if (&mut commit).now_or_never().is_none() {
            // Who waits for the answer goes once the relay has heard.
            let _ = futures_util::future::select(commit, door.0.outbox_grew()).await;
            continue;
        }
        door.0.outbox_grew().await;
    }
    door.write(vec![put("a", b"next")]).await;
}
