//! A wall clock that is set back. What is due then is due at times of a clock that no longer is: without help, all that
//! waits would wait for as long as the clock was set back.

use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::error::Result;
use svckit_sqlite::rusqlite::{self, Connection, params};
use tokio::time::Instant;

use super::{SqliteBroker, us};

/// Clocks that differ by less are the same: what is told is a moment old.
const SAME_US: i64 = 5_000_000;
/// How much later it must be to be worth writing down.
const LATER_US: i64 = 10_000_000;

/// A clock that goes on is compared with the file's no oftener than this.
const LOOK: Duration = Duration::from_secs(1);

/// Hears what time it is. If the clock was set back, what waits is moved with it: what nobody had yet is due now.
pub(super) async fn hear(broker: &SqliteBroker, now: Timestamp) -> Result<()> {
    if !asks(broker, now) {
        return Ok(());
    }
    let seen = broker.read(seen).await?;
    let moved = us(now) < seen - SAME_US;
    if moved || us(now) > seen + LATER_US {
        let back = broker.feed(move |c| set(c, us(now))).await?;
        if back > 0 {
            tracing::warn!(
                seconds = back / 1_000_000,
                "the clock was set back; what waits is moved with it"
            );
        }
    }
    Ok(())
}

/// Whether it is worth looking: a clock that goes on as it did has nothing to tell, for a while.
fn asks(broker: &SqliteBroker, now: Timestamp) -> bool {
    let (at, shows) = (Instant::now(), us(now));
    let mut heard = broker.inner.heard.lock().unwrap_or_else(PoisonError::into_inner);
    let same = heard.is_some_and(|(then, showed)| {
        (0..=LATER_US).contains(&(shows - showed)) && at.duration_since(then) < LOOK
    });
    if !same {
        *heard = Some((at, shows));
    }
    !same
}

fn seen(c: &Connection) -> rusqlite::Result<i64> {
    c.prepare_cached("SELECT seen FROM svckit_clock")?.query_row([], |row| row.get(0))
}

/// By how much it was set back, if this is the first to notice.
fn set(c: &Connection, now: i64) -> rusqlite::Result<i64> {
    let back = seen(c)? - now;
    if back > SAME_US {
        c.execute(
            "UPDATE svckit_deliveries
             SET due = CASE WHEN attempts = 0 THEN ?1 ELSE due - ?2 END WHERE due > ?1",
            params![now, back],
        )?;
    }
    c.execute("UPDATE svckit_clock SET seen = ?1", [now])?;
    Ok(if back > SAME_US { back } else { 0 })
}
