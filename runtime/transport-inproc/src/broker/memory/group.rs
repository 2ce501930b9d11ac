//! What one group has not settled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::Token;

use super::super::turns::Turns;

/// A message that a group has not settled.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) position: u64,
    pub(super) lane: Option<String>,
    pub(super) priority: u8,
    /// When it may be handed out: for one in somebody's hand, the end of the lease.
    pub(super) due: Timestamp,
    pub(super) held: bool,
    pub(super) fence: u64,
    pub(super) attempts: u32,
    pub(super) first: Option<Timestamp>,
    pub(super) replay: u32,
}

/// One group.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) ordered: bool,
    pub(super) wants: BTreeSet<String>,
    pub(super) replay: u32,
    pub(super) published: u64,
    pub(super) handled: u64,
    pub(super) redelivered: u64,
    rows: BTreeMap<u64, Row>,
    lanes: HashMap<String, BTreeSet<u64>>,
    /// Those that are the first of their lane, or in none, by priority and time.
    heads: BTreeSet<(u8, Timestamp, u64)>,
    turns: Turns,
}

impl Rows {
    pub(super) fn add(&mut self, seq: u64, row: Row) {
        let head = match &row.lane {
            None => true,
            Some(lane) => {
                let lane = self.lanes.entry(lane.clone()).or_default();
                lane.insert(seq);
                lane.len() == 1
            }
        };
        if head {
            self.heads.insert((row.priority, row.due, seq));
        }
        self.rows.insert(seq, row);
        self.published += 1;
    }

    pub(super) fn has(&self, position: u64) -> bool {
        self.rows.values().any(|row| row.position == position)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        (0..8).filter_map(|p| self.heads.range((p, Timestamp::MIN, 0)..).next()).map(|h| h.1).min()
    }

    /// Hands out what is due, the highest priority first, but never alone.
    pub(super) fn take(
        &mut self,
        most: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Vec<(u64, Row)> {
        let mut seqs: Vec<u64> = Vec::new();
        let lowest = self.turns.lowest(most);
        for (priority, limit) in (0..8).map(|p| (p, lowest)).chain((0..8).rev().map(|p| (p, most)))
        {
            let due = self.heads.range((priority, Timestamp::MIN, 0)..=(priority, now, u64::MAX));
            for (_, _, seq) in due {
                if seqs.len() < limit && !seqs.contains(seq) {
                    seqs.push(*seq);
                }
            }
        }
        self.turns.took(seqs.len());
        let taken: Vec<_> = seqs.into_iter().filter_map(|seq| self.hold(seq, now, until)).collect();
        self.redelivered += taken.iter().filter(|(_, row)| row.attempts > 1).count() as u64;
        taken
    }

    fn hold(&mut self, seq: u64, now: Timestamp, until: Timestamp) -> Option<(u64, Row)> {
        self.move_to(seq, until);
        let row = self.rows.get_mut(&seq)?;
        row.held = true;
        row.fence += 1;
        row.attempts += 1;
        row.first.get_or_insert(now);
        Some((seq, row.clone()))
    }

    /// The row of a token, if that still holds.
    pub(super) fn held(&mut self, token: &Token) -> Option<&mut Row> {
        self.rows.get_mut(&token.position).filter(|row| row.held && row.fence == token.fence)
    }

    /// Gives a row another time.
    pub(super) fn move_to(&mut self, seq: u64, due: Timestamp) {
        let Some(row) = self.rows.get_mut(&seq) else { return };
        if self.heads.remove(&(row.priority, row.due, seq)) {
            self.heads.insert((row.priority, due, seq));
        }
        row.due = due;
    }

    /// Moves what waits with a clock that was set back: what nobody had yet is due now.
    pub(super) fn set_back(&mut self, now: Timestamp, by: Duration) {
        let ahead = self.rows.iter().filter(|(_, row)| row.due > now);
        let moved = ahead.map(|(seq, row)| {
            let due =
                if row.attempts == 0 { now } else { row.due.saturating_sub(by).unwrap_or(now) };
            (*seq, due)
        });
        for (seq, due) in moved.collect::<Vec<_>>() {
            self.move_to(seq, due);
        }
    }

    /// Takes a row out; the next of its lane takes its place.
    pub(super) fn end(&mut self, seq: u64) -> Option<Row> {
        let row = self.rows.remove(&seq)?;
        self.heads.remove(&(row.priority, row.due, seq));
        if let Some(name) = &row.lane
            && let Some(lane) = self.lanes.get_mut(name)
        {
            lane.remove(&seq);
            match lane.first().and_then(|next| Some((*next, self.rows.get(next)?))) {
                Some((seq, next)) => drop(self.heads.insert((next.priority, next.due, seq))),
                None => drop(self.lanes.remove(name)),
            }
        }
        Some(row)
    }
}
