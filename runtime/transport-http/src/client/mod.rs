//! The client's side.

mod connect;
mod events;
mod request;

use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::uri::{self, Authority, PathAndQuery, Scheme};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use svckit_core::call::{Answer, Body, OutgoingCall, Transport};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::json::JsonCodec;
use svckit_core::observe::Event;
use svckit_core::operation::{Operation, Shape};
use svckit_core::tls::TlsConnect;
use svckit_core::upload;

use self::connect::Connector;
use self::request::RequestBody;
use crate::{MESSAGE_LIMIT, meta, status};

/// How a client reaches its callee.
#[derive(Clone)]
pub struct ClientOptions {
    /// How long a connection may take to come about: name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// The longest message, in bytes, that is sent or taken.
    pub message_limit: usize,
    /// What is called over it. If anything is, then a connection may take the longest that any of these gives one, as
    /// its policy says and as that is overridden while the client lives.
    pub operations: &'static [&'static Operation],
    /// What keeps connections to `https+json://` from being read by others.
    pub tls: Option<Arc<dyn TlsConnect>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        let connect_timeout = Duration::from_millis(500);
        Self { connect_timeout, message_limit: MESSAGE_LIMIT, operations: &[], tls: None }
    }
}

impl ClientOptions {
    fn connect_within(&self, env: &Env) -> Duration {
        let given = self.operations.iter().map(|op| env.live.policy(op).timeout.connect);
        given.max().unwrap_or(self.connect_timeout)
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("message_limit", &self.message_limit)
            .field("operations", &self.operations.len())
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

/// How long a connection that nobody uses is kept: less than servers keep theirs.
const IDLE: Duration = Duration::from_secs(20);
/// The longest problem that is read, in bytes.
const PROBLEM: usize = 1 << 20;

/// The way to the services behind one address, over HTTP/1.1 and JSON. Connections come about when they are needed and
/// are used again; a call that finds none fails at once with `unavailable`.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client<Connector, RequestBody>,
    /// `http://host:port/base`, without a slash at its end.
    base: Box<str>,
    scheme: Scheme,
    authority: Authority,
    /// What stands before all paths: `/base`.
    prefix: Box<str>,
    options: ClientOptions,
    env: Env,
}

/// What went wrong with the messages of a request, where that ended it. The default one is for a request that has none
/// which could.
#[derive(Clone, Debug, Default)]
struct Failed(Option<Arc<Mutex<Option<Error>>>>);

impl Failed {
    fn of(body: &Body) -> Self {
        Self(matches!(body, Body::Stream(_)).then(Arc::default))
    }

    fn tell(&self, error: Error) {
        if let Some(failed) = &self.0 {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }

    fn or(&self, error: Error) -> Error {
        let failed = self.0.as_ref();
        let told = failed.map(|failed| failed.lock().unwrap_or_else(PoisonError::into_inner));
        told.and_then(|mut told| told.take()).unwrap_or(error)
    }
}

impl HttpClient {
    /// The way to `url`, `http+json://host:port` or `https+json://host:port`, with a path before all others if there is
    /// one. Connects to nothing yet.
    ///
    /// # Errors
    /// `invalid_argument` if `url` is not one, or asks for TLS where the options have none.
    pub fn new(url: &str, options: ClientOptions, env: Env) -> Result<Self> {
        let invalid = |why: &str| {
            Error::invalid_argument(format!(
                "`{url}` is no address of an HTTP service: {why}; write http+json://host:port"
            ))
        };
        let (scheme, rest) = url.split_once("+json://").unwrap_or_default();
        let tls = match (scheme, &options.tls) {
            ("http", _) => None,
            ("https", Some(tls)) => Some(tls.clone()),
            ("https", None) => return Err(invalid("no TLS is configured")),
            _ => return Err(invalid("the scheme is another")),
        };
        let base = format!("{scheme}://{}", rest.trim_end_matches('/'));
        let parsed: http::Uri = base.parse().map_err(|_| invalid("it is no URL"))?;
        if parsed.host().is_none_or(str::is_empty) || parsed.query().is_some() {
            return Err(invalid("it must be a host, a port and a path at most"));
        }
        let connector = Connector::new(options.clone(), tls, env.clone());
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        let uri::Parts { scheme, authority, path_and_query, .. } = parsed.into_parts();
        let (Some(scheme), Some(authority)) = (scheme, authority) else {
            return Err(invalid("it is no URL"));
        };
        let prefix = path_and_query.as_ref().map_or("", PathAndQuery::path);
        let prefix = prefix.trim_end_matches('/').into();
        let base = base.into();
        let inner = Inner { client, base, scheme, authority, prefix, options, env };
        Ok(Self { inner: Arc::new(inner) })
    }

    async fn attempt(self, operation: &'static Operation, call: OutgoingCall) -> Result<Answer> {
        let codec = operation.codec.as_ref().ok_or_else(|| {
            Error::unimplemented(format!("{} is not reached over HTTP", operation.full_name()))
        })?;
        let failed = Failed::of(&call.body);
        let request = self.request(operation, codec, call, &failed).await?;
        let response = self.inner.client.request(request).await;
        let response = response.map_err(|error| failed.or(self.broken(error)))?;
        let (version, status) = (meta::version(response.version()), response.status().as_u16());
        self.inner.env.observe.tell(|| Event::Responded { operation, version, status });
        if !response.status().is_success() {
            return Err(failed.or(self.refused(codec, response).await));
        }
        self.answer(operation, codec, response, failed).await
    }

    async fn answer(
        &self,
        operation: &'static Operation,
        codec: &'static JsonCodec,
        response: Response<Incoming>,
        failed: Failed,
    ) -> Result<Answer> {
        let (parts, body) = response.into_parts();
        let meta = meta::read(&parts.headers);
        let limit = self.inner.options.message_limit;
        let client = self.clone();
        let body = match operation.shape {
            Shape::Unary | Shape::ClientStream => {
                let text =
                    whole(body, limit).await.map_err(|error| failed.or(self.broken_body(error)))?;
                Body::Json(text)
            }
            Shape::ServerStream | Shape::Bidi => match codec.raw_answer {
                Some(field) => {
                    let data = body.into_data_stream().map(move |part| match part {
                        Ok(part) => Ok(upload::frame(field, &part)),
                        Err(error) => Err(failed.or(client.broken_body(Stop::Broken(error)))),
                    });
                    Body::Stream(data.boxed())
                }
                None => Body::Stream(events::read(operation, codec, body, limit, move |stop| {
                    failed.or(client.broken_body(stop))
                })),
            },
        };
        Ok(Answer { meta, body })
    }

    async fn refused(&self, codec: &JsonCodec, response: Response<Incoming>) -> Error {
        let (parts, body) = response.into_parts();
        // What can't be read says no more than its status.
        let body = whole(body, PROBLEM).await.unwrap_or_default();
        let (status, headers) = (parts.status, &parts.headers);
        let now = self.inner.env.clock.wall();
        let error = status::read(status, headers, &body, Some(codec), &self.inner.base, now);
        if parts.status == StatusCode::REQUEST_TIMEOUT { error.with_unreached() } else { error }
    }

    /// A call that was not answered at all.
    fn broken(&self, error: hyper_util::client::legacy::Error) -> Error {
        let last = last(&error);
        let base = &self.inner.base;
        if error.is_connect() {
            return Error::unavailable(format!("no connection to {base}: {last}")).with_unreached();
        }
        let broken = Error::unavailable(format!("the connection to {base} broke: {last}"));
        // The connection was found closed before anything of the call went out.
        let causes = std::iter::successors(error.source(), |error| (*error).source());
        let unsent = |cause: &hyper::Error| cause.is_canceled();
        let unsent = causes.filter_map(|cause| cause.downcast_ref()).any(unsent);
        if unsent { broken.with_unreached() } else { broken }
    }

    fn broken_body(&self, stop: Stop) -> Error {
        let base = &self.inner.base;
        match stop {
            Stop::Broken(error) => {
                Error::unavailable(format!("the connection to {base} broke: {}", last(&error)))
            }
            Stop::TooLong(limit) => Error::resource_exhausted(format!(
                "the answer of {base} is too long: the limit is {limit} bytes"
            )),
            Stop::Early => Error::unavailable(format!("the answer of {base} broke off")),
        }
    }
}

/// Why the rest of an answer does not come.
#[derive(Debug)]
enum Stop {
    Broken(hyper::Error),
    TooLong(usize),
    Early,
}

/// All of a body.
async fn whole(mut body: Incoming, limit: usize) -> Result<Bytes, Stop> {
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame.map_err(Stop::Broken)?.into_data() else { continue };
        if first.len() + all.len() + part.len() > limit {
            return Err(Stop::TooLong(limit));
        }
        if first.is_empty() && all.is_empty() {
            // Most bodies come in one part, which is not copied.
            first = part;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&part);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The innermost cause, which says most.
fn last(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

fn unreadable(operation: &Operation, error: svckit_core::wire::DecodeError) -> Error {
    let name = operation.name;
    Error::internal(format!("the answer of {name} is not what the contract says: {error}"))
        .with_source(error)
}

impl Transport for HttpClient {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        self.clone().attempt(operation, call).boxed()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("endpoint", &self.inner.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told() {
        for (url, why) in [
            ("http://a:1", "the scheme is another"),
            ("a:1", "the scheme is another"),
            ("grpc+json://a:1", "the scheme is another"),
            ("https+json://a:1", "no TLS is configured"),
            ("http+json://", "it"),
            ("http+json://a b", "it is no URL"),
            ("http+json://a:1/x?y=z", "a host, a port and a path at most"),
        ] {
            let error = HttpClient::new(url, ClientOptions::default(), Env::default()).unwrap_err();
            assert!(error.message().contains(why), "{error}");
            assert!(error.message().contains("write http+json://host:port"), "{error}");
        }
    }
}
