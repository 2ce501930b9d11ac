//! Dead letters.

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{DeadFilter, DeadLetter, Envelope, Failure};
use svckit_sqlite::rusqlite::{Connection, OptionalExtension, Result, params};

use super::publish::Again;
use super::{int, time, uint, us};

/// How many are listed where nobody says.
const LIST: usize = 500;

/// A dead letter whose envelope is not yet read.
pub(super) struct Row {
    letter: Parts,
    envelope: Vec<u8>,
}

struct Parts {
    number: u64,
    group: String,
    position: u64,
    attempts: u32,
    first: Timestamp,
    failure: Failure,
}

pub(super) fn list(c: &Connection, filter: &DeadFilter) -> Result<Vec<Row>> {
    let mut list = c.prepare_cached(
        "SELECT x.number, g.name, x.position, x.envelope, x.attempts, x.first,
           x.handler, x.reason, x.class, x.stack, x.at
         FROM svckit_dead x JOIN svckit_groups g USING (grp)
         WHERE x.number > ?1 AND (?2 IS NULL OR g.name = ?2) AND (?3 IS NULL OR x.id = ?3)
           AND (?4 IS NULL OR instr(x.name, ?4) > 0) AND (?5 IS NULL OR x.class = ?5)
         ORDER BY x.number LIMIT ?6",
    )?;
    let limit = if filter.limit == 0 { LIST } else { filter.limit };
    let id = filter.id.as_ref().map(|id| &id.as_bytes()[..]);
    let DeadFilter { group, name, class, after, .. } = filter;
    let rows =
        list.query_map(params![int(*after), group, id, name, class, int(limit as u64)], |row| {
            Ok(Row {
                letter: Parts {
                    number: uint(row.get(0)?),
                    group: row.get(1)?,
                    position: uint(row.get(2)?),
                    attempts: row.get(4)?,
                    first: time(row.get(5)?),
                    failure: Failure {
                        handler: row.get(6)?,
                        reason: row.get(7)?,
                        class: row.get(8)?,
                        stack: row.get(9)?,
                        at: time(row.get(10)?),
                    },
                },
                envelope: row.get(3)?,
            })
        })?;
    rows.collect()
}

pub(super) fn letter(row: Row) -> svckit_core::error::Result<DeadLetter> {
    let Parts { number, group, position, attempts, first, failure } = row.letter;
    let envelope = Envelope::from_bytes(Bytes::from(row.envelope))?;
    Ok(DeadLetter { number, group, position, envelope, attempts, first, failure })
}

/// Gives dead letters to their groups again, behind what these have of the same lane.
pub(super) fn redrive(c: &Connection, numbers: &[u64], now: Timestamp) -> Result<u64> {
    let mut count = 0;
    for number in numbers {
        let mut find = c.prepare_cached(
            "SELECT grp, position, replay, envelope FROM svckit_dead WHERE number = ?1",
        )?;
        let found = find.query_row([int(*number)], |row| {
            let bytes: Vec<u8> = row.get(3)?;
            Ok(Again { grp: row.get(0)?, position: row.get(1)?, replay: row.get(2)?, bytes })
        });
        let Some(again) = found.optional()? else { continue };
        super::publish::again(c, again, us(now))?;
        count += forget(c, &[*number])?;
    }
    Ok(count)
}

pub(super) fn forget(c: &Connection, numbers: &[u64]) -> Result<u64> {
    let mut forget = c.prepare_cached("DELETE FROM svckit_dead WHERE number = ?1")?;
    let mut count = 0;
    for number in numbers {
        count += forget.execute([int(*number)])? as u64;
    }
    Ok(count)
}
