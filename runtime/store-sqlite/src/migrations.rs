//! The service's own tables: SQL by name, each run once.

use std::time::Duration;

use svckit_core::error::{Error, Result};
use svckit_sqlite::File;
use svckit_sqlite::rusqlite::{self, Connection, OptionalExtension};

/// What became of a step.
enum Step {
    /// It is in force, now or from before.
    InForce,
    /// It was run with another text.
    Changed,
    /// It took a name that belongs to the runtime.
    Reserved,
}

pub(crate) async fn run(file: &File, steps: &[(&str, &str)]) -> Result<()> {
    // They may take long, and nobody uses the tables before.
    let session = file.exclusive(Duration::MAX).await?;
    for (name, sql) in steps {
        let step = {
            let (name, sql) = ((*name).to_owned(), (*sql).to_owned());
            session.run(move |c| one(c, &name, &sql)).await
        };
        let at = format!("the migration `{name}` of {}", file.path().display());
        let wrong = match step.map_err(|error| error.context(format!("{at} failed")))? {
            Step::InForce => continue,
            Step::Changed => {
                "was run with another text before; leave what was run as it is, and add a new one for the change"
            }
            Step::Reserved => {
                "makes something whose name begins with `svckit_`, as those of the runtime do; name it otherwise"
            }
        };
        return Err(Error::failed_precondition(format!("{at} {wrong}")));
    }
    session.commit(()).await
}

fn one(c: &Connection, name: &str, sql: &str) -> rusqlite::Result<Step> {
    let run = "SELECT sql FROM svckit_migrations WHERE name = ?1";
    let run: Option<String> = c.query_row(run, [name], |row| row.get(0)).optional()?;
    if let Some(run) = run {
        return Ok(if run == sql { Step::InForce } else { Step::Changed });
    }
    let ours = reserved(c)?;
    c.execute_batch(sql)?;
    if reserved(c)? != ours {
        return Ok(Step::Reserved);
    }
    c.execute("INSERT INTO svckit_migrations (name, sql) VALUES (?1, ?2)", [name, sql])?;
    Ok(Step::InForce)
}

/// What there is under the runtime's names, and how it was made.
fn reserved(c: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let names = "SELECT name, sql FROM sqlite_schema WHERE name GLOB 'svckit_*' ORDER BY name";
    let mut names = c.prepare(names)?;
    names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
