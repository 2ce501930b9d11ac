//! The log, the groups and the dead letters.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{
    DeadFilter, DeadLetter, Delivery, Envelope, Failure, Fetch, Group, GroupStatus, Kind,
    ReplayFrom, Settlement, Token,
};
use uuid::Uuid;

use super::group::{Row, Rows};
use super::later;

/// Clocks that differ by less are the same: what is told is a moment old.
const SAME: Duration = Duration::from_secs(5);
/// How many dead letters are listed where nobody says.
const LIST: usize = 500;

#[derive(Default)]
pub(super) struct Data {
    log: BTreeMap<u64, Logged>,
    ids: HashMap<Uuid, u64>,
    groups: BTreeMap<String, Rows>,
    dead: BTreeMap<u64, (DeadLetter, u32)>,
    position: u64,
    seq: u64,
    number: u64,
    /// The latest time that was told.
    seen: Option<Timestamp>,
}

struct Logged {
    envelope: Envelope,
    published: Timestamp,
    retain_until: Timestamp,
}

impl Data {
    pub(super) fn declare(&mut self, group: Group) {
        let Group { name, wants, ordered } = group;
        let rows = self.groups.entry(name.clone()).or_default();
        rows.ordered = ordered;
        let wants: BTreeSet<String> = wants.into_iter().collect();
        let fresh: Vec<String> = wants.difference(&rows.wants).cloned().collect();
        let first = rows.published == 0;
        rows.wants = wants;
        if first {
            fresh.iter().for_each(|want| self.deliver_waiting_commands(&name, want));
        }
    }

    /// Queued commands that were sent before their queue was there are delivered to it all the same.
    fn deliver_waiting_commands(&mut self, group: &str, name: &str) {
        let others =
            self.groups.iter().any(|(other, rows)| other != group && rows.wants.contains(name));
        if others {
            return;
        }
        let waiting = self.log.iter().filter(|(_, logged)| {
            logged.envelope.kind == Kind::Command && *logged.envelope.name == *name
        });
        let waiting: Vec<_> =
            waiting.map(|(position, logged)| (*position, logged.published)).collect();
        for (position, published) in waiting {
            self.add(group, position, published, 0);
        }
    }

    pub(super) fn publish(&mut self, envelope: Envelope, now: Timestamp) {
        if self.ids.contains_key(&envelope.id) {
            return;
        }
        self.position += 1;
        let position = self.position;
        let wanting = self.groups.iter().filter(|(_, rows)| rows.wants.contains(&*envelope.name));
        let wanting: Vec<_> = wanting.map(|(name, _)| name.clone()).collect();
        self.ids.insert(envelope.id, position);
        let retain_until = later(now, envelope.retain);
        self.log.insert(position, Logged { envelope, published: now, retain_until });
        wanting.iter().for_each(|group| self.add(group, position, now, 0));
    }

    fn add(&mut self, group: &str, position: u64, due: Timestamp, replay: u32) {
        let (Some(rows), Some(logged)) = (self.groups.get_mut(group), self.log.get(&position))
        else {
            return;
        };
        let Envelope { source, key, priority, .. } = &logged.envelope;
        let lane = (rows.ordered && !key.is_empty()).then(|| format!("{source}\0{key}"));
        self.seq += 1;
        let row = Row {
            position,
            lane,
            priority: (*priority).min(7),
            due,
            held: false,
            fence: 0,
            attempts: 0,
            first: None,
            replay,
        };
        rows.add(self.seq, row);
    }

    /// Hears what time it is. If the clock was set back, what waits is moved with it: what nobody had yet is due now.
    pub(super) fn hear(&mut self, now: Timestamp) {
        let seen = self.seen.unwrap_or(now);
        if now < seen.saturating_sub(SAME).unwrap_or(Timestamp::MIN) {
            let back = Duration::try_from(seen.duration_since(now)).unwrap_or_default();
            self.groups.values_mut().for_each(|rows| rows.set_back(now, back));
            self.seen = Some(now);
        } else {
            self.seen = Some(seen.max(now));
        }
    }

    pub(super) fn fetch(&mut self, fetch: &Fetch, now: Timestamp) -> Vec<Delivery> {
        let Some(rows) = self.groups.get_mut(&fetch.group) else { return Vec::new() };
        let taken = rows.take(fetch.most, now, later(now, fetch.lease));
        let delivery = |(seq, row): (u64, Row)| {
            Some(Delivery {
                token: Token { group: fetch.group.clone(), position: seq, fence: row.fence },
                envelope: self.log.get(&row.position)?.envelope.clone(),
                attempt: row.attempts,
                replay: row.replay,
                first: row.first.unwrap_or(now),
            })
        };
        taken.into_iter().filter_map(delivery).collect()
    }

    pub(super) fn next_due(&self, group: &str) -> Option<Timestamp> {
        self.groups.get(group)?.next_due()
    }

    pub(super) fn settle(&mut self, token: &Token, settlement: Settlement, now: Timestamp) -> bool {
        let Some(rows) = self.groups.get_mut(&token.group) else { return false };
        let Some(row) = rows.held(token) else { return false };
        match settlement {
            Settlement::Ack => {
                rows.handled += 1;
                rows.end(token.position);
            }
            Settlement::Retry { at } => {
                row.held = false;
                rows.move_to(token.position, at);
            }
            Settlement::GiveBack { at } => {
                row.held = false;
                row.attempts -= 1;
                rows.move_to(token.position, at);
            }
            Settlement::Dead(failure) => {
                if let Some(row) = rows.end(token.position) {
                    self.bury(&token.group, &row, failure, now);
                }
            }
        }
        true
    }

    fn bury(&mut self, group: &str, row: &Row, failure: Failure, now: Timestamp) {
        let Some(logged) = self.log.get(&row.position) else { return };
        self.number += 1;
        let letter = DeadLetter {
            number: self.number,
            group: group.to_owned(),
            position: row.position,
            envelope: logged.envelope.clone(),
            attempts: row.attempts,
            first: row.first.unwrap_or(now),
            failure,
        };
        self.dead.insert(self.number, (letter, row.replay));
    }

    pub(super) fn extend(&mut self, token: &Token, until: Timestamp) -> bool {
        let Some(rows) = self.groups.get_mut(&token.group) else { return false };
        let held = rows.held(token).is_some();
        if held {
            rows.move_to(token.position, until);
        }
        held
    }

    pub(super) fn status(&self) -> Vec<GroupStatus> {
        let status = |(name, rows): (&String, &Rows)| {
            let in_flight = rows.rows().filter(|row| row.held).count() as u64;
            let oldest = rows.rows().map(|row| row.position).min();
            let oldest = oldest.and_then(|position| self.log.get(&position));
            GroupStatus {
                group: name.clone(),
                waiting: rows.rows().count() as u64 - in_flight,
                in_flight,
                oldest: oldest.map(|logged| logged.published),
                handled: rows.handled,
                redelivered: rows.redelivered,
                dead: self.dead.values().filter(|(letter, _)| letter.group == *name).count() as u64,
                published: rows.published,
            }
        };
        self.groups.iter().map(status).collect()
    }

    pub(super) fn dead(&self, filter: &DeadFilter) -> Vec<DeadLetter> {
        let DeadFilter { group, id, name, class, after, limit } = filter;
        let matches = |letter: &&DeadLetter| {
            group.as_ref().is_none_or(|group| letter.group == *group)
                && id.is_none_or(|id| letter.envelope.id == id)
                && name.as_ref().is_none_or(|name| letter.envelope.name.contains(name.as_str()))
                && class.as_ref().is_none_or(|class| letter.failure.class == *class)
        };
        let limit = if *limit == 0 { LIST } else { *limit };
        let later = self.dead.range(after.saturating_add(1)..).map(|(_, (letter, _))| letter);
        later.filter(matches).take(limit).cloned().collect()
    }

    pub(super) fn redrive(&mut self, number: u64, now: Timestamp) -> bool {
        let Some((letter, replay)) = self.dead.remove(&number) else { return false };
        let DeadLetter { group, position, envelope, .. } = letter;
        // The log may have forgotten it since, or have it anew.
        let position = *self.ids.entry(envelope.id).or_insert(position);
        self.log.entry(position).or_insert(Logged { envelope, published: now, retain_until: now });
        self.add(&group, position, now, replay);
        true
    }

    pub(super) fn forget(&mut self, number: u64) -> bool {
        self.dead.remove(&number).is_some()
    }

    pub(super) fn replay(&mut self, group: &str, from: ReplayFrom, now: Timestamp) -> Option<u64> {
        let rows = self.groups.get_mut(group)?;
        rows.replay += 1;
        let replay = rows.replay;
        let (position, time) = match from {
            ReplayFrom::Position(position) => (position, Timestamp::MIN),
            ReplayFrom::Time(time) => (0, time),
        };
        let again = self.log.range(position..).filter(|(position, logged)| {
            logged.published >= time
                && rows.wants.contains(&*logged.envelope.name)
                && !rows.has(**position)
        });
        let again: Vec<_> = again.map(|(position, _)| *position).collect();
        again.iter().for_each(|position| self.add(group, *position, now, replay));
        Some(again.len() as u64)
    }

    pub(super) fn sweep(&mut self, now: Timestamp) -> u64 {
        let waiting = |position: u64| self.groups.values().any(|rows| rows.has(position));
        let heard = |name: &str| self.groups.values().any(|rows| rows.wants.contains(name));
        let over = self.log.iter().filter(|(position, logged)| {
            logged.retain_until <= now
                && !waiting(**position)
                && (logged.envelope.kind != Kind::Command || heard(&logged.envelope.name))
        });
        let over: Vec<_> = over.map(|(position, logged)| (*position, logged.envelope.id)).collect();
        for (position, id) in &over {
            self.log.remove(position);
            self.ids.remove(id);
        }
        over.len() as u64
    }
}
