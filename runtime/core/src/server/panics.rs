//! Panics of handlers: operators learn where, and nobody learns what a message was made of.
//!
//! A panic's message may hold values of the request: `panic!("no such card {number}")`, or a string that is cut in the
//! middle of a character, which the standard library quotes. A message that is a literal holds none. So of messages that are
//! made at run time the log says the place alone, unless it is told otherwise.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::error::{Error, Reason, Result};

/// The reason of an error for a panic.
pub(super) const PANICKED: &str = "PANICKED";
/// What stands in place of a message that is made at run time.
const HIDDEN: &str = "<hidden: it may hold values of a request; SVCKIT_PANICS=shown shows it>";

static SHOWN: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether a handler runs on this thread right now.
    static HANDLING: Cell<bool> = const { Cell::new(false) };
    /// Where the last handler of this thread panicked.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the messages of handlers' panics out of the log and of the standard error, which get the place of the panic; those
/// that are literals are told all the same. So it is with panics in tasks of tokio's, for a handler may have spawned them
/// with what it was asked for. Panics elsewhere go on to the hook that was there: before the first task, and on threads
/// that are not tokio's, so that a handler which starts a thread (`std::thread`, rayon) sees to it by itself. Who awaits a
/// task is told by its `JoinError`, which quotes the message: don't make an answer or a line of a log of that.
///
/// Stands once at the start of a program; `App::from_env` of the facade does it.
///
/// `shown`: messages are told as they are, for machines on which no secrets are.
pub fn hide_panics(shown: bool) {
    static HOOKED: Once = Once::new();
    SHOWN.store(shown, Ordering::Relaxed);
    if shown {
        return;
    }
    HOOKED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if SHOWN.load(Ordering::Relaxed) {
                return before(panic);
            }
            let place = panic.location().map(ToString::to_string);
            if HANDLING.get() {
                // It is told once the handler's future is left.
                PLACE.set(place);
            } else if tokio::task::try_id().is_some() && !panic.payload().is::<&str>() {
                in_a_task(place);
            } else {
                before(panic);
            }
        }));
    });
}

/// Tells of a panic that nobody else tells of.
fn in_a_task(place: Option<String>) {
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!(panic = HIDDEN, place, "a task panicked");
    } else {
        eprintln!("a task panicked at {}: {HIDDEN}", place.unwrap_or_default());
    }
}

/// Runs a step of a handler.
fn inside<T>(step: impl FnOnce() -> T) -> T {
    struct Restored(bool);
    impl Drop for Restored {
        fn drop(&mut self) {
            HANDLING.set(self.0);
        }
    }
    let _restored = Restored(HANDLING.replace(true));
    step()
}

/// Runs a handler; a panic is `internal`.
pub(super) async fn caught<T>(run: impl Future<Output = Result<T>>) -> Result<T> {
    let mut run = pin!(AssertUnwindSafe(run).catch_unwind());
    let done = std::future::poll_fn(|cx| inside(|| run.as_mut().poll(cx))).await;
    done.unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// The answers of a handler; a panic between them is the last one, `internal`.
pub(super) fn caught_stream<T: Send + 'static>(
    answers: BoxStream<'static, Result<T>>,
) -> BoxStream<'static, Result<T>> {
    let mut safe = AssertUnwindSafe(answers).catch_unwind();
    let answers = stream::poll_fn(move |cx| match inside(|| safe.poll_next_unpin(cx)) {
        Poll::Ready(Some(Err(panic))) => Poll::Ready(Some(Err(panicked(&*panic)))),
        Poll::Ready(Some(Ok(item))) => Poll::Ready(Some(item)),
        Poll::Ready(None) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    answers.boxed()
}

/// What a panic is told as: the caller learns nothing of it, the log where it was.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let place = PLACE.take();
    tracing::error!(panic = said(panic), place, "a handler panicked");
    let reason = Reason {
        reason: PANICKED.to_owned(),
        domain: "svckit".to_owned(),
        metadata: std::collections::BTreeMap::new(),
    };
    Error::internal("the handler failed unexpectedly").with_reason(reason)
}

/// The message of a panic, as far as it may be told: a literal, as it can't hold what comes from outside.
#[must_use]
pub fn said(panic: &(dyn Any + Send)) -> &str {
    let made = || panic.downcast_ref::<String>().filter(|_| SHOWN.load(Ordering::Relaxed));
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| made().map(String::as_str)).unwrap_or(HIDDEN)
}
