//! What those who observe are told of a request and of its answer.

use std::time::Instant;

use axum::body::Body;
use http::request::Parts;
use http::{Method, Response, header};
use svckit_core::call::{self, Metadata};
use svckit_core::http::{Answering, Exchange};
use svckit_core::operation::Operation;

use super::call::Calls;
use crate::meta;
use crate::status::Refusal;

/// The longest `Host` that is told.
const HOST: usize = 255;

/// Marks a request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Secure;

/// A request that is watched, or nothing where nobody observes.
pub(super) struct Watch(Option<Watched>);

struct Watched {
    exchange: Exchange,
    answering: Answering,
    began: Instant,
    /// Whether it came to its operation, which tells of its end.
    came: bool,
}

impl Watch {
    pub(super) fn new(calls: &Calls, parts: &Parts) -> Self {
        if !calls.env.observe.observed() {
            return Self(None);
        }
        let secure = parts.extensions.get::<Secure>().is_some();
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
        let host = host.filter(|host| host.len() <= HOST).map(str::to_owned);
        let scheme = if secure { "https" } else { "http" };
        let (method, version) = (method(&parts.method), meta::version(parts.version));
        let exchange = Exchange::new(method, scheme, version, host);
        let (answering, began) = (exchange.answering(), calls.env.clock.now());
        Self(Some(Watched { exchange, answering, began, came: false }))
    }

    /// For the call that it becomes.
    pub(super) fn exchange(&mut self) -> Option<Box<Exchange>> {
        let watched = self.0.as_mut()?;
        watched.came = true;
        Some(Box::new(watched.exchange.clone()))
    }

    /// For a call over a socket, which is answered by the change to it.
    pub(super) fn upgraded(self) -> Option<Box<Exchange>> {
        let Watched { exchange, answering, .. } = self.0?;
        answering.with(http::StatusCode::SWITCHING_PROTOCOLS.as_u16());
        Some(Box::new(exchange))
    }

    /// The response to a request that is refused; told here, if it did not come to its operation.
    pub(super) fn refused(
        &self,
        calls: &Calls,
        operation: &'static Operation,
        meta: impl FnOnce() -> Metadata,
        refusal: Refusal,
        response: impl FnOnce(Refusal) -> Response<Body>,
    ) -> Response<Body> {
        let Some(watched) = self.0.as_ref().filter(|watched| !watched.came) else {
            return response(refusal);
        };
        let error = refusal.error.clone();
        let response = response(refusal);
        let took = calls.env.clock.now().saturating_duration_since(watched.began);
        let (exchange, status) = (&watched.exchange, response.status().as_u16());
        let refused = call::Refusal { exchange, error: &error, status, took };
        calls.services.refused(operation, &meta(), refused);
        response
    }

    pub(super) fn answered(self, response: &Response<Body>) {
        if let Some(watched) = self.0 {
            watched.answering.with(response.status().as_u16());
        }
    }
}

/// As it stands there; what is none of HTTP's own is told as one.
fn method(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("_OTHER", |(_, name)| name)
}
