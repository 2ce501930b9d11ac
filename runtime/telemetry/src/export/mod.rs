//! OTLP to a collector, over gRPC or HTTP.

mod connect;
mod http;
mod told;

use std::sync::Arc;

use opentelemetry_otlp::{
    Compression, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
    WithTonicConfig,
};
use opentelemetry_sdk::metrics::MeterProviderBuilder;
use opentelemetry_sdk::trace::TracerProviderBuilder;
use svckit_core::error::{Error, Result};
use svckit_core::tls::{Protocol as Within, TlsConnect};
use tokio::runtime::{Builder, Handle, Runtime};
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use self::connect::Connector;
use self::http::Client;
use self::told::Told;
use crate::config::{Collector, Otlp, Signal, TelemetryConfig, Trust};

/// Makes the way to collectors at `https`.
pub(crate) type Tls<'a> = &'a dyn Fn(&Trust) -> Result<Arc<dyn TlsConnect>>;

/// The thread that connections to the collector live on: a process that is busy, or that ends, does not keep them from
/// sending.
pub(crate) struct Export(Option<Runtime>);

impl Export {
    fn new() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("svckit-otlp")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // It may be dropped from within another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}

/// Sends what these provide where `config` says; nothing to keep where that is nowhere.
///
/// # Errors
/// `invalid_argument` with what is wrong with a collector.
pub(crate) fn sent(
    config: &TelemetryConfig,
    tls: Tls<'_>,
    mut tracers: TracerProviderBuilder,
    mut meters: MeterProviderBuilder,
) -> Result<(TracerProviderBuilder, MeterProviderBuilder, Option<Export>)> {
    if config.traces.is_none() && config.metrics.is_none() {
        return Ok((tracers, meters, None));
    }
    let export = Export::new()?;
    let within = export.0.as_ref().map(|runtime| (runtime.handle(), runtime.enter()));
    let Some((runtime, _entered)) = within else { return Ok((tracers, meters, None)) };
    if let Some(collector) = &config.traces {
        let way = Way::to(collector, Signal::Traces, runtime, tls)?;
        let exporter = way.spans(collector).map_err(|error| wrong(collector, &error))?;
        let told = Told::new(exporter, collector, Signal::Traces);
        tracers = tracers.with_batch_exporter(told);
    }
    if let Some(collector) = &config.metrics {
        let way = Way::to(collector, Signal::Metrics, runtime, tls)?;
        let exporter = way.metrics(collector).map_err(|error| wrong(collector, &error))?;
        let told = Told::new(exporter, collector, Signal::Metrics);
        meters = meters.with_periodic_exporter(told);
    }
    drop(_entered);
    Ok((tracers, meters, Some(export)))
}

fn wrong(collector: &Collector, why: &dyn std::fmt::Display) -> Error {
    let (url, port) = (&collector.url, collector.otlp.port());
    Error::invalid_argument(format!(
        "the collector {url} can't be sent to: {why}; write for example http://127.0.0.1:{port}"
    ))
}

/// How a collector is reached.
enum Way {
    Grpc(Channel),
    Http(Box<Client>),
}

impl Way {
    fn to(collector: &Collector, signal: Signal, runtime: &Handle, tls: Tls<'_>) -> Result<Self> {
        let secure = collector.url.starts_with("https://");
        let tls = secure.then(|| tls(&collector.trust)).transpose().map_err(|error| {
            error.context(format!("the collector of {} at {}", signal.noun(), collector.url))
        })?;
        Ok(match collector.otlp {
            Otlp::Grpc => {
                let endpoint = Endpoint::from_shared(collector.url.clone());
                let endpoint = endpoint.map_err(|error| wrong(collector, &error))?;
                let connector = Connector::new(tls, Within::Http2, collector.timeout);
                Self::Grpc(
                    endpoint.timeout(collector.timeout).connect_with_connector_lazy(connector),
                )
            }
            Otlp::Http => {
                let connector = Connector::new(tls, Within::Http1, collector.timeout);
                Self::Http(Box::new(Client::new(connector, collector, runtime.clone())?))
            }
        })
    }

    fn spans(self, collector: &Collector) -> Result<SpanExporter, Box<dyn std::error::Error>> {
        Ok(match self {
            Self::Grpc(channel) => {
                let builder = SpanExporter::builder().with_tonic().with_channel(channel);
                grpc(builder, collector)?.build()?
            }
            Self::Http(client) => {
                let builder = SpanExporter::builder().with_http().with_http_client(*client);
                http(builder, collector).build()?
            }
        })
    }

    fn metrics(self, collector: &Collector) -> Result<MetricExporter, Box<dyn std::error::Error>> {
        Ok(match self {
            Self::Grpc(channel) => {
                let builder = MetricExporter::builder().with_tonic().with_channel(channel);
                grpc(builder, collector)?.build()?
            }
            Self::Http(client) => {
                let builder = MetricExporter::builder().with_http().with_http_client(*client);
                http(builder, collector).build()?
            }
        })
    }
}

/// What both exporters over gRPC are told. Headers are set last: what the environment says beside does not add to them.
fn grpc<B>(builder: B, collector: &Collector) -> Result<B, Box<dyn std::error::Error>>
where
    B: WithTonicConfig + WithExportConfig,
{
    let headers = collector.headers.iter().map(|(name, value)| {
        let name = MetadataKey::<Ascii>::from_bytes(name.as_bytes())?;
        let mut value = MetadataValue::<Ascii>::try_from(value.as_str())?;
        value.set_sensitive(true);
        Ok((name, value))
    });
    let headers = headers.collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
    let builder = builder.with_timeout(collector.timeout).with_interceptor(
        move |mut request: tonic::Request<()>| {
            for (name, value) in &headers {
                request.metadata_mut().insert(name.clone(), value.clone());
            }
            Ok(request)
        },
    );
    Ok(if collector.gzip { builder.with_compression(Compression::Gzip) } else { builder })
}

/// The same over HTTP, where the client sets headers.
fn http<B: WithHttpConfig + WithExportConfig>(builder: B, collector: &Collector) -> B {
    let builder = builder
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&collector.url)
        .with_timeout(collector.timeout);
    if collector.gzip { builder.with_compression(Compression::Gzip) } else { builder }
}
