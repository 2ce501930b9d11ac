//! How a call looks in spans and metrics: names and attributes by the conventions.

use std::borrow::Cow;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Status, TraceContextExt};
use svckit_core::error::{Code, Error};
use svckit_core::http::Method;
use svckit_core::observe::End;
use svckit_core::operation::Operation;

use crate::metrics::{SERVER_FAULTS, method, status};

/// What calls travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// gRPC.
    Grpc,
    /// HTTP and JSON.
    Http,
    /// Nothing: caller and callee are one process.
    InProcess,
}

impl System {
    /// `rpc.system.name`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http | Self::InProcess => "svckit",
        }
    }
}

/// Whom calls go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// `server.address`.
    pub address: String,
    /// `server.port`.
    pub port: Option<u16>,
    /// Whether nobody on the way can read along.
    pub secure: bool,
}

impl Peer {
    /// Of `http://host:port/…`; user and password are left out.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let secure = scheme.starts_with("https") || scheme.split('+').any(|word| word == "tls");
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        match authority.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) => Self { address: bare(host), port: Some(port), secure },
            _ => Self { address: bare(authority), port: None, secure },
        }
    }

    /// `url.scheme`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = KeyValue> {
        let port = self.port.map(|port| KeyValue::new("server.port", i64::from(port)));
        let address = (!self.address.is_empty())
            .then(|| KeyValue::new("server.address", self.address.clone()));
        address.into_iter().chain(port)
    }
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// Method and path of an operation on HTTP.
pub(crate) fn route(operation: &'static Operation) -> (&'static str, Cow<'static, str>) {
    match operation.http {
        Some(binding) => (binding.method.name(), Cow::Borrowed(binding.path)),
        None => {
            let path = format!("/{}/{}", operation.service, operation.name);
            (Method::Post.name(), Cow::Owned(path))
        }
    }
}

/// What a request over HTTP asks, without the values in its path.
pub(crate) fn request(operation: &'static Operation) -> [KeyValue; 2] {
    let (verb, route) = route(operation);
    [KeyValue::new("http.request.method", verb), KeyValue::new("url.template", route)]
}

/// A span's name: the method, or method and route on HTTP.
pub(crate) fn name(operation: &'static Operation, system: System) -> Cow<'static, str> {
    match system {
        System::Http => {
            let (verb, path) = route(operation);
            Cow::Owned(format!("{verb} {path}"))
        }
        System::Grpc | System::InProcess => Cow::Borrowed(method(operation)),
    }
}

pub(crate) fn rpc(operation: &'static Operation, system: System) -> [KeyValue; 2] {
    [
        KeyValue::new("rpc.system.name", system.name()),
        KeyValue::new("rpc.method", method(operation)),
    ]
}

/// What a call's end is called.
pub(crate) struct Ended {
    pub(crate) code: Option<Code>,
    pub(crate) status: &'static str,
    /// `error.type`: a declared error's name, `panic`, or the status.
    pub(crate) error: Option<Cow<'static, str>>,
}

impl Ended {
    pub(crate) fn of(end: &End<'_>) -> Self {
        let code = end.code();
        let status = status(code);
        let error = code.map(|_| match end {
            End::Failed(error) if because(error, "PANICKED") => Cow::Borrowed("panic"),
            End::Failed(error) => match error.domain_name().filter(|name| plain(name)) {
                Some(name) => Cow::Owned(name.to_owned()),
                None => Cow::Borrowed(status),
            },
            _ => Cow::Borrowed(status),
        });
        Self { code, status, error }
    }

    /// As attributes of spans and metrics.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = KeyValue> {
        let status = KeyValue::new("rpc.response.status_code", self.status);
        std::iter::once(status).chain(self.kind())
    }

    pub(crate) fn kind(&self) -> Option<KeyValue> {
        let error = self.error.clone()?;
        Some(KeyValue::new("error.type", error))
    }

    /// Ends a span. What an error says is nobody's business: it may speak of values.
    pub(crate) fn end(&self, context: &opentelemetry::Context, served: bool) {
        let span = context.span();
        if span.is_recording() {
            span.set_attributes(self.attributes());
            let wrong = self.code.is_some_and(|code| !served || SERVER_FAULTS.contains(&code));
            if wrong {
                span.set_status(Status::error(""));
            }
        }
        span.end();
    }
}

/// A name of the contract and nothing else: what comes from afar may be anything.
fn plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
}

fn because(error: &Error, what: &str) -> bool {
    error.reason().is_some_and(|reason| reason.reason == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_neither_user_nor_path() {
        let peer = |url| {
            let Peer { address, port, .. } = Peer::of(url);
            (address, port)
        };
        assert_eq!(peer("http://user:secret@orders:7000/x"), ("orders".to_owned(), Some(7000)));
        assert_eq!(peer("http+json://[::1]:80"), ("::1".to_owned(), Some(80)));
        assert_eq!(peer("https://orders.example"), ("orders.example".to_owned(), None));
    }

    #[test]
    fn a_scheme_says_whether_others_can_read_along() {
        for (url, expected) in [
            ("http://a:1", "http"),
            ("https+json://a:1", "https"),
            ("dns+tls://a:1", "https"),
            ("a:1", "http"),
        ] {
            assert_eq!(Peer::of(url).scheme(), expected, "{url}");
        }
    }

    #[test]
    fn a_declared_error_that_is_no_name_is_told_by_its_code() {
        let error = Error::not_found("x").with_domain("it's 4111 1111", bytes::Bytes::new());
        let ended = Ended::of(&End::Failed(&error));
        assert_eq!(ended.error.as_deref(), Some("NOT_FOUND"));
    }
}
