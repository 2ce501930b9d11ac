//! Calls one of the endpoints of a service.

mod flight;
mod guard;
mod load;
mod pool;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use svckit_core::call::{Answer, OutgoingCall, Transport, Tried};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::observe::{BreakerState, Event, Gate, Side};
use svckit_core::operation::Operation;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::flight::Flight;
pub use self::guard::{Rules, Said};
pub use self::load::{DECAY, FAILED, Load, UNKNOWN};
pub use self::pool::{Change, Nobody, Picked, Pool, WARM};
use crate::{Discover, Endpoint};

/// What makes the way to one endpoint. It connects to nothing yet.
pub type Connect = Box<dyn Fn(&Endpoint) -> Result<Arc<dyn Transport>> + Send + Sync>;

/// A transport to a service that is in several places: each call goes to one of them. It makes one attempt per call;
/// dropping the future, or the stream that it gave, cancels it and gives back what it had taken.
///
/// The connections to an endpoint that left are closed once the calls there have ended.
pub struct Balanced {
    shared: Arc<Shared>,
    follow: JoinHandle<()>,
}

struct Shared {
    /// The service's name in the contract.
    service: &'static str,
    pool: Mutex<Pool<Way>>,
    known: watch::Sender<Known>,
    connect: Connect,
    env: Env,
}

type Way = Result<Arc<dyn Transport>>;

/// What is known of the endpoints as a whole.
enum Known {
    /// Nothing yet.
    Waiting,
    /// A set.
    Set,
    /// There was no set so far, and that is why.
    Failed(Error),
}

impl Balanced {
    /// The way to `service`, where `discover` finds it. Must be called within a tokio runtime, in which it follows the
    /// changes until it is dropped.
    #[must_use]
    pub fn new(
        service: &'static str,
        discover: Arc<dyn Discover>,
        connect: Connect,
        env: Env,
    ) -> Self {
        let (known, _) = watch::channel(Known::Waiting);
        let shared = Shared { service, pool: Mutex::default(), known, connect, env };
        let shared = Arc::new(shared);
        let followed = shared.clone();
        let follow = tokio::spawn(async move {
            let mut sets = discover.watch();
            while let Some(set) = sets.next().await {
                followed.take_up(set);
            }
        });
        Self { shared, follow }
    }

    /// The endpoints that are known now, and how many calls each has not answered yet.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(Endpoint, u32)> {
        let pool = self.shared.pool();
        pool.endpoints().map(|(endpoint, pending)| (endpoint.clone(), pending)).collect()
    }
}

impl Drop for Balanced {
    fn drop(&mut self) {
        self.follow.abort();
    }
}

/// What stands for an operation: where it is in memory, since who calls it under a policy of their own has one of their
/// own.
fn key(operation: &'static Operation) -> usize {
    std::ptr::from_ref(operation).addr()
}

impl Shared {
    fn pool(&self) -> MutexGuard<'_, Pool<Way>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_up(&self, set: Result<Vec<Endpoint>>) {
        let (service, code) = (self.service, set.as_ref().err().map(Error::code));
        let endpoints = set.as_ref().ok().map(|set| u64::try_from(set.len()).unwrap_or(u64::MAX));
        self.env.observe.tell(|| Event::Resolved { service, endpoints, code });
        match set {
            Ok(set) => {
                let now = self.env.clock.now();
                tracing::debug!(service, endpoints, "found");
                let (gone, changes) = self.pool().update(set, now, |at| (self.connect)(at));
                drop(gone);
                self.tell_ejections(&changes, Duration::ZERO);
                self.known.send_replace(Known::Set);
            }
            Err(error) => {
                tracing::warn!(service = self.service, %error, "its endpoints can't be found now");
                self.known.send_if_modified(|known| {
                    let nothing = !matches!(known, Known::Set);
                    if nothing {
                        *known = Known::Failed(error);
                    }
                    nothing
                });
            }
        }
    }

    /// Waits for the first set.
    ///
    /// # Errors
    /// Why there is none; `unavailable` if it did not come before `deadline`.
    async fn known(&self, deadline: Option<Instant>) -> Result<()> {
        if matches!(*self.known.borrow(), Known::Set) {
            return Ok(());
        }
        let mut known = self.known.subscribe();
        let first = known.wait_for(|known| !matches!(known, Known::Waiting));
        let late = async {
            match deadline {
                Some(at) => self.env.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let why = tokio::select! {
            biased;
            known = first => match known.as_deref() {
                Ok(Known::Failed(error)) => error.clone().context(self.service),
                _ => return Ok(()),
            },
            () = late => Error::unavailable(format!("{} was not found in time", self.service)),
        };
        Err(why.with_unreached())
    }

    fn pick(&self, operation: &'static Operation, tried: &Tried) -> Result<Picked<Way>> {
        let (key, now) = (key(operation), self.env.clock.now());
        let picked = {
            let mut pool = self.pool();
            let generation = self.env.live.generation();
            if !pool.knows(key, generation) {
                let policy = self.env.live.policy(operation);
                pool.configure(key, Rules::of(&policy), generation, now);
            }
            pool.pick(key, |id| tried.contains(id), now, &*self.env.rng)
        };
        let picked = picked.map_err(|nobody| self.refusal(operation, nobody))?;
        tried.add(picked.id);
        let endpoint = &*picked.address;
        self.env.observe.tell(|| Event::Picked { operation, endpoint });
        if picked.probes {
            self.tell_breaker(operation, endpoint, BreakerState::HalfOpen);
        }
        Ok(picked)
    }

    fn refusal(&self, operation: &'static Operation, nobody: Nobody) -> Error {
        let unavailable = |why: &str| {
            Error::unavailable(format!("{} can't be called: {why}", self.service)).with_unreached()
        };
        match nobody {
            Nobody::Empty => unavailable("it is nowhere: none of its endpoints is known"),
            Nobody::Draining => unavailable("all of its endpoints drain"),
            Nobody::Broken(after) => {
                let (side, by) = (Side::Client, Gate::Breaker);
                self.env.observe.tell(|| Event::Rejected { operation, side, by });
                Error::fixed(
                    Code::Unavailable,
                    "the callee's endpoints failed too often lately: their breakers are open",
                )
                .with_refused(Refused::Breaker)
                .with_unreached()
                .with_retry_after(after)
            }
        }
    }

    fn tell(&self, operation: &'static Operation, changes: &[Change]) {
        for change in changes {
            if let Change::Breaker(endpoint, state) = change {
                self.tell_breaker(operation, endpoint, *state);
            }
        }
        if !changes.is_empty() {
            let breaker = self.env.live.policy(operation).breaker;
            self.tell_ejections(changes, breaker.map(|b| b.open_min).unwrap_or_default());
        }
    }

    fn tell_breaker(&self, operation: &'static Operation, endpoint: &str, state: BreakerState) {
        let (service, name) = (self.service, operation.name);
        tracing::info!(service, operation = name, endpoint, ?state, "an endpoint's breaker");
        let endpoint = Some(endpoint);
        self.env.observe.tell(|| Event::Breaker { operation, endpoint, state });
    }

    fn tell_ejections(&self, changes: &[Change], pause: Duration) {
        let service = self.service;
        for change in changes {
            match change {
                Change::Breaker(..) => {}
                Change::Joined(endpoint) | Change::Left(endpoint) => {
                    let joined = matches!(change, Change::Joined(_));
                    self.env.observe.tell(|| Event::Endpoint { service, endpoint, joined });
                }
                Change::Ejected(endpoint) => {
                    self.env.observe.tell(|| Event::Ejected { service, endpoint, pause });
                }
                Change::Restored(endpoint) => {
                    self.env.observe.tell(|| Event::Restored { service, endpoint });
                }
            }
        }
    }
}

impl Transport for Balanced {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        self.call_again(operation, call, &Tried::default())
    }

    fn call_again(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
        tried: &Tried,
    ) -> BoxFuture<'static, Result<Answer>> {
        let (shared, tried) = (self.shared.clone(), tried.clone());
        async move {
            shared.known(call.deadline).await?;
            let picked = shared.pick(operation, &tried)?;
            let mut flight = Flight::begin(&shared, operation, &picked, call.deadline);
            let answer = match picked.way {
                Ok(way) => way.call(operation, call).await,
                Err(error) => Err(error),
            };
            flight.answered(answer.as_ref().err());
            answer.map(|answer| flight.held_by(answer))
        }
        .boxed()
    }

    fn guards_endpoints(&self) -> bool {
        true
    }
}

impl fmt::Debug for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balanced").field("service", &self.shared.service).finish_non_exhaustive()
    }
}
