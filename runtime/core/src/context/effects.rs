//! What a handler does to its own service, until it is committed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::broker::Envelope;
use crate::store::{Exclusive, Range, Read, ScanRead, Stored, Unit, Write};

/// Gathered while a handler runs.
#[derive(Default)]
pub(super) struct Effects {
    closed: bool,
    outbox: Vec<Envelope>,
    reads: BTreeMap<(&'static str, String), u64>,
    scans: Vec<ScanRead>,
    writes: BTreeMap<(&'static str, String), Option<Bytes>>,
    pub(super) exclusive: Option<Box<dyn Exclusive>>,
}

impl Effects {
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn publish(&mut self, envelope: Envelope) {
        if !self.closed {
            self.outbox.push(envelope);
        }
    }

    /// What the handler itself made of a key.
    pub(super) fn written(&self, table: &'static str, key: &str) -> Option<Option<Bytes>> {
        self.writes.get(&(table, key.to_owned())).cloned()
    }

    /// Remembers what was read. The first time counts: it is what the handler went on from.
    pub(super) fn saw(&mut self, table: &'static str, key: String, found: Option<&Stored>) {
        self.reads.entry((table, key)).or_insert(found.map_or(0, |stored| stored.version));
    }

    pub(super) fn scanned(
        &mut self,
        table: &'static str,
        range: Range,
        found: &[(String, Stored)],
    ) {
        let seen = found.iter().map(|(key, stored)| (key.clone(), stored.version)).collect();
        let read = ScanRead { table, range, seen };
        if !self.scans.contains(&read) {
            self.scans.push(read);
        }
    }

    pub(super) fn write(&mut self, table: &'static str, key: String, value: Option<Bytes>) {
        if !self.closed {
            self.writes.insert((table, key), value);
        }
    }

    /// How many keys of a range the handler has deleted: so many more must be asked for.
    pub(super) fn deleted(&self, table: &'static str, range: &Range) -> usize {
        self.within(table, range).filter(|(_, value)| value.is_none()).count()
    }

    /// What was found in the store as the handler has changed it.
    pub(super) fn overlay(
        &self,
        table: &'static str,
        range: &Range,
        limit: usize,
        found: Vec<(String, Stored)>,
    ) -> Vec<(String, Bytes)> {
        // Past the last that was found there may be more in the store: what was written there is not the next.
        let whole = found.len() < range.limit;
        let last = found.last().map(|(key, _)| key.clone()).filter(|_| !whole);
        let mut values: BTreeMap<String, Bytes> =
            found.into_iter().map(|(key, stored)| (key, stored.value)).collect();
        for (key, value) in self.within(table, range) {
            if last.as_ref().is_some_and(|last| key > last) {
                continue;
            }
            match value {
                Some(value) => values.insert(key.clone(), value.clone()),
                None => values.remove(key),
            };
        }
        values.into_iter().take(limit).collect()
    }

    fn within<'a>(
        &'a self,
        table: &'static str,
        range: &'a Range,
    ) -> impl Iterator<Item = (&'a String, &'a Option<Bytes>)> {
        let inside = move |key: &String| {
            key.starts_with(&range.prefix) && range.after.as_ref().is_none_or(|after| key > after)
        };
        let of_table =
            self.writes.range((table, String::new())..).take_while(move |((t, _), _)| *t == table);
        of_table.map(|((_, key), value)| (key, value)).filter(move |(key, _)| inside(key))
    }

    /// Full names of what is to be published, events alone.
    pub(super) fn emitted(&self) -> Vec<&str> {
        let events = self.outbox.iter().filter(|e| e.kind == crate::broker::Kind::Event);
        events.map(|envelope| &*envelope.name).collect()
    }

    /// Forgets everything, as if the handler had done nothing; a transaction of its own is rolled back.
    pub(super) fn discard(&mut self) {
        let closed = self.closed;
        *self = Self { closed, ..Self::default() };
    }

    /// All of it, to be committed; nothing is gathered any more.
    pub(super) fn close(&mut self, unit: &mut Unit) -> Option<Box<dyn Exclusive>> {
        let all = std::mem::replace(self, Self { closed: true, ..Self::default() });
        unit.outbox.extend(all.outbox);
        let read = |((table, key), version)| Read { table, key, version };
        unit.reads.extend(all.reads.into_iter().map(read));
        unit.scans.extend(all.scans);
        let write = |((table, key), value)| Write { table, key, value };
        unit.writes.extend(all.writes.into_iter().map(write));
        let known: BTreeSet<_> = unit.writes.iter().map(|w| (w.table, w.key.clone())).collect();
        debug_assert_eq!(known.len(), unit.writes.len(), "each key once");
        all.exclusive
    }
}
