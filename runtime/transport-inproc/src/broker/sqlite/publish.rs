//! From an envelope to the log and to what each group has not settled.

use jiff::Timestamp;
use svckit_core::broker::{Envelope, Kind, ReplayFrom};
use svckit_sqlite::rusqlite::{CachedStatement, Connection, Result, params};

use super::groups::{self, Wanting};
use super::{int, later, time, uint, us};

/// How many messages one sweep forgets.
const SWEEP: i64 = 5_000;

/// What a delivery needs to know of its message.
struct Deliver<'a> {
    position: i64,
    source: &'a str,
    key: &'a str,
    priority: u8,
    due: i64,
}

pub(super) fn publish(c: &Connection, batch: &[Envelope], now: Timestamp) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT OR IGNORE INTO svckit_messages (id, kind, name, published, retain_until, envelope)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    // A batch is mostly of few names.
    let mut known: Vec<(&str, Vec<Wanting>)> = Vec::new();
    let mut adding = Adding::new(c)?;
    for envelope in batch {
        let until = us(later(now, envelope.retain));
        let (id, bytes) = (envelope.id.as_bytes(), envelope.to_bytes());
        let row =
            params![&id[..], kind(envelope.kind), &*envelope.name, us(now), until, &bytes[..]];
        if insert.execute(row)? == 0 {
            continue;
        }
        let deliver = of(envelope, c.last_insert_rowid(), now);
        if !known.iter().any(|(name, _)| *name == &*envelope.name) {
            known.push((&envelope.name, groups::wanting(c, &envelope.name)?));
        }
        let wanting = known.iter().find(|(name, _)| *name == &*envelope.name);
        for group in wanting.map_or(&[][..], |(_, groups)| groups) {
            adding.add(*group, &deliver)?;
        }
    }
    adding.end()
}

fn kind(kind: Kind) -> i64 {
    match kind {
        Kind::Event => 0,
        Kind::Command => 1,
        Kind::Tick => 2,
    }
}

fn of(envelope: &Envelope, position: i64, now: Timestamp) -> Deliver<'_> {
    let Envelope { source, key, priority, .. } = envelope;
    Deliver { position, source, key, priority: (*priority).min(7), due: us(now) }
}

/// Gives groups messages, and counts at the end what each of them got.
struct Adding<'c> {
    c: &'c Connection,
    insert: CachedStatement<'c>,
    counts: Vec<(i64, i64)>,
}

impl<'c> Adding<'c> {
    fn new(c: &'c Connection) -> Result<Self> {
        let insert = c.prepare_cached(
            "INSERT INTO svckit_deliveries (grp, position, lane, head, priority, due, replay) VALUES
             (?1, ?2, ?3,
              ?3 IS NULL OR NOT EXISTS (SELECT 1 FROM svckit_deliveries WHERE grp = ?1 AND lane = ?3),
              ?4, ?5, ?6)",
        )?;
        Ok(Self { c, insert, counts: Vec::new() })
    }

    /// Gives a group a message, behind what it has of its lane.
    fn add(&mut self, group: Wanting, deliver: &Deliver<'_>) -> Result<()> {
        let Deliver { position, source, key, priority, due } = *deliver;
        let lane = (group.ordered && !key.is_empty()).then(|| format!("{source}\0{key}"));
        let row = params![group.grp, position, lane, priority, due, group.replay];
        self.insert.execute(row)?;
        match self.counts.iter_mut().find(|(grp, _)| *grp == group.grp) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((group.grp, 1)),
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        let mut count = self.c.prepare_cached(
            "UPDATE svckit_groups SET depth = depth + ?2, published = published + ?2 WHERE grp = ?1",
        )?;
        self.counts.iter().try_for_each(|(grp, added)| count.execute([grp, added]).map(drop))
    }
}

/// Queued commands that were sent before their queue was there are delivered to it all the same.
pub(super) fn deliver_waiting_commands(c: &Connection, name: &str, group: Wanting) -> Result<()> {
    let mut waiting = c.prepare_cached(
        "SELECT position, published, envelope FROM svckit_messages
         WHERE name = ?1 AND kind = 1
           AND NOT EXISTS (SELECT 1 FROM svckit_wants WHERE name = ?1 AND grp <> ?2)
         ORDER BY position",
    )?;
    let mut rows = waiting.query(params![name, group.grp])?;
    let mut adding = Adding::new(c)?;
    while let Some(row) = rows.next()? {
        let (published, bytes): (_, Vec<u8>) = (row.get(1)?, row.get(2)?);
        let Ok(envelope) = Envelope::from_bytes(bytes.into()) else { continue };
        let group = Wanting { replay: 0, ..group };
        adding.add(group, &of(&envelope, row.get(0)?, time(published)))?;
    }
    adding.end()
}

/// What a group wants, again, as far as the log has it; nothing if there is no such group.
pub(super) fn replay(
    c: &Connection,
    group: &str,
    from: ReplayFrom,
    now: Timestamp,
) -> Result<Option<u64>> {
    let Some(mut group) = groups::by_name(c, group)? else { return Ok(None) };
    c.execute("UPDATE svckit_groups SET replay = replay + 1 WHERE grp = ?1", [group.grp])?;
    group.replay += 1;
    let (position, published) = match from {
        ReplayFrom::Position(position) => (int(position), i64::MIN),
        ReplayFrom::Time(time) => (0, us(time)),
    };
    let mut log = c.prepare_cached(
        "SELECT m.position, m.envelope FROM svckit_messages m
         WHERE m.position >= ?2 AND m.published >= ?3
           AND m.name IN (SELECT name FROM svckit_wants WHERE grp = ?1)
           AND NOT EXISTS (SELECT 1 FROM svckit_deliveries d
                           WHERE d.position = m.position AND d.grp = ?1)
         ORDER BY m.position",
    )?;
    let mut rows = log.query(params![group.grp, position, published])?;
    let (mut count, mut adding) = (0, Adding::new(c)?);
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(1)?;
        // A message that can't be read was refused when it was published.
        let Ok(envelope) = Envelope::from_bytes(bytes.into()) else { continue };
        adding.add(group, &of(&envelope, row.get(0)?, now))?;
        count += 1;
    }
    adding.end()?;
    Ok(Some(count))
}

/// A message that was given up.
pub(super) struct Again {
    pub(super) grp: i64,
    pub(super) position: i64,
    pub(super) replay: u32,
    pub(super) bytes: Vec<u8>,
}

/// Gives it to its group again.
pub(super) fn again(c: &Connection, again: Again, due: i64) -> Result<()> {
    let Again { grp, position, replay, bytes } = again;
    let Ok(envelope) = Envelope::from_bytes(bytes.into()) else { return Ok(()) };
    // The log may have forgotten it since, or have it anew, and elsewhere.
    let (id, bytes) = (envelope.id.as_bytes(), envelope.to_bytes());
    c.prepare_cached(
        "INSERT OR IGNORE INTO svckit_messages
           (position, id, kind, name, published, retain_until, envelope)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
    )?
    .execute(params![
        position,
        &id[..],
        kind(envelope.kind),
        &*envelope.name,
        due,
        &bytes[..]
    ])?;
    let mut find = c.prepare_cached("SELECT position FROM svckit_messages WHERE id = ?1")?;
    let position = find.query_row([&id[..]], |row| row.get(0))?;
    let mut ordered = c.prepare_cached("SELECT ordered FROM svckit_groups WHERE grp = ?1")?;
    let ordered = ordered.query_row([grp], |row| row.get(0))?;
    let mut adding = Adding::new(c)?;
    adding.add(Wanting { grp, ordered, replay }, &of(&envelope, position, time(due)))?;
    adding.end()
}

/// Forgets messages past their retention that nobody waits for.
pub(super) fn sweep(c: &Connection, now: Timestamp) -> Result<u64> {
    let mut forget = c.prepare_cached(
        "DELETE FROM svckit_messages WHERE position IN
         (SELECT m.position FROM svckit_messages m
          WHERE m.retain_until <= ?1
            AND NOT EXISTS (SELECT 1 FROM svckit_groups g CROSS JOIN svckit_deliveries d
                            WHERE d.grp = g.grp AND d.position = m.position)
            AND (m.kind <> 1 OR EXISTS (SELECT 1 FROM svckit_wants w WHERE w.name = m.name))
          LIMIT ?2)",
    )?;
    let forgotten = forget.execute([us(now), SWEEP])?;
    Ok(uint(i64::try_from(forgotten).unwrap_or(0)))
}
