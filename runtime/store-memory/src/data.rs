//! What a store holds, and what may be done to it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use svckit_core::store::{
    ABANDONED, Claim, Claimed, Close, Commit, Conflict, Finish, Inbox, OutboxStatus, Pending,
    Range, RecordKey, Recorded, Slot, Stored, Undone, Unit,
};
use uuid::Uuid;

/// How many entries one sweep forgets.
const SWEEP: usize = 10_000;

#[derive(Default)]
pub(crate) struct Data {
    state: BTreeMap<(&'static str, String), Stored>,
    /// The last version that was given.
    version: u64,
    records: BTreeMap<RecordKey, Record>,
    inbox: HashMap<(String, Uuid, u32), Timestamp>,
    outbox: BTreeMap<u64, (Timestamp, Pending)>,
    seq: u64,
    fence: u64,
    relay: Option<(Uuid, Timestamp)>,
}

enum Record {
    Running { request: [u8; 32], fence: u64, until: Timestamp },
    Done { request: [u8; 32], outcome: Recorded, keep: Timestamp },
    Closed { found: Undone, keep: Timestamp },
}

impl Data {
    pub(crate) fn get(&self, table: &'static str, key: &str) -> Option<Stored> {
        self.state.get(&(table, key.to_owned())).cloned()
    }

    pub(crate) fn scan(&self, table: &'static str, range: &Range) -> Vec<(String, Stored)> {
        let from = match &range.after {
            Some(after) if *after >= range.prefix => Bound::Excluded((table, after.clone())),
            _ => Bound::Included((table, range.prefix.clone())),
        };
        let found = self.state.range((from, Bound::Unbounded));
        let found = found.take_while(|((t, key), _)| *t == table && key.starts_with(&range.prefix));
        found.take(range.limit).map(|((_, key), stored)| (key.clone(), stored.clone())).collect()
    }

    pub(crate) fn claim(&mut self, claim: Claim) -> Claimed {
        let Claim { key, request, now, lease } = claim;
        match self.record(&key, now) {
            Some(Record::Done { request: first, .. } | Record::Running { request: first, .. })
                if *first != request =>
            {
                return Claimed::OtherRequest;
            }
            Some(Record::Done { outcome, .. }) => return Claimed::Done(outcome.clone()),
            Some(Record::Closed { .. }) => return Claimed::Closed,
            Some(Record::Running { until, .. }) if *until > now => {
                return Claimed::Running { until: *until };
            }
            Some(Record::Running { .. }) | None => {}
        }
        self.fence += 1;
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        self.records.insert(key, Record::Running { request, fence: self.fence, until });
        Claimed::Run { fence: self.fence }
    }

    /// What is recorded and not over.
    fn record(&self, key: &RecordKey, now: Timestamp) -> Option<&Record> {
        self.records.get(key).filter(|record| match record {
            Record::Running { .. } => true,
            Record::Done { keep, .. } | Record::Closed { keep, .. } => *keep > now,
        })
    }

    pub(crate) fn release(&mut self, key: &RecordKey, fence: u64) {
        if self.holds(key, fence) {
            self.records.remove(key);
        }
    }

    fn holds(&self, key: &RecordKey, fence: u64) -> bool {
        matches!(self.records.get(key), Some(Record::Running { fence: held, .. }) if *held == fence)
    }

    pub(crate) fn slot(&self, key: &RecordKey, now: Timestamp) -> Slot {
        match self.record(key, now) {
            None => Slot::Free,
            Some(Record::Running { .. }) => Slot::Running,
            Some(Record::Done { outcome: Recorded::Response(_), .. }) => Slot::Succeeded,
            Some(Record::Done { outcome: Recorded::Failure(_), .. }) => Slot::Failed,
            Some(Record::Closed { found, .. }) => Slot::Closed(*found),
        }
    }

    pub(crate) fn seen(&self, inbox: &Inbox) -> bool {
        self.inbox.contains_key(&place(inbox))
    }

    /// Validates all before it writes any.
    pub(crate) fn commit(&mut self, unit: Unit) -> Commit {
        if let Some(conflict) = self.conflict(&unit) {
            return Commit::Refused(conflict);
        }
        let Unit { now, writes, outbox, inbox, finish, close, .. } = unit;
        for write in writes {
            self.write((write.table, write.key), write.value);
        }
        for envelope in outbox {
            self.seq += 1;
            self.outbox.insert(self.seq, (now, Pending { seq: self.seq, envelope }));
        }
        if let Some(inbox) = inbox {
            self.inbox.insert(place(&inbox), inbox.keep_until);
        }
        if let Some(Finish { key, outcome, keep_until: keep, .. }) = finish
            && let Some(Record::Running { request, .. }) = self.records.get(&key)
        {
            let request = *request;
            self.records.insert(key, Record::Done { request, outcome, keep });
        }
        if let Some(Close { key, found, keep_until: keep }) = close {
            self.records.insert(key, Record::Closed { found, keep });
        }
        Commit::Done
    }

    fn conflict(&self, unit: &Unit) -> Option<Conflict> {
        if unit.inbox.as_ref().is_some_and(|inbox| self.seen(inbox)) {
            return Some(Conflict::Seen);
        }
        if unit.finish.as_ref().is_some_and(|finish| !self.holds(&finish.key, finish.fence)) {
            return Some(Conflict::Fenced);
        }
        if unit.close.as_ref().is_some_and(|close| !self.found(close, unit.now)) {
            return Some(Conflict::Reopened);
        }
        for read in &unit.reads {
            let version = self.get(read.table, &read.key).map_or(0, |stored| stored.version);
            if version != read.version {
                return Some(Conflict::Changed { table: read.table, key: read.key.clone() });
            }
        }
        let changed = unit.scans.iter().find(|scan| {
            let now = self.scan(scan.table, &scan.range);
            let now = now.into_iter().map(|(key, stored)| (key, stored.version));
            !now.eq(scan.seen.iter().cloned())
        });
        changed.map(|scan| Conflict::Changed { table: scan.table, key: scan.range.prefix.clone() })
    }

    fn found(&self, close: &Close, now: Timestamp) -> bool {
        let found = match self.slot(&close.key, now) {
            Slot::Succeeded => Undone::Effect,
            Slot::Closed(found) => found,
            Slot::Free | Slot::Running | Slot::Failed => Undone::Nothing,
        };
        found == close.found
    }

    fn write(&mut self, at: (&'static str, String), value: Option<Bytes>) {
        match value {
            Some(value) => {
                self.version += 1;
                self.state.insert(at, Stored { value, version: self.version });
            }
            None => drop(self.state.remove(&at)),
        }
    }

    pub(crate) fn outbox(&self, after: u64, limit: usize) -> Vec<Pending> {
        let later = self.outbox.range((Bound::Excluded(after), Bound::Unbounded));
        later.take(limit).map(|(_, (_, pending))| pending.clone()).collect()
    }

    pub(crate) fn published(&mut self, seqs: &[u64]) {
        for seq in seqs {
            self.outbox.remove(seq);
        }
    }

    pub(crate) fn outbox_status(&self) -> OutboxStatus {
        let oldest = self.outbox.first_key_value().map(|(_, (at, _))| *at);
        OutboxStatus { waiting: self.outbox.len() as u64, oldest }
    }

    pub(crate) fn lease_relay(&mut self, holder: Uuid, now: Timestamp, lease: Duration) -> bool {
        let end = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        match &mut self.relay {
            Some((held, until)) if *held != holder && *until > now => {
                if !lease.is_zero() {
                    *until = end.min(*until);
                }
                false
            }
            relay => {
                *relay = Some((holder, end));
                true
            }
        }
    }

    pub(crate) fn sweep(&mut self, now: Timestamp) -> u64 {
        let abandoned = SignedDuration::try_from(ABANDONED).unwrap_or(SignedDuration::MAX);
        let over = |record: &Record| match record {
            Record::Running { until, .. } => now.duration_since(*until) >= abandoned,
            Record::Done { keep, .. } | Record::Closed { keep, .. } => *keep <= now,
        };
        let records: Vec<_> = self.records.iter().filter(|(_, r)| over(r)).take(SWEEP).collect();
        let records: Vec<_> = records.into_iter().map(|(key, _)| key.clone()).collect();
        let seen: Vec<_> =
            self.inbox.iter().filter(|(_, keep)| **keep <= now).take(SWEEP).collect();
        let seen: Vec<_> = seen.into_iter().map(|(place, _)| place.clone()).collect();
        for key in &records {
            self.records.remove(key);
        }
        for place in &seen {
            self.inbox.remove(place);
        }
        (records.len() + seen.len()) as u64
    }
}

fn place(inbox: &Inbox) -> (String, Uuid, u32) {
    (inbox.consumer.clone(), inbox.id, inbox.replay)
}
