//! What consumers have handled.

use futures_util::future::join_all;
use svckit_core::store::{Commit, Inbox, Unit};
use uuid::Uuid;

use crate::conformance::store::Subject;
use crate::conformance::store::make::{Door, HELD, SEEN, at, event, inbox, put, range, read, unit};

super::scenarios! { "inbox":
    "a message is handled once: its second unit is refused and leaves nothing" => once,
    "consumer, message and replay each make another entry" => apart,
    "a message whose unit was refused is not seen, and may be handled again" => not_seen,
    "of many that handle a message at once, one is taken" => one_wins,
}

fn handled(inbox: Inbox) -> Unit {
    Unit { inbox: Some(inbox), ..unit() }
}

async fn once(subject: Subject) {
    let door = subject.door();
    assert!(!door.seen(1).await);
    door.done(Unit { writes: vec![put("a", b"first")], ..handled(inbox(1)) }).await;
    assert!(door.seen(1).await);
    let second =
        Unit { writes: vec![put("a", b"second")], outbox: vec![event(1)], ..handled(inbox(1)) };
    assert_eq!(door.commit(second).await, SEEN);
    assert_eq!(door.value("a").await.as_deref(), Some(&b"first"[..]));
    assert_eq!(door.outbox().await, []);
    // For how long it is remembered makes no other of it.
    let longer = Inbox { keep_until: at(5_000), ..inbox(1) };
    assert!(door.0.seen(longer.clone()).await.expect(HELD));
    assert_eq!(door.commit(handled(longer)).await, SEEN);
}

async fn apart(subject: Subject) {
    let door = subject.door();
    door.done(handled(inbox(1))).await;
    let others = [
        inbox(2),
        Inbox { consumer: "shop.mail.v1.Mail.Other".to_owned(), ..inbox(1) },
        Inbox { replay: 1, ..inbox(1) },
        Inbox { replay: u32::MAX, ..inbox(1) },
        Inbox { id: Uuid::nil(), ..inbox(1) },
        Inbox { id: Uuid::max(), ..inbox(1) },
    ];
    for other in others {
        assert!(!door.0.seen(other.clone()).await.expect(HELD), "{other:?}");
        door.done(handled(other.clone())).await;
        assert!(door.0.seen(other.clone()).await.expect(HELD), "{other:?}");
        assert_eq!(door.commit(handled(other)).await, SEEN);
    }
}

async fn not_seen(subject: Subject) {
    let door = subject.door();
    let reads = vec![read("a", 9)];
    assert_ne!(door.commit(Unit { reads, ..handled(inbox(1)) }).await, Commit::Done);
    assert!(!door.seen(1).await);
    door.done(handled(inbox(1))).await;
}

async fn one_wins(subject: Subject) {
    let door = subject.door();
    let handle = |door: Door, n: usize| async move {
        let writes = vec![put(&format!("by/{n}"), b"")];
        door.commit(Unit { writes, ..handled(inbox(1)) }).await
    };
    let all = (0..20).map(|n| tokio::spawn(handle(door.clone(), n)));
    let all: Vec<Commit> =
        join_all(all).await.into_iter().map(|c| c.expect("no task panics")).collect();
    assert_eq!(all.iter().filter(|commit| **commit == SEEN).count(), 19, "{all:?}");
    let winner = all.iter().position(|commit| *commit == Commit::Done).expect("one was taken");
    assert_eq!(door.keys(range("by/")).await, [format!("by/{winner}")]);
}
