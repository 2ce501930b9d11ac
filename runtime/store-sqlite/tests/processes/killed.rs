//! `kill -9` at any moment.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{ContentType, Envelope, Kind};
use svckit_core::store::{
    Claim, Claimed, Commit, Finish, Inbox, RecordKey, Recorded, Slot, Store, Unit, Write,
};
use svckit_store_sqlite::{Options, SqliteStore};
use uuid::Uuid;

use crate::{Other, keys, role, say};

const ROUNDS: u32 = 20;
const TASKS: u32 = 6;

fn open(file: &Path) -> SqliteStore {
    SqliteStore::open(file, Options::default()).expect("it opens, whoever was killed")
}

fn record(id: u128) -> RecordKey {
    let [principal, tenant] = Default::default();
    RecordKey { operation: "s.S.Do".to_owned(), principal, tenant, key: id.to_string() }
}

fn inbox(id: u128) -> Inbox {
    let (consumer, keep_until) = ("s.S.Handle".to_owned(), Timestamp::MAX);
    Inbox { consumer, id: Uuid::from_u128(id), replay: 0, keep_until }
}

fn envelope(id: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(id),
        kind: Kind::Event,
        source: "s.S".into(),
        name: "s.S.Done".into(),
        version: 1,
        readable_since: 1,
        key: "k".into(),
        time: Timestamp::UNIX_EPOCH,
        content_type: ContentType::Protobuf,
        meta: Default::default(),
        payload: Bytes::from(vec![7; 500]),
        expires: None,
        priority: 0,
        retain: Duration::from_secs(60),
    }
}

/// Something of each kind.
fn unit(id: u128, fence: u64) -> Unit {
    let write = |table, size| Write {
        table,
        key: format!("{id:040}"),
        value: Some(Bytes::from(vec![1; size])),
    };
    let outcome = Recorded::Response(Bytes::new());
    Unit {
        now: Timestamp::UNIX_EPOCH,
        writes: vec![write("a", 2_000), write("b", 20)],
        outbox: vec![envelope(id)],
        inbox: Some(inbox(id)),
        finish: Some(Finish { key: record(id), fence, outcome, keep_until: Timestamp::MAX }),
        ..Unit::default()
    }
}

/// Commits for as long as it lives, and says what is done once it is.
pub(crate) async fn write(file: &Path) {
    let store = Arc::new(open(file));
    let tasks = (0..TASKS).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                one(&store, Uuid::new_v4().as_u128()).await;
            }
        })
    });
    futures_util::future::join_all(tasks).await;
}

async fn one(store: &SqliteStore, id: u128) {
    let (now, lease) = (Timestamp::UNIX_EPOCH, Duration::from_secs(9));
    let claim = Claim { key: record(id), request: [0; 32], now, lease };
    let claimed = store.claim(claim).await.expect("it can be claimed");
    let Claimed::Run { fence } = claimed else { panic!("{claimed:?}") };
    let unit = unit(id, fence);
    // Now and then in a transaction of its own.
    let done = if id.is_multiple_of(16) {
        let open = store.exclusive(Duration::from_secs(60)).await.expect("it has its turn");
        open.commit(unit).await
    } else {
        store.commit(unit).await
    };
    assert_eq!(done.expect("it can be committed"), Commit::Done);
    say(&id.to_string());
}

pub(crate) async fn whole() {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    let file = directory.path().join("s.sqlite");
    let mut told = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut writer = Other::start(role("writer", &file));
        // So many are heard of, and then at some moment after.
        for _ in 0..round * 7 % 60 {
            told.insert(writer.says().expect("the writer lives"));
        }
        for _ in 0..(round * 977) % 20_000 {
            std::hint::spin_loop();
        }
        let unheard = writer.kill();
        // The last line may be cut.
        told.extend(unheard.into_iter().filter(|line| line.parse::<u128>().is_ok()));
        check(&open(&file), &told).await;
    }
    assert!(told.len() > 100, "only {} commits in all", told.len());
}

/// All that was told is there, and all that is there is whole.
async fn check(store: &SqliteStore, told: &BTreeSet<String>) {
    let (a, b) = (keys(store, "a").await, keys(store, "b").await);
    assert_eq!(a, b, "units by halves");
    let there: BTreeSet<u128> =
        a.iter().map(|key| key.parse().expect("keys are numbers")).collect();
    let pending = store.outbox(0, usize::MAX).await.expect("the outbox can be read");
    let published: BTreeSet<u128> = pending.iter().map(|p| p.envelope.id.as_u128()).collect();
    assert_eq!(pending.len(), published.len(), "one message twice");
    assert_eq!(published, there, "messages without their state, or state without its message");
    for id in &there {
        assert!(store.seen(inbox(*id)).await.expect("the inbox can be read"), "{id}");
        let slot = store.slot(record(*id), Timestamp::UNIX_EPOCH).await;
        assert_eq!(slot.expect("the record can be read"), Slot::Succeeded, "{id}");
    }
    for id in told {
        let id: u128 = id.parse().expect("it says numbers");
        assert!(there.contains(&id), "{id} was told to be done, and is lost");
    }
}

/// The one who holds the lock dies.
pub(crate) async fn exclusive() {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    let file = directory.path().join("s.sqlite");
    let store = open(&file);
    let mut holder = Other::start(role("holder", &file));
    assert_eq!(holder.says().as_deref(), Some("held"));
    let waits = tokio::spawn(store.commit(Unit { finish: None, ..unit(1, 0) }));
    holder.kill();
    assert_eq!(waits.await.expect("no task panics").expect("the lock is free"), Commit::Done);
    assert_eq!(keys(&store, "held").await, [""; 0]);
    assert_eq!(keys(&store, "a").await.len(), 1);
}
