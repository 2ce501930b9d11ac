//! What handlers trace themselves, as a collector gets to see it.
#![cfg(feature = "otlp")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_collector::{CLIENT, Collector, INTERNAL, SERVER, Span, texts};
use svckit_core::call::{Accept, Answer, Body, IncomingCall, Metadata, OutgoingCall, Transport};
use svckit_core::clock::Env;
use svckit_core::error::Result;
use svckit_core::operation::{Operation, ServiceDescriptor};
use svckit_telemetry::{Otlp, Peer, Sampling, System, Telemetry, TelemetryConfig};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

static GET: Operation = Operation::query("a.v1.A", "Get", "/a.v1.AService/Get");
static FAR: Operation = Operation::query("b.v1.B", "Far", "/b.v1.BService/Far");

/// Nobody but us wants spans.
fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(svckit_telemetry::spans());
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

type Work = Arc<dyn Fn(Arc<dyn Transport>) -> BoxFuture<'static, ()> + Send + Sync>;

/// A service whose handler does that work.
struct Handler(Work, Arc<dyn Transport>);

impl Accept for Handler {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        Vec::new()
    }

    fn accept(&self, _: &'static Operation, _: IncomingCall) -> BoxFuture<'static, Result<Answer>> {
        let work = (self.0)(self.1.clone());
        async move {
            work.await;
            Ok(Answer::one(Bytes::new()))
        }
        .boxed()
    }
}

/// A callee that answers.
struct Callee;

impl Transport for Callee {
    fn call(&self, _: &'static Operation, _: OutgoingCall) -> BoxFuture<'static, Result<Answer>> {
        async { Ok(Answer::one(Bytes::new())) }.boxed()
    }
}

/// Calls a service with that handler, and gives the collector of what was traced.
async fn handled<F>(
    sampling: Sampling,
    work: impl Fn(Arc<dyn Transport>) -> F + Send + Sync + 'static,
) -> Collector
where
    F: Future<Output = ()> + Send + 'static,
{
    subscribe();
    let collector = Collector::start().await;
    let config = TelemetryConfig {
        service_name: "test".to_owned(),
        sampling,
        ..TelemetryConfig::to(Otlp::Http, collector.url())
    };
    let telemetry = Telemetry::new(&config, Env::default()).unwrap();
    let peer = Peer::of("http://b:1");
    let far = telemetry.attempts(Arc::new(Callee), System::Grpc, peer.clone());
    let far = telemetry.transport(far, System::Grpc, peer);
    let work: Work = Arc::new(move |far| work(far).boxed());
    let accept = telemetry.accept(Arc::new(Handler(work, far)), System::Grpc);
    accept.accept(&GET, IncomingCall::new(Body::One(Bytes::new()))).await.unwrap();
    telemetry.shutdown().await;
    collector
}

async fn call(far: Arc<dyn Transport>) {
    let (meta, body) = (Metadata::default(), Body::One(Bytes::new()));
    far.call(&FAR, OutgoingCall { meta, deadline: None, body }).await.unwrap();
}

fn child(span: &Span, of: &Span) {
    assert_eq!((&span.parent_span_id, &span.trace_id), (&of.span_id, &of.trace_id), "{span:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_of_a_handler_are_children_of_its_call_and_parents_of_what_it_calls() {
    let collector = handled(Sampling::Always, |far| async move {
        let outer = tracing::info_span!(
            "price",
            lines = 2,
            big = u64::MAX,
            tax = 0.5,
            name = "ä",
            ok = true,
            late = tracing::field::Empty
        );
        let priced = async {
            tracing::Span::current().record("late", "recorded");
            let inner = tracing::info_span!("look up");
            call(far.clone()).instrument(inner).await;
            // A task of its own stays within the span that it is told of.
            let task = call(far).instrument(tracing::info_span!("task"));
            tokio::spawn(task).await.unwrap();
        };
        priced.instrument(outer).await;
        tracing::info_span!("after").in_scope(|| {});
    });
    let collector = collector.await;
    let came = collector.came();
    let server = came.one("a.v1.AService/Get", SERVER);
    let (price, look, task) =
        (came.one("price", INTERNAL), came.one("look up", INTERNAL), came.one("task", INTERNAL));
    child(price, server);
    child(look, price);
    child(task, price);
    child(came.one("after", INTERNAL), server);
    let calls = came.named("b.v1.BService/Far", INTERNAL);
    let mut parents: Vec<_> = calls.iter().map(|call| call.parent_span_id.clone()).collect();
    let mut expected = vec![look.span_id.clone(), task.span_id.clone()];
    parents.sort();
    expected.sort();
    assert_eq!(parents, expected);
    assert_eq!(came.named("b.v1.BService/Far", CLIENT).len(), 2);
    let attributes = texts(&price.attributes);
    for (name, value) in [
        ("lines", "2"),
        ("big", "18446744073709551615"),
        ("tax", "0.5"),
        ("name", "ä"),
        ("ok", "true"),
        ("late", "recorded"),
    ] {
        assert_eq!(attributes[name], value, "{attributes:?}");
    }
    // And nothing of our own beside.
    assert_eq!(came.spans.len(), 5 + 2 * 2, "{:?}", came.spans);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_stand_in_the_span_that_they_happen_in() {
    let collector = handled(Sampling::Always, |_| async {
        tracing::info!(left = 3, "in the handler");
        tracing::error!("of the call");
        tracing::debug!("too fine");
        let span = tracing::info_span!("own");
        span.in_scope(|| tracing::error!(why = %"it \"broke\"", "in a span"));
        tracing::warn!(parent: &span, "told from outside");
        tracing::info!(text = "x".repeat(10_000), "long");
        let follower = tracing::info_span!("follower");
        follower.follows_from(&span);
    });
    let collector = collector.await;
    let came = collector.came();
    let names =
        |span: &Span| span.events.iter().map(|event| event.name.clone()).collect::<Vec<_>>();
    let (server, own) = (came.one("a.v1.AService/Get", SERVER), came.one("own", INTERNAL));
    assert_eq!(names(server), ["in the handler", "of the call", "long"]);
    assert_eq!(names(own), ["in a span", "told from outside"]);
    let first = texts(&server.events[0].attributes);
    assert_eq!((&*first["left"], &*first["level"], &*first["target"]), ("3", "INFO", "spans"));
    assert_eq!(texts(&own.events[0].attributes)["why"], "it \"broke\"");
    assert_eq!(texts(&server.events[2].attributes)["text"].len(), 4096);
    let status = |span: &Span| span.status.as_ref().map_or(0, |status| status.code);
    // What becomes of the call its answer says.
    assert_eq!((status(own), status(server)), (2, 0));
    assert_eq!(came.one("follower", INTERNAL).links[0].span_id, own.span_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_that_is_said_to_be_a_root_begins_a_trace() {
    let collector = handled(Sampling::Always, |_| async {
        tracing::info_span!(parent: None, "apart").in_scope(|| {
            tracing::info_span!("within").in_scope(|| {});
        });
    });
    let collector = collector.await;
    let came = collector.came();
    let (server, apart) = (came.one("a.v1.AService/Get", SERVER), came.one("apart", INTERNAL));
    assert!(apart.parent_span_id.is_empty() && apart.trace_id != server.trace_id);
    child(came.one("within", INTERNAL), apart);
}

/// Says how often it was looked at.
#[derive(Clone, Default)]
struct Looked(Arc<AtomicUsize>);

impl std::fmt::Debug for Looked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fetch_add(1, Ordering::SeqCst);
        f.write_str("looked at")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_sampled_is_not_looked_at_nor_is_what_no_handler_traces() {
    for (sampling, looks) in
        [(Sampling::Never, 0), (Sampling::Ratio(0.0), 0), (Sampling::Always, 2)]
    {
        let looked = Looked::default();
        let field = looked.clone();
        let collector = handled(sampling, move |far| {
            let field = field.clone();
            async move {
                let span = tracing::info_span!("own", ?field);
                span.in_scope(|| tracing::info!(?field, "an event"));
                call(far).instrument(span).await;
            }
        });
        let collector = collector.await;
        let expected = if sampling == Sampling::Always { 4 } else { 0 };
        assert_eq!(collector.came().spans.len(), expected, "{sampling:?}");
        assert_eq!(looked.0.load(Ordering::SeqCst), looks, "{sampling:?}");
    }
    let looked = Looked::default();
    tracing::info_span!("outside", ?looked).in_scope(|| tracing::error!(?looked, "of nobody"));
    assert_eq!(looked.0.load(Ordering::SeqCst), 0);
}
