//! Handing out.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{Broker, Delivery, Envelope, Fetch, Settlement, Token};
use svckit_core::error::Result;
use svckit_sqlite::rusqlite::{self, Connection, OptionalExtension, params};
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::turns::Turns;
use super::{SqliteBroker, clock, groups, int, later, time, uint, us};

/// How often another process's commits are looked for while there is nothing to hand out.
const POLL: Duration = Duration::from_millis(15);
/// How often processes that have died are looked for.
const BURY: Duration = Duration::from_secs(1);

/// A claimed row, its envelope not yet read.
type Row = (u64, u64, u32, u32, Timestamp, Vec<u8>);

pub(super) async fn fetch(broker: &SqliteBroker, fetch: Fetch) -> Result<Vec<Delivery>> {
    let started = Instant::now();
    clock::hear(broker, fetch.now).await?;
    if fetch.most == 0 {
        return Ok(Vec::new());
    }
    // Where there was something to hand out just now, there is mostly more.
    if broker.handing(&fetch.group) {
        let found = handed(broker, &fetch, fetch.now).await?;
        broker.handed(&fetch.group, !found.is_empty());
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let mut buried = started;
    loop {
        // Listens before it looks, so that nothing comes unnoticed in between.
        let more = broker.inner.more.notified();
        tokio::pin!(more);
        more.as_mut().enable();
        let version = broker.inner.file.data_version()?;
        let now = later(fetch.now, started.elapsed());
        let next = next_due(broker, &fetch.group).await?;
        if next.is_some_and(|due| due <= now) {
            let found = handed(broker, &fetch, now).await?;
            if !found.is_empty() {
                broker.handed(&fetch.group, true);
                return Ok(found);
            }
        }
        if buried.elapsed() >= BURY {
            buried = Instant::now();
            broker.bury().await?;
        }
        let wait = next.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
        tokio::select! {
            () = more => {}
            () = changed(broker, version) => {}
            () = tokio::time::sleep(wait.unwrap_or(BURY).min(BURY).max(Duration::from_millis(1))) => {}
        }
    }
}

/// Returns once the file is not what it was.
async fn changed(broker: &SqliteBroker, version: i64) {
    loop {
        tokio::time::sleep(POLL).await;
        if broker.inner.file.data_version().ok() != Some(version) {
            return;
        }
    }
}

/// When the next message of the group may be handed out.
async fn next_due(broker: &SqliteBroker, group: &str) -> Result<Option<Timestamp>> {
    let name = group.to_owned();
    let due = broker.read(move |c| {
        let mut next = c.prepare_cached(
            "WITH p (value) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7))
             SELECT min(due) FROM (
               SELECT (SELECT due FROM svckit_deliveries d
                       WHERE d.head = 1 AND d.grp = g.grp AND d.priority = p.value
                       ORDER BY due LIMIT 1) AS due
               FROM svckit_groups g, p
               WHERE g.name = ?1)",
        )?;
        let due: Option<i64> = next.query_row([&name], |row| row.get(0)).optional()?.flatten();
        Ok(due.map(time))
    });
    due.await
}

/// Claims, and gives back what was claimed for one who is gone by then.
async fn handed(broker: &SqliteBroker, fetch: &Fetch, now: Timestamp) -> Result<Vec<Delivery>> {
    let (hand, handed) = oneshot::channel();
    let (own, fetch) = (broker.clone(), fetch.clone());
    tokio::spawn(async move {
        let claimed = claim(&own, &fetch, now).await;
        if let Err(Ok(claimed)) = hand.send(claimed) {
            let back = |delivery: Delivery| (delivery.token, Settlement::GiveBack { at: now });
            // What can't be given back comes when its lease ends.
            let _ = own.settle(claimed.into_iter().map(back).collect(), now).await;
        }
    });
    handed.await.unwrap_or_else(|_| Ok(Vec::new()))
}

async fn claim(broker: &SqliteBroker, fetch: &Fetch, now: Timestamp) -> Result<Vec<Delivery>> {
    let (group, owner) = (fetch.group.clone(), broker.inner.owner());
    let (most, until) = (fetch.most, later(now, fetch.lease));
    let turns = broker.turns(&group);
    let rows = broker.write(move |c| take(c, &group, turns, most, owner, now, until)).await?;
    broker.took(&fetch.group, rows.len());
    let mut unreadable = Vec::new();
    let delivery = |(seq, fence, attempt, replay, first, bytes): Row| {
        let token = Token { group: fetch.group.clone(), position: seq, fence };
        match Envelope::from_bytes(Bytes::from(bytes)) {
            Ok(envelope) => Some(Delivery { token, envelope, attempt, replay, first }),
            Err(error) => {
                tracing::error!(group = fetch.group, seq, %error, "a message can't be read; it is held back");
                unreadable.push((token, Settlement::GiveBack { at: until }));
                None
            }
        }
    };
    let deliveries = rows.into_iter().filter_map(delivery).collect();
    if !unreadable.is_empty() {
        // Its neighbours are handed out all the same; a newer version may read it.
        broker.settle(unreadable, now).await?;
    }
    Ok(deliveries)
}

fn take(
    c: &Connection,
    group: &str,
    turns: Turns,
    most: usize,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> rusqlite::Result<Vec<Row>> {
    let Some(wanting) = groups::by_name(c, group)? else { return Ok(Vec::new()) };
    let mut heads: Vec<Head> = Vec::with_capacity(most);
    let lowest = turns.lowest(most);
    for (priority, limit) in (0..8).map(|p| (p, lowest)).chain((0..8).rev().map(|p| (p, most))) {
        if heads.len() < limit {
            due(c, wanting.grp, priority, now, limit, &mut heads)?;
        }
    }
    let mut hold = c.prepare_cached(
        "UPDATE svckit_deliveries SET due = ?2, owner = ?3, fence = ?4, attempts = ?5, first = ?6
         WHERE seq = ?1",
    )?;
    let again = heads.iter().filter(|head| head.attempts > 0).count();
    if again > 0 {
        c.prepare_cached("UPDATE svckit_groups SET redelivered = redelivered + ?2 WHERE grp = ?1")?
            .execute([wanting.grp, int(again as u64)])?;
    }
    let row = |head: Head| {
        let Head { seq, fence, attempts, replay, first, envelope } = head;
        let (fence, attempts, first) = (fence + 1, attempts + 1, first.unwrap_or(us(now)));
        hold.execute(params![seq, us(until), &owner.as_bytes()[..], fence, attempts, first])?;
        Ok((uint(seq), uint(fence), attempts, replay, time(first), envelope))
    };
    heads.into_iter().map(row).collect()
}

/// What may be handed out.
struct Head {
    seq: i64,
    fence: i64,
    attempts: u32,
    replay: u32,
    first: Option<i64>,
    envelope: Vec<u8>,
}

/// Adds what is due of a priority, up to `limit` in all.
fn due(
    c: &Connection,
    grp: i64,
    priority: i64,
    now: Timestamp,
    limit: usize,
    found: &mut Vec<Head>,
) -> rusqlite::Result<()> {
    let mut heads = c.prepare_cached(
        "SELECT d.seq, d.fence, d.attempts, d.replay, d.first, m.envelope
         FROM svckit_deliveries d CROSS JOIN svckit_messages m
         WHERE d.head = 1 AND d.grp = ?1 AND d.priority = ?2 AND d.due <= ?3 AND m.position = d.position
         ORDER BY d.due, d.seq LIMIT ?4",
    )?;
    let before = found.len();
    let mut rows = heads.query(params![grp, priority, us(now), int(limit as u64)])?;
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        if found.len() < limit && !found[..before].iter().any(|head| head.seq == seq) {
            found.push(Head {
                seq,
                fence: row.get(1)?,
                attempts: row.get(2)?,
                replay: row.get(3)?,
                first: row.get(4)?,
                envelope: row.get(5)?,
            });
        }
    }
    Ok(())
}
