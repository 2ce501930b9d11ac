//! Spans and times of messages: one where a message is handed to the broker, one for each time that it is handled.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{Link, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use svckit_core::broker::{
    Broker, DeadFilter, DeadLetter, Delivery, Envelope, Fetch, Group, GroupStatus, ReplayFrom,
    Settlement, Token,
};
use svckit_core::call::metadata;
use svckit_core::error::Result;
use svckit_core::server::{Trouble, Worked};
use svckit_messaging::Handle;
use tracing::Instrument;

use crate::context;
use crate::metrics::status;
use crate::spans;
use crate::telemetry::{Shared, log_span};

/// `messaging.system` of the brokers within a process or a machine.
const SYSTEM: &str = "svckit";

/// A broker whose messages carry the span of their sending.
pub(crate) struct TracedBroker {
    pub(crate) inner: Arc<dyn Broker>,
    pub(crate) shared: Arc<Shared>,
}

fn base(what: &'static str, kind: &'static str, envelope: &Envelope) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", SYSTEM),
        KeyValue::new("messaging.operation.name", what),
        KeyValue::new("messaging.operation.type", kind),
        KeyValue::new("messaging.destination.name", envelope.name.clone()),
    ]
}

/// What spans say beyond that; an id is no dimension of a metric.
fn details(envelope: &Envelope) -> impl Iterator<Item = KeyValue> + '_ {
    let size = i64::try_from(envelope.payload.len()).unwrap_or(i64::MAX);
    let conversation = envelope
        .meta
        .get(metadata::CORRELATION_ID)
        .map(|id| KeyValue::new("messaging.message.conversation_id", id.to_owned()));
    let id = KeyValue::new("messaging.message.id", envelope.id.to_string());
    [id, KeyValue::new("messaging.message.body.size", size)].into_iter().chain(conversation)
}

impl TracedBroker {
    /// Begins the span of a message's sending and writes it beside the message.
    fn sending(&self, envelope: &mut Envelope) -> Context {
        let mut attributes = base("send", "send", envelope);
        attributes.extend(details(envelope));
        let parent = context::inherited(&envelope.meta);
        let builder = self.shared.tracer.span_builder(format!("send {}", envelope.name));
        let builder = builder.with_kind(SpanKind::Producer).with_attributes(attributes);
        let span = self.shared.tracer.build_with_context(builder, &parent);
        let span = parent.with_span(span);
        context::send(&span, &mut envelope.meta);
        span
    }
}

fn sent(shared: &Shared, batch: &[(Context, Vec<KeyValue>)], took: Duration, done: &Result<()>) {
    let error = done.as_ref().err();
    let kind = error.map(|error| KeyValue::new("error.type", status(Some(error.code()))));
    for (span, attributes) in batch {
        let mut attributes = attributes.clone();
        attributes.extend(kind.clone());
        shared.instruments.sent.add(1, &attributes);
        shared.instruments.send_duration.record(took.as_secs_f64(), &attributes);
        if let Some(kind) = kind.clone() {
            span.span().set_attribute(kind);
            span.span().set_status(Status::error(""));
        }
        span.span().end();
    }
}

impl Broker for TracedBroker {
    fn declare(&self, group: Group) -> BoxFuture<'static, Result<()>> {
        self.inner.declare(group)
    }

    fn publish(&self, mut batch: Vec<Envelope>, now: Timestamp) -> BoxFuture<'static, Result<()>> {
        let spans = batch
            .iter_mut()
            .map(|envelope| (self.sending(envelope), base("send", "send", envelope)));
        let spans: Vec<_> = spans.collect();
        let (shared, began) = (self.shared.clone(), self.shared.env.clock.now());
        let work = self.inner.publish(batch, now);
        async move {
            let done = work.await;
            let took = shared.env.clock.now().saturating_duration_since(began);
            sent(&shared, &spans, took, &done);
            done
        }
        .boxed()
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Vec<Delivery>>> {
        self.inner.fetch(fetch)
    }

    fn settle(
        &self,
        settlements: Vec<(Token, Settlement)>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        self.inner.settle(settlements, now)
    }

    fn extend(
        &self,
        tokens: Vec<Token>,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<Vec<bool>>> {
        self.inner.extend(tokens, now, lease)
    }

    fn status(&self) -> BoxFuture<'static, Result<Vec<GroupStatus>>> {
        self.inner.status()
    }

    fn dead(&self, filter: DeadFilter) -> BoxFuture<'static, Result<Vec<DeadLetter>>> {
        self.inner.dead(filter)
    }

    fn redrive(&self, numbers: Vec<u64>, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.inner.redrive(numbers, now)
    }

    fn drop_dead(&self, numbers: Vec<u64>) -> BoxFuture<'static, Result<u64>> {
        self.inner.drop_dead(numbers)
    }

    fn replay(
        &self,
        group: String,
        from: ReplayFrom,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<u64>> {
        self.inner.replay(group, from, now)
    }

    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>> {
        self.inner.sweep(now)
    }

    fn as_any(&self) -> &dyn Any {
        self.inner.as_any()
    }
}

/// Handlers, each of whose runs is a span: the child of the message's sending, and linked to it.
pub(crate) struct TracedHandle {
    pub(crate) inner: Arc<dyn Handle>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) group: Arc<str>,
}

impl TracedHandle {
    fn span(&self, envelope: &Envelope, attempt: u32, attributes: &[KeyValue]) -> Context {
        let parent = context::received(&envelope.meta);
        let mut attributes = attributes.to_vec();
        attributes.extend(details(envelope));
        attributes.push(KeyValue::new("svckit.message.attempt", i64::from(attempt)));
        let builder = self.shared.tracer.span_builder(format!("process {}", envelope.name));
        let mut builder = builder.with_kind(SpanKind::Consumer).with_attributes(attributes);
        let creation = parent.span().span_context().clone();
        if creation.is_valid() {
            builder = builder.with_links(vec![Link::with_context(creation)]);
        }
        let span = self.shared.tracer.build_with_context(builder, &parent);
        parent.with_span(span)
    }
}

/// Ends the span and measures, also where the handler is dropped.
struct Handling {
    shared: Arc<Shared>,
    span: Context,
    attributes: Vec<KeyValue>,
    began: std::time::Instant,
    error: Option<KeyValue>,
}

impl Handling {
    fn done(&mut self, done: &Result<Worked, Trouble>) {
        self.error = done.as_ref().err().map(|t| KeyValue::new("error.type", t.class));
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        let took = self.shared.env.clock.now().saturating_duration_since(self.began);
        if let Some(error) = self.error.take() {
            self.span.span().set_attribute(error.clone());
            self.span.span().set_status(Status::error(""));
            self.attributes.push(error);
        }
        self.shared.instruments.process.record(took.as_secs_f64(), &self.attributes);
        self.shared.instruments.consumed.add(1, &self.attributes);
        self.span.span().end();
    }
}

impl Handle for TracedHandle {
    fn handle(&self, delivery: Arc<Delivery>) -> BoxFuture<'static, Result<Worked, Trouble>> {
        let mut delivery = Delivery::clone(&delivery);
        let mut attributes = base("process", "process", &delivery.envelope);
        attributes.push(KeyValue::new("messaging.consumer.group.name", self.group.clone()));
        let span = self.span(&delivery.envelope, delivery.attempt, &attributes);
        context::send(&span, &mut delivery.envelope.meta);
        let mut handling = Handling {
            shared: self.shared.clone(),
            span: span.clone(),
            attributes,
            began: self.shared.env.clock.now(),
            // What nobody waits for to its end.
            error: Some(KeyValue::new("error.type", "CANCELLED")),
        };
        let log = log_span(&span);
        let within = spans::within(span, &self.shared);
        let work = self.inner.handle(Arc::new(delivery)).with_context(within).instrument(log);
        async move {
            let done = work.await;
            handling.done(&done);
            done
        }
        .boxed()
    }
}
