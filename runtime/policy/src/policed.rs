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
    policies: RwLock<HashMap<&'static str, Arc<Policy>>>,
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
        if let Some(policy) =
            self.policies.read().unwrap_or_else(PoisonError::into_inner).get(operation.path)
        {
            return policy.clone();
        }
        let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Policy::new(operation.policy, self.env.clone()));
        policies.entry(operation.path).or_insert_with(new).clone()
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
