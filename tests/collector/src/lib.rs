//! A collector of OTLP for tests. It takes traces and metrics as a real one does, over gRPC and over HTTP on one port, and
//! keeps what comes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what tests use fails by a panic, which says where"
)]

mod over_grpc;
mod over_http;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
pub use opentelemetry_proto::tonic::trace::v1::Span;
use svckit_core::tls::{BoxIo, TlsAccept};
use tokio::net::TcpListener;

/// A span within a process.
pub const INTERNAL: i32 = 1;
/// A span of a callee.
pub const SERVER: i32 = 2;
/// A span of a caller.
pub const CLIENT: i32 = 3;
/// A span of who sends a message.
pub const PRODUCER: i32 = 4;
/// A span of who handles one.
pub const CONSUMER: i32 = 5;

/// What came to a collector.
#[derive(Default)]
pub struct Came {
    /// Spans, each with the name of the service that sent it.
    pub spans: Vec<(String, Span)>,
    /// Names of metrics.
    pub metrics: Vec<String>,
    /// What was asked, in the order in which it came.
    pub requests: Vec<Arrived>,
    /// All of it as text, to look for what must not be there.
    pub all: String,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The path on HTTP, the method on gRPC.
    pub path: &'static str,
    /// What came beside, names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// A collector, served by tasks until the runtime ends.
#[derive(Clone, Default)]
pub struct Collector {
    came: Arc<Mutex<Came>>,
    url: String,
    forgets: bool,
}

impl Collector {
    /// One that listens on a free port of this machine.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start() -> Self {
        Self::default().listen(None).await
    }

    /// One that keeps nothing: for measuring.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn forgetful() -> Self {
        Self { forgets: true, ..Self::default() }.listen(None).await
    }

    /// One that speaks TLS alone, by the name of `localhost`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn secured(tls: Arc<dyn TlsAccept>) -> Self {
        Self::default().listen(Some(tls)).await
    }

    async fn listen(mut self, tls: Option<Arc<dyn TlsAccept>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        self.url = match tls {
            Some(_) => format!("https://localhost:{}", address.port()),
            None => format!("http://{address}"),
        };
        tokio::spawn(self.clone().serve(listener, tls));
        self
    }

    async fn serve(self, listener: TcpListener, tls: Option<Arc<dyn TlsAccept>>) {
        let router = over_http::router(&self).merge(over_grpc::router(&self));
        while let Ok((stream, _)) = listener.accept().await {
            let (router, tls) = (router.clone(), tls.clone());
            tokio::spawn(async move {
                let stream: BoxIo = Box::new(stream);
                let io = match tls {
                    None => stream,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(secured) => secured.io,
                        Err(_) => return,
                    },
                };
                let http = Builder::new(TokioExecutor::new());
                let served = TowerToHyperService::new(router);
                // Who sends may go away at any time.
                let _ = http.serve_connection(TokioIo::new(io), served).await;
            });
        }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has come so far. It takes nothing more while that is held.
    ///
    /// # Panics
    /// Where a test has failed while it held that.
    pub fn came(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap()
    }

    fn take(&self, arrived: Arrived, what: What) {
        if self.forgets {
            return;
        }
        let mut came = self.came();
        came.requests.push(arrived);
        match what {
            What::Traces(request) => came.traces(request),
            What::Metrics(request) => came.metrics(request),
        }
    }
}

/// What comes at once.
enum What {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
}

impl Came {
    fn traces(&mut self, request: ExportTraceServiceRequest) {
        self.all.push_str(&format!("{request:?}\n"));
        for of in request.resource_spans {
            let resource = of.resource.unwrap_or_default();
            let name = texts(&resource.attributes)["service.name"].clone();
            let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.spans.extend(spans.map(|span| (name.clone(), span)));
        }
    }

    fn metrics(&mut self, request: ExportMetricsServiceRequest) {
        self.all.push_str(&format!("{request:?}\n"));
        let scopes = request.resource_metrics.into_iter().flat_map(|of| of.scope_metrics);
        self.metrics.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
    }

    /// The spans of that name and kind.
    #[must_use]
    pub fn named(&self, name: &str, kind: i32) -> Vec<&Span> {
        let spans = self.spans.iter().map(|(_, span)| span);
        spans.filter(|span| span.name == name && span.kind == kind).collect()
    }

    /// The one span of that name and kind.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    pub fn one(&self, name: &str, kind: i32) -> &Span {
        let found = self.named(name, kind);
        let names: Vec<_> = self.spans.iter().map(|(_, span)| (&span.name, span.kind)).collect();
        assert_eq!(found.len(), 1, "{name} {kind} among {names:?}");
        found[0]
    }
}

/// Attributes as text.
#[must_use]
pub fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<Value>| match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |of: &KeyValue| {
        (of.key.clone(), text(&of.value.as_ref().and_then(|any| any.value.clone())))
    };
    attributes.iter().map(pair).collect()
}
