//! A transaction for one holder alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use svckit_core::error::{Error, Result};
use tokio::sync::oneshot;

use crate::Place;
use crate::writer::{begin, execute, roll_back};

/// After so many of SQLite's instructions a step is asked whether its time is over.
const STEPS: i32 = 10_000;
/// What is asked for longer than that lasts that long.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

type Step = Box<dyn FnOnce(&Connection) + Send>;

enum Asked {
    Step(Step),
    /// Ends it, and tells whether it is committed.
    Commit(Box<dyn FnOnce(Result<()>) + Send>),
    Rollback,
}

/// An open transaction. Nobody else changes the file until it is committed or dropped, which rolls it back, or until its
/// time is over. Cheap to clone; the clones are one transaction.
#[derive(Clone, Debug)]
pub struct Session {
    asked: Sender<Asked>,
    place: Place,
}

/// What the writer's thread needs to open one.
pub(crate) struct Opening {
    opened: oneshot::Sender<Result<Session>>,
    session: Session,
    queue: Receiver<Asked>,
    at_most: Duration,
}

pub(crate) fn opening(
    at_most: Duration,
    place: &Place,
) -> (Opening, oneshot::Receiver<Result<Session>>) {
    let (asked, queue) = channel();
    let (opened, told) = oneshot::channel();
    let session = Session { asked, place: place.clone() };
    (Opening { opened, session, queue, at_most }, told)
}

/// Serves one transaction to its end.
pub(crate) fn hold(connection: &Connection, opening: Opening, busy: Duration) {
    let Opening { opened, session, queue, at_most } = opening;
    if opened.is_closed() {
        return;
    }
    let place = session.place.clone();
    let begun = begin(connection, busy);
    let until = Instant::now() + at_most.min(LONGEST);
    let limited = begun
        .and_then(|()| connection.progress_handler(STEPS, Some(move || Instant::now() >= until)));
    let begun = limited.is_ok();
    // From here on the holder alone has it, so that its end is seen.
    let told = opened.send(limited.map(|()| session).map_err(|error| place.error(error)));
    if begun && told.is_ok() {
        steps(connection, &queue, until, &place);
    }
    if let Err(error) = connection.progress_handler(0, None::<fn() -> bool>) {
        tracing::error!(%error, file = %place.path().display(), "a limit of time could not be lifted");
    }
    roll_back(connection);
}

fn steps(connection: &Connection, queue: &Receiver<Asked>, until: Instant, place: &Place) {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let asked = queue.recv_timeout(left);
        if Instant::now() >= until {
            return;
        }
        match asked {
            Ok(Asked::Step(step)) => step(connection),
            Ok(Asked::Commit(told)) => {
                let committed = execute(connection, "COMMIT");
                told(committed.map_err(|error| place.error(error)));
                return;
            }
            Ok(Asked::Rollback) | Err(_) => return,
        }
        if connection.is_autocommit() {
            return;
        }
    }
}

impl Session {
    /// Runs `step` in the transaction.
    ///
    /// # Errors
    /// That of `step`, which is not undone by itself; `aborted` if the transaction is over, also if a step was at work when
    /// its time ended.
    pub async fn run<R, F>(&self, step: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let place = self.place.clone();
        let step: Step = Box::new(move |connection| {
            let done = catch_unwind(AssertUnwindSafe(|| step(connection)));
            let done = done.map_err(|_| place.panicked()).and_then(|done| {
                done.map_err(|error| match error.sqlite_error_code() {
                    Some(ErrorCode::OperationInterrupted) => over(&place),
                    _ => place.error(error),
                })
            });
            let ended = done.is_ok() && connection.is_autocommit();
            let _ = tell.send(if ended { Err(place.ended()) } else { done });
        });
        self.asked.send(Asked::Step(step)).map_err(|_| over(&self.place))?;
        told.await.map_err(|_| over(&self.place))?
    }

    /// Makes all of it durable; the transaction is over then, for all its clones. `after` is dropped once that is done,
    /// even if nobody waits for it any more.
    ///
    /// # Errors
    /// Why it is not; then nothing of it is.
    pub async fn commit(self, after: impl Send + 'static) -> Result<()> {
        let (tell, told) = oneshot::channel();
        let told_it = Box::new(move |committed| {
            drop(after);
            drop(tell.send(committed));
        });
        self.asked.send(Asked::Commit(told_it)).map_err(|_| over(&self.place))?;
        told.await.map_err(|_| over(&self.place))?
    }

    /// Undoes all of it; the transaction is over then, for all its clones.
    pub fn roll_back(self) {
        // Where nobody listens, it is over already.
        let _ = self.asked.send(Asked::Rollback);
    }
}

fn over(place: &Place) -> Error {
    Error::aborted(format!(
        "the exclusive transaction of {} is over: it was held too long and rolled back; do less in it",
        place.name()
    ))
}
