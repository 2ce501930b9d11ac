//! The portable state.

use bytes::Bytes;
use svckit_core::store::{Range, Stored, Write};
use svckit_sqlite::rusqlite::{Connection, OptionalExtension, Params, Result, Row, Rows, params};

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
    let mut scan = c.prepare_cached(match first(range) {
        (_, true) => {
            "SELECT key, version, value FROM svckit_state
             WHERE tbl = ?1 AND key >= ?2 ORDER BY key LIMIT ?3"
        }
        (_, false) => {
            "SELECT key, version, value FROM svckit_state
             WHERE tbl = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
        }
    })?;
    let mut found = Vec::new();
    each(scan.query(asked(table, range))?, range, |key, version, row| {
        let value: Vec<u8> = row.get(2)?;
        found.push((key.to_owned(), Stored { value: Bytes::from(value), version }));
        Ok(true)
    })?;
    Ok(found)
}

/// Whether a range is answered as it was before: the index alone tells.
pub(crate) fn still(
    c: &Connection,
    table: &str,
    range: &Range,
    seen: &[(String, u64)],
) -> Result<bool> {
    let mut scan = c.prepare_cached(match first(range) {
        (_, true) => {
            "SELECT key, version FROM svckit_state
             WHERE tbl = ?1 AND key >= ?2 ORDER BY key LIMIT ?3"
        }
        (_, false) => {
            "SELECT key, version FROM svckit_state
             WHERE tbl = ?1 AND key > ?2 ORDER BY key LIMIT ?3"
        }
    })?;
    let mut expected = seen.iter();
    let same = each(scan.query(asked(table, range))?, range, |key, version, _| {
        Ok(expected.next().is_some_and(|(k, v)| k == key && *v == version))
    })?;
    Ok(same && expected.next().is_none())
}

/// Where a range begins, and whether that key is in it.
fn first(range: &Range) -> (&str, bool) {
    match &range.after {
        Some(after) if *after >= range.prefix => (after, false),
        _ => (&range.prefix, true),
    }
}

fn asked<'a>(table: &'a str, range: &'a Range) -> impl Params + use<'a> {
    (table, first(range).0, int(range.limit as u64))
}

/// Shows the rows whose keys begin with the prefix, which stand together, until `show` has enough; whether it had not.
fn each(
    mut rows: Rows<'_>,
    range: &Range,
    mut show: impl FnMut(&str, u64, &Row<'_>) -> Result<bool>,
) -> Result<bool> {
    while let Some(row) = rows.next()? {
        let key = row.get_ref(0)?.as_str()?;
        if !key.starts_with(&range.prefix) {
            break;
        }
        if !show(key, uint(row.get(1)?), row)? {
            return Ok(false);
        }
    }
    Ok(true)
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
