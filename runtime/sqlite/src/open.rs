//! Opening, and bringing a file to its present form.

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use svckit_core::error::{Error, Result};

use crate::{Options, Place, Schema, Synchronous};

/// Statements that are kept prepared.
const CACHED: usize = 128;
/// The log is cut to so many bytes once it was longer, for instance behind a reader that took long.
const LOG: u32 = 64 << 20;
/// After so many pages the log is written back into the file.
const CHECKPOINT: u32 = 4_000;

pub(crate) fn writable(place: &Place, schema: &Schema, options: Options) -> Result<Connection> {
    if let Some(directory) = place.path().parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|error| {
            Error::from(error).context(format!("the directory of {} can't be made", place.name()))
        })?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(place.path(), flags).map_err(|error| place.error(error))?;
    // Where it may not be written, SQLite opens it to be read.
    if connection.is_readonly("main").map_err(|error| place.error(error))? {
        return Err(place.read_only());
    }
    connection.busy_timeout(options.busy).map_err(|error| place.error(error))?;
    recognised(place, schema, &connection)?;
    prepare(&connection, options).map_err(|error| place.error(error))?;
    migrate(place, schema, &mut connection)?;
    Ok(connection)
}

pub(crate) fn readable(place: &Place, options: Options) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(place.path(), flags)?;
        connection.busy_timeout(options.busy)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.set_prepared_statement_cache_capacity(CACHED);
        Ok(connection)
    };
    open().map_err(|error| place.error(error))
}

fn prepare(connection: &Connection, options: Options) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    connection.pragma_update(None, "journal_size_limit", LOG)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    connection.set_prepared_statement_cache_capacity(CACHED);
    Ok(())
}

/// Refuses what is not ours before anything in it is changed.
fn recognised(place: &Place, schema: &Schema, connection: &Connection) -> Result<()> {
    let look = || -> rusqlite::Result<(i32, i64)> {
        let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let objects =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((id, objects))
    };
    let (id, objects) = look().map_err(|error| place.error(error))?;
    if id == schema.application_id || (id == 0 && objects == 0) {
        return Ok(());
    }
    Err(Error::failed_precondition(format!(
        "{} is another program's file: its application_id is {id:#x}, that of a {} is {:#x}; name another file",
        place.name(),
        schema.what,
        schema.application_id
    )))
}

fn migrate(place: &Place, schema: &Schema, connection: &mut Connection) -> Result<()> {
    let told = |error| place.error(error);
    // Most often there is nothing to do, and then nobody who writes is waited for.
    let version: u32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(told)?;
    if version as usize == schema.steps.len() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
    let version: u32 =
        transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(told)?;
    let newest = u32::try_from(schema.steps.len()).unwrap_or(u32::MAX);
    if version > newest {
        return Err(Error::failed_precondition(format!(
            "{} has version {version}, and this program knows versions up to {newest}; run the program that wrote it, or a \
             newer one",
            place.name()
        )));
    }
    for step in schema.steps.iter().skip(version as usize) {
        transaction.execute_batch(step).map_err(told)?;
    }
    if version < newest {
        transaction.pragma_update(None, "application_id", schema.application_id).map_err(told)?;
        transaction.pragma_update(None, "user_version", newest).map_err(told)?;
    }
    transaction.commit().map_err(told)
}
