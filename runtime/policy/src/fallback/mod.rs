//! What is answered where the callee does not.
//!
//! Use it for queries whose old answer is better than none, as a catalogue's; what must be right, as a balance, fails
//! instead. An answer is kept by the whole request and the tenant, and never given to anybody else. What is kept is
//! bounded in number and in bytes; the oldest goes first.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use svckit_core::call::Format;
use svckit_core::error::{Code, Error};

/// Answers that are kept at most.
pub const ANSWERS: usize = 1024;
/// Bytes of requests and answers that are kept at most.
pub const BYTES: usize = 4 << 20;

/// Whether an error is one that another answer may stand in for: the callee was not there or had no time. Its own answers,
/// declared errors among them, stand.
#[must_use]
pub fn stands_in(error: &Error) -> bool {
    error.domain_name().is_none()
        && (error.refused().is_some()
            || matches!(
                error.code(),
                Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted
            ))
}

/// A request, as far as its answer depends on it: who asked, and what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// On whose behalf.
    pub who: Box<str>,
    /// The request.
    pub request: Bytes,
    /// In which form it is, and its answer is kept.
    pub format: Format,
}

/// The answers seen lately.
#[derive(Debug, Default)]
pub struct Answers {
    kept: HashMap<Asked, Kept>,
    /// In the order in which they came, with the turn of each: an answer that was replaced stands here once more.
    order: VecDeque<(u64, Asked)>,
    turn: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    turn: u64,
    at: Instant,
    answer: Bytes,
}

impl Answers {
    /// Keeps an answer.
    pub fn keep(&mut self, asked: Asked, answer: Bytes, now: Instant) {
        let size = size(&asked, &answer);
        if size > BYTES {
            return;
        }
        self.forget(&asked);
        self.turn += 1;
        self.bytes += size;
        self.order.push_back((self.turn, asked.clone()));
        self.kept.insert(asked, Kept { turn: self.turn, at: now, answer });
        while self.kept.len() > ANSWERS || self.bytes > BYTES || self.order.len() > 2 * ANSWERS {
            let Some((turn, oldest)) = self.order.pop_front() else { break };
            if self.kept.get(&oldest).is_some_and(|kept| kept.turn == turn) {
                self.forget(&oldest);
            }
        }
    }

    /// The answer to the same request of the same tenant, if it is not older than `age`.
    #[must_use]
    pub fn get(&self, asked: &Asked, age: Duration, now: Instant) -> Option<Bytes> {
        let kept = self.kept.get(asked)?;
        (now.saturating_duration_since(kept.at) <= age).then(|| kept.answer.clone())
    }

    fn forget(&mut self, asked: &Asked) {
        if let Some(kept) = self.kept.remove(asked) {
            self.bytes -= size(asked, &kept.answer);
        }
    }
}

fn size(asked: &Asked, answer: &Bytes) -> usize {
    asked.who.len() + asked.request.len() + answer.len()
}
