//! OpenTelemetry's own variables.

use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use svckit_core::error::{Error, Result};

use super::{Collector, Otlp, Sampling, Signal, TelemetryConfig, Trust};

/// The variables, of which an empty one says nothing.
struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

/// What a variable says.
struct Said {
    name: String,
    value: String,
}

impl Said {
    fn wrong(&self, why: impl std::fmt::Display) -> Error {
        Error::invalid_argument(format!("{}={}: {why}", self.name, self.value))
    }
}

pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<TelemetryConfig> {
    let variables = Variables(variable);
    let mut config = TelemetryConfig::default();
    if let Some(said) = variables.get("OTEL_RESOURCE_ATTRIBUTES") {
        attributes(&mut config, &said)?;
    }
    if let Some(said) = variables.get("OTEL_SERVICE_NAME") {
        config.service_name = said.value;
    }
    let argument = variables.get("OTEL_TRACES_SAMPLER_ARG");
    if let Some(said) = variables.get("OTEL_TRACES_SAMPLER") {
        config.sampling = sampling(&said, argument.as_ref())?;
    } else if let Some(argument) = argument {
        config.sampling = Sampling::Parent(share(Some(&argument))?);
    }
    let disabled = variables.get("OTEL_SDK_DISABLED");
    if !disabled.is_some_and(|said| said.value.eq_ignore_ascii_case("true")) {
        config.traces = variables.collector(Signal::Traces)?;
        config.metrics = variables.collector(Signal::Metrics)?;
    }
    Ok(config)
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<Said> {
        let value = (self.0)(name)?.trim().to_owned();
        (!value.is_empty()).then(|| Said { name: name.to_owned(), value })
    }

    /// For that signal alone, else for both.
    fn of(&self, signal: Signal, what: &str) -> Option<Said> {
        self.get(&format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.name())).or_else(|| self.all(what))
    }

    fn all(&self, what: &str) -> Option<Said> {
        self.get(&format!("OTEL_EXPORTER_OTLP_{what}"))
    }

    fn collector(&self, signal: Signal) -> Result<Option<Collector>> {
        let exporter = self.get(&format!("OTEL_{}_EXPORTER", signal.name()));
        let wanted = exporter.map(|said| sent(&said, signal)).transpose()?;
        if wanted == Some(false) {
            return Ok(None);
        }
        let otlp = self.of(signal, "PROTOCOL").map_or(Ok(Otlp::Grpc), |said| protocol(&said))?;
        let own = self.get(&format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.name()));
        let mut collector = match (own, self.all("ENDPOINT"), wanted) {
            (Some(own), ..) => Collector::new(otlp, url(&own, otlp)?),
            (None, Some(said), _) => Collector::below(otlp, &url(&said, otlp)?, signal),
            (None, None, Some(true)) => {
                Collector::below(otlp, &format!("http://localhost:{}", otlp.port()), signal)
            }
            (None, None, _) => return Ok(None),
        };
        if let Some(said) = self.of(signal, "HEADERS") {
            collector.headers = headers(&said)?;
        }
        if let Some(said) = self.of(signal, "TIMEOUT") {
            collector.timeout = timeout(&said)?;
        }
        if let Some(said) = self.of(signal, "COMPRESSION") {
            collector.gzip = gzip(&said)?;
        }
        collector.trust = self.trust(signal)?;
        Ok(Some(collector))
    }

    fn trust(&self, signal: Signal) -> Result<Trust> {
        let ca = self.of(signal, "CERTIFICATE").map(|said| said.value.into());
        let certificate = self.of(signal, "CLIENT_CERTIFICATE");
        let identity = match (certificate, self.of(signal, "CLIENT_KEY")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.value.into(), key.value.into())),
            (Some(said), None) | (None, Some(said)) => {
                return Err(said.wrong(
                    "a certificate and its key go together; set both OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and \
                     OTEL_EXPORTER_OTLP_CLIENT_KEY",
                ));
            }
        };
        Ok(Trust { ca, identity })
    }
}

/// Whether what an exporter's variable names is sent by OTLP.
fn sent(said: &Said, signal: Signal) -> Result<bool> {
    let mut otlp = false;
    for name in said.value.split(',').map(str::trim) {
        match (name, signal) {
            ("otlp", _) => otlp = true,
            ("none", _) | ("prometheus", Signal::Metrics) => {}
            _ => {
                let other = match signal {
                    Signal::Traces => "",
                    Signal::Metrics => {
                        "; metrics are at /metrics of SVCKIT_ADMIN, whatever is said here"
                    }
                };
                return Err(said.wrong(format_args!(
                    "`{name}` is not known; write otlp, or none to send nothing{other}"
                )));
            }
        }
    }
    Ok(otlp)
}

fn protocol(said: &Said) -> Result<Otlp> {
    let known = Otlp::ALL.into_iter().find(|otlp| otlp.name() == said.value);
    known.ok_or_else(|| {
        let [grpc, http] = Otlp::ALL
            .map(|otlp| format!("{} (collectors take it at port {})", otlp.name(), otlp.port()));
        said.wrong(format_args!("this is not spoken here; write {grpc} or {http}"))
    })
}

fn url(said: &Said, otlp: Otlp) -> Result<String> {
    let write = format!(
        "write for example http://collector:{0}, or https://collector:{0} where TLS is spoken",
        otlp.port()
    );
    let uri = said.value.parse::<Uri>();
    let uri = uri.map_err(|error| said.wrong(format_args!("this is no URL: {error}; {write}")))?;
    let scheme = uri.scheme_str().unwrap_or_default();
    let Some(authority) = uri.authority().filter(|_| matches!(scheme, "http" | "https")) else {
        return Err(
            said.wrong(format_args!("it begins with neither http:// nor https://; {write}"))
        );
    };
    if authority.as_str().contains('@') {
        // What stands before the @ is not for the log.
        return Err(Error::invalid_argument(format!(
            "{}: a URL is no place for credentials; write them into OTEL_EXPORTER_OTLP_HEADERS, as \
             authorization=Basic%20dXNlcjpwYXNzd29yZA==",
            said.name
        )));
    }
    let mistaken = Otlp::ALL.into_iter().find(|other| *other != otlp);
    if let Some(other) = mistaken.filter(|other| authority.port_u16() == Some(other.port())) {
        let (url, speaks, usual) = (&said.value, otlp.name(), other.name());
        tracing::warn!(
            "{}={url} is spoken to by {speaks}, but its port is usually that of {usual}; if nothing arrives, set \
             OTEL_EXPORTER_OTLP_PROTOCOL={usual}",
            said.name
        );
    }
    Ok(said.value.clone())
}

/// `name=value,name=value`, percent-encoded. Values are not for messages.
fn headers(said: &Said) -> Result<Vec<(String, String)>> {
    let wrong = |why: &str| {
        Error::invalid_argument(format!(
            "{}: {why}; write name=value with commas between, and %20 for a space, %2C for a comma",
            said.name
        ))
    };
    let pairs = said.value.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let read = pairs.enumerate().map(|(at, pair)| {
        let nth = at + 1;
        let pair = pair.split_once('=');
        let (name, value) = pair.ok_or_else(|| wrong(&format!("header {nth} has no `=`")))?;
        let name = name.trim().to_ascii_lowercase();
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(wrong(&format!("header {nth} has a name that HTTP does not take")));
        }
        let value = percent_decode_str(value.trim()).decode_utf8();
        let value = value.ok().filter(|value| HeaderValue::from_str(value).is_ok());
        let value =
            value.ok_or_else(|| wrong(&format!("`{name}` has a value that HTTP does not take")))?;
        Ok((name, value.into_owned()))
    });
    read.collect()
}

fn timeout(said: &Said) -> Result<Duration> {
    let millis = said.value.parse::<u32>().ok().filter(|millis| *millis > 0);
    let millis = millis.ok_or_else(|| {
        said.wrong(
            "this is no time; write milliseconds as a whole number above 0, as 10000 for 10 s",
        )
    })?;
    Ok(Duration::from_millis(millis.into()))
}

fn gzip(said: &Said) -> Result<bool> {
    match said.value.as_str() {
        "gzip" => Ok(true),
        "none" => Ok(false),
        _ => Err(said.wrong("this is not known here; write gzip or none")),
    }
}

fn attributes(config: &mut TelemetryConfig, said: &Said) -> Result<()> {
    for pair in said.value.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Error::invalid_argument(format!(
                "{}: `{pair}` is no attribute; write name=value, with commas between",
                said.name
            ))
        })?;
        let value = percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
        match name.trim() {
            "service.name" => config.service_name = value,
            name => config.resource.push((name.to_owned(), value)),
        }
    }
    Ok(())
}

fn sampling(said: &Said, argument: Option<&Said>) -> Result<Sampling> {
    Ok(match said.value.as_str() {
        "always_on" => Sampling::Always,
        "always_off" => Sampling::Never,
        "traceidratio" => Sampling::Ratio(share(argument)?),
        "parentbased_always_on" => Sampling::Parent(1.0),
        "parentbased_always_off" => Sampling::Parent(0.0),
        "parentbased_traceidratio" => Sampling::Parent(share(argument)?),
        _ => {
            return Err(said.wrong(
                "this is not known; write always_on, always_off, traceidratio, parentbased_always_on, \
                 parentbased_always_off or parentbased_traceidratio",
            ));
        }
    })
}

fn share(said: Option<&Said>) -> Result<f64> {
    let Some(said) = said else { return Ok(1.0) };
    let share = said.value.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| {
        said.wrong("this is no share of all traces; write a number from 0 to 1, as 0.01 for one in a hundred")
    })
}
