//! What outlives the one who wrote it, and what two of them do to one store.

use futures_util::future::join_all;
use svckit_core::store::{Claimed, Commit, Slot, Undone, Unit};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    Door, FENCED, SEEN, at, changed, close, delete, event, failure, finish, inbox, put, range,
    read, response, secs, unit,
};

pub(super) fn all() -> Vec<crate::conformance::store::Scenario> {
    [reopened::all(), shared::all()].concat()
}

mod reopened {
    use super::*;

    super::super::scenarios! { "reopened", without "what it holds ends with the process":
        "all of it is there again: state, answers, claims, closed keys, inbox, outbox, lease" => all_of_it,
        "versions, fences and places go on, whatever was deleted before" => numbers,
        "an exclusive transaction that was open is gone" => exclusive,
        "what was asked for when it was closed is done or not, as a whole" => closing,
    }

    async fn all_of_it(subject: Subject) {
        let door = subject.door();
        door.write(vec![put("a", b"1"), put("b", b"1")]).await;
        let version = door.version("a").await;
        door.ran("yes", response("yes")).await;
        door.ran("no", failure("no")).await;
        let fence = door.run("runs", at(0)).await;
        door.done(close("closed", Undone::Nothing)).await;
        door.done(Unit { inbox: Some(inbox(1)), ..unit() }).await;
        door.emit([1, 2, 3]).await;
        let pending = door.pending(0, 10).await;
        assert!(door.lease(1, at(0), secs(3)).await);
        drop(door);

        let door = subject.door();
        assert_eq!(door.keys(range("")).await, ["a", "b"]);
        assert_eq!(door.version("a").await, version);
        assert_eq!(door.claim("yes", 1, at(1)).await, Claimed::Done(response("yes")));
        assert_eq!(door.claim("no", 1, at(1)).await, Claimed::Done(failure("no")));
        assert_eq!(door.claim("runs", 1, at(1)).await, Claimed::Running { until: at(10) });
        assert_eq!(door.claim("runs", 2, at(1)).await, Claimed::OtherRequest);
        assert_eq!(door.claim("closed", 1, at(1)).await, Claimed::Closed);
        assert_eq!(door.commit(Unit { inbox: Some(inbox(1)), ..unit() }).await, SEEN);
        assert_eq!(door.pending(0, 10).await, pending);
        assert!(!door.lease(2, at(1), secs(3)).await);
        // Even a handler that went on meanwhile may commit.
        door.done(finish("runs", fence, response("x"))).await;
    }

    async fn numbers(subject: Subject) {
        let (mut versions, mut fences, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..4 {
            let door = subject.door();
            door.write(vec![put("a", b"same")]).await;
            versions.push(door.version("a").await);
            door.write(vec![delete("a")]).await;
            let fence = door.run("k", at(0)).await;
            fences.push(fence);
            door.release("k", fence).await;
            door.emit([1]).await;
            places.push(door.pending(0, 1).await[0].0);
            door.published(vec![places[places.len() - 1]]).await;
        }
        for numbers in [versions, fences, places] {
            assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        }
    }

    async fn exclusive(subject: Subject) {
        let door = subject.door();
        let open = door.0.exclusive(secs(600)).await.expect("nobody else has it");
        drop(door);
        drop(open);
        let door = subject.door();
        door.write(vec![put("a", b"1")]).await;
    }

    async fn closing(subject: Subject) {
        for round in 0..6 {
            let door = subject.door();
            let all: Vec<_> = (0..40)
                .map(|n| {
                    let at = format!("{round}/{n:02}");
                    let writes = vec![put(&format!("a/{at}"), b""), put(&format!("b/{at}"), b"")];
                    tokio::spawn(door.0.commit(Unit { writes, ..unit() }))
                })
                .collect();
            drop(door);
            for (n, commit) in all.iter().enumerate() {
                if n % 3 == round % 3 {
                    commit.abort();
                }
            }
            let done = join_all(all).await.into_iter().filter(Result::is_ok).count();
            let door = subject.door();
            let both =
                [door.keys(range(&format!("a/{round}"))), door.keys(range(&format!("b/{round}")))];
            let [a, b] = <[_; 2]>::try_from(join_all(both).await).expect("two were asked");
            let suffixes = |keys: &[String]| -> Vec<String> {
                keys.iter().map(|key| key[2..].to_owned()).collect()
            };
            assert_eq!(suffixes(&a), suffixes(&b));
            assert!(a.len() >= done, "{} of {done} that were told to be done", a.len());
        }
    }
}

mod shared {
    use super::*;

    super::super::scenarios! { "opened twice":
        "what the one has committed, the other reads" => reads,
        "the one is held to what the other has changed" => validated,
        "units of both that read the same version at once: one is taken" => one_wins,
        "a key that the one has claimed, the other can't" => claimed,
        "an exclusive transaction of the one keeps the other's commits out" => exclusive,
        "both commit at once for a while, and none is kept waiting for good" => fair,
    }

    async fn reads(subject: Subject) {
        let (one, two) = (subject.door(), subject.door());
        for n in 0..10_u8 {
            one.write(vec![put("a", &[n])]).await;
            assert_eq!(two.value("a").await, Some(vec![n]));
            two.emit([u128::from(n)]).await;
            assert_eq!(one.outbox().await.last(), Some(&u128::from(n)));
        }
    }

    async fn validated(subject: Subject) {
        let (one, two) = (subject.door(), subject.door());
        one.write(vec![put("a", b"1")]).await;
        let (reads, scans) =
            (vec![read("a", one.version("a").await)], vec![one.scan(range("b")).await]);
        two.write(vec![put("a", b"2")]).await;
        assert_eq!(one.commit(Unit { reads, ..unit() }).await, changed("a"));
        two.write(vec![put("b", b"2")]).await;
        assert_eq!(one.commit(Unit { scans, ..unit() }).await, changed("b"));
        two.done(Unit { inbox: Some(inbox(1)), ..unit() }).await;
        assert_eq!(one.commit(Unit { inbox: Some(inbox(1)), ..unit() }).await, SEEN);
    }

    async fn one_wins(subject: Subject) {
        let doors = [subject.door(), subject.door()];
        doors[0].write(vec![put("count", &[0])]).await;
        let add = |door: Door| async move {
            for _ in 0..10 {
                loop {
                    let stored = door.get("count").await.expect("it is there");
                    let reads = vec![read("count", stored.version)];
                    let writes = vec![put("count", &[stored.value[0] + 1])];
                    if door.commit(Unit { reads, writes, ..unit() }).await == Commit::Done {
                        break;
                    }
                }
            }
        };
        let all = doors.iter().flat_map(|door| [door.clone(), door.clone()]);
        let all: Vec<_> = all.map(|door| tokio::spawn(add(door))).collect();
        for done in all {
            done.await.expect("no task panics");
        }
        assert_eq!(doors[1].value("count").await, Some(vec![40]));
    }

    async fn claimed(subject: Subject) {
        let (one, two) = (subject.door(), subject.door());
        let fence = one.run("k", at(0)).await;
        assert_eq!(two.claim("k", 1, at(1)).await, Claimed::Running { until: at(10) });
        two.done(close("k", Undone::Nothing)).await;
        assert_eq!(one.commit(finish("k", fence, response("late"))).await, FENCED);
        assert_eq!(one.slot("k", at(1)).await, Slot::Closed(Undone::Nothing));
        assert!(one.lease(1, at(0), secs(3)).await);
        assert!(!two.lease(2, at(1), secs(3)).await);
    }

    async fn exclusive(subject: Subject) {
        let (one, two) = (subject.door(), subject.door());
        let open = one.0.exclusive(secs(600)).await.expect("nobody else has it");
        let other =
            tokio::spawn(
                async move { two.commit(Unit { reads: vec![read("a", 0)], ..unit() }).await },
            );
        let own = Unit { writes: vec![put("a", b"own")], outbox: vec![event(1)], ..unit() };
        assert!(!other.is_finished());
        assert_eq!(open.commit(own).await.expect("nobody else has it"), Commit::Done);
        let other = other.await.expect("no task panics");
        // Before or after, but never between.
        assert!(other == Commit::Done || other == changed("a"), "{other:?}");
    }

    async fn fair(subject: Subject) {
        let doors = [subject.door(), subject.door()];
        let commit = |door: Door, who: usize, task: usize| async move {
            for n in 0..25 {
                door.write(vec![put(&format!("{who}/{task}/{n}"), b"")]).await;
            }
        };
        let all: Vec<_> = (0..2)
            .flat_map(|who| (0..8).map(move |task| (who, task)))
            .map(|(who, task)| tokio::spawn(commit(doors[who].clone(), who, task)))
            .collect();
        for done in all {
            done.await.expect("no commit gave up");
        }
        assert_eq!(doors[0].keys(range("")).await.len(), 400);
    }
}
