//! A collector that takes nothing is told of in the log: once, and again when it takes what it is sent.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::config::{Collector, Signal};

/// An exporter whose failures are seen.
pub(super) struct Told<E> {
    inner: E,
    url: String,
    signal: Signal,
    protocol: &'static str,
    failed: AtomicBool,
}

impl<E> Told<E> {
    pub(super) fn new(inner: E, collector: &Collector, signal: Signal) -> Self {
        let (url, protocol) = (collector.url.clone(), collector.otlp.name());
        Self { inner, url, signal, protocol, failed: AtomicBool::new(false) }
    }

    fn tell(&self, done: &OTelSdkResult) {
        let failed = done.is_err();
        let before = self.failed.swap(failed, Ordering::Relaxed);
        let (url, what, protocol) = (&self.url, self.signal.noun(), self.protocol);
        match done {
            Err(error) if !before => tracing::warn!(
                "{what} do not reach the collector {url}, and are lost until they do: {error}; is it there, does it \
                 take {protocol} at that address, and does it let this process in?"
            ),
            Ok(()) if before => tracing::info!("{what} reach the collector {url} again"),
            _ => {}
        }
    }
}

impl<E> fmt::Debug for Told<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("url", &self.url).finish_non_exhaustive()
    }
}

impl<E: SpanExporter> SpanExporter for Told<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let done = self.inner.export(batch).await;
        self.tell(&done);
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Told<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let done = self.inner.export(metrics).await;
        self.tell(&done);
        done
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}
