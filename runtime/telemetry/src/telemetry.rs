//! All of it for one process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
#[cfg(not(feature = "otlp"))]
use opentelemetry_sdk::metrics::MeterProviderBuilder;
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
#[cfg(not(feature = "otlp"))]
use opentelemetry_sdk::trace::TracerProviderBuilder;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use prometheus::{Registry, TextEncoder};
use svckit_core::broker::Broker;
use svckit_core::call::{Accept, Transport};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::observe::Observer;
use svckit_core::tls::TlsConnect;
use svckit_messaging::{Handle, Lag};

use crate::call::{Peer, System, TracedAccept, TracedAttempts, TracedTransport};
use crate::config::{Sampling, TelemetryConfig, Trust};
#[cfg(feature = "otlp")]
use crate::export::sent as exported;
use crate::message::{TracedBroker, TracedHandle};
use crate::metrics::names::CARDINALITY;
use crate::metrics::{Instruments, MetricsObserver};

/// How long the last flush may take.
const FLUSH: Duration = Duration::from_secs(5);

/// What all parts share.
pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) tracer: SdkTracer,
    pub(crate) instruments: Arc<Instruments>,
}

/// Traces and metrics of one process. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    shared: Arc<Shared>,
    inner: Arc<Inner>,
}

struct Inner {
    tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    registry: Registry,
    observer: Arc<dyn Observer>,
    #[cfg(feature = "otlp")]
    _export: Option<crate::export::Export>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    /// Begins to observe by the clock of `env`; what is to be sent is sent from threads of its own.
    ///
    /// # Errors
    /// `invalid_argument` if a collector's address can't be read, or is `https`: see [`secured`](Self::secured).
    pub fn new(config: &TelemetryConfig, env: Env) -> Result<Self> {
        Self::secured(config, env, |_| {
            Err(Error::invalid_argument("https is not spoken here; write http://"))
        })
    }

    /// As [`new`](Self::new), also where a collector is at `https`: `tls` makes what keeps those connections from being
    /// read by others.
    ///
    /// # Errors
    /// As there, and those of `tls`.
    pub fn secured(
        config: &TelemetryConfig,
        env: Env,
        tls: impl Fn(&Trust) -> Result<Arc<dyn TlsConnect>>,
    ) -> Result<Self> {
        let resource = resource(config);
        let registry = Registry::new();
        let prometheus = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let meters = SdkMeterProvider::builder().with_resource(resource.clone());
        let meters = meters.with_reader(prometheus).with_view(bounded);
        let tracers = SdkTracerProvider::builder().with_resource(resource);
        let tracers = tracers.with_sampler(sampler(config));
        if !matches!(sampler(config), Sampler::AlwaysOff) {
            crate::spans::begin();
        }
        let (tracers, meters, _export) = exported(config, &tls, tracers, meters)?;
        let (tracers, meters) = (tracers.build(), meters.build());
        let instruments = Arc::new(Instruments::new(&meters.meter_with_scope(scope())));
        let observer = Arc::new(MetricsObserver::new(instruments.clone()));
        let tracer = tracers.tracer_with_scope(scope());
        let inner = Inner {
            tracers,
            meters,
            registry,
            observer,
            #[cfg(feature = "otlp")]
            _export,
        };
        let shared = Arc::new(Shared { env, tracer, instruments });
        Ok(Self { shared, inner: Arc::new(inner) })
    }

    /// Who is to be told what happens: for [`Env::observed_by`].
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        self.inner.observer.clone()
    }

    /// A span around each call, with all its attempts: stands outside of all policies.
    #[must_use]
    pub fn transport(
        &self,
        inner: Arc<dyn Transport>,
        system: System,
        peer: Peer,
    ) -> Arc<dyn Transport> {
        let (shared, peer) = (self.shared.clone(), Arc::new(peer));
        Arc::new(TracedTransport { inner, shared, system, peer })
    }

    /// A span around each attempt of a call: stands between the policies and what knows the way.
    #[must_use]
    pub fn attempts(
        &self,
        inner: Arc<dyn Transport>,
        system: System,
        peer: Peer,
    ) -> Arc<dyn Transport> {
        let (shared, peer) = (self.shared.clone(), Arc::new(peer));
        Arc::new(TracedAttempts { inner, shared, system, peer })
    }

    /// A span around each call that is served: stands between the transport and all else.
    #[must_use]
    pub fn accept(&self, inner: Arc<dyn Accept>, system: System) -> Arc<dyn Accept> {
        Arc::new(TracedAccept { inner, shared: self.shared.clone(), system })
    }

    /// A broker whose messages carry the span of their sending.
    #[must_use]
    pub fn broker(&self, inner: Arc<dyn Broker>) -> Arc<dyn Broker> {
        Arc::new(TracedBroker { inner, shared: self.shared.clone() })
    }

    /// A span around each run of a group's handlers.
    #[must_use]
    pub fn handle(&self, inner: Arc<dyn Handle>, group: &str) -> Arc<dyn Handle> {
        Arc::new(TracedHandle { inner, shared: self.shared.clone(), group: group.into() })
    }

    /// Takes down how far groups are behind.
    pub fn lag(&self, lag: &[Lag]) {
        for of in lag {
            let group = [KeyValue::new("messaging.consumer.group.name", of.group.clone())];
            let with = &self.shared.instruments;
            with.waiting.record(of.waiting, &group);
            with.in_flight.record(of.in_flight, &group);
            with.dead.record(of.dead, &group);
            with.lag.record(of.age.unwrap_or_default().as_secs_f64(), &group);
        }
    }

    /// Takes down what waits in the outbox of a service, and for how long.
    pub fn outbox(&self, service: &str, waiting: u64, oldest: Duration) {
        let service = [KeyValue::new("rpc.service", service.to_owned())];
        self.shared.instruments.outbox_waiting.record(waiting, &service);
        self.shared.instruments.outbox_lag.record(oldest.as_secs_f64(), &service);
    }

    /// Says of each outbox that it is not stalled: what never stalls is known, too.
    pub fn outboxes<'a>(&self, services: impl IntoIterator<Item = &'a str>) {
        for service in services {
            let service = KeyValue::new("rpc.service", service.to_owned());
            self.shared.instruments.outbox_stalled.record(0, &[service]);
        }
    }

    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// `internal` if they can't be written.
    pub fn prometheus(&self) -> Result<String> {
        let families = self.inner.registry.gather();
        let text = TextEncoder::new().encode_to_string(&families);
        text.map_err(|error| Error::internal(error.to_string()))
    }

    /// Sends what has gathered, and ends. A collector that is away is not waited for beyond some seconds; what it did
    /// not take is lost.
    pub async fn shutdown(&self) {
        let inner = self.inner.clone();
        let flushed = tokio::task::spawn_blocking(move || {
            let ended = [
                inner.tracers.shutdown_with_timeout(FLUSH),
                inner.meters.shutdown_with_timeout(FLUSH),
            ];
            ended.into_iter().find_map(std::result::Result::err)
        });
        if let Ok(Some(error)) = flushed.await {
            tracing::warn!(%error, "not all traces and metrics could be sent");
        }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("svckit").with_version(env!("CARGO_PKG_VERSION")).build()
}

fn resource(config: &TelemetryConfig) -> Resource {
    let more = config.resource.iter();
    let more = more.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    let builder = Resource::builder().with_attributes(more);
    builder.with_service_name(config.service_name.clone()).build()
}

fn sampler(config: &TelemetryConfig) -> Sampler {
    let share = |share: f64| match share {
        share if share >= 1.0 => Sampler::AlwaysOn,
        share if share <= 0.0 => Sampler::AlwaysOff,
        share => Sampler::TraceIdRatioBased(share),
    };
    match config.sampling {
        // Where nobody takes traces, none is recorded; their ids still travel, and stand in the log.
        _ if config.traces.is_none() || cfg!(not(feature = "otlp")) => Sampler::AlwaysOff,
        Sampling::Always => Sampler::AlwaysOn,
        Sampling::Never => Sampler::AlwaysOff,
        Sampling::Ratio(of) => share(of),
        Sampling::Parent(of) => Sampler::ParentBased(Box::new(share(of))),
    }
}

/// No metric has more sets of attributes than [`CARDINALITY`].
fn bounded(instrument: &Instrument) -> Option<Stream> {
    let stream = Stream::builder().with_name(instrument.name().to_owned());
    stream.with_cardinality_limit(CARDINALITY).build().ok()
}

#[cfg(not(feature = "otlp"))]
fn exported(
    config: &TelemetryConfig,
    _: &dyn Fn(&Trust) -> Result<Arc<dyn TlsConnect>>,
    tracers: TracerProviderBuilder,
    meters: MeterProviderBuilder,
) -> Result<(TracerProviderBuilder, MeterProviderBuilder, ())> {
    if let Some(collector) = config.traces.as_ref().or(config.metrics.as_ref()) {
        tracing::warn!(
            collector = collector.url,
            "traces and metrics are not sent: svckit is built without its feature `otlp`; build it with that, or unset \
             OTEL_EXPORTER_OTLP_ENDPOINT"
        );
    }
    Ok((tracers, meters, ()))
}

/// What lines of the log are written in, so that they say which trace they belong to.
pub(crate) fn log_span(context: &Context) -> tracing::Span {
    let of = context.span().span_context().clone();
    tracing::info_span!("trace", trace_id = %of.trace_id(), span_id = %of.span_id())
}
