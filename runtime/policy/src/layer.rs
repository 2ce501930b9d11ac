//! The policies for plain tower users: one layer in place of a stack.
//!
//! Tower's own contract asks a service to say in `poll_ready` whether it can take a call. Layers that take permits there
//! hold them while nothing is called, and stacked ones deadlock under load. This layer is always ready, and takes what it
//! needs inside `call`: of the service below it, too.

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
///
/// A call is given up after the policy's total time. Requests are cloned for each attempt, unless [`once`](Self::once) or
/// [`replayed_by`](Self::replayed_by) says otherwise; a limit is shared by all who call, unless [`per`](Self::per) tells
/// them apart.
///
/// ```
/// # use std::sync::Arc;
/// # use svckit_policy::{Env, Error, Operation, Policy, PolicyConfig, PolicyLayer};
/// # use tower::{Layer, Service, ServiceExt};
/// static QUOTE: Operation = Operation::query("bank.Rates", "Quote", "/quote");
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let policy = Arc::new(Policy::new(PolicyConfig::STANDARD, Env::default()));
/// let layer = PolicyLayer::new(policy, &QUOTE, |result: &Result<u32, std::io::Error>| {
///     result.as_ref().err().map(|error| Error::unavailable(error.to_string()))
/// });
/// let mut service = layer.layer(tower::service_fn(|n: u32| async move { Ok(n + 1) }));
/// assert_eq!(service.ready().await.unwrap().call(1).await.unwrap(), 2);
/// # });
/// ```
pub struct PolicyLayer<J, R = Cloned, W = Everybody> {
    policy: Arc<Policy>,
    operation: &'static Operation,
    judge: Arc<J>,
    replay: R,
    who: W,
}

/// A service under a policy.
pub struct Guarded<S, J, R = Cloned, W = Everybody> {
    inner: S,
    layer: PolicyLayer<J, R, W>,
}

/// Why a call under a policy has no answer.
#[derive(Debug)]
pub enum Failure<E> {
    /// The service's own error: that of the last attempt.
    Service(E),
    /// The policy's: nothing went out, or it was not answered in time.
    Policy(Error),
}

/// How a request is sent a second time.
pub trait Replay<Request> {
    /// The same request again; nothing, if it can't be sent twice.
    fn copy(&self, request: &Request) -> Option<Request>;
}

/// Requests are cloned.
#[derive(Clone, Copy, Debug)]
pub struct Cloned;

/// Requests are sent once.
#[derive(Clone, Copy, Debug)]
pub struct Once;

/// By a function.
#[derive(Clone, Copy, Debug)]
pub struct By<F>(F);

impl<Request: Clone> Replay<Request> for Cloned {
    fn copy(&self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

impl<Request> Replay<Request> for Once {
    fn copy(&self, _: &Request) -> Option<Request> {
        None
    }
}

impl<Request, F: Fn(&Request) -> Option<Request>> Replay<Request> for By<F> {
    fn copy(&self, request: &Request) -> Option<Request> {
        self.0(request)
    }
}

/// Whose share of a limit a request takes.
pub trait Caller<Request> {
    /// The caller's name; nothing for those who have none, and share one.
    fn name(&self, request: &Request) -> Option<String>;
}

/// All callers share a limit.
#[derive(Clone, Copy, Debug)]
pub struct Everybody;

impl<Request> Caller<Request> for Everybody {
    fn name(&self, _: &Request) -> Option<String> {
        None
    }
}

impl<Request, F: Fn(&Request) -> Option<String>> Caller<Request> for By<F> {
    fn name(&self, request: &Request) -> Option<String> {
        self.0(request)
    }
}

impl<J> PolicyLayer<J> {
    /// A layer for calls of `operation`, whose kind and idempotency say what may be repeated. `judge` says what an answer
    /// means: nothing, where all is well; else the error that it stands for, by whose code the policy decides.
    pub fn new<T, E>(policy: Arc<Policy>, operation: &'static Operation, judge: J) -> Self
    where
        J: Fn(&Result<T, E>) -> Option<Error>,
    {
        Self { policy, operation, judge: Arc::new(judge), replay: Cloned, who: Everybody }
    }
}

impl<J, R, W> PolicyLayer<J, R, W> {
    /// Sends each request once, and so never again: for those that can't be cloned, and before handlers, where a retry
    /// would only do the work twice.
    #[must_use]
    pub fn once(self) -> PolicyLayer<J, Once, W> {
        self.with_replay(Once)
    }

    /// Copies requests by a function, which says nothing of those that can't be sent twice.
    #[must_use]
    pub fn replayed_by<Request, F>(self, copy: F) -> PolicyLayer<J, By<F>, W>
    where
        F: Fn(&Request) -> Option<Request>,
    {
        self.with_replay(By(copy))
    }

    /// Gives each caller a share of the limit that is its own, where the policy's limit is per caller or tenant.
    #[must_use]
    pub fn per<Request, F>(self, name: F) -> PolicyLayer<J, R, By<F>>
    where
        F: Fn(&Request) -> Option<String>,
    {
        let Self { policy, operation, judge, replay, .. } = self;
        PolicyLayer { policy, operation, judge, replay, who: By(name) }
    }

    fn with_replay<R2>(self, replay: R2) -> PolicyLayer<J, R2, W> {
        let Self { policy, operation, judge, who, .. } = self;
        PolicyLayer { policy, operation, judge, replay, who }
    }
}

impl<S, J, R: Clone, W: Clone> Layer<S> for PolicyLayer<J, R, W> {
    type Service = Guarded<S, J, R, W>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { inner, layer: self.clone() }
    }
}

impl<S, J, R, W, Request> Service<Request> for Guarded<S, J, R, W>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
    J: Fn(&Result<S::Response, S::Error>) -> Option<Error> + Send + Sync + 'static,
    R: Replay<Request> + Clone + Send + Sync + 'static,
    W: Caller<Request> + Clone + Send + Sync + 'static,
    Request: Send + 'static,
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
            let who = layer.who.name(&request);
            let mut requests = Requests::new(&layer.replay, request);
            let call = Call {
                operation: layer.operation,
                deadline: layer.policy.total(),
                replayable: requests.spare.is_some(),
                who: who.as_deref(),
            };
            // The last answer as the service gave it: errors of the policy's kind stand for it meanwhile.
            let last = Mutex::new(None);
            let (judge, last_of) = (&*layer.judge, &last);
            let ran = layer.policy.run(call, move |_| {
                let asked = requests.next().map(|request| inner.clone().oneshot(request));
                async move {
                    let lost = || Error::internal("a request was to be sent again that can't be");
                    let answer = asked.ok_or_else(lost)?.await;
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

/// The same request for one attempt after the other.
struct Requests<'a, R, Request> {
    replay: &'a R,
    first: Option<Request>,
    /// What the later ones are copied from.
    spare: Option<Request>,
}

impl<'a, R: Replay<Request>, Request> Requests<'a, R, Request> {
    fn new(replay: &'a R, request: Request) -> Self {
        match replay.copy(&request) {
            Some(copy) => Self { replay, first: Some(copy), spare: Some(request) },
            None => Self { replay, first: Some(request), spare: None },
        }
    }

    fn next(&mut self) -> Option<Request> {
        self.first.take().or_else(|| self.replay.copy(self.spare.as_ref()?))
    }
}

impl<J, R: Clone, W: Clone> Clone for PolicyLayer<J, R, W> {
    fn clone(&self) -> Self {
        let Self { policy, operation, judge, replay, who } = self;
        let (policy, judge) = (policy.clone(), judge.clone());
        Self { policy, operation, judge, replay: replay.clone(), who: who.clone() }
    }
}

impl<S: Clone, J, R: Clone, W: Clone> Clone for Guarded<S, J, R, W> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<J, R, W> std::fmt::Debug for PolicyLayer<J, R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolicyLayer")
            .field("operation", &self.operation.name)
            .finish_non_exhaustive()
    }
}

impl<S, J, R, W> std::fmt::Debug for Guarded<S, J, R, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded")
            .field("operation", &self.layer.operation.name)
            .finish_non_exhaustive()
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
