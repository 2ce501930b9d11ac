use std::time::Duration;

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<TelemetryConfig> {
    let find = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    TelemetryConfig::from_variables(find)
}

#[test]
fn the_variables_of_opentelemetry_are_read() {
    let config = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other, deployment.environment.name=test%2Cblue"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
    ])
    .unwrap();
    let to = TelemetryConfig::to(Otlp::Grpc, "http://collector:4317");
    assert_eq!((&config.traces, &config.metrics), (&to.traces, &to.metrics));
    assert_eq!(config.service_name, "shop");
    assert_eq!(config.resource, [("deployment.environment.name".into(), "test,blue".into())]);
    assert_eq!(config.sampling, Sampling::Parent(0.01));
    assert_eq!(read(&[]).unwrap(), TelemetryConfig::default());
}

#[test]
fn what_is_said_of_one_signal_goes_before_what_is_said_of_both() {
    let config = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://all:4318/otlp/"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a%2Cb, X-Of=2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ca.pem"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://own:4317"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-own=1"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "1"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "/etc/own.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/etc/key.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/etc/traces.pem"),
    ])
    .unwrap();
    let trust = |own: &str| Trust {
        ca: Some("/etc/ca.pem".into()),
        identity: Some((own.into(), "/etc/key.pem".into())),
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        config.traces.unwrap(),
        Collector {
            headers: vec![pair("authorization", "Bearer a,b"), pair("x-of", "2")],
            timeout: Duration::from_millis(2500),
            trust: trust("/etc/traces.pem"),
            ..Collector::new(Otlp::Http, "https://all:4318/otlp/v1/traces")
        }
    );
    assert_eq!(
        config.metrics.unwrap(),
        Collector {
            headers: vec![pair("x-own", "1")],
            timeout: Duration::from_millis(1),
            gzip: true,
            trust: trust("/etc/own.pem"),
            ..Collector::new(Otlp::Grpc, "http://own:4317")
        }
    );
}

#[test]
fn an_endpoint_of_its_own_is_taken_as_it_is() {
    let config = read(&[
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own:1/elsewhere"),
    ])
    .unwrap();
    assert_eq!(config.traces.unwrap().url, "http://own:1/elsewhere");
    assert_eq!(config.metrics, None);
}

#[test]
fn an_exporter_that_is_asked_for_has_its_protocols_port_and_none_sends_nothing() {
    for (protocol, url) in
        [("grpc", "http://localhost:4317"), ("http/protobuf", "http://localhost:4318/v1/traces")]
    {
        let config = read(&[
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ])
        .unwrap();
        assert_eq!(config.traces.unwrap().url, url);
        assert_eq!(config.metrics, None);
    }
    for (name, value) in [("OTEL_TRACES_EXPORTER", "none"), ("OTEL_SDK_DISABLED", "True")] {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1");
        assert_eq!(read(&[(name, value), endpoint]).unwrap().traces, None);
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_write() {
    for (name, value, expected) in [
        ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "shop", "name=value"),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http/json",
            "http/protobuf (collectors take it at port 4318)",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http://collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://a:1", "neither http:// nor https://"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "10s", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "above 0"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip or none"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "write otlp"),
        ("OTEL_METRICS_EXPORTER", "console", "/metrics"),
    ] {
        let endpoint = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a:1");
        let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a:1");
        let all = [(name, value), endpoint, metrics];
        let alone = if value.contains("collector") || value.contains("ftp") { 1 } else { 3 };
        let error = read(&all[..alone]).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains(name), "{error}");
    }
}

#[test]
fn credentials_are_in_no_message() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1");
    let name = "OTEL_EXPORTER_OTLP_HEADERS";
    for value in ["s3cret", "a=1,s3cret", "b d=s3cret", "authorization=s3cret%0a"] {
        let error = read(&[(name, value), endpoint]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("name=value"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let error = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:s3cret@a:1")]).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("OTEL_EXPORTER_OTLP_HEADERS") && !error.contains("s3cret"), "{error}");
    let config = read(&[(name, "authorization=s3cret"), endpoint]).unwrap();
    assert_eq!(config.traces.as_ref().unwrap().headers.len(), 1);
    assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
}
