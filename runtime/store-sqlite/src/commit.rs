//! A unit: validated as a whole before anything of it is written.

use jiff::Timestamp;
use svckit_core::store::{ABANDONED, Commit, Conflict, Inbox, Read, ScanRead, Unit};
use svckit_sqlite::rusqlite::{Connection, Result, params};

use crate::{int, outbox, records, state, us};

/// How many entries of each kind one sweep forgets.
const SWEEP: u64 = 5_000;

pub(crate) fn commit(c: &Connection, unit: &Unit) -> Result<Commit> {
    if let Some(conflict) = conflict(c, unit)? {
        return Ok(Commit::Refused(conflict));
    }
    for write in &unit.writes {
        state::write(c, write)?;
    }
    outbox::add(c, unit.now, &unit.outbox)?;
    if let Some(inbox) = &unit.inbox {
        see(c, inbox)?;
    }
    if let Some(finish) = &unit.finish {
        records::finish(c, finish)?;
    }
    if let Some(close) = &unit.close {
        records::close(c, close)?;
    }
    Ok(Commit::Done)
}

fn conflict(c: &Connection, unit: &Unit) -> Result<Option<Conflict>> {
    if let Some(inbox) = &unit.inbox
        && seen(c, inbox)?
    {
        return Ok(Some(Conflict::Seen));
    }
    if let Some(finish) = &unit.finish
        && !records::holds(c, &finish.key, finish.fence)?
    {
        return Ok(Some(Conflict::Fenced));
    }
    if let Some(close) = &unit.close
        && !records::found(c, close, unit.now)?
    {
        return Ok(Some(Conflict::Reopened));
    }
    for Read { table, key, version } in &unit.reads {
        if state::version(c, table, key)? != *version {
            return Ok(Some(Conflict::Changed { table, key: key.clone() }));
        }
    }
    for ScanRead { table, range, seen } in &unit.scans {
        if !state::still(c, table, range, seen)? {
            return Ok(Some(Conflict::Changed { table, key: range.prefix.clone() }));
        }
    }
    Ok(None)
}

pub(crate) fn seen(c: &Connection, inbox: &Inbox) -> Result<bool> {
    let mut seen = c.prepare_cached(
        "SELECT 1 FROM svckit_inbox WHERE consumer = ?1 AND id = ?2 AND replay = ?3",
    )?;
    seen.exists(params![inbox.consumer, &inbox.id.as_bytes()[..], inbox.replay])
}

fn see(c: &Connection, inbox: &Inbox) -> Result<()> {
    let mut see = c.prepare_cached(
        "INSERT INTO svckit_inbox (consumer, id, replay, until) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let Inbox { consumer, id, replay, keep_until } = inbox;
    see.execute(params![consumer, &id.as_bytes()[..], replay, us(*keep_until)]).map(drop)
}

pub(crate) fn sweep(c: &Connection, now: Timestamp) -> Result<u64> {
    let mut inbox = c.prepare_cached(
        "DELETE FROM svckit_inbox WHERE (consumer, id, replay) IN
         (SELECT consumer, id, replay FROM svckit_inbox WHERE until <= ?1 LIMIT ?2)",
    )?;
    let mut records = c.prepare_cached(
        "DELETE FROM svckit_records WHERE fence IN
         (SELECT fence FROM svckit_records
          WHERE until <= ?1 AND (state <> 0 OR until <= ?3) LIMIT ?2)",
    )?;
    let (at, most) = (us(now), int(SWEEP));
    let abandoned = us(now.checked_sub(ABANDONED).unwrap_or(Timestamp::MIN));
    let forgotten = inbox.execute([at, most])? + records.execute([at, most, abandoned])?;
    Ok(forgotten as u64)
}
