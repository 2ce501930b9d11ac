//! What keyed commands were answered.

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::store::{Claim, Claimed, Close, Finish, RecordKey, Recorded, Slot, Undone};
use svckit_sqlite::rusqlite::{Connection, OptionalExtension, Result, params};

use uuid::Uuid;

use crate::{int, time, uint, us};

const RUNNING: i64 = 0;
const SUCCEEDED: i64 = 1;
const FAILED: i64 = 2;
const CLOSED_EFFECT: i64 = 3;
const CLOSED_NOTHING: i64 = 4;

struct Row {
    fence: i64,
    state: i64,
    request: Vec<u8>,
    outcome: Vec<u8>,
    until: i64,
}

/// What is recorded and not over; a claim is never over by itself.
fn find(c: &Connection, key: &RecordKey, now: Timestamp) -> Result<Option<Row>> {
    let mut find = c.prepare_cached(
        "SELECT fence, state, request, outcome, until FROM svckit_records
         WHERE operation = ?1 AND key = ?2 AND tenant = ?3 AND principal = ?4",
    )?;
    let found = find
        .query_row([&key.operation, &key.key, &key.tenant, &key.principal], |row| {
            Ok(Row {
                fence: row.get(0)?,
                state: row.get(1)?,
                request: row.get(2)?,
                outcome: row.get(3)?,
                until: row.get(4)?,
            })
        })
        .optional()?;
    Ok(found.filter(|row| row.state == RUNNING || row.until > us(now)))
}

pub(crate) fn claim(c: &Connection, claim: &Claim, owner: Uuid) -> Result<Claimed> {
    let now = us(claim.now);
    if let Some(row) = find(c, &claim.key, claim.now)? {
        let other = row.request != claim.request;
        match row.state {
            CLOSED_EFFECT | CLOSED_NOTHING => return Ok(Claimed::Closed),
            _ if other => return Ok(Claimed::OtherRequest),
            RUNNING if row.until > now => return Ok(Claimed::Running { until: time(row.until) }),
            RUNNING => {}
            state => return Ok(Claimed::Done(recorded(state, row.outcome))),
        }
    }
    let until = claim.now.checked_add(claim.lease).unwrap_or(Timestamp::MAX);
    let fence = insert(c, &claim.key, RUNNING, &claim.request, owner.as_bytes(), until)?;
    Ok(Claimed::Run { fence })
}

/// Gives back what a process claimed that has died: it can't finish it.
pub(crate) fn release_all(c: &Connection, owner: Uuid) -> Result<usize> {
    let mut release =
        c.prepare_cached("DELETE FROM svckit_records WHERE state = 0 AND outcome = ?1")?;
    release.execute([&owner.as_bytes()[..]])
}

fn recorded(state: i64, outcome: Vec<u8>) -> Recorded {
    let outcome = Bytes::from(outcome);
    if state == FAILED { Recorded::Failure(outcome) } else { Recorded::Response(outcome) }
}

/// Puts a row in place of what is there, under a new fence.
fn insert(
    c: &Connection,
    key: &RecordKey,
    state: i64,
    request: &[u8],
    outcome: &[u8],
    until: Timestamp,
) -> Result<u64> {
    let mut insert = c.prepare_cached(
        "INSERT OR REPLACE INTO svckit_records
         (operation, key, tenant, principal, state, request, outcome, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let RecordKey { operation, principal, tenant, key } = key;
    insert.execute(params![
        operation,
        key,
        tenant,
        principal,
        state,
        request,
        outcome,
        us(until)
    ])?;
    Ok(uint(c.last_insert_rowid()))
}

pub(crate) fn release(c: &Connection, key: &RecordKey, fence: u64) -> Result<()> {
    if holds(c, key, fence)? {
        let mut release = c.prepare_cached("DELETE FROM svckit_records WHERE fence = ?1")?;
        release.execute([int(fence)])?;
    }
    Ok(())
}

/// Whether the claim of that fence still holds.
pub(crate) fn holds(c: &Connection, key: &RecordKey, fence: u64) -> Result<bool> {
    let held = find(c, key, Timestamp::MIN)?;
    Ok(held.is_some_and(|row| row.state == RUNNING && uint(row.fence) == fence))
}

pub(crate) fn slot(c: &Connection, key: &RecordKey, now: Timestamp) -> Result<Slot> {
    Ok(match find(c, key, now)?.map(|row| row.state) {
        None => Slot::Free,
        Some(SUCCEEDED) => Slot::Succeeded,
        Some(FAILED) => Slot::Failed,
        Some(CLOSED_EFFECT) => Slot::Closed(Undone::Effect),
        Some(CLOSED_NOTHING) => Slot::Closed(Undone::Nothing),
        Some(_) => Slot::Running,
    })
}

/// Records the answer in the row of the claim, which is known to hold.
pub(crate) fn finish(c: &Connection, finish: &Finish) -> Result<()> {
    let (state, outcome) = match &finish.outcome {
        Recorded::Response(bytes) => (SUCCEEDED, bytes),
        Recorded::Failure(bytes) => (FAILED, bytes),
    };
    let mut update = c.prepare_cached(
        "UPDATE svckit_records SET state = ?2, outcome = ?3, until = ?4 WHERE fence = ?1",
    )?;
    update.execute(params![int(finish.fence), state, &outcome[..], us(finish.keep_until)])?;
    Ok(())
}

/// Whether an undo finds what it found before.
pub(crate) fn found(c: &Connection, close: &Close, now: Timestamp) -> Result<bool> {
    let found = match slot(c, &close.key, now)? {
        Slot::Succeeded => Undone::Effect,
        Slot::Closed(found) => found,
        Slot::Free | Slot::Running | Slot::Failed => Undone::Nothing,
    };
    Ok(found == close.found)
}

/// Closes a key; whoever runs under it is fenced off.
pub(crate) fn close(c: &Connection, close: &Close) -> Result<()> {
    let state = match close.found {
        Undone::Effect => CLOSED_EFFECT,
        Undone::Nothing => CLOSED_NOTHING,
    };
    insert(c, &close.key, state, &[], &[], close.keep_until).map(drop)
}
