//! OTLP over gRPC to a collector.

use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::metrics::MeterProviderBuilder;
use opentelemetry_sdk::trace::TracerProviderBuilder;
use svckit_core::error::{Error, Result};
use tokio::runtime::{Builder, Runtime};

/// The thread that connections to the collector live on: a process that is busy, or that ends, does not keep them from
/// sending.
pub(crate) struct Export(Option<Runtime>);

impl Export {
    pub(crate) fn new() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("svckit-otlp")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Sends what these provide to `endpoint`.
    pub(crate) fn to(
        &self,
        endpoint: &str,
        tracers: TracerProviderBuilder,
        meters: MeterProviderBuilder,
    ) -> Result<(TracerProviderBuilder, MeterProviderBuilder)> {
        let _within = self.0.as_ref().map(Runtime::enter);
        let bad = |error: &dyn std::fmt::Display| {
            Error::invalid_argument(format!(
                "OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}: {error}; write for example http://127.0.0.1:4317"
            ))
        };
        let spans = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
        let spans = spans.map_err(|error| bad(&error))?;
        let metrics = MetricExporter::builder().with_tonic().with_endpoint(endpoint).build();
        let metrics = metrics.map_err(|error| bad(&error))?;
        Ok((tracers.with_batch_exporter(spans), meters.with_periodic_exporter(metrics)))
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
