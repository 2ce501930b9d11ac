//! Threads that read.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use svckit_core::error::Result;
use tokio::sync::oneshot;

use crate::Place;

type Look = Box<dyn FnOnce(&Connection) + Send>;

/// The threads, which end when this is dropped.
#[derive(Debug)]
pub(crate) struct Readers {
    looks: Sender<Look>,
    place: Place,
}

impl Readers {
    pub(crate) fn start(connections: Vec<Connection>, place: &Place) -> Self {
        let (looks, queue) = channel::<Look>();
        let queue = Arc::new(Mutex::new(queue));
        for connection in connections {
            let queue = queue.clone();
            std::thread::spawn(move || {
                while let Some(look) = next(&queue) {
                    look(&connection);
                }
            });
        }
        Self { looks, place: place.clone() }
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
        self.looks.send(look).map_err(|_| self.place.closed())?;
        let place = self.place.clone();
        Ok(async move { asked.await.map_err(|_| place.closed())? })
    }
}

fn next(queue: &Mutex<Receiver<Look>>) -> Option<Look> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
