//! Short names for what scenarios say often.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{ContentType, Envelope, Kind};
use svckit_core::store::{
    Claim, Claimed, Close, Commit, Conflict, Finish, Inbox, Range, Read, RecordKey, Recorded,
    ScanRead, Slot, Store, Stored, Undone, Unit, Write,
};
use uuid::Uuid;

use super::Subject;

pub(super) const T: &str = "orders";
pub(super) const OTHER: &str = "carts";
pub(super) const HELD: &str = "the store does what it is asked";

/// So many seconds after some day.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time of this century")
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn unit() -> Unit {
    Unit { now: at(0), ..Unit::default() }
}

pub(super) fn put(key: &str, value: &[u8]) -> Write {
    Write { table: T, key: key.to_owned(), value: Some(Bytes::copy_from_slice(value)) }
}

pub(super) fn delete(key: &str) -> Write {
    Write { table: T, key: key.to_owned(), value: None }
}

pub(super) fn read(key: &str, version: u64) -> Read {
    Read { table: T, key: key.to_owned(), version }
}

pub(super) fn range(prefix: &str) -> Range {
    Range { prefix: prefix.to_owned(), after: None, limit: 1_000 }
}

pub(super) fn inbox(id: u128) -> Inbox {
    let consumer = "shop.mail.v1.Mail.Send".to_owned();
    Inbox { consumer, id: Uuid::from_u128(id), replay: 0, keep_until: at(1_000) }
}

pub(super) fn key(key: &str) -> RecordKey {
    RecordKey {
        operation: "shop.orders.v1.Orders.Place".to_owned(),
        principal: "alice".to_owned(),
        tenant: "acme".to_owned(),
        key: key.to_owned(),
    }
}

pub(super) fn response(text: &str) -> Recorded {
    Recorded::Response(Bytes::copy_from_slice(text.as_bytes()))
}

pub(super) fn failure(text: &str) -> Recorded {
    Recorded::Failure(Bytes::copy_from_slice(text.as_bytes()))
}

/// The end of what ran under a key, remembered for 1000 s.
pub(super) fn finish(k: &str, fence: u64, outcome: Recorded) -> Unit {
    let finish = Finish { key: key(k), fence, outcome, keep_until: at(1_000) };
    Unit { finish: Some(finish), ..unit() }
}

/// The undo of what ran under a key, remembered for 1000 s.
pub(super) fn close(k: &str, found: Undone) -> Unit {
    let close = Close { key: key(k), found, keep_until: at(1_000) };
    Unit { close: Some(close), ..unit() }
}

pub(super) fn event(id: u128) -> Envelope {
    Envelope {
        id: Uuid::from_u128(id),
        kind: Kind::Event,
        source: "shop.orders.v1.Orders".into(),
        name: "shop.orders.v1.Orders.OrderPlaced".into(),
        version: 2,
        readable_since: 1,
        key: format!("order-{}", id % 7).into(),
        time: at(0),
        content_type: ContentType::Json,
        meta: [("correlation", format!("c-{id}"))].into_iter().fold(
            svckit_core::call::Metadata::default(),
            |mut meta, (name, value)| {
                meta.set(name, value);
                meta
            },
        ),
        payload: Bytes::from(id.to_be_bytes().to_vec()),
        expires: Some(at(500)),
        priority: 3,
        retain: secs(3_600),
    }
}

pub(super) fn changed(key: &str) -> Commit {
    Commit::Refused(Conflict::Changed { table: T, key: key.to_owned() })
}

pub(super) const SEEN: Commit = Commit::Refused(Conflict::Seen);
pub(super) const FENCED: Commit = Commit::Refused(Conflict::Fenced);
pub(super) const REOPENED: Commit = Commit::Refused(Conflict::Reopened);

/// An open store, asked in few words.
#[derive(Clone)]
pub(super) struct Door(pub(super) Arc<dyn Store>);

impl Subject {
    pub(super) fn door(&self) -> Door {
        Door(self.open())
    }
}

impl Door {
    pub(super) async fn commit(&self, unit: Unit) -> Commit {
        self.0.commit(unit).await.expect(HELD)
    }

    /// Commits what must be taken.
    pub(super) async fn done(&self, unit: Unit) {
        assert_eq!(self.commit(unit).await, Commit::Done);
    }

    pub(super) async fn write(&self, writes: Vec<Write>) {
        self.done(Unit { writes, ..unit() }).await;
    }

    pub(super) async fn get(&self, key: &str) -> Option<Stored> {
        self.0.get(T, key.to_owned()).await.expect(HELD)
    }

    pub(super) async fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.get(key).await.map(|stored| stored.value.to_vec())
    }

    /// The version of a key; 0 for none.
    pub(super) async fn version(&self, key: &str) -> u64 {
        self.get(key).await.map_or(0, |stored| stored.version)
    }

    /// What a range holds, as a read of it is validated.
    pub(super) async fn scan(&self, range: Range) -> ScanRead {
        let found = self.0.scan(T, range.clone()).await.expect(HELD);
        let seen = found.into_iter().map(|(key, stored)| (key, stored.version)).collect();
        ScanRead { table: T, range, seen }
    }

    pub(super) async fn keys(&self, range: Range) -> Vec<String> {
        self.scan(range).await.seen.into_iter().map(|(key, _)| key).collect()
    }

    /// Claims a key for 10 s.
    pub(super) async fn claim(&self, k: &str, request: u8, now: Timestamp) -> Claimed {
        self.claim_key(key(k), request, now).await
    }

    pub(super) async fn claim_key(&self, key: RecordKey, request: u8, now: Timestamp) -> Claimed {
        let claim = Claim { key, request: [request; 32], now, lease: secs(10) };
        self.0.claim(claim).await.expect(HELD)
    }

    /// Claims what must be free; its fence.
    pub(super) async fn run(&self, k: &str, now: Timestamp) -> u64 {
        match self.claim(k, 1, now).await {
            Claimed::Run { fence } => fence,
            other => panic!("`{k}` is free to be run, and the answer is {other:?}"),
        }
    }

    /// Runs a command to its end.
    pub(super) async fn ran(&self, k: &str, outcome: Recorded) -> u64 {
        let fence = self.run(k, at(0)).await;
        self.done(finish(k, fence, outcome)).await;
        fence
    }

    pub(super) async fn release(&self, k: &str, fence: u64) {
        self.0.release(key(k), fence).await.expect(HELD);
    }

    pub(super) async fn slot(&self, k: &str, now: Timestamp) -> Slot {
        self.0.slot(key(k), now).await.expect(HELD)
    }

    pub(super) async fn seen(&self, id: u128) -> bool {
        self.0.seen(inbox(id)).await.expect(HELD)
    }

    /// The ids in the outbox, oldest first.
    pub(super) async fn outbox(&self) -> Vec<u128> {
        self.pending(0, usize::MAX).await.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) async fn pending(&self, after: u64, limit: usize) -> Vec<(u64, u128)> {
        let pending = self.0.outbox(after, limit).await.expect(HELD);
        pending.into_iter().map(|p| (p.seq, p.envelope.id.as_u128())).collect()
    }

    pub(super) async fn emit(&self, ids: impl IntoIterator<Item = u128>) {
        self.done(Unit { outbox: ids.into_iter().map(event).collect(), ..unit() }).await;
    }

    pub(super) async fn published(&self, seqs: Vec<u64>) {
        self.0.published(seqs).await.expect(HELD);
    }

    pub(super) async fn lease(&self, holder: u128, now: Timestamp, lease: Duration) -> bool {
        self.0.lease_relay(Uuid::from_u128(holder), now, lease).await.expect(HELD)
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> u64 {
        self.0.sweep(now).await.expect(HELD)
    }
}
