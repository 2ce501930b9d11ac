//! Keys in ranges, and what was read by them.

use svckit_core::store::{Commit, Range, ScanRead, Unit, Write};

use crate::conformance::store::Subject;
use crate::conformance::store::make::{Door, HELD, OTHER, T, changed, delete, put, range, unit};

super::scenarios! { "ranges":
    "keys come in the order of their bytes, with what begins with the prefix alone" => order,
    "`after` begins behind a key, be it there or not, before the prefix, in it or behind it" => after,
    "pages make up the whole, whatever their size" => pages,
    "what changed within a range refuses the unit that read it: a key put, deleted, or put again" => phantoms,
    "what changed beside a range, or behind its last page, refuses nothing" => beside,
    "an empty range is validated as well" => empty,
    "of units that read the same range at once and add to it, one is taken" => one_wins,
}

const KEYS: [&str; 9] = ["", "\0", "a", "a\0", "a/1", "a/10", "a/2", "a\u{10ffff}", "b"];

async fn filled(subject: &Subject) -> Door {
    let door = subject.door();
    door.write(KEYS.iter().rev().map(|key| put(key, key.as_bytes())).collect()).await;
    door.write(KEYS.iter().map(|key| Write { table: OTHER, ..put(key, b"") }).collect()).await;
    door
}

async fn order(subject: Subject) {
    let door = filled(&subject).await;
    assert_eq!(door.keys(range("")).await, KEYS);
    assert_eq!(door.keys(range("a")).await, KEYS[2..8]);
    assert_eq!(door.keys(range("a/")).await, KEYS[4..7]);
    assert_eq!(door.keys(range("a/1")).await, KEYS[4..6]);
    assert_eq!(door.keys(range("c")).await, [""; 0]);
    for (key, stored) in door.0.scan(T, range("")).await.expect(HELD) {
        assert_eq!(door.get(&key).await, Some(stored), "{key:?}");
    }
    assert_eq!(door.keys(Range { limit: 0, ..range("") }).await, [""; 0]);
    assert_eq!(door.keys(Range { limit: usize::MAX, ..range("b") }).await, ["b"]);
}

async fn after(subject: Subject) {
    let door = filled(&subject).await;
    let after = async |prefix: &str, after: &str| {
        door.keys(Range { after: Some(after.to_owned()), ..range(prefix) }).await
    };
    assert_eq!(after("a/", "").await, KEYS[4..7]);
    assert_eq!(after("a/", "a").await, KEYS[4..7]);
    assert_eq!(after("a/", "a/").await, KEYS[4..7]);
    assert_eq!(after("a/", "a/1").await, KEYS[5..7]);
    assert_eq!(after("a/", "a/15").await, KEYS[6..7]);
    assert_eq!(after("a/", "a/2").await, [""; 0]);
    assert_eq!(after("a/", "b").await, [""; 0]);
    assert_eq!(after("", "a\u{10ffff}").await, ["b"]);
    assert_eq!(after("", "").await, KEYS[1..]);
}

async fn pages(subject: Subject) {
    let door = filled(&subject).await;
    for limit in 1..=KEYS.len() {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = Range { prefix: String::new(), after, limit };
            let mut keys = door.keys(page).await;
            let Some(last) = keys.last().cloned() else { break };
            assert!(keys.len() <= limit);
            all.append(&mut keys);
            after = Some(last);
        }
        assert_eq!(all, KEYS, "by {limit}");
    }
}

/// Reads a range, lets `between` happen, and commits what was read.
async fn between(door: &Door, range: Range, between: Vec<Write>, refused: bool) {
    let scans = vec![door.scan(range.clone()).await];
    door.write(between.clone()).await;
    let taken = door.commit(Unit { scans, writes: vec![put("z", b"late")], ..unit() }).await;
    let expected = if refused { changed(&range.prefix) } else { Commit::Done };
    assert_eq!(taken, expected, "{range:?} with {between:?} between");
}

async fn phantoms(subject: Subject) {
    let door = filled(&subject).await;
    let first = Range { limit: 2, ..range("a/") };
    let behind = Range { after: Some("a/1".to_owned()), ..range("a/") };
    between(&door, range("a/"), vec![put("a/11", b"")], true).await;
    between(&door, range("a/"), vec![put("a/1", b"a/1")], true).await;
    between(&door, range("a/"), vec![delete("a/2")], true).await;
    between(&door, range("a/"), vec![put("a/3", b"")], true).await;
    between(&door, first.clone(), vec![put("a/0", b"")], true).await;
    between(&door, first, vec![delete("a/1")], true).await;
    between(&door, behind, vec![put("a/12", b"")], true).await;
    between(&door, range(""), vec![put("0", b"")], true).await;
    between(&door, range("a/"), vec![delete("a/3"), put("a/3", b"")], true).await;
}

async fn beside(subject: Subject) {
    let door = filled(&subject).await;
    let first = Range { limit: 2, ..range("a/") };
    let behind = Range { after: Some("a/1".to_owned()), ..range("a/") };
    let elsewhere = Write { table: OTHER, ..put("a/11", b"") };
    between(&door, range("a/"), vec![put("a", b"2"), put("b", b"2")], false).await;
    between(&door, range("a/"), vec![elsewhere], false).await;
    between(&door, first.clone(), vec![put("a/3", b"")], false).await;
    between(&door, first, vec![delete("a/3"), delete("a/2")], false).await;
    between(&door, behind, vec![put("a/1", b"2"), put("a/0", b"")], false).await;
    between(&door, range("a/"), vec![delete("never")], false).await;
}

async fn empty(subject: Subject) {
    let door = filled(&subject).await;
    between(&door, range("n"), vec![put("o", b"")], false).await;
    between(&door, range("n"), vec![put("n", b"")], true).await;
    // Less than there is was never the answer.
    let none = ScanRead { table: T, range: range("a/"), seen: Vec::new() };
    assert_eq!(door.commit(Unit { scans: vec![none], ..unit() }).await, changed("a/"));
    let mut more = door.scan(range("a/")).await;
    more.seen.push(("a/3".to_owned(), 1));
    assert_eq!(door.commit(Unit { scans: vec![more], ..unit() }).await, changed("a/"));
}

async fn one_wins(subject: Subject) {
    let door = subject.door();
    let add = |door: Door, n: usize| async move {
        loop {
            let scan = door.scan(range("seat/")).await;
            let seat = format!("seat/{:02}", scan.seen.len());
            let writes = vec![put(&seat, n.to_string().as_bytes())];
            match door.commit(Unit { scans: vec![scan], writes, ..unit() }).await {
                Commit::Done => return seat,
                refused => assert_eq!(refused, changed("seat/")),
            }
        }
    };
    let all: Vec<_> = (0..12).map(|n| tokio::spawn(add(door.clone(), n))).collect();
    let mut seats = Vec::new();
    for seat in all {
        seats.push(seat.await.expect("no task panics"));
    }
    seats.sort();
    assert_eq!(door.keys(range("seat/")).await, seats);
}
