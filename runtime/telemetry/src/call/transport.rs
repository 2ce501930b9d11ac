//! The client's side.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use svckit_core::call::{Answer, OutgoingCall, Transport};
use svckit_core::error::Result;
use svckit_core::observe::{End, Followed};
use svckit_core::operation::Operation;

use super::shape::{self, Ended, Peer, System};
use crate::context;
use crate::metrics::method;
use crate::telemetry::Shared;

/// A span around each call with all its attempts. It travels to the callee where attempts have none of their own.
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
        let parent = context::inherited(&call.meta);
        let builder = self.shared.tracer.span_builder(method(operation));
        let builder = builder.with_kind(SpanKind::Internal).with_attributes(attributes);
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
            ended.end(&ending, false);
        });
        let work = self.inner.call(operation, call).with_context(span);
        async move { followed.answered(work.await) }.boxed()
    }

    fn keeps_deadline(&self) -> bool {
        self.inner.keeps_deadline()
    }
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
}
