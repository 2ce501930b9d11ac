//! What is observed, and where it is sent.

mod collector;
#[cfg(test)]
mod tests;
mod variables;

use svckit_core::error::Result;

pub use self::collector::{Collector, Otlp, Trust};

/// Which traces are kept. A trace whose caller has decided follows the caller, unless it is said otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// All, whatever the caller says.
    Always,
    /// None, whatever the caller says.
    Never,
    /// This share of all, whatever the caller says.
    Ratio(f64),
    /// As the caller says; where nobody has decided yet, this share.
    Parent(f64),
}

/// What is observed, and who is told.
///
/// ```
/// use svckit_telemetry::{Otlp, Sampling, TelemetryConfig};
///
/// let config = TelemetryConfig {
///     service_name: "shop".to_owned(),
///     sampling: Sampling::Parent(0.01),
///     ..TelemetryConfig::to(Otlp::Http, "http://collector:4318")
/// };
/// assert_eq!(config.traces.unwrap().url, "http://collector:4318/v1/traces");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetryConfig {
    /// `service.name` of the resource: what this process is called.
    pub service_name: String,
    /// More attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// Who takes traces; none is recorded without.
    pub traces: Option<Collector>,
    /// Who takes metrics; without, they are only to be had at `/metrics`.
    pub metrics: Option<Collector>,
    /// Which traces are kept.
    pub sampling: Sampling,
}

impl Default for TelemetryConfig {
    /// Nothing is sent; all traces that nobody has decided on are kept.
    fn default() -> Self {
        Self {
            service_name: "unknown_service".to_owned(),
            resource: Vec::new(),
            traces: None,
            metrics: None,
            sampling: Sampling::Parent(1.0),
        }
    }
}

impl TelemetryConfig {
    /// Traces and metrics go to the collector at `url`: `http://collector:4317` for gRPC, `http://collector:4318` for
    /// HTTP, which gets each of them at its own path below.
    #[must_use]
    pub fn to(otlp: Otlp, url: &str) -> Self {
        Self {
            traces: Some(Collector::below(otlp, url, Signal::Traces)),
            metrics: Some(Collector::below(otlp, url, Signal::Metrics)),
            ..Self::default()
        }
    }

    /// By OpenTelemetry's variables: `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER` with
    /// `OTEL_TRACES_SAMPLER_ARG`, `OTEL_SDK_DISABLED`; and `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_PROTOCOL`, `…_HEADERS`,
    /// `…_TIMEOUT`, `…_COMPRESSION`, `…_CERTIFICATE`, `…_CLIENT_CERTIFICATE` and `…_CLIENT_KEY`, each of which
    /// `OTEL_EXPORTER_OTLP_TRACES_…` and `OTEL_EXPORTER_OTLP_METRICS_…` say for one of the two alone.
    ///
    /// Nothing is sent where there is no endpoint, unless `OTEL_TRACES_EXPORTER` or `OTEL_METRICS_EXPORTER` says `otlp`:
    /// then it is sent to this machine, to the protocol's own port. `none` sends nothing wherever an endpoint is.
    ///
    /// # Errors
    /// `invalid_argument` for what can't be read, saying what to write.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        variables::read(&variable)
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    /// In the names of variables.
    const fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// Where a collector takes it over HTTP.
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }

    /// To people.
    #[cfg(feature = "otlp")]
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }
}
