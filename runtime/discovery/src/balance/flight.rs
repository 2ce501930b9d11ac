//! A call under way to an endpoint: what it took is given back however it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use svckit_core::call::{Answer, Body};
use svckit_core::error::{Code, Error};
use svckit_core::operation::{Operation, Shape};
use svckit_policy::breaker::{Outcome, Permit};

use super::guard::Said;
use super::pool::Picked;
use super::{Shared, Way, key};

/// Dropped before its answer, it says what its end says of the endpoint: nothing where the caller gave up, a failure
/// where the time was over.
pub(super) struct Flight {
    shared: Arc<Shared>,
    operation: &'static Operation,
    id: u64,
    permit: Option<Permit>,
    start: Instant,
    deadline: Option<Instant>,
    answered: bool,
}

impl Flight {
    pub(super) fn begin(
        shared: &Arc<Shared>,
        operation: &'static Operation,
        picked: &Picked<Way>,
        deadline: Option<Instant>,
    ) -> Self {
        let (shared, start) = (shared.clone(), shared.env.clock.now());
        let (id, permit) = (picked.id, picked.permit);
        Self { shared, operation, id, permit, start, deadline, answered: false }
    }

    /// Says how the call was answered; a stream goes on.
    pub(super) fn answered(&mut self, error: Option<&Error>) {
        let now = self.shared.env.clock.now();
        let elapsed = now.saturating_duration_since(self.start);
        let outcome = match error {
            None => Outcome::Success,
            Some(error) if error.code() == Code::DeadlineExceeded && !self.had_time(elapsed) => {
                Outcome::Nothing
            }
            Some(error) => Outcome::of(error),
        };
        self.say(outcome, elapsed, error.and_then(Error::retry_after), now);
    }

    /// A caller in a hurry breaks no endpoint: one that had not half of an attempt's time is not blamed.
    fn had_time(&self, elapsed: Duration) -> bool {
        elapsed >= self.shared.env.live.policy(self.operation).timeout.attempt / 2
    }

    fn say(&mut self, outcome: Outcome, elapsed: Duration, after: Option<Duration>, now: Instant) {
        self.answered = true;
        // How long a caller streams says nothing of its callee.
        let theirs = matches!(self.operation.shape, Shape::ClientStream | Shape::Bidi);
        let elapsed = if theirs && outcome == Outcome::Success { Duration::ZERO } else { elapsed };
        let said = Said { outcome, elapsed, retry_after: after };
        let (key, permit) = (key(self.operation), self.permit.take());
        let rng = &*self.shared.env.rng;
        let changes = self.shared.pool().answered(self.id, key, permit, said, now, rng);
        self.shared.tell(self.operation, &changes);
    }

    /// The answer; while it streams, the call counts as under way.
    pub(super) fn held_by(self, answer: Answer) -> Answer {
        let Answer { meta, body } = answer;
        let body = match body {
            Body::Stream(stream) => Body::Stream(
                stream
                    .inspect(move |_| {
                        let _ = &self;
                    })
                    .boxed(),
            ),
            one => one,
        };
        Answer { meta, body }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.answered {
            let now = self.shared.env.clock.now();
            let elapsed = now.saturating_duration_since(self.start);
            let over = self.deadline.is_some_and(|at| at <= now);
            let late = over && self.had_time(elapsed);
            let outcome = if late { Outcome::Failure } else { Outcome::Nothing };
            self.say(outcome, elapsed, None, now);
        }
        self.shared.pool().ended(self.id);
    }
}
