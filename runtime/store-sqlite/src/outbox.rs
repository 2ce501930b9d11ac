//! What is to be published.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::Envelope;
use svckit_core::store::{OutboxStatus, Pending};
use svckit_sqlite::rusqlite::{Connection, Result, params};
use uuid::Uuid;

use crate::{int, time, uint, us};

pub(crate) fn add(c: &Connection, now: Timestamp, envelopes: &[Envelope]) -> Result<()> {
    if envelopes.is_empty() {
        return Ok(());
    }
    let mut add = c.prepare_cached("INSERT INTO svckit_outbox (at, envelope) VALUES (?1, ?2)")?;
    for envelope in envelopes {
        add.execute(params![us(now), &envelope.to_bytes()[..]])?;
    }
    Ok(())
}

/// A row as it is read: what it says is looked at outside of the transaction.
pub(crate) type Row = (u64, Vec<u8>);

pub(crate) fn after(c: &Connection, after: u64, limit: usize) -> Result<Vec<Row>> {
    let mut next = c.prepare_cached(
        "SELECT seq, envelope FROM svckit_outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let rows = next
        .query_map([int(after), int(limit as u64)], |row| Ok((uint(row.get(0)?), row.get(1)?)))?;
    rows.collect()
}

pub(crate) fn pending((seq, bytes): Row) -> svckit_core::error::Result<Pending> {
    Ok(Pending { seq, envelope: Envelope::from_bytes(Bytes::from(bytes))? })
}

pub(crate) fn published(c: &Connection, seqs: &[u64]) -> Result<()> {
    let mut delete = c.prepare_cached("DELETE FROM svckit_outbox WHERE seq = ?1")?;
    for seq in seqs {
        delete.execute([int(*seq)])?;
    }
    Ok(())
}

pub(crate) fn status(c: &Connection) -> Result<OutboxStatus> {
    // The count is of a small table: what is published is deleted.
    let mut status = c.prepare_cached(
        "SELECT count(*), (SELECT at FROM svckit_outbox ORDER BY seq LIMIT 1) FROM svckit_outbox",
    )?;
    status.query_row([], |row| {
        let oldest: Option<i64> = row.get(1)?;
        Ok(OutboxStatus { waiting: uint(row.get(0)?), oldest: oldest.map(time) })
    })
}

pub(crate) fn lease(c: &Connection, holder: Uuid, now: Timestamp, lease: Duration) -> Result<bool> {
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let mut take = c.prepare_cached(
        "INSERT INTO svckit_relay (one, holder, until) VALUES (1, ?1, ?2)
         ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE holder = excluded.holder OR until <= ?3",
    )?;
    if take.execute(params![&holder.as_bytes()[..], us(until), us(now)])? == 1 {
        return Ok(true);
    }
    if !lease.is_zero() {
        let mut cut = c.prepare_cached("UPDATE svckit_relay SET until = ?1 WHERE until > ?1")?;
        cut.execute([us(until)])?;
    }
    Ok(false)
}
