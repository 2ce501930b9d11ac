//! A transport under the policies of the operations that are called over it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Answer, Body, OutgoingCall, Transport};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::Operation;

use crate::run::{Call, Policy};

/// Timeouts and retries around a transport to one callee. Retries send the same bytes and metadata, with the same key
/// of idempotency.
pub struct Policed {
    inner: Arc<dyn Transport>,
    env: Env,
    /// By where an operation stands in memory: who calls it under a policy of their own has an operation of their own.
    policies: RwLock<HashMap<usize, Arc<Policy>>>,
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

    fn policy(&self, operation: &'static Operation) -> Arc<Policy> {
        let place = std::ptr::from_ref(operation).addr();
        if let Some(policy) =
            self.policies.read().unwrap_or_else(PoisonError::into_inner).get(&place)
        {
            return policy.clone();
        }
        let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Policy::new(operation.policy, self.env.clone()));
        policies.entry(place).or_insert_with(new).clone()
    }
}

impl Transport for Policed {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let (policy, inner) = (self.policy(operation), self.inner.clone());
        let OutgoingCall { meta, deadline, body } = call;
        let replay = match &body {
            Body::One(bytes) => Some(bytes.clone()),
            Body::Stream(_) => None,
        };
        let governed = Call { operation, deadline, replayable: replay.is_some() };
        let mut body = Some(body);
        async move {
            let run = policy.run(governed, |attempt| {
                let body = body.take().or_else(|| replay.clone().map(Body::One));
                let call = body.map(|body| OutgoingCall {
                    meta: meta.clone(),
                    deadline: attempt.deadline,
                    body,
                });
                let inner = &inner;
                async move {
                    let gone = || Error::internal("a request that streams was to be sent twice");
                    inner.call(operation, call.ok_or_else(gone)?).await
                }
            });
            run.await
        }
        .boxed()
    }

    /// Each attempt ends at the deadline, and no pause outlasts it.
    fn keeps_deadline(&self) -> bool {
        true
    }
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
