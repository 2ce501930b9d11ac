//! The server's side of policies: what is let in to the handlers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Accept, Answer, IncomingCall, Principal, metadata};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Refused, Result};
use svckit_core::observe::{Event, Gate, Side};
use svckit_core::operation::{LimitConfig, LimitPer, Operation, PolicyConfig, ServiceDescriptor};

use crate::bulkhead::{Bulkhead, Full, Permit};
use crate::limit::Limiter;
use crate::policed::held;

/// Limits and bulkheads around handlers, whatever transport their calls come over: a service is protected from its
/// callers, also from those that do not use this library. Refusals are `resource_exhausted` with the time after which
/// another try makes sense.
pub struct Served {
    inner: Arc<dyn Accept>,
    env: Env,
    /// By where an operation stands in memory.
    doors: RwLock<HashMap<usize, Arc<Door>>>,
}

/// What stands before the handlers of one operation.
struct Door {
    /// Of the overrides whose numbers it has.
    generation: u64,
    config: PolicyConfig,
    limiter: Option<Arc<Mutex<Limiter>>>,
    bulkhead: Option<Bulkhead>,
}

impl Served {
    /// Puts each operation's limit and bulkhead before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Accept>, env: Env) -> Self {
        Self { inner, env, doors: RwLock::default() }
    }

    /// Nothing, for an operation that takes all that comes.
    fn door(&self, operation: &'static Operation) -> Option<Arc<Door>> {
        // An override changes numbers; it neither adds blocks nor takes them away.
        if operation.policy.limit.is_none() && operation.policy.bulkhead.is_none() {
            return None;
        }
        let generation = self.env.live.generation();
        let place = std::ptr::from_ref(operation).addr();
        if let Some(door) = self.doors.read().unwrap_or_else(PoisonError::into_inner).get(&place)
            && door.generation == generation
        {
            return Some(door.clone());
        }
        let config = self.env.live.policy(operation);
        let now = self.env.clock.now();
        let mut doors = self.doors.write().unwrap_or_else(PoisonError::into_inner);
        let old = doors.get(&place).cloned();
        if let Some(door) = old.clone().filter(|door| door.generation >= generation) {
            return Some(door);
        }
        // Who is in a bulkhead stays in it until it is done: with other numbers a new one is filled beside the old.
        let same = |old: &&Arc<Door>| old.config.bulkhead == config.bulkhead;
        let bulkhead = match old.as_ref().filter(same) {
            Some(old) => old.bulkhead.clone(),
            None => config.bulkhead.map(Bulkhead::new),
        };
        let limiter = config.limit.map(|numbers| limiter(old.as_deref(), numbers, now));
        let door = Arc::new(Door { generation, config, limiter, bulkhead });
        doors.insert(place, door.clone());
        Some(door)
    }
}

/// The shares of before, with other numbers: what was used stays used.
fn limiter(old: Option<&Door>, numbers: LimitConfig, now: Instant) -> Arc<Mutex<Limiter>> {
    let Some(limiter) = old.and_then(|old| old.limiter.clone()) else {
        return Arc::new(Mutex::new(Limiter::new(numbers, now)));
    };
    limiter.lock().unwrap_or_else(PoisonError::into_inner).configure(numbers);
    limiter
}

impl Door {
    /// Lets a call in, or not.
    async fn enter(
        &self,
        operation: &'static Operation,
        who: Option<&str>,
        deadline: Option<Instant>,
        env: &Env,
    ) -> Result<Option<Permit>> {
        let now = env.clock.now();
        if let Some(limiter) = &self.limiter {
            let took = limiter.lock().unwrap_or_else(PoisonError::into_inner).take(who, now);
            took.map_err(|after| {
                refused(operation, Refused::Limit, "its limit is used up", after)
            })?;
        }
        let Some(bulkhead) = &self.bulkhead else { return Ok(None) };
        let attempt = self.config.timeout.attempt;
        let full = |by, why| refused(operation, by, why, Bulkhead::retry_after(attempt));
        if operation.shed.is_some_and(|percent| bulkhead.above(percent)) {
            return Err(full(Refused::Shed, "it gives way to what matters more"));
        }
        let until = until(now, attempt, deadline);
        let entered = bulkhead.enter(until, &*env.clock).await;
        let place = entered.map_err(|why| match why {
            Full::Queue => full(Refused::Bulkhead, "too many run and wait already"),
            Full::Waited => full(Refused::Bulkhead, "it waited too long for its turn"),
        })?;
        Ok(Some(place))
    }
}

impl Accept for Served {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        self.inner.services()
    }

    fn accept(
        &self,
        operation: &'static Operation,
        call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        // Who comes too late hears so from the handlers' host, and takes no share of anything.
        let late = call.deadline.is_some_and(|at| at <= self.env.clock.now());
        let Some(door) = self.door(operation).filter(|_| !late) else {
            return self.inner.accept(operation, call);
        };
        let (inner, env) = (self.inner.clone(), self.env.clone());
        async move {
            let who = operation.policy.limit.and_then(|limit| share(limit.per, &call));
            let entered = door.enter(operation, who.as_deref(), call.deadline, &env).await;
            let place = entered.inspect_err(|error| {
                let by = gate(error);
                env.observe.tell(|| Event::Rejected { operation, side: Side::Server, by });
            })?;
            let answer = inner.accept(operation, call).await?;
            Ok(held(answer, place))
        }
        .boxed()
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Served")
    }
}

/// Whose share of a limit a call takes: that of who is authenticated, else of the address that calls.
fn share(per: LimitPer, call: &IncomingCall) -> Option<String> {
    match per {
        LimitPer::All => None,
        LimitPer::Caller => {
            let known = call.principal.as_deref().map(Principal::key);
            let known = known.filter(|key| !key.is_empty());
            known.or_else(|| call.peer.as_deref().map(|peer| host(peer).to_owned()))
        }
        LimitPer::Tenant => call.meta.get(metadata::TENANT).map(str::to_owned),
    }
}

/// An address without its port: a caller has many connections.
fn host(peer: &str) -> &str {
    match peer.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => peer,
    }
}

fn gate(error: &Error) -> Gate {
    match error.refused() {
        Some(Refused::Limit) => Gate::Limit,
        Some(Refused::Shed) => Gate::Shed,
        _ => Gate::Bulkhead,
    }
}

fn until(now: Instant, wait: Duration, deadline: Option<Instant>) -> Instant {
    now.checked_add(wait).into_iter().chain(deadline).min().unwrap_or(now)
}

fn refused(operation: &Operation, by: Refused, why: &str, after: Duration) -> Error {
    Error::resource_exhausted(format!("{} is not taken: {why}", operation.name))
        .with_refused(by)
        .with_unreached()
        .with_retry_after(after)
}
