//! The one thread that writes, and its group commit.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use svckit_core::error::{Error, Result};
use tokio::sync::oneshot;

use crate::Place;
use crate::session::{self, Opening, Session};

/// How many changes share one commit at most.
const GROUP: usize = 1_024;

/// Tells the one who asked, when it is known whether the commit holds.
type Answer = Box<dyn FnOnce(Result<(), &Error>) + Send>;

/// Something to be changed.
trait Change: Send {
    /// Makes it. The answer is kept back until the commit is durable; `false`: it failed, and is to be undone.
    fn make(self: Box<Self>, connection: &Connection) -> (Answer, bool);
    /// Tells that it was not made.
    fn refuse(self: Box<Self>, why: &Error);
}

struct Job<F, R> {
    change: F,
    tell: oneshot::Sender<Result<R>>,
    place: Place,
}

impl<F, R> Change for Job<F, R>
where
    R: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
{
    fn make(self: Box<Self>, connection: &Connection) -> (Answer, bool) {
        let Self { change, tell, place } = *self;
        let done = catch_unwind(AssertUnwindSafe(|| change(connection)));
        let done = done.map_err(|_| place.panicked());
        let done = done.and_then(|done| done.map_err(|error| place.error(error)));
        let keep = done.is_ok();
        let answer: Answer = Box::new(move |commit| {
            let _ = tell.send(done.and_then(|done| commit.map(|()| done).map_err(Error::clone)));
        });
        (answer, keep)
    }

    fn refuse(self: Box<Self>, why: &Error) {
        let _ = self.tell.send(Err(why.clone()));
    }
}

enum Asked {
    Change(Box<dyn Change>),
    Exclusive(Opening),
}

/// The thread; it ends when this is dropped, after all that was asked.
#[derive(Debug)]
pub(crate) struct Writer {
    asked: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
    place: Place,
}

impl Writer {
    pub(crate) fn start(connection: Connection, place: Place) -> Self {
        let (asked, queue) = channel();
        let of_thread = place.clone();
        let thread = std::thread::spawn(move || run(&connection, &queue, &of_thread));
        Self { asked: Some(asked), thread: Some(thread), place }
    }

    pub(crate) fn write<R, F>(
        &self,
        change: F,
    ) -> Result<impl Future<Output = Result<R>> + use<R, F>>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let (tell, told) = oneshot::channel::<Result<R>>();
        let change = Box::new(Job { change, tell, place: self.place.clone() });
        self.ask(Asked::Change(change))?;
        let place = self.place.clone();
        Ok(async move { told.await.map_err(|_| place.closed())? })
    }

    pub(crate) fn exclusive(
        &self,
        at_most: Duration,
    ) -> Result<impl Future<Output = Result<Session>> + use<>> {
        let (opening, opened) = session::opening(at_most, &self.place);
        self.ask(Asked::Exclusive(opening))?;
        let place = self.place.clone();
        Ok(async move { opened.await.map_err(|_| place.closed())? })
    }

    fn ask(&self, asked: Asked) -> Result<()> {
        let sent = self.asked.as_ref().map(|sender| sender.send(asked).is_ok());
        if sent == Some(true) { Ok(()) } else { Err(self.place.closed()) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.asked = None;
        let Some(thread) = self.thread.take() else { return };
        // A change may hold the last handle to its own file.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!(file = %self.place.path().display(), "the writer of a file has panicked");
        }
    }
}

fn run(connection: &Connection, queue: &Receiver<Asked>, place: &Place) {
    let mut next = queue.recv().ok();
    while let Some(asked) = next.take() {
        next = match asked {
            Asked::Exclusive(opening) => {
                session::hold(connection, opening, place);
                None
            }
            Asked::Change(change) => group(connection, change, queue, place),
        };
        if next.is_none() {
            next = queue.recv().ok();
        }
    }
}

/// Makes a change and those that have gathered behind it, and commits them together. What can't join them comes back.
fn group(
    connection: &Connection,
    first: Box<dyn Change>,
    queue: &Receiver<Asked>,
    place: &Place,
) -> Option<Asked> {
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        first.refuse(&place.error(error));
        return None;
    }
    let (mut answers, mut rest) = (Vec::new(), None);
    let mut made = one(connection, first, &mut answers);
    while made.is_ok() && answers.len() < GROUP {
        match queue.try_recv() {
            Ok(Asked::Change(next)) => made = one(connection, next, &mut answers),
            Ok(other) => {
                rest = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    let committed = made.and_then(|()| execute(connection, "COMMIT"));
    let committed = committed.map_err(|error| place.error(error));
    if committed.is_err() && !connection.is_autocommit() {
        let _ = execute(connection, "ROLLBACK");
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
    rest
}

/// Makes one change; one that fails is undone alone. An error is that of the whole transaction.
fn one(
    connection: &Connection,
    change: Box<dyn Change>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let begun = execute(connection, "SAVEPOINT one");
    let (answer, keep) = change.make(connection);
    answers.push(answer);
    begun?;
    // A full disk or a damaged file may have undone the whole transaction, and then there is no savepoint.
    if !keep {
        execute(connection, "ROLLBACK TO one")?;
    }
    execute(connection, "RELEASE one")
}

pub(crate) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
