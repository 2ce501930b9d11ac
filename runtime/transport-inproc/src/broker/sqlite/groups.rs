//! Groups and what they want.

use std::collections::BTreeSet;

use svckit_core::broker::{Group, GroupStatus};
use svckit_core::error::Error;
use svckit_sqlite::rusqlite::{Connection, OptionalExtension, Result, params};

use super::{SqliteBroker, publish, time, uint};

/// A group as a message finds it.
#[derive(Clone, Copy)]
pub(super) struct Wanting {
    pub(super) grp: i64,
    pub(super) ordered: bool,
    pub(super) replay: u32,
}

/// Makes a group want what it says. What it does not want any more stays until it is settled.
pub(super) fn declare(c: &Connection, group: &Group) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO svckit_groups (name, ordered) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET ordered = excluded.ordered",
    )?
    .execute(params![group.name, group.ordered])?;
    let Some(wanting) = by_name(c, &group.name)? else { return Ok(()) };
    let before: BTreeSet<String> = c
        .prepare_cached("SELECT name FROM svckit_wants WHERE grp = ?1")?
        .query_map([wanting.grp], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let first: bool = c
        .prepare_cached("SELECT published = 0 FROM svckit_groups WHERE grp = ?1")?
        .query_row([wanting.grp], |row| row.get(0))?;
    let now: BTreeSet<String> = group.wants.iter().cloned().collect();
    for name in before.difference(&now) {
        c.execute(
            "DELETE FROM svckit_wants WHERE name = ?1 AND grp = ?2",
            params![name, wanting.grp],
        )?;
    }
    for name in now.difference(&before) {
        c.execute(
            "INSERT INTO svckit_wants (name, grp) VALUES (?1, ?2)",
            params![name, wanting.grp],
        )?;
        if first {
            publish::deliver_waiting_commands(c, name, wanting)?;
        }
    }
    Ok(())
}

pub(super) fn by_name(c: &Connection, name: &str) -> Result<Option<Wanting>> {
    let mut find =
        c.prepare_cached("SELECT grp, ordered, replay FROM svckit_groups WHERE name = ?1")?;
    let row = |row: &svckit_sqlite::rusqlite::Row<'_>| {
        Ok(Wanting { grp: row.get(0)?, ordered: row.get(1)?, replay: row.get(2)? })
    };
    find.query_row([name], row).optional()
}

/// Those that want a message.
pub(super) fn wanting(c: &Connection, name: &str) -> Result<Vec<Wanting>> {
    let mut find = c.prepare_cached(
        "SELECT g.grp, g.ordered FROM svckit_wants w JOIN svckit_groups g USING (grp) WHERE w.name = ?1",
    )?;
    let rows = find.query_map([name], |row| {
        Ok(Wanting { grp: row.get(0)?, ordered: row.get(1)?, replay: 0 })
    })?;
    rows.collect()
}

pub(super) fn status(c: &Connection) -> Result<Vec<GroupStatus>> {
    let mut groups = c.prepare_cached(
        "SELECT g.name, g.depth, g.published, g.handled, g.redelivered,
           -- By the index of what is in somebody's hand; others would lead through all that waits.
           (SELECT count(*) FROM svckit_deliveries d INDEXED BY svckit_deliveries_owners
             WHERE d.owner IS NOT NULL AND d.grp = g.grp),
           (SELECT count(*) FROM svckit_dead x WHERE x.grp = g.grp),
           (SELECT m.published FROM svckit_messages m WHERE g.depth > 0 AND m.position =
             (SELECT min(d.position) FROM svckit_deliveries d WHERE d.grp = g.grp))
         FROM svckit_groups g ORDER BY g.name",
    )?;
    let rows = groups.query_map([], |row| {
        let (depth, in_flight) = (uint(row.get(1)?), uint(row.get(5)?));
        let oldest: Option<i64> = row.get(7)?;
        Ok(GroupStatus {
            group: row.get(0)?,
            waiting: depth.saturating_sub(in_flight),
            in_flight,
            oldest: oldest.map(time),
            handled: uint(row.get(3)?),
            redelivered: uint(row.get(4)?),
            dead: uint(row.get(6)?),
            published: uint(row.get(2)?),
        })
    })?;
    rows.collect()
}

pub(super) fn unknown(broker: &SqliteBroker, group: &str) -> Error {
    Error::not_found(format!(
        "{} has no group `{group}`; a group is there once one of its consumers has run",
        broker.path().display()
    ))
}
