//! The portable state.

use bytes::Bytes;
use svckit_core::store::{Range, Stored, Write};
use svckit_sqlite::rusqlite::{Connection, OptionalExtension, Result, Rows, params};

use crate::{int, uint};

pub(crate) fn get(c: &Connection, table: &str, key: &str) -> Result<Option<Stored>> {
    let mut get =
        c.prepare_cached("SELECT value, version FROM svckit_state WHERE tbl = ?1 AND key = ?2")?;
    get.query_row([table, key], |row| {
        let value: Vec<u8> = row.get(0)?;
        Ok(Stored { value: value.into(), version: uint(row.get(1)?) })
    })
    .optional()
}

pub(crate) fn version(c: &Connection, table: &str, key: &str) -> Result<u64> {
    let mut get =
        c.prepare_cached("SELECT version FROM svckit_state WHERE tbl = ?1 AND key = ?2")?;
    let found: Option<i64> = get.query_row([table, key], |row| row.get(0)).optional()?;
    Ok(found.map_or(0, uint))
}

pub(crate) fn scan(c: &Connection, table: &str, range: &Range) -> Result<Vec<(String, Stored)>> {
    let limit = int(range.limit as u64);
    match &range.after {
        Some(after) => {
            let mut scan = c.prepare_cached(
                "SELECT key, value, version FROM svckit_state
                 WHERE tbl = ?1 AND key >= ?2 AND key > ?3 ORDER BY key LIMIT ?4",
            )?;
            collect(scan.query(params![table, range.prefix, after, limit])?, &range.prefix)
        }
        None => {
            let mut scan = c.prepare_cached(
                "SELECT key, value, version FROM svckit_state
                 WHERE tbl = ?1 AND key >= ?2 ORDER BY key LIMIT ?3",
            )?;
            collect(scan.query(params![table, range.prefix, limit])?, &range.prefix)
        }
    }
}

/// The rows whose keys begin with `prefix`: they stand together.
fn collect(mut rows: Rows<'_>, prefix: &str) -> Result<Vec<(String, Stored)>> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        if !key.starts_with(prefix) {
            break;
        }
        let value: Vec<u8> = row.get(1)?;
        found.push((key, Stored { value: Bytes::from(value), version: uint(row.get(2)?) }));
    }
    Ok(found)
}

pub(crate) fn write(c: &Connection, write: &Write) -> Result<()> {
    match &write.value {
        Some(value) => {
            let mut put = c.prepare_cached(
                "INSERT OR REPLACE INTO svckit_state (tbl, key, value) VALUES (?1, ?2, ?3)",
            )?;
            put.execute(params![write.table, write.key, &value[..]])?;
        }
        None => {
            let mut delete =
                c.prepare_cached("DELETE FROM svckit_state WHERE tbl = ?1 AND key = ?2")?;
            delete.execute([write.table, &write.key])?;
        }
    }
    Ok(())
}
