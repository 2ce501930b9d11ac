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
}

impl Peer {
    /// Of `http://host:port/…`; user and password are left out.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        match authority.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) => Self { address: bare(host), port: Some(port) },
            _ => Self { address: bare(authority), port: None },
        }
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
    /// The status on HTTP.
    pub(crate) http: i64,
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
        let http = match end {
            End::Failed(error) if because(error, "IDEMPOTENCY_KEY_REUSED") => 422,
            _ => code.map_or(200, http_status),
        };
        Self { code, status, error, http }
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
    pub(crate) fn end(&self, context: &opentelemetry::Context, system: System, served: bool) {
        let span = context.span();
        if span.is_recording() {
            span.set_attributes(self.attributes());
            if system == System::Http {
                span.set_attribute(KeyValue::new("http.response.status_code", self.http));
            }
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

/// As `google.rpc.Code` says.
fn http_status(code: Code) -> i64 {
    match code {
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_neither_user_nor_path() {
        let peer = |url| {
            let Peer { address, port } = Peer::of(url);
            (address, port)
        };
        assert_eq!(peer("http://user:secret@orders:7000/x"), ("orders".to_owned(), Some(7000)));
        assert_eq!(peer("http+json://[::1]:80"), ("::1".to_owned(), Some(80)));
        assert_eq!(peer("https://orders.example"), ("orders.example".to_owned(), None));
    }

    #[test]
    fn a_declared_error_that_is_no_name_is_told_by_its_code() {
        let error = Error::not_found("x").with_domain("it's 4111 1111", bytes::Bytes::new());
        let ended = Ended::of(&End::Failed(&error));
        assert_eq!(ended.error.as_deref(), Some("NOT_FOUND"));
    }
}
