//! The client's side.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use svckit_core::call::{Answer, OutgoingCall, Transport};
use svckit_core::error::Result;
use svckit_core::observe::{End, Followed};
use svckit_core::operation::Operation;

use super::shape::{self, Ended, Peer, System};
use crate::context;
use crate::telemetry::Shared;

/// A span around each call with all its attempts; it travels to the callee.
pub(crate) struct TracedTransport {
    pub(crate) inner: Arc<dyn Transport>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) system: System,
    pub(crate) peer: Arc<Peer>,
}

impl TracedTransport {
    fn span(&self, operation: &'static Operation, call: &OutgoingCall) -> Context {
        let system = self.system;
        let mut attributes = Vec::with_capacity(6);
        attributes.extend(shape::rpc(operation, system));
        attributes.extend(self.peer.attributes());
        if system == System::Http {
            attributes.extend(http(operation));
        }
        let parent = context::inherited(&call.meta);
        let builder = self.shared.tracer.span_builder(shape::name(operation, system));
        let builder = builder.with_kind(SpanKind::Client).with_attributes(attributes);
        let span = self.shared.tracer.build_with_context(builder, &parent);
        parent.with_span(span)
    }
}

impl Transport for TracedTransport {
    fn call(
        &self,
        operation: &'static Operation,
        mut call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let span = self.span(operation, &call);
        context::send(&span, &mut call.meta);
        let (shared, system, peer) = (self.shared.clone(), self.system, self.peer.clone());
        let (began, ending) = (shared.env.clock.now(), span.clone());
        let followed = Followed::new(move |end: End<'_>| {
            let took = shared.env.clock.now().saturating_duration_since(began);
            let ended = Ended::of(&end);
            measure(&shared, operation, system, &peer, &ended, took);
            ended.end(&ending, system, false);
        });
        let work = self.inner.call(operation, call).with_context(span);
        async move { followed.answered(work.await) }.boxed()
    }

    fn keeps_deadline(&self) -> bool {
        self.inner.keeps_deadline()
    }
}

fn http(operation: &'static Operation) -> [KeyValue; 2] {
    let (verb, route) = shape::route(operation);
    [KeyValue::new("http.request.method", verb), KeyValue::new("url.template", route)]
}

fn measure(
    shared: &Shared,
    operation: &'static Operation,
    system: System,
    peer: &Peer,
    ended: &Ended,
    took: Duration,
) {
    let mut attributes = Vec::with_capacity(6);
    attributes.extend(shape::rpc(operation, system));
    attributes.extend(peer.attributes());
    attributes.extend(ended.attributes());
    shared.instruments.client_calls.record(took.as_secs_f64(), &attributes);
    if system == System::Http {
        attributes.clear();
        attributes.extend(http(operation));
        attributes.extend(peer.attributes());
        attributes.push(KeyValue::new("http.response.status_code", ended.http));
        attributes.extend(ended.kind());
        shared.instruments.http_client.record(took.as_secs_f64(), &attributes);
    }
}
