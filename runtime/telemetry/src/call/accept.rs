//! The server's side.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use svckit_core::call::{Accept, Answer, IncomingCall, Metadata, Refusal};
use svckit_core::error::Result;
use svckit_core::http::Exchange;
use svckit_core::observe::{End, Followed};
use svckit_core::operation::{Operation, ServiceDescriptor};
use tracing::Instrument;

use super::shape::{self, Ended, Peer, System};
use crate::context;
use crate::spans;
use crate::telemetry::Shared;

/// A span around each call that is served, the child of what its caller sent; handlers pass it on to what they call and
/// publish.
pub(crate) struct TracedAccept {
    pub(crate) inner: Arc<dyn Accept>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) system: System,
}

/// What a call's end is told of.
struct Served {
    shared: Arc<Shared>,
    operation: &'static Operation,
    system: System,
    span: Context,
}

impl TracedAccept {
    /// Begins the span of a call that has already taken so long.
    fn served(
        &self,
        operation: &'static Operation,
        meta: &Metadata,
        exchange: Option<&Exchange>,
        took: Duration,
    ) -> Served {
        let (shared, system) = (self.shared.clone(), self.system);
        let mut attributes = Vec::with_capacity(10);
        attributes.extend(shape::rpc(operation, system));
        if system == System::Grpc {
            attributes.push(KeyValue::new("network.protocol.version", "2"));
        }
        let parent = context::received(meta);
        let mut builder = shared.tracer.span_builder(shape::name(operation, system));
        if let Some(exchange) = exchange {
            attributes.extend(request(operation, exchange));
            let host = exchange.host.as_deref().map(Peer::of);
            attributes.extend(host.iter().flat_map(Peer::attributes));
        }
        if !took.is_zero() {
            builder.start_time = shared.env.clock.wall().checked_sub(took);
        }
        let builder = builder.with_kind(SpanKind::Server).with_attributes(attributes);
        let span = shared.tracer.build_with_context(builder, &parent);
        Served { shared, operation, system, span: parent.with_span(span) }
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
        let exchange = call.exchange.take();
        let served = self.served(operation, &call.meta, exchange.as_deref(), Duration::ZERO);
        let span = served.span.clone();
        context::send(&span, &mut call.meta);
        let log = crate::telemetry::log_span(&span);
        let clock = self.shared.env.clock.clone();
        let began = clock.now();
        let followed = Followed::new(move |end: End<'_>| {
            let took = clock.now().saturating_duration_since(began);
            served.over(Ended::of(&end), took, exchange.map(|exchange| *exchange));
        });
        let within = spans::within(span, &self.shared);
        let work = self.inner.accept(operation, call).with_context(within).instrument(log);
        async move { followed.answered(work.await) }.boxed()
    }

    fn refused(&self, operation: &'static Operation, meta: &Metadata, refused: Refusal<'_>) {
        let Refusal { exchange, error, status, took } = refused;
        let served = self.served(operation, meta, Some(exchange), took);
        let ended = Ended::of(&End::Failed(error));
        served.over_http(&ended, took, exchange, Some(status));
        self.inner.refused(operation, meta, refused);
    }
}

impl Served {
    /// Over, but for HTTP's status, which is told of a little later.
    fn over(self, ended: Ended, took: Duration, exchange: Option<Exchange>) {
        match exchange {
            None => {
                self.measure(&ended, took);
                ended.end(&self.span, true);
            }
            Some(exchange) => {
                let request = exchange.clone();
                exchange.then(move |status| self.over_http(&ended, took, &request, status));
            }
        }
    }

    fn over_http(&self, ended: &Ended, took: Duration, exchange: &Exchange, status: Option<u16>) {
        self.measure(ended, took);
        let mut attributes = Vec::with_capacity(6);
        attributes.extend(request(self.operation, exchange));
        let code =
            status.map(|status| KeyValue::new("http.response.status_code", i64::from(status)));
        attributes.extend(code.clone());
        attributes.extend(ended.kind().filter(|_| status.is_none_or(|status| status >= 500)));
        self.shared.instruments.http_server.record(took.as_secs_f64(), &attributes);
        if let Some(code) = code {
            self.span.span().set_attribute(code);
        }
        ended.end(&self.span, true);
    }

    fn measure(&self, ended: &Ended, took: Duration) {
        let mut attributes = Vec::with_capacity(5);
        attributes.extend(shape::rpc(self.operation, self.system));
        attributes.extend(ended.attributes());
        self.shared.instruments.server_calls.record(took.as_secs_f64(), &attributes);
    }
}

/// The request as it came, without the values in its path.
fn request(operation: &'static Operation, exchange: &Exchange) -> [KeyValue; 4] {
    let (_, route) = shape::route(operation);
    [
        KeyValue::new("http.request.method", exchange.method),
        KeyValue::new("http.route", route),
        KeyValue::new("url.scheme", exchange.scheme),
        KeyValue::new("network.protocol.version", exchange.version),
    ]
}
