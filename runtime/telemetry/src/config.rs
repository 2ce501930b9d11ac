//! What of telemetry is said from outside, by OpenTelemetry's own variables.

use svckit_core::error::{Error, Result};

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
#[derive(Clone, Debug, PartialEq)]
pub struct TelemetryConfig {
    /// `service.name` of the resource: what this process is called.
    pub service_name: String,
    /// More attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// The collector that takes OTLP over gRPC: `http://collector:4317`; nothing is sent without it.
    pub otlp: Option<String>,
    /// Which traces are kept.
    pub sampling: Sampling,
}

impl Default for TelemetryConfig {
    /// Nothing is sent; all traces that nobody has decided on are kept.
    fn default() -> Self {
        Self {
            service_name: "unknown_service".to_owned(),
            resource: Vec::new(),
            otlp: None,
            sampling: Sampling::Parent(1.0),
        }
    }
}

impl TelemetryConfig {
    /// By OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER,
    /// OTEL_TRACES_SAMPLER_ARG and OTEL_SDK_DISABLED.
    ///
    /// # Errors
    /// `invalid_argument` for what can't be read, saying what to write.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let said = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let mut config = Self::default();
        if let Some(attributes) = said("OTEL_RESOURCE_ATTRIBUTES") {
            config.attributes(&attributes)?;
        }
        if let Some(name) = said("OTEL_SERVICE_NAME") {
            config.service_name = name;
        }
        if let Some(endpoint) = said("OTEL_EXPORTER_OTLP_ENDPOINT") {
            config.otlp = Some(endpoint);
        }
        if let Some(protocol) = said("OTEL_EXPORTER_OTLP_PROTOCOL").filter(|p| p != "grpc") {
            return Err(Error::invalid_argument(format!(
                "OTEL_EXPORTER_OTLP_PROTOCOL={protocol}: OTLP is sent over gRPC here; write grpc, and the collector's \
                 port for it, usually 4317, in OTEL_EXPORTER_OTLP_ENDPOINT"
            )));
        }
        if said("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            config.otlp = None;
        }
        let argument = said("OTEL_TRACES_SAMPLER_ARG");
        if let Some(name) = said("OTEL_TRACES_SAMPLER") {
            config.sampling = sampling(&name, argument.as_deref())?;
        } else if let Some(argument) = argument {
            config.sampling = Sampling::Parent(share(Some(&argument))?);
        }
        Ok(config)
    }

    fn attributes(&mut self, text: &str) -> Result<()> {
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                Error::invalid_argument(format!(
                    "OTEL_RESOURCE_ATTRIBUTES: `{pair}` is no attribute; write name=value, with commas between"
                ))
            })?;
            match name.trim() {
                "service.name" => value.trim().clone_into(&mut self.service_name),
                name => self.resource.push((name.to_owned(), value.trim().to_owned())),
            }
        }
        Ok(())
    }
}

fn sampling(name: &str, argument: Option<&str>) -> Result<Sampling> {
    Ok(match name {
        "always_on" => Sampling::Always,
        "always_off" => Sampling::Never,
        "traceidratio" => Sampling::Ratio(share(argument)?),
        "parentbased_always_on" => Sampling::Parent(1.0),
        "parentbased_always_off" => Sampling::Parent(0.0),
        "parentbased_traceidratio" => Sampling::Parent(share(argument)?),
        _ => {
            return Err(Error::invalid_argument(format!(
                "OTEL_TRACES_SAMPLER={name} is not known; write always_on, always_off, traceidratio, \
                 parentbased_always_on, parentbased_always_off or parentbased_traceidratio"
            )));
        }
    })
}

fn share(text: Option<&str>) -> Result<f64> {
    let Some(text) = text else { return Ok(1.0) };
    let share = text.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| {
        Error::invalid_argument(format!(
            "OTEL_TRACES_SAMPLER_ARG={text} is no share of all traces; write a number from 0 to 1, as 0.01 for one in a \
             hundred"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<TelemetryConfig> {
        let find =
            |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        TelemetryConfig::from_variables(find)
    }

    #[test]
    fn the_variables_of_opentelemetry_are_read() {
        let config = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other, deployment.environment.name=test"),
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
        ])
        .unwrap();
        assert_eq!(config.otlp.as_deref(), Some("http://collector:4317"));
        assert_eq!(config.service_name, "shop");
        assert_eq!(config.resource, [("deployment.environment.name".into(), "test".into())]);
        assert_eq!(config.sampling, Sampling::Parent(0.01));
        assert_eq!(read(&[]).unwrap(), TelemetryConfig::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_to_write() {
        for (name, value, expected) in [
            ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
            ("OTEL_RESOURCE_ATTRIBUTES", "shop", "name=value"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "4317"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains(name), "{error}");
        }
    }
}
