//! A transport under the policies of the operations that are called over it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use svckit_core::call::{Answer, Body, Metadata, OutgoingCall, Transport, Tried, metadata};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::observe::Event;
use svckit_core::operation::{Fallback, LimitPer, Operation};

use crate::bulkhead::Permit;
use crate::fallback::{self, Answers, Asked};
use crate::run::{Call, Policy, Standing};

/// The policies of operations around a transport to one callee. Retries and hedges send the same bytes and metadata, with
/// the same key of idempotency.
pub struct Policed {
    inner: Arc<dyn Transport>,
    env: Env,
    /// By where an operation stands in memory: who calls it under a policy of their own has an operation of their own.
    policies: RwLock<HashMap<usize, Arc<Governed>>>,
}

/// The policy of an operation, and its answers that may stand in for others.
struct Governed {
    policy: Policy,
    answers: Mutex<Answers>,
    /// Of the overrides whose numbers it has.
    generation: AtomicU64,
}

impl std::fmt::Debug for Policed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Policed")
    }
}

impl Policed {
    /// Puts each operation's policy around `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>, env: Env) -> Self {
        Self { inner, env, policies: RwLock::default() }
    }

    /// What of an operation's policy is in use now; nothing, before its first call.
    #[must_use]
    pub fn standing(&self, operation: &'static Operation) -> Option<Standing> {
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        Some(policies.get(&std::ptr::from_ref(operation).addr())?.policy.standing())
    }

    fn governed(&self, operation: &'static Operation) -> Arc<Governed> {
        let place = std::ptr::from_ref(operation).addr();
        if let Some(policy) =
            self.policies.read().unwrap_or_else(PoisonError::into_inner).get(&place)
        {
            policy.renew(operation, &self.env);
            return policy.clone();
        }
        let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let make =
                if self.inner.guards_endpoints() { Policy::without_breaker } else { Policy::new };
            let generation = self.env.live.generation().into();
            let policy = make(self.env.live.policy(operation), self.env.clone());
            Arc::new(Governed { policy, answers: Mutex::default(), generation })
        };
        policies.entry(place).or_insert_with(new).clone()
    }
}

impl Transport for Policed {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let (governed, inner) = (self.governed(operation), self.inner.clone());
        async move {
            let asked = asked(operation, &call);
            let answer = governed.policy.attempts(operation, call, inner).await;
            match (operation.fallback, asked) {
                (Fallback::None, _) | (_, None) => answer,
                (_, Some(asked)) => governed.or_else(operation, answer, asked),
            }
        }
        .boxed()
    }

    /// Each attempt ends at the deadline, and no pause outlasts it.
    fn keeps_deadline(&self) -> bool {
        true
    }
}

impl Policy {
    /// Sends the call over `inner` as often as the policy says.
    async fn attempts(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
        inner: Arc<dyn Transport>,
    ) -> Result<Answer> {
        let OutgoingCall { meta, deadline, body } = call;
        let replay = body.message().map(|(message, format)| (message.clone(), format));
        let who = operation.policy.limit.and_then(|limit| share(limit.per, &meta));
        let governed = Call { operation, deadline, replayable: replay.is_some(), who };
        let mut body = Some(body);
        let tried = if inner.guards_endpoints() { Tried::remembered() } else { Tried::default() };
        let run = self.run_in_place(governed, |attempt| {
            let body = body.take().or_else(|| {
                let (message, format) = replay.clone()?;
                Some(Body::of(message, format))
            });
            let (meta, deadline) = (meta.clone(), attempt.deadline);
            let call = body.map(|body| OutgoingCall { meta, deadline, body });
            let (inner, tried) = (&inner, tried.at(attempt.number));
            async move {
                let gone = || Error::internal("a request that streams was to be sent twice");
                inner.call_again(operation, call.ok_or_else(gone)?, &tried).await
            }
        });
        run.await.map(|(answer, place)| held(answer, place))
    }
}

impl Governed {
    /// Takes up the numbers that hold now, if they were overridden since.
    fn renew(&self, operation: &'static Operation, env: &Env) {
        let now = env.live.generation();
        if self.generation.load(Ordering::Acquire) != now {
            self.policy.configure(env.live.policy(operation));
            self.generation.store(now, Ordering::Release);
        }
    }

    /// Keeps an answer for later, or gives one in place of an error.
    fn or_else(
        &self,
        operation: &'static Operation,
        answer: Result<Answer>,
        asked: Asked,
    ) -> Result<Answer> {
        let env = &self.policy.env;
        let (with, now) = (operation.fallback, env.clock.now());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match (answer, with) {
            (Ok(answer), Fallback::Cached(_)) => {
                if let Some((bytes, format)) = answer.body.message()
                    && format == asked.format
                {
                    answers.keep(asked, bytes.clone(), now);
                }
                Ok(answer)
            }
            (Err(error), with) if fallback::stands_in(&error) => {
                let instead = instead(with, &answers, &asked, now);
                drop(answers);
                if instead.is_some() {
                    tracing::debug!(%error, "another answer stands in");
                    let code = error.code();
                    env.observe.tell(|| Event::Fallback { operation, code });
                }
                instead.map(Answer::of).ok_or(error)
            }
            (answer, _) => answer,
        }
    }
}

fn instead(with: Fallback, answers: &Answers, asked: &Asked, now: Instant) -> Option<Body> {
    let cached = |age: Duration| Some(Body::of(answers.get(asked, age, now)?, asked.format));
    match with {
        Fallback::None => None,
        Fallback::Cached(age) => cached(age),
        Fallback::Value(value) => Some(Body::One(value())),
    }
}

/// What the answer depends on; nothing, for a stream.
fn asked(operation: &Operation, call: &OutgoingCall) -> Option<Asked> {
    if matches!(operation.fallback, Fallback::None) {
        return None;
    }
    let (request, format) = call.body.message()?;
    let who = call.meta.get(metadata::TENANT).unwrap_or_default().into();
    Some(Asked { who, request: request.clone(), format })
}

/// Whose share of a limit a call takes here: a caller's own is the whole of it.
fn share(per: LimitPer, meta: &Metadata) -> Option<&str> {
    match per {
        LimitPer::All | LimitPer::Caller => None,
        LimitPer::Tenant => meta.get(metadata::TENANT),
    }
}

/// An answer that keeps its place in the bulkhead for as long as it streams.
pub(crate) fn held(answer: Answer, place: Option<Permit>) -> Answer {
    let Answer { meta, body } = answer;
    let body = match (body, place) {
        (Body::Stream(stream), Some(place)) => Body::Stream(
            stream
                .inspect(move |_| {
                    let _ = &place;
                })
                .boxed(),
        ),
        (body, _) => body,
    };
    Answer { meta, body }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use svckit_core::call::Metadata;
    use svckit_core::operation::{PolicyConfig, RetryConfig};

    use super::*;

    /// Counts attempts and is never there.
    struct Gone(Arc<AtomicU32>);

    impl Transport for Gone {
        fn call(
            &self,
            _: &'static Operation,
            _: OutgoingCall,
        ) -> BoxFuture<'static, Result<Answer>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            async { Err(Error::unavailable("gone")) }.boxed()
        }
    }

    const ONCE: PolicyConfig = PolicyConfig { retry: None, ..PolicyConfig::STANDARD };
    const RETRY: RetryConfig = RetryConfig { attempts: 4, ..RetryConfig::STANDARD };
    const FOUR: PolicyConfig = PolicyConfig { retry: Some(RETRY), ..PolicyConfig::STANDARD };

    static OPERATION: Operation = Operation::query("a.v1.A", "Get", "/a.v1.A/Get").policy(ONCE);
    static WITH: Operation = Operation::query("a.v1.A", "Get", "/a.v1.A/Get").policy(FOUR);

    #[tokio::test(start_paused = true)]
    async fn a_caller_with_a_policy_of_its_own_has_it_for_itself() {
        let attempts = Arc::new(AtomicU32::new(0));
        let policed = Policed::new(Arc::new(Gone(attempts.clone())), Env::default());
        for (operation, expected) in [(&OPERATION, 1), (&WITH, 4), (&OPERATION, 1)] {
            attempts.store(0, Ordering::SeqCst);
            let body = Body::One(bytes::Bytes::new());
            let call = OutgoingCall { meta: Metadata::default(), deadline: None, body };
            assert!(policed.call(operation, call).await.is_err());
            assert_eq!(attempts.load(Ordering::SeqCst), expected);
        }
    }
}
