//! From what a process tells to what is counted, and to events of the span that it happens in.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use svckit_core::observe::{
    BreakerState, Delivered, Event, Gate, NoRetry, Observer, Outcome, Replay, Side,
};
use svckit_core::operation::Operation;

use super::{Instruments, status};
use crate::call::{Peer, Seen};

/// Which breaker: of which service, the operation's path, and the endpoint where there are several.
type Breaker = (&'static str, &'static str, Option<Box<str>>);

/// Counts what it hears.
pub(crate) struct MetricsObserver {
    instruments: Arc<Instruments>,
    /// The breakers that are not closed, by operation and endpoint.
    open: Mutex<HashSet<Breaker>>,
    /// The endpoints that are ejected, by service.
    ejected: Mutex<HashSet<(&'static str, Box<str>)>>,
}

impl MetricsObserver {
    pub(crate) fn new(instruments: Arc<Instruments>) -> Self {
        Self { instruments, open: Mutex::default(), ejected: Mutex::default() }
    }

    fn breaker(&self, operation: &'static Operation, endpoint: Option<&str>, state: BreakerState) {
        let method = method_of(operation);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (operation.service, operation.path, endpoint.map(Into::into));
        let change = match state {
            BreakerState::Closed => -i64::from(open.remove(&key)),
            BreakerState::Open | BreakerState::HalfOpen => i64::from(open.insert(key)),
        };
        drop(open);
        self.instruments.breakers_open.add(change, std::slice::from_ref(&method));
        let state = KeyValue::new("state", state_name(state));
        self.instruments.breaker_changes.add(1, &[method, state]);
    }

    fn ejected(&self, service: &'static str, endpoint: &str, is: bool) {
        let mut ejected = self.ejected.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service, endpoint.into());
        let change =
            if is { i64::from(ejected.insert(key)) } else { -i64::from(ejected.remove(&key)) };
        drop(ejected);
        let service = [KeyValue::new("rpc.service", service)];
        self.instruments.ejected.add(change, &service);
        if is {
            self.instruments.ejections.add(1, &service);
        }
    }

    /// What left is neither broken nor ejected any more.
    fn left(&self, service: &'static str, endpoint: &str) {
        let mut closed = Vec::new();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, path, at)| {
            let gone = *of == service && at.as_deref() == Some(endpoint);
            closed.extend(gone.then_some(*path));
            !gone
        });
        for path in closed {
            let method = KeyValue::new("rpc.method", path.strip_prefix('/').unwrap_or(path));
            self.instruments.breakers_open.add(-1, &[method]);
        }
        self.ejected(service, endpoint, false);
    }

    fn of_endpoints(&self, event: &Event<'_>) {
        let with = &self.instruments;
        match *event {
            Event::Ejected { service, endpoint, .. } => self.ejected(service, endpoint, true),
            Event::Restored { service, endpoint } => self.ejected(service, endpoint, false),
            Event::Endpoint { service, endpoint, joined } => {
                let change = KeyValue::new("change", if joined { "joined" } else { "left" });
                with.endpoint_changes.add(1, &[service_of(service), change]);
                if !joined {
                    self.left(service, endpoint);
                }
            }
            Event::Resolved { service, endpoints, code } => {
                let error = code.map(|code| kind_of(status(Some(code))));
                let attributes: Vec<_> = [service_of(service)].into_iter().chain(error).collect();
                with.resolutions.add(1, &attributes);
                if let Some(endpoints) = endpoints {
                    with.endpoints.record(endpoints, &[service_of(service)]);
                }
            }
            Event::Picked { operation, endpoint } => {
                let mut attributes = vec![service_of(operation.service)];
                attributes.extend(Peer::of(endpoint).attributes());
                with.picks.add(1, &attributes);
            }
            _ => {}
        }
    }

    fn delivered(&self, delivered: &Delivered<'_>) {
        let mut attributes = vec![
            KeyValue::new("messaging.consumer.group.name", delivered.group.to_owned()),
            KeyValue::new("messaging.destination.name", delivered.message.name.clone()),
        ];
        if delivered.attempt > 1 {
            self.instruments.redeliveries.add(1, &attributes);
        }
        self.instruments.delivery_lag.record(delivered.lag.as_secs_f64(), &attributes);
        attributes.push(KeyValue::new("outcome", outcome_name(delivered.outcome)));
        if let Some(class) = delivered.class {
            attributes.push(KeyValue::new("error.type", class.to_owned()));
        }
        self.instruments.settled.add(1, &attributes);
    }

    fn stalled(&self, service: &str, stalled: u64) {
        let service = KeyValue::new("rpc.service", service.to_owned());
        self.instruments.outbox_stalled.record(stalled, &[service]);
    }

    fn of_calls(&self, event: &Event<'_>) {
        let with = &self.instruments;
        match *event {
            Event::CallStarted { operation, side } => {
                with.active.add(1, &[method_of(operation), side_of(side)]);
            }
            Event::CallEnded { operation, side, .. } => {
                with.active.add(-1, &[method_of(operation), side_of(side)]);
            }
            Event::Attempt { operation, code, took, .. } => {
                let status = KeyValue::new("rpc.response.status_code", status(code));
                with.attempts.record(took.as_secs_f64(), &[method_of(operation), status]);
            }
            Event::Retry { operation, code, .. } => {
                with.retries.add(1, &[method_of(operation), kind_of(status(Some(code)))]);
            }
            Event::RetryRefused { operation, why } => {
                let why = KeyValue::new("reason", refusal_name(why));
                with.retries_refused.add(1, &[method_of(operation), why]);
            }
            Event::Breaker { operation, endpoint, state } => {
                self.breaker(operation, endpoint, state);
            }
            Event::Rejected { operation, side, by } => {
                let by = KeyValue::new("reason", gate_name(by));
                with.rejected.add(1, &[method_of(operation), side_of(side), by]);
            }
            Event::Replayed { operation, how } => {
                let how = KeyValue::new("outcome", replay_name(how));
                with.replays.add(1, &[method_of(operation), how]);
            }
            Event::Hedge { operation, .. } => with.hedges.add(1, &[method_of(operation)]),
            Event::Fallback { operation, code } => {
                with.fallbacks.add(1, &[method_of(operation), kind_of(status(Some(code)))]);
            }
            _ => {}
        }
    }
}

impl Observer for MetricsObserver {
    fn observe(&self, event: &Event<'_>) {
        match *event {
            Event::Ejected { .. }
            | Event::Restored { .. }
            | Event::Endpoint { .. }
            | Event::Resolved { .. }
            | Event::Picked { .. } => self.of_endpoints(event),
            Event::Configured { part, taken } => {
                let outcome = KeyValue::new("outcome", if taken { "taken" } else { "refused" });
                self.instruments.reloads.add(1, &[KeyValue::new("part", part), outcome]);
            }
            Event::Delivered(ref delivered) => self.delivered(delivered),
            Event::PublishFailed { service, code } => {
                let service = KeyValue::new("rpc.service", service.to_owned());
                self.instruments.outbox_failures.add(1, &[service, kind_of(status(Some(code)))]);
            }
            Event::OutboxStalled { service, .. } => self.stalled(service, 1),
            Event::OutboxFlows { service } => self.stalled(service, 0),
            _ => self.of_calls(event),
        }
        Seen::hear(event);
        if let Some((name, attributes)) = noted(event) {
            let context = Context::current();
            let span = context.span();
            if span.is_recording() {
                span.add_event(name, attributes);
            }
        }
    }
}

/// What a span is told of a decision.
fn noted(event: &Event<'_>) -> Option<(&'static str, Vec<KeyValue>)> {
    let millis = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    Some(match *event {
        Event::Retry { attempt, code, pause, .. } => (
            "svckit.retry",
            vec![
                KeyValue::new("attempt", i64::from(attempt)),
                kind_of(status(Some(code))),
                KeyValue::new("pause_ms", millis(pause)),
            ],
        ),
        Event::RetryRefused { why, .. } => {
            ("svckit.retry.refused", vec![KeyValue::new("reason", refusal_name(why))])
        }
        Event::Breaker { state, .. } => {
            ("svckit.breaker", vec![KeyValue::new("state", state_name(state))])
        }
        Event::Rejected { by, .. } => {
            ("svckit.rejected", vec![KeyValue::new("reason", gate_name(by))])
        }
        Event::Hedge { after, .. } => {
            ("svckit.hedge", vec![KeyValue::new("after_ms", millis(after))])
        }
        Event::Replayed { how, .. } => {
            ("svckit.replayed", vec![KeyValue::new("outcome", replay_name(how))])
        }
        Event::Fallback { code, .. } => ("svckit.fallback", vec![kind_of(status(Some(code)))]),
        _ => return None,
    })
}

/// The full method as the conventions write it: `shop.orders.v1.OrdersService/PlaceOrder`.
pub(crate) fn method(operation: &'static Operation) -> &'static str {
    operation.path.strip_prefix('/').unwrap_or(operation.path)
}

fn service_of(service: &'static str) -> KeyValue {
    KeyValue::new("rpc.service", service)
}

fn method_of(operation: &'static Operation) -> KeyValue {
    KeyValue::new("rpc.method", method(operation))
}

fn kind_of(kind: &'static str) -> KeyValue {
    KeyValue::new("error.type", kind)
}

fn side_of(side: Side) -> KeyValue {
    KeyValue::new("side", if side == Side::Client { "client" } else { "server" })
}

const fn state_name(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half_open",
    }
}

const fn gate_name(gate: Gate) -> &'static str {
    match gate {
        Gate::Breaker => "breaker",
        Gate::Bulkhead => "bulkhead",
        Gate::Limit => "limit",
        Gate::Shed => "shed",
        Gate::Deadline => "deadline",
    }
}

const fn refusal_name(why: NoRetry) -> &'static str {
    match why {
        NoRetry::Budget => "budget",
        NoRetry::Tokens => "tokens",
        NoRetry::Attempts => "attempts",
        NoRetry::Deadline => "deadline",
        NoRetry::Below => "below",
        NoRetry::Pushback => "pushback",
    }
}

const fn replay_name(how: Replay) -> &'static str {
    match how {
        Replay::Answer => "answer",
        Replay::Error => "error",
        Replay::Running => "running",
        Replay::Reused => "reused",
    }
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Duplicate => "duplicate",
        Outcome::Retried => "retried",
        Outcome::Dead => "dead",
        Outcome::Dropped => "dropped",
        Outcome::Held => "held",
        Outcome::Expired => "expired",
        Outcome::GivenBack => "given_back",
        Outcome::Lost => "lost",
    }
}
