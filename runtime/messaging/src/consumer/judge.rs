//! What becomes of a delivery: decisions, with time and chance passed in.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{ContentType, Delivery, Failure, Kind, STACK, Settlement};
use svckit_core::clock::Rng;
use svckit_core::error::{Code, Error};
use svckit_core::message::Pauses;
use svckit_core::server::{Consumer, Trouble};

use super::{ALONE, LARGEST};
use crate::time::later;

/// After `resource_exhausted` the pause is longer: what is exhausted asks to be left alone.
const THROTTLED: Duration = Duration::from_secs(1);
/// How far a wait that was asked for is spread.
const SPREAD: Duration = Duration::from_secs(5);
/// The longest [`Failure::reason`], bytes.
const REASON: usize = 1024;

/// What to do with a delivery before any handler runs.
#[derive(Debug, PartialEq)]
pub(super) enum Before {
    /// Hand it to its handlers.
    Run,
    /// It is of no use any more, and nobody needs to know.
    Skip,
    /// Nobody here can read it, or take it.
    Hold(String),
    /// Nobody can.
    Dead(Failure),
}

/// Whether it was handed out more often than it may fail: then its handler, or that of a neighbour, never came back.
pub(super) fn suspect(consumer: &Consumer, delivery: &Delivery) -> bool {
    delivery.attempt > consumer.attempts.max(1)
}

/// Judges a delivery.
pub(super) fn before(consumer: &Consumer, delivery: &Delivery, now: Timestamp) -> Before {
    let envelope = &delivery.envelope;
    let group = &consumer.group;
    if !group.wants.iter().any(|name| **name == *envelope.name) {
        return Before::Hold(format!(
            "{} has no handler for {} in this process; one that has takes it",
            group.name, envelope.name
        ));
    }
    if let Some(at) = envelope.expires.filter(|at| *at <= now) {
        if envelope.kind == Kind::Tick {
            return Before::Skip;
        }
        return dead("expired", format!("it was worth handling until {at} only"), now);
    }
    if let Some(reason) = malformed(delivery) {
        return dead("malformed", reason, now);
    }
    if delivery.attempt > consumer.attempts.max(1).saturating_add(ALONE) {
        return dead(
            "crash",
            format!(
                "it was handed out {} times and never came back, the last {ALONE} times alone: its handler ends the \
                 process or blocks it",
                delivery.attempt - 1
            ),
            now,
        );
    }
    Before::Run
}

fn dead(class: &str, reason: String, at: Timestamp) -> Before {
    let (handler, class, stack) = (String::new(), class.to_owned(), String::new());
    Before::Dead(Failure { handler, reason, class, stack, at })
}

fn malformed(delivery: &Delivery) -> Option<String> {
    let envelope = &delivery.envelope;
    match &envelope.content_type {
        ContentType::Other(other) => {
            return Some(format!(
                "its content type is `{}`; application/protobuf and application/json are read here",
                other.escape_default().take(80).collect::<String>()
            ));
        }
        ContentType::Protobuf | ContentType::Json => {}
    }
    let size = envelope.payload.len();
    (size > LARGEST).then(|| format!("it has {size} bytes; up to {LARGEST} are read here"))
}

/// How an attempt failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// The handler said so.
    Trouble(Trouble),
    /// It panicked, with this message.
    Panic(String),
    /// Its time was over.
    Timeout(Duration),
}

impl Failed {
    fn handler(&self) -> &str {
        match self {
            Self::Trouble(trouble) => &trouble.handler,
            Self::Panic(_) | Self::Timeout(_) => "",
        }
    }

    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Trouble(trouble) => trouble.class,
            Self::Panic(_) => "panic",
            Self::Timeout(_) => Code::DeadlineExceeded.name(),
        }
    }

    fn error(&self) -> Option<&Error> {
        match self {
            Self::Trouble(trouble) => Some(&trouble.error),
            Self::Panic(_) | Self::Timeout(_) => None,
        }
    }

    fn permanent(&self) -> bool {
        matches!(self, Self::Trouble(trouble) if trouble.permanent)
    }

    /// In a few words, for people.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Trouble(trouble) => trouble.error.message().to_owned(),
            Self::Panic(message) => format!("the handler panicked: {message}"),
            Self::Timeout(limit) => format!("the handler did not end within {limit:?}"),
        }
    }

    fn failure(&self, at: Timestamp) -> Failure {
        Failure {
            handler: self.handler().to_owned(),
            reason: cut(self.text(), REASON),
            class: self.class().to_owned(),
            stack: self.error().map(chain).unwrap_or_default(),
            at,
        }
    }
}

/// An error and what stands behind it, a line each, at most [`STACK`] bytes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause.filter(|_| text.len() < STACK) {
        let _ = write!(text, "\ncaused by: {error}");
        cause = error.source();
    }
    cut(text, STACK)
}

fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

/// What follows a failed attempt.
pub(super) fn after(
    consumer: &Consumer,
    delivery: &Delivery,
    failed: &Failed,
    now: Timestamp,
    rng: &dyn Rng,
) -> Settlement {
    if failed.permanent() || delivery.attempt >= consumer.attempts.max(1) {
        return Settlement::Dead(failed.failure(now));
    }
    let pauses = consumer.pauses_of(&delivery.envelope.name);
    Settlement::Retry { at: later(now, pause(&pauses, delivery.attempt, failed.error(), rng)) }
}

/// Never longer than the cap: the compiler's worst cases count on it.
fn pause(pauses: &Pauses, attempt: u32, error: Option<&Error>, rng: &dyn Rng) -> Duration {
    if let Some(asked) = error.and_then(Error::retry_after) {
        return wait(asked, pauses.cap, rng);
    }
    let throttled = error.is_some_and(|error| error.code() == Code::ResourceExhausted);
    let base = if throttled { pauses.base.max(THROTTLED) } else { pauses.base };
    rng.up_to(Pauses { base, ..*pauses }.longest(attempt))
}

/// The wait that an error asks for, as far as there is room for it, and spread, so that not all come back at once.
fn wait(asked: Duration, cap: Duration, rng: &dyn Rng) -> Duration {
    match cap.checked_sub(asked) {
        Some(room) => asked + rng.up_to(SPREAD.min(asked).min(room)),
        None => cap - rng.up_to(SPREAD.min(cap / 2)),
    }
}
