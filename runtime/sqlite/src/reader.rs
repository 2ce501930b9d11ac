//! Threads that read.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use svckit_core::error::Result;
use tokio::sync::oneshot;

use crate::Place;

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// The threads, which end when this is dropped, after all that was asked.
#[derive(Debug)]
pub(crate) struct Readers {
    looks: Option<Sender<Look>>,
    threads: Vec<JoinHandle<()>>,
    place: Place,
}

impl Readers {
    /// # Errors
    /// That of the system, which has no threads for them.
    pub(crate) fn start(connections: Vec<Connection>, place: &Place) -> Result<Self> {
        let (looks, queue) = channel::<Look>();
        let queue = Arc::new(Mutex::new(queue));
        let threads = connections.into_iter().map(|connection| {
            let queue = queue.clone();
            let thread = std::thread::Builder::new().name("sqlite-reader".to_owned());
            thread.spawn(move || {
                while let Some(look) = next(&queue) {
                    look(&connection);
                }
            })
        });
        let threads = threads.collect::<std::io::Result<_>>()?;
        Ok(Self { looks: Some(looks), threads, place: place.clone() })
    }

    /// The answer comes with the future; a look that was asked for is made even if that is dropped.
    pub(crate) fn read<R, F>(&self, look: F) -> Result<impl Future<Output = Result<R>> + use<R, F>>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let (answer, asked) = oneshot::channel();
        let place = self.place.clone();
        let look: Look = Box::new(move |connection| {
            if answer.is_closed() {
                return;
            }
            let seen = catch_unwind(AssertUnwindSafe(|| look(connection)));
            let seen = seen.map_err(|_| place.panicked());
            let seen = seen.and_then(|seen| seen.map_err(|error| place.error(error)));
            let _ = answer.send(seen);
        });
        let sent = self.looks.as_ref().map(|looks| looks.send(look).is_ok());
        if sent != Some(true) {
            return Err(self.place.closed());
        }
        let place = self.place.clone();
        Ok(async move { asked.await.map_err(|_| place.closed())? })
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.looks = None;
        for thread in self.threads.drain(..) {
            // A look may hold the last handle to its own file.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!(file = %self.place.path().display(), "a reader of a file has panicked");
            }
        }
    }
}

fn next(queue: &Mutex<Receiver<Look>>) -> Option<Look> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
