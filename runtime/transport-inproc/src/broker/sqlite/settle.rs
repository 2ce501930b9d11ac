//! What becomes of what was handed out.

use jiff::Timestamp;
use svckit_core::broker::{Failure, Settlement, Token};
use svckit_sqlite::rusqlite::{CachedStatement, Connection, OptionalExtension, Result, params};

use super::{int, us};

/// A delivery that is settled.
struct Held {
    seq: i64,
    grp: i64,
    lane: Option<String>,
}

pub(super) fn settle(
    c: &Connection,
    settlements: &[(Token, Settlement)],
    now: Timestamp,
) -> Result<Vec<bool>> {
    let mut ending = Ending::new(c)?;
    let mut one = |(token, settlement): &(Token, Settlement)| {
        let Some(held) = held(c, token)? else { return Ok(false) };
        match settlement {
            Settlement::Ack => ending.end(&held, true)?,
            Settlement::Retry { at } => back(c, &held, *at, 0)?,
            Settlement::GiveBack { at } => back(c, &held, *at, 1)?,
            Settlement::Dead(failure) => {
                bury(c, &held, failure, now)?;
                ending.end(&held, false)?;
            }
        }
        Ok(true)
    };
    let done = settlements.iter().map(&mut one).collect::<Result<_>>()?;
    ending.count()?;
    Ok(done)
}

/// Takes deliveries out, and counts at the end what each group is rid of.
struct Ending<'c> {
    c: &'c Connection,
    delete: CachedStatement<'c>,
    /// A group, how many are out, how many of these were handled.
    counts: Vec<(i64, i64, i64)>,
}

impl<'c> Ending<'c> {
    fn new(c: &'c Connection) -> Result<Self> {
        let delete = c.prepare_cached("DELETE FROM svckit_deliveries WHERE seq = ?1")?;
        Ok(Self { c, delete, counts: Vec::new() })
    }

    /// Takes a delivery out; the next of its lane takes its place.
    fn end(&mut self, held: &Held, handled: bool) -> Result<()> {
        let Held { seq, grp, lane } = held;
        self.delete.execute([seq])?;
        if let Some(lane) = lane {
            let mut next = self.c.prepare_cached(
                "UPDATE svckit_deliveries SET head = 1 WHERE seq =
                 (SELECT seq FROM svckit_deliveries WHERE grp = ?1 AND lane = ?2 ORDER BY seq LIMIT 1)",
            )?;
            next.execute(params![grp, lane])?;
        }
        let place = self.counts.iter().position(|(of, ..)| of == grp);
        let place = place.unwrap_or_else(|| {
            self.counts.push((*grp, 0, 0));
            self.counts.len() - 1
        });
        let (_, out, done) = &mut self.counts[place];
        (*out, *done) = (*out + 1, *done + i64::from(handled));
        Ok(())
    }

    fn count(self) -> Result<()> {
        let mut count = self.c.prepare_cached(
            "UPDATE svckit_groups SET depth = depth - ?2, handled = handled + ?3 WHERE grp = ?1",
        )?;
        self.counts.iter().try_for_each(|counts| count.execute(*counts).map(drop))
    }
}

/// The delivery of a token, if that still holds.
fn held(c: &Connection, token: &Token) -> Result<Option<Held>> {
    let mut find = c.prepare_cached(
        "SELECT grp, lane FROM svckit_deliveries
         WHERE seq = ?1 AND fence = ?2 AND owner IS NOT NULL",
    )?;
    let seq = int(token.position);
    find.query_row([seq, int(token.fence)], |row| {
        Ok(Held { seq, grp: row.get(0)?, lane: row.get(1)? })
    })
    .optional()
}

fn back(c: &Connection, held: &Held, at: Timestamp, uncounted: i64) -> Result<()> {
    let mut back = c.prepare_cached(
        "UPDATE svckit_deliveries SET due = ?2, owner = NULL, attempts = attempts - ?3 WHERE seq = ?1",
    )?;
    back.execute([held.seq, us(at), uncounted]).map(drop)
}

fn bury(c: &Connection, held: &Held, failure: &Failure, now: Timestamp) -> Result<()> {
    let mut bury = c.prepare_cached(
        "INSERT INTO svckit_dead
           (grp, position, id, name, envelope, attempts, first, replay, handler, reason, class, stack, at)
         SELECT d.grp, d.position, m.id, m.name, m.envelope, d.attempts, coalesce(d.first, ?2), d.replay,
           ?3, ?4, ?5, ?6, ?7
         FROM svckit_deliveries d JOIN svckit_messages m USING (position) WHERE d.seq = ?1",
    )?;
    let Failure { handler, reason, class, stack, at } = failure;
    bury.execute(params![held.seq, us(now), handler, reason, class, stack, us(*at)]).map(drop)
}

pub(super) fn extend(c: &Connection, tokens: &[Token], until: Timestamp) -> Result<Vec<bool>> {
    let mut extend = c.prepare_cached(
        "UPDATE svckit_deliveries SET due = ?3
         WHERE seq = ?1 AND fence = ?2 AND owner IS NOT NULL",
    )?;
    let one = |token: &Token| {
        Ok(extend.execute([int(token.position), int(token.fence), us(until)])? == 1)
    };
    tokens.iter().map(one).collect()
}
