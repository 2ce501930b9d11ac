//! Values by key, and the validation of what was read of them.

use futures_util::future::join_all;
use svckit_core::store::{Claimed, Commit, Finish, Slot, Undone, Unit, Write};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{
    Door, FENCED, HELD, OTHER, REOPENED, SEEN, T, at, changed, close, delete, event, finish, inbox,
    put, range, read, response, unit,
};

super::scenarios! { "state":
    "a value is what was put last, with a greater version each time" => puts,
    "a key that was deleted and put again never has a version that it had before" => put_again,
    "tables are apart" => tables,
    "any key and any bytes are kept as they are: empty, binary, a megabyte" => any_bytes,
    "what was read and has not changed since is taken" => unchanged,
    "what was read and was put, deleted, or put again with the same bytes since refuses the unit" => changed_since,
    "what was not there when it was read refuses the unit once it is" => appeared,
    "a unit that is refused, for whatever reason, leaves nothing of any kind behind" => nothing_of_it,
    "a unit is readable as a whole once it is committed" => all_of_it,
    "an empty unit is taken" => empty,
    "of units that read the same version at once, one is taken" => one_wins,
}

async fn puts(subject: Subject) {
    let door = subject.door();
    assert_eq!(door.get("a").await, None);
    let mut last = 0;
    for value in [b"1", b"2", b"2"] {
        door.write(vec![put("a", value)]).await;
        let stored = door.get("a").await.expect("it was put");
        assert_eq!(&stored.value[..], value);
        assert!(stored.version > last, "{} after {last}", stored.version);
        last = stored.version;
    }
    door.write(vec![delete("a")]).await;
    assert_eq!(door.get("a").await, None);
    door.write(vec![delete("a"), delete("never")]).await;
}

async fn put_again(subject: Subject) {
    let door = subject.door();
    let mut versions = Vec::new();
    for _ in 0..5 {
        door.write(vec![put("a", b"same")]).await;
        versions.push(door.version("a").await);
        door.write(vec![delete("a")]).await;
    }
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

async fn tables(subject: Subject) {
    let door = subject.door();
    door.write(vec![put("a", b"here")]).await;
    assert_eq!(door.0.get(OTHER, "a".to_owned()).await.expect(HELD), None);
    let there = Write { table: OTHER, ..put("a", b"there") };
    door.write(vec![there]).await;
    assert_eq!(door.value("a").await.as_deref(), Some(&b"here"[..]));
    door.write(vec![Write { table: OTHER, ..delete("a") }]).await;
    assert_eq!(door.value("a").await.as_deref(), Some(&b"here"[..]));
}

async fn any_bytes(subject: Subject) {
    let door = subject.door();
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let values = [("", &b""[..]), ("\0", b"\0"), ("a\0b", b"\xff\0\xfe"), ("é—🦀", &large)];
    door.write(values.iter().map(|(key, value)| put(key, value)).collect()).await;
    for (key, value) in values {
        assert!(door.value(key).await.as_deref() == Some(value), "the value of {key:?}");
    }
    let scanned = door.0.scan(T, range("")).await.expect(HELD);
    assert!(scanned.iter().map(|(k, v)| (k.as_str(), &v.value[..])).eq(values));
}

async fn unchanged(subject: Subject) {
    let door = subject.door();
    door.write(vec![put("a", b"1")]).await;
    let reads = vec![read("a", door.version("a").await), read("none", 0)];
    door.done(Unit { reads: reads.clone(), writes: vec![put("b", b"1")], ..unit() }).await;
    // What it writes itself, it may have read.
    door.done(Unit { reads, writes: vec![put("a", b"2"), put("none", b"2")], ..unit() }).await;
    assert_eq!(door.value("a").await.as_deref(), Some(&b"2"[..]));
}

async fn changed_since(subject: Subject) {
    let door = subject.door();
    let ways: [&[Write]; 3] = [&[put("a", b"2")], &[delete("a")], &[delete("a"), put("a", b"1")]];
    for way in ways {
        door.write(vec![put("a", b"1")]).await;
        let reads = vec![read("z", 0), read("a", door.version("a").await)];
        for write in way {
            door.write(vec![write.clone()]).await;
        }
        let after = door.value("a").await;
        let late = Unit { reads, writes: vec![put("a", b"late"), put("b", b"late")], ..unit() };
        assert_eq!(door.commit(late).await, changed("a"));
        assert_eq!((door.value("a").await, door.value("b").await), (after, None));
    }
}

async fn appeared(subject: Subject) {
    let door = subject.door();
    door.write(vec![put("a", b"1")]).await;
    let late = Unit { reads: vec![read("a", 0)], writes: vec![put("b", b"1")], ..unit() };
    assert_eq!(door.commit(late).await, changed("a"));
    assert_eq!(door.get("b").await, None);
}

/// Puts into a unit what makes the store refuse it.
type Wrong = fn(&mut Unit);

/// Commits a unit with something of each kind, to be refused by what `wrong` puts in.
async fn refused(door: &Door, round: u128, wrong: Wrong, expected: Commit) {
    let [mine, done, undone] = ["mine", "done", "undone"].map(|name| format!("{name}-{round}"));
    door.ran(&done, response("before")).await;
    let fence = door.run(&mine, at(0)).await;
    let mut all = Unit {
        writes: vec![put("a", b"1"), put("b", b"1")],
        outbox: vec![event(1), event(2)],
        inbox: Some(inbox(2)),
        close: close(&undone, Undone::Nothing).close,
        ..finish(&mine, fence, response("after"))
    };
    wrong(&mut all);
    assert_eq!(door.commit(all).await, expected);
    assert_eq!((door.get("a").await, door.get("b").await), (None, None));
    assert_eq!(door.outbox().await, []);
    assert!(!door.seen(2).await);
    assert_eq!(door.slot(&mine, at(1)).await, Slot::Running);
    assert_eq!(door.slot(&undone, at(1)).await, Slot::Free);
    assert_eq!(door.slot(&done, at(1)).await, Slot::Succeeded);
    // Nor does it stand in the way of the next.
    door.done(finish(&mine, fence, response("after"))).await;
}

async fn nothing_of_it(subject: Subject) {
    let door = subject.door();
    door.done(Unit { inbox: Some(inbox(1)), ..unit() }).await;
    door.ran("other", response("before")).await;
    let wrongs: [(Wrong, Commit); 4] = [
        (|unit| unit.reads = vec![read("a", 77)], changed("a")),
        (|unit| unit.inbox = Some(inbox(1)), SEEN),
        (
            |unit| {
                let stale = |finish: Finish| Finish { fence: finish.fence + 1, ..finish };
                unit.finish = unit.finish.take().map(stale);
            },
            FENCED,
        ),
        (|unit| unit.close = close("other", Undone::Nothing).close, REOPENED),
    ];
    for (round, (wrong, expected)) in (0..).zip(wrongs) {
        refused(&door, round, wrong, expected).await;
    }
}

async fn all_of_it(subject: Subject) {
    let door = subject.door();
    let fence = door.run("mine", at(0)).await;
    door.done(Unit {
        writes: vec![put("a", b"1"), put("b", b"2")],
        outbox: vec![event(1), event(2)],
        inbox: Some(inbox(1)),
        close: close("undone", Undone::Nothing).close,
        ..finish("mine", fence, response("yes"))
    })
    .await;
    let now = at(1);
    assert_eq!(door.value("a").await.as_deref(), Some(&b"1"[..]));
    assert_eq!(door.value("b").await.as_deref(), Some(&b"2"[..]));
    assert_eq!(door.outbox().await, [1, 2]);
    assert!(door.seen(1).await);
    assert_eq!(door.claim("mine", 1, now).await, Claimed::Done(response("yes")));
    assert_eq!(door.slot("undone", now).await, Slot::Closed(Undone::Nothing));
}

async fn empty(subject: Subject) {
    let door = subject.door();
    assert!(unit().is_empty());
    door.done(unit()).await;
}

async fn one_wins(subject: Subject) {
    let door = subject.door();
    door.write(vec![put("count", &0_u32.to_be_bytes())]).await;
    let add = |door: Door| async move {
        let mut tries = 0_u32;
        loop {
            tries += 1;
            let stored = door.get("count").await.expect("it is there");
            let count = u32::from_be_bytes(stored.value[..].try_into().expect("four bytes"));
            let reads = vec![read("count", stored.version)];
            let writes = vec![put("count", &(count + 1).to_be_bytes())];
            match door.commit(Unit { reads, writes, ..unit() }).await {
                Commit::Done => return tries,
                refused => assert_eq!(refused, changed("count")),
            }
        }
    };
    let all = (0..16).map(|_| tokio::spawn(add(door.clone())));
    for done in join_all(all).await {
        done.expect("no task panics");
    }
    assert_eq!(door.value("count").await.as_deref(), Some(&16_u32.to_be_bytes()[..]));
}
