//! The attempts of a call, each a span of its own within that of the call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use svckit_core::call::{Answer, OutgoingCall, Transport, Tried};
use svckit_core::error::Result;
use svckit_core::observe::{End, Event, Followed};
use svckit_core::operation::Operation;

use super::shape::{self, Ended, Peer, System};
use crate::context;
use crate::telemetry::Shared;

/// What only those below an attempt know: which endpoint it went to, how HTTP answered.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Told>);

#[derive(Clone, Default)]
struct Told {
    endpoint: Option<Peer>,
    /// HTTP's version, and the status.
    response: Option<(&'static str, u16)>,
}

impl Seen {
    /// Takes down what is told while an attempt runs.
    pub(crate) fn hear(event: &Event<'_>) {
        let put = |put: &dyn Fn(&mut Told)| {
            Context::map_current(|context| {
                if let Some(seen) = context.get::<Arc<Self>>() {
                    put(&mut seen.0.lock().unwrap_or_else(PoisonError::into_inner));
                }
            });
        };
        match *event {
            Event::Picked { endpoint, .. } => {
                put(&|told| told.endpoint = Some(Peer::of(endpoint)));
            }
            Event::Responded { version, status, .. } => {
                put(&|told| told.response = Some((version, status)));
            }
            _ => {}
        }
    }

    fn told(&self) -> Told {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A span around each attempt; it travels to the callee. Where the call is not sampled, there is none.
pub(crate) struct TracedAttempts {
    pub(crate) inner: Arc<dyn Transport>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) system: System,
    pub(crate) peer: Arc<Peer>,
}

impl TracedAttempts {
    fn span(&self, operation: &'static Operation, parent: &Context, before: u32) -> Context {
        let system = self.system;
        let mut attributes = Vec::with_capacity(8);
        attributes.extend(shape::rpc(operation, system));
        let before = i64::from(before);
        match system {
            System::Http => {
                attributes.extend(shape::request(operation));
                attributes.push(KeyValue::new("url.scheme", self.peer.scheme()));
                let again = KeyValue::new("http.request.resend_count", before);
                attributes.extend((before > 0).then_some(again));
            }
            System::Grpc => {
                attributes.push(KeyValue::new("network.protocol.version", "2"));
                attributes.push(KeyValue::new(AGAIN, before));
            }
            System::InProcess => attributes.push(KeyValue::new(AGAIN, before)),
        }
        let builder = self.shared.tracer.span_builder(shape::name(operation, system));
        let builder = builder.with_kind(SpanKind::Client).with_attributes(attributes);
        parent.with_span(self.shared.tracer.build_with_context(builder, parent))
    }
}

/// As gRPC's proposal A72 calls it.
const AGAIN: &str = "previous-rpc-attempts";

impl Transport for TracedAttempts {
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
        mut call: OutgoingCall,
        tried: &Tried,
    ) -> BoxFuture<'static, Result<Answer>> {
        let parent = Context::current();
        let recorded = parent.span().is_recording();
        if !recorded && self.system != System::Http {
            return self.inner.call_again(operation, call, tried);
        }
        let span = if recorded {
            let span = self.span(operation, &parent, tried.before());
            context::send(&span, &mut call.meta);
            span
        } else {
            parent
        };
        let seen = Arc::<Seen>::default();
        let within = span.with_value(seen.clone());
        let (shared, system, peer) = (self.shared.clone(), self.system, self.peer.clone());
        let began = shared.env.clock.now();
        let followed = Followed::new(move |end: End<'_>| {
            let took = shared.env.clock.now().saturating_duration_since(began);
            let (ended, told) = (Ended::of(&end), seen.told());
            let peer = told.endpoint.as_ref().unwrap_or(&peer);
            if system == System::Http {
                measure(&shared, operation, peer, &told, &ended, took);
            }
            if recorded {
                finish(&span, peer, &told, &ended);
            }
        });
        let work = self.inner.call_again(operation, call, tried).with_context(within);
        async move { followed.answered(work.await) }.boxed()
    }

    fn keeps_deadline(&self) -> bool {
        self.inner.keeps_deadline()
    }

    fn guards_endpoints(&self) -> bool {
        self.inner.guards_endpoints()
    }
}

fn response(told: &Told) -> impl Iterator<Item = KeyValue> {
    let (version, status) = told.response.unzip();
    let version = version.map(|version| KeyValue::new("network.protocol.version", version));
    let status = status.map(|status| KeyValue::new("http.response.status_code", i64::from(status)));
    version.into_iter().chain(status)
}

fn finish(context: &Context, peer: &Peer, told: &Told, ended: &Ended) {
    let span = context.span();
    span.set_attributes(peer.attributes());
    span.set_attributes(response(told));
    ended.end(context, false);
}

fn measure(
    shared: &Shared,
    operation: &'static Operation,
    peer: &Peer,
    told: &Told,
    ended: &Ended,
    took: Duration,
) {
    let mut attributes = Vec::with_capacity(8);
    attributes.extend(shape::request(operation));
    attributes.push(KeyValue::new("url.scheme", peer.scheme()));
    attributes.extend(peer.attributes());
    attributes.extend(response(told));
    attributes.extend(ended.kind());
    shared.instruments.http_client.record(took.as_secs_f64(), &attributes);
}
