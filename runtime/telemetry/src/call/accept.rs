//! The server's side.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use svckit_core::call::{Accept, Answer, IncomingCall};
use svckit_core::error::Result;
use svckit_core::observe::{End, Followed};
use svckit_core::operation::{Operation, ServiceDescriptor};
use tracing::Instrument;

use super::shape::{self, Ended, System};
use crate::context;
use crate::telemetry::Shared;

/// A span around each call that is served, the child of what its caller sent; handlers pass it on to what they call and
/// publish.
pub(crate) struct TracedAccept {
    pub(crate) inner: Arc<dyn Accept>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) system: System,
}

impl TracedAccept {
    fn span(&self, operation: &'static Operation, call: &IncomingCall) -> Context {
        let system = self.system;
        let mut attributes = Vec::with_capacity(6);
        attributes.extend(shape::rpc(operation, system));
        if system == System::Http {
            attributes.extend(http(operation));
        }
        let parent = context::received(&call.meta);
        let builder = self.shared.tracer.span_builder(shape::name(operation, system));
        let builder = builder.with_kind(SpanKind::Server).with_attributes(attributes);
        let span = self.shared.tracer.build_with_context(builder, &parent);
        parent.with_span(span)
    }
}

impl Accept for TracedAccept {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        self.inner.services()
    }

    fn accept(
        &self,
        operation: &'static Operation,
        mut call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let span = self.span(operation, &call);
        context::send(&span, &mut call.meta);
        let log = crate::telemetry::log_span(&span);
        let (shared, system, ending) = (self.shared.clone(), self.system, span.clone());
        let began = shared.env.clock.now();
        let followed = Followed::new(move |end: End<'_>| {
            let took = shared.env.clock.now().saturating_duration_since(began);
            let ended = Ended::of(&end);
            measure(&shared, operation, system, &ended, took);
            ended.end(&ending, system, true);
        });
        let work = self.inner.accept(operation, call).with_context(span).instrument(log);
        async move { followed.answered(work.await) }.boxed()
    }
}

fn http(operation: &'static Operation) -> [KeyValue; 3] {
    let (verb, route) = shape::route(operation);
    [
        KeyValue::new("http.request.method", verb),
        KeyValue::new("http.route", route),
        KeyValue::new("url.scheme", "http"),
    ]
}

fn measure(
    shared: &Shared,
    operation: &'static Operation,
    system: System,
    ended: &Ended,
    took: Duration,
) {
    let mut attributes = Vec::with_capacity(5);
    attributes.extend(shape::rpc(operation, system));
    attributes.extend(ended.attributes());
    shared.instruments.server_calls.record(took.as_secs_f64(), &attributes);
    if system == System::Http {
        attributes.clear();
        attributes.extend(http(operation));
        attributes.push(KeyValue::new("http.response.status_code", ended.http));
        attributes.extend(ended.kind().filter(|_| ended.http >= 500));
        shared.instruments.http_server.record(took.as_secs_f64(), &attributes);
    }
}
