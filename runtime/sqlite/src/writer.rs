//! The one thread that writes, and its group commit.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use svckit_core::error::{Error, Result};
use tokio::sync::oneshot;

use crate::Place;
use crate::session::{self, Opening, Session};

/// How many changes share one commit at most.
const GROUP: usize = 1_024;
/// A group takes no more in once it lasts so long: those in it wait for the commit.
const GATHER: Duration = Duration::from_millis(20);
/// How long to wait before another process's lock is tried again: short, for others' locks come one right after the other.
const LOCKED: Duration = Duration::from_micros(500);

/// Something to be changed.
trait Change: Send {
    /// Makes it. The answer is kept back until the commit is durable; an error: it failed, and is to be undone. It may be
    /// made again, when all was undone.
    fn make(&mut self, connection: &Connection) -> Result<()>;
    /// Tells what came of it, when it is known whether the commit holds.
    fn tell(self: Box<Self>, commit: Result<(), &Error>);
}

struct Job<F, R> {
    change: F,
    done: Option<Result<R>>,
    tell: oneshot::Sender<Result<R>>,
    place: Place,
}

impl<F, R> Change for Job<F, R>
where
    R: Send + 'static,
    F: Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
{
    fn make(&mut self, connection: &Connection) -> Result<()> {
        let done = catch_unwind(AssertUnwindSafe(|| (self.change)(connection)));
        let done = done.map_err(|_| self.place.panicked());
        let done = done.and_then(|done| done.map_err(|error| self.place.error(error)));
        let made = done.as_ref().map(drop).map_err(Error::clone);
        self.done = Some(done);
        made
    }

    fn tell(self: Box<Self>, commit: Result<(), &Error>) {
        let _ = self.tell.send(match (self.done, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(why)) => Err(why.clone()),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(self.place.ended()),
        });
    }
}

enum Asked {
    Change(Box<dyn Change>, Instant),
    Exclusive(Opening),
}

/// What the thread works with.
struct Thread {
    connection: Connection,
    queue: Receiver<Asked>,
    place: Place,
    /// How long another process's lock is waited for.
    busy: Duration,
}

/// The thread; it ends when this is dropped, after all that was asked.
#[derive(Debug)]
pub(crate) struct Writer {
    asked: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
    place: Place,
}

impl Writer {
    /// # Errors
    /// That of the system, which has no thread for it.
    pub(crate) fn start(connection: Connection, place: Place, busy: Duration) -> Result<Self> {
        // The thread waits for locks itself: SQLite waits longer and longer, and others then never let it in.
        connection.busy_timeout(Duration::ZERO).map_err(|error| place.error(error))?;
        let (asked, queue) = channel();
        let works = Thread { connection, queue, place: place.clone(), busy };
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned());
        let thread = thread.spawn(move || works.run())?;
        Ok(Self { asked: Some(asked), thread: Some(thread), place })
    }

    pub(crate) fn write<R, F>(
        &self,
        change: F,
    ) -> Result<impl Future<Output = Result<R>> + use<R, F>>
    where
        R: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let (tell, told) = oneshot::channel::<Result<R>>();
        let change = Box::new(Job { change, done: None, tell, place: self.place.clone() });
        self.ask(Asked::Change(change, Instant::now()))?;
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

impl Thread {
    fn run(self) {
        let mut next = None;
        while let Some(asked) = next.take().or_else(|| self.queue.recv().ok()) {
            next = match asked {
                Asked::Exclusive(opening) => {
                    session::hold(&self.connection, opening, self.busy);
                    None
                }
                Asked::Change(change, at) => self.group(change, at),
            };
        }
    }

    /// Makes a change and those that have gathered behind it, and commits them together. What can't join them comes back.
    fn group(&self, first: Box<dyn Change>, at: Instant) -> Option<Asked> {
        if let Err(error) = begin(&self.connection, self.busy) {
            let waited = at.elapsed() >= self.busy;
            let error = self.place.error(error);
            first.tell(Err(&error));
            return if waited { self.refuse_waiting(&error) } else { None };
        }
        let begun = Instant::now();
        let (mut group, mut next, mut rest) = (Vec::new(), Some(first), None);
        let mut made = Ok(());
        while let Some(mut change) = next.take() {
            made = self.whole(change.make(&self.connection));
            group.push(change);
            if made.is_err() || group.len() >= GROUP || begun.elapsed() >= GATHER {
                break;
            }
            match self.queue.try_recv() {
                Ok(Asked::Change(change, _)) => next = Some(change),
                Ok(other) => rest = Some(other),
                Err(_) => {}
            }
        }
        if made.is_err() && group.len() > 1 {
            self.apart(group);
        } else {
            self.conclude(made, group);
        }
        rest
    }

    /// One of a group has failed: undoes all of it and makes each again, in a transaction of its own, for what fails may
    /// undo all that is open. That costs a commit each, and is seldom.
    fn apart(&self, group: Vec<Box<dyn Change>>) {
        roll_back(&self.connection);
        let mut locked = None;
        for mut change in group {
            if let Some(why) = &locked {
                change.tell(Err(why));
                continue;
            }
            let begun = begin(&self.connection, self.busy);
            let begun = begun.map_err(|error| self.place.error(error));
            locked = begun.as_ref().err().cloned();
            let made = begun.and_then(|()| self.whole(change.make(&self.connection)));
            self.conclude(made, vec![change]);
        }
    }

    /// Commits, or undoes all, and tells everyone.
    fn conclude(&self, made: Result<()>, group: Vec<Box<dyn Change>>) {
        let committed = made.and_then(|()| self.execute("COMMIT"));
        if committed.is_err() {
            roll_back(&self.connection);
        }
        for change in group {
            change.tell(committed.as_ref().copied());
        }
    }

    /// A full disk or a damaged file may have undone the whole transaction, and so may the change itself.
    fn whole(&self, made: Result<()>) -> Result<()> {
        if self.connection.is_autocommit() { made.and(Err(self.place.ended())) } else { made }
    }

    fn execute(&self, sql: &str) -> Result<()> {
        execute(&self.connection, sql).map_err(|error| self.place.error(error))
    }

    /// Refuses all that has waited for the lock as long as the first has. What has not comes back.
    fn refuse_waiting(&self, why: &Error) -> Option<Asked> {
        while let Ok(asked) = self.queue.try_recv() {
            match asked {
                Asked::Change(change, at) if at.elapsed() >= self.busy => change.tell(Err(why)),
                other => return Some(other),
            }
        }
        None
    }
}

/// Begins a transaction that writes, and waits `busy` for those of other processes.
pub(crate) fn begin(connection: &Connection, busy: Duration) -> rusqlite::Result<()> {
    let asked = Instant::now();
    loop {
        let begun = execute(connection, "BEGIN IMMEDIATE");
        let locked =
            |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        if !begun.as_ref().is_err_and(locked) || asked.elapsed() >= busy {
            return begun;
        }
        std::thread::sleep(LOCKED);
    }
}

/// Undoes what is open, if anything is.
pub(crate) fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // There is nothing to be done where even this fails; the next transaction will say so.
        let _ = execute(connection, "ROLLBACK");
    }
}

pub(crate) fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
