//! A transaction for one holder alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use svckit_core::error::{Error, Result};
use tokio::sync::oneshot;

use crate::Place;
use crate::writer::execute;

type Step = Box<dyn FnOnce(&Connection) + Send>;

enum Asked {
    Step(Step),
    /// Whether the last step is committed, and who wants to know.
    Commit(Box<dyn FnOnce(Result<()>) + Send>),
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
pub(crate) fn hold(connection: &Connection, opening: Opening, place: &Place) {
    let Opening { opened, session, queue, at_most } = opening;
    if opened.is_closed() {
        return;
    }
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        let _ = opened.send(Err(place.error(error)));
        return;
    }
    let until = Instant::now() + at_most;
    // From here on the holder alone has it, so that its end is seen.
    if opened.send(Ok(session)).is_ok() {
        steps(connection, &queue, until, place);
    }
    if !connection.is_autocommit() {
        let _ = execute(connection, "ROLLBACK");
    }
}

fn steps(connection: &Connection, queue: &Receiver<Asked>, until: Instant, place: &Place) {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match queue.recv_timeout(left) {
            Ok(Asked::Step(step)) => step(connection),
            Ok(Asked::Commit(told)) => {
                let committed = execute(connection, "COMMIT");
                told(committed.map_err(|error| place.error(error)));
                return;
            }
            Err(_) => return,
        }
    }
}

impl Session {
    /// Runs `step` in the transaction.
    ///
    /// # Errors
    /// That of `step`, which is not undone by itself; `aborted` if the transaction is over.
    pub async fn run<R, F>(&self, step: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let place = self.place.clone();
        let step: Step = Box::new(move |connection| {
            let done = catch_unwind(AssertUnwindSafe(|| step(connection)));
            let done = done.map_err(|_| place.panicked());
            let _ = tell.send(done.and_then(|done| done.map_err(|error| place.error(error))));
        });
        self.asked.send(Asked::Step(step)).map_err(|_| self.over())?;
        told.await.map_err(|_| self.over())?
    }

    /// Makes all of it durable; the transaction is over then.
    ///
    /// # Errors
    /// Why it is not; then nothing of it is.
    pub async fn commit(self) -> Result<()> {
        let (tell, told) = oneshot::channel();
        let told_it = Box::new(move |committed| drop(tell.send(committed)));
        self.asked.send(Asked::Commit(told_it)).map_err(|_| self.over())?;
        told.await.map_err(|_| self.over())?
    }

    fn over(&self) -> Error {
        Error::aborted(format!(
            "the exclusive transaction of {} is over: it was held too long and rolled back; do less in it",
            self.place.name()
        ))
    }
}
