//! What operators do with dead letters, alike on every broker.

mod as_test;

use std::time::Duration;

use svckit_core::broker::{Broker, DeadFilter, DeadLetter};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};

pub use self::as_test::as_test;
use crate::time::{pause, wall};

/// So many are read or given back at once.
const BATCH: usize = 256;
/// A rate is kept over slices of this length.
const SLICE: Duration = Duration::from_millis(100);

/// Gives dead letters to their groups again.
#[derive(Clone, Debug, Default)]
pub struct Redrive {
    /// Which ones; its `limit` is on how many there are in all.
    pub filter: DeadFilter,
    /// So many a second at most; nothing: as fast as the broker takes them.
    pub rate: Option<u32>,
    /// Only counts them.
    pub dry_run: bool,
}

/// What became of dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// How many the filter found.
    pub found: u64,
    /// How many were given back or forgotten; fewer if others were quicker, none in a dry run.
    pub done: u64,
}

/// Dead letters, the oldest first; all that the filter finds, up to its limit.
///
/// # Errors
/// The broker's.
pub async fn list(broker: &dyn Broker, filter: &DeadFilter) -> Result<Vec<DeadLetter>> {
    let mut all = Vec::new();
    let mut pages = Pages::new(filter);
    while let Some(mut page) = pages.next(broker).await? {
        all.append(&mut page);
    }
    Ok(all)
}

/// One dead letter, by its number.
///
/// # Errors
/// `not_found`, or the broker's.
pub async fn show(broker: &dyn Broker, number: u64) -> Result<DeadLetter> {
    let filter = DeadFilter { after: number.saturating_sub(1), limit: 1, ..DeadFilter::default() };
    let found = broker.dead(filter).await?.into_iter().find(|letter| letter.number == number);
    found.ok_or_else(|| {
        Error::not_found(format!(
            "there is no dead letter {number}; it was redriven or dropped, or never was: `svckit dlq list` names those there are"
        ))
    })
}

/// Gives dead letters back to their groups, with the same message ids. One that dies again meanwhile is not taken twice.
/// Cancelled, it leaves those back in their groups that were given back by then. `progress` is told of each step.
///
/// # Errors
/// The broker's.
pub async fn redrive(
    broker: &dyn Broker,
    env: &Env,
    what: &Redrive,
    mut progress: impl FnMut(Done),
) -> Result<Done> {
    let numbers = numbers(broker, &what.filter).await?;
    let mut done = Done { found: numbers.len() as u64, done: 0 };
    progress(done);
    if what.dry_run {
        return Ok(done);
    }
    let (batch, wait) = pace(what.rate);
    let mut batches = numbers.chunks(batch).peekable();
    while let Some(batch) = batches.next() {
        done.done += broker.redrive(batch.to_vec(), wall(env)).await?;
        progress(done);
        if batches.peek().is_some() {
            pause(env, wait).await;
        }
    }
    Ok(done)
}

/// How many at once, and the pause after each time.
fn pace(rate: Option<u32>) -> (usize, Duration) {
    let Some(rate) = rate.map(|rate| rate.max(1)) else { return (BATCH, Duration::ZERO) };
    let slices = Duration::from_secs(1).as_millis() / SLICE.as_millis();
    let most = usize::try_from(u128::from(rate) / slices).unwrap_or(BATCH).clamp(1, BATCH);
    // Rounded to a whole number at once, the rest is made up for by the pause.
    let pause = Duration::from_secs_f64(most as f64 / f64::from(rate));
    (most, pause)
}

/// Forgets dead letters.
///
/// # Errors
/// The broker's.
pub async fn drop(broker: &dyn Broker, filter: &DeadFilter, dry_run: bool) -> Result<Done> {
    let numbers = numbers(broker, filter).await?;
    let mut done = Done { found: numbers.len() as u64, done: 0 };
    if dry_run {
        return Ok(done);
    }
    for batch in numbers.chunks(BATCH) {
        done.done += broker.drop_dead(batch.to_vec()).await?;
    }
    Ok(done)
}

/// The numbers of those that are there now.
async fn numbers(broker: &dyn Broker, filter: &DeadFilter) -> Result<Vec<u64>> {
    let mut all = Vec::new();
    let mut pages = Pages::new(filter);
    while let Some(page) = pages.next(broker).await? {
        all.extend(page.iter().map(|letter| letter.number));
    }
    Ok(all)
}

/// Goes through dead letters page by page.
struct Pages {
    filter: DeadFilter,
    /// How many may still come; nothing: any number.
    left: Option<usize>,
    over: bool,
}

impl Pages {
    fn new(filter: &DeadFilter) -> Self {
        let left = Some(filter.limit).filter(|limit| *limit > 0);
        Self { filter: filter.clone(), left, over: false }
    }

    async fn next(&mut self, broker: &dyn Broker) -> Result<Option<Vec<DeadLetter>>> {
        if self.over || self.left == Some(0) {
            return Ok(None);
        }
        self.filter.limit = self.left.map_or(BATCH, |left| left.min(BATCH));
        let page = broker.dead(self.filter.clone()).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.over = last.number <= self.filter.after;
        self.filter.after = last.number;
        self.left = self.left.map(|left| left.saturating_sub(page.len()));
        Ok(Some(page))
    }
}
