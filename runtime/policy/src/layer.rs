//! The policies for plain tower users: one layer in place of a stack.
//!
//! Tower's own contract asks a service to say in `poll_ready` whether it can take a call. Layers that take permits there
//! hold them while nothing is called, and stacked ones deadlock under load. This layer is always ready, and takes what it
//! needs inside `call`: of the service below it, too.
//!
//! ```
//! # use std::sync::Arc;
//! # use svckit_core::{clock::Env, error::Error, operation::{Operation, PolicyConfig}};
//! # use svckit_policy::{Policy, PolicyLayer};
//! # use tower::{Layer, Service, ServiceExt};
//! static QUOTE: Operation = Operation::query("bank.Rates", "Quote", "/quote");
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let policy = Arc::new(Policy::new(PolicyConfig::STANDARD, Env::default()));
//! let layer = PolicyLayer::new(policy, &QUOTE, |result: &Result<u32, std::io::Error>| {
//!     result.as_ref().err().map(|error| Error::unavailable(error.to_string()))
//! });
//! let mut service = layer.layer(tower::service_fn(|n: u32| async move { Ok(n + 1) }));
//! assert_eq!(service.ready().await.unwrap().call(1).await.unwrap(), 2);
//! # });
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use svckit_core::error::Error;
use svckit_core::operation::Operation;
use tower::util::ServiceExt;
use tower::{Layer, Service};

use crate::run::{Call, Policy};

/// Puts a policy around a service. Clones share the policy with what it remembers.
pub struct PolicyLayer<J> {
    policy: Arc<Policy>,
    operation: &'static Operation,
    judge: Arc<J>,
}

/// A service under a policy.
pub struct Guarded<S, J> {
    inner: S,
    layer: PolicyLayer<J>,
}

/// Why a call under a policy has no answer.
#[derive(Debug)]
pub enum Failure<E> {
    /// The service's own error: that of the last attempt.
    Service(E),
    /// The policy's: nothing went out, or it was not answered in time.
    Policy(Error),
}

impl<J> PolicyLayer<J> {
    /// A layer for calls of `operation`, whose kind and idempotency say what may be repeated. `judge` says what an answer
    /// means: nothing, where all is well; else the error that it stands for, by whose code the policy decides.
    pub fn new<T, E>(policy: Arc<Policy>, operation: &'static Operation, judge: J) -> Self
    where
        J: Fn(&Result<T, E>) -> Option<Error>,
    {
        Self { policy, operation, judge: Arc::new(judge) }
    }
}

impl<S, J> Layer<S> for PolicyLayer<J> {
    type Service = Guarded<S, J>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { inner, layer: self.clone() }
    }
}

impl<S, J, Request> Service<Request> for Guarded<S, J>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
    J: Fn(&Result<S::Response, S::Error>) -> Option<Error> + Send + Sync + 'static,
    Request: Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = Failure<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Self::Error>> + Send>>;

    /// At once: a place is taken when there is a call.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (inner, layer) = (self.inner.clone(), self.layer.clone());
        Box::pin(async move {
            let call =
                Call { operation: layer.operation, deadline: None, replayable: true, who: None };
            // The last answer as the service gave it: errors of the policy's kind stand for it meanwhile.
            let last = Mutex::new(None);
            let (judge, last_of) = (&*layer.judge, &last);
            let ran = layer.policy.run(call, move |_| {
                let asked = inner.clone().oneshot(request.clone());
                async move {
                    let answer = asked.await;
                    match judge(&answer) {
                        None => Ok(answer),
                        Some(error) => {
                            *last_of.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                            Err(error)
                        }
                    }
                }
            });
            let ran = ran.await;
            let last = last.into_inner().unwrap_or_else(PoisonError::into_inner);
            match (ran, last) {
                (Ok(answer), _) | (Err(_), Some(answer)) => answer.map_err(Failure::Service),
                (Err(error), None) => Err(Failure::Policy(error)),
            }
        })
    }
}

impl<J> Clone for PolicyLayer<J> {
    fn clone(&self) -> Self {
        let Self { policy, operation, judge } = self;
        Self { policy: policy.clone(), operation, judge: judge.clone() }
    }
}

impl<S: Clone, J> Clone for Guarded<S, J> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<J> std::fmt::Debug for PolicyLayer<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolicyLayer").field("operation", &self.operation.name).finish()
    }
}

impl<S, J> std::fmt::Debug for Guarded<S, J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("operation", &self.layer.operation.name).finish()
    }
}

impl<E: std::fmt::Display> std::fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
        }
    }
}

impl<E: std::fmt::Debug + std::fmt::Display> std::error::Error for Failure<E> {}
