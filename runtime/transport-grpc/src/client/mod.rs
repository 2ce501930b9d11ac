//! The client's side.

mod connect;
mod line;
#[cfg(test)]
mod tests;
mod whole;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Fuse};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use http::Uri;
use http::uri::{InvalidUri, PathAndQuery};
use svckit_core::call::{Answer, Body, Metadata, OutgoingCall, Transport};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::{Operation, Shape};
use svckit_core::tls::TlsConnect;
use tokio::sync::oneshot;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;

use self::connect::Connector;
use self::line::{Line, Listening, Sender};
use self::whole::Whole;
use crate::codec::Raw;
use crate::{MESSAGE_LIMIT, deadline, meta, status};

/// How a client reaches its callee.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// How long a connection may take to come about: name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// The longest message, in bytes, that is sent or taken.
    pub message_limit: usize,
    /// What is called over it. If anything is, then a connection may take the longest that any of these gives one, as
    /// its policy says and as that is overridden while the client lives.
    pub operations: &'static [&'static Operation],
}

impl ClientOptions {
    fn connect_within(&self, env: &Env) -> Duration {
        let given = self.operations.iter().map(|op| env.live.policy(op).timeout.connect);
        given.max().unwrap_or(self.connect_timeout)
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        let connect_timeout = Duration::from_millis(500);
        Self { connect_timeout, message_limit: MESSAGE_LIMIT, operations: &[] }
    }
}

/// The way to the services behind one address. It connects at the first call, again after a broken connection, and again
/// where three calls in a row were not answered within their time; a call that finds no connection fails at once with
/// `unavailable`.
#[derive(Clone)]
pub struct GrpcClient {
    inner: Arc<Inner>,
}

struct Inner {
    line: Arc<Line>,
    endpoint: String,
    /// What stands before a request's path.
    origin: Uri,
    options: ClientOptions,
}

impl GrpcClient {
    /// The way to `url`, `http://host:port`. Connects to nothing yet; calls do, and must be made within a tokio runtime.
    ///
    /// # Errors
    /// `invalid_argument` if `url` is not one.
    pub fn new(url: &str, options: ClientOptions, env: Env) -> Result<Self> {
        Self::over(url, options, env, None)
    }

    /// As [`new`](Self::new), also for `https://host:port`: `tls` keeps those connections from being read by others.
    ///
    /// # Errors
    /// As there.
    pub fn secured(
        url: &str,
        options: ClientOptions,
        env: Env,
        tls: Arc<dyn TlsConnect>,
    ) -> Result<Self> {
        Self::over(url, options, env, Some(tls))
    }

    fn over(
        url: &str,
        options: ClientOptions,
        env: Env,
        tls: Option<Arc<dyn TlsConnect>>,
    ) -> Result<Self> {
        let invalid = |why: String| {
            let other = if tls.is_some() { " or https://host:port" } else { "" };
            Error::invalid_argument(format!(
                "`{url}` is no address of a gRPC service: {why}; write http://host:port{other}"
            ))
        };
        let Some((scheme, _)) = url.split_once("://") else {
            return Err(invalid("it has no scheme".to_owned()));
        };
        let tls = tls.as_ref().filter(|_| scheme == "https");
        if scheme != "http" && tls.is_none() {
            return Err(invalid(format!("the scheme {scheme} is not supported")));
        }
        let address: Uri = url.parse().map_err(|error: InvalidUri| invalid(error.to_string()))?;
        let Some(authority) = address.authority().cloned() else {
            return Err(invalid("it has no host".to_owned()));
        };
        let origin = Uri::builder().scheme(scheme).authority(authority).path_and_query("/");
        let origin = origin.build().map_err(|error| invalid(error.to_string()))?;
        let connector = Connector::new(options, env.clone(), tls.cloned());
        let line = Arc::new(Line::new(address, connector, env));
        Ok(Self { inner: Arc::new(Inner { line, endpoint: url.to_owned(), origin, options }) })
    }

    async fn attempt(self, operation: &'static Operation, call: OutgoingCall) -> Result<Answer> {
        let OutgoingCall { meta, deadline, body } = call;
        let Requests { whole, stream, failed } = self.requests(body.encoded(operation)?)?;
        let Inner { line, endpoint, .. } = &*self.inner;
        // A caller in a hurry learns nothing: one that had not half of an attempt's time.
        let patience = line.env.live.policy(operation).timeout.attempt / 2;
        let answer = async {
            let (sender, listening) =
                line.take(deadline, patience, whole).await.map_err(|why| {
                    Error::unavailable(format!("no connection to {endpoint}: {why}"))
                        .with_unreached()
                })?;
            let request = request(&meta, deadline, &line.env, stream);
            let grpc = self.grpc(sender);
            match operation.shape {
                Shape::Unary | Shape::ClientStream => {
                    self.one(operation, grpc, request, listening).await
                }
                Shape::ServerStream | Shape::Bidi => {
                    self.many(operation, grpc, request, listening).await
                }
            }
        };
        let Some(failed) = failed else { return answer.await };
        // Fused: where the requests end first it is over before the answers are.
        let mut failed = failed.fuse();
        let answer = tokio::select! {
            biased;
            Ok(error) = &mut failed => return Err(error),
            answer = answer => answer?,
        };
        Ok(cancelled_by(answer, failed))
    }

    async fn one(
        &self,
        operation: &'static Operation,
        mut grpc: Grpc<Sender>,
        request: Request,
        listening: Listening,
    ) -> Result<Answer> {
        let path = PathAndQuery::from_static(operation.path);
        let answer = grpc.client_streaming(request, path, Raw).await;
        let (meta, bytes, _) = self.heard(answer, listening)?.into_parts();
        Ok(Answer { meta: meta::read(&meta.into_headers()), body: Body::One(bytes) })
    }

    async fn many(
        &self,
        operation: &'static Operation,
        mut grpc: Grpc<Sender>,
        request: Request,
        listening: Listening,
    ) -> Result<Answer> {
        let path = PathAndQuery::from_static(operation.path);
        let answer = grpc.streaming(request, path, Raw).await;
        let (meta, stream, _) = self.heard(answer, listening)?.into_parts();
        let client = self.clone();
        let stream = stream.map(move |item| item.map_err(|status| client.error(&status))).boxed();
        Ok(Answer { meta: meta::read(&meta.into_headers()), body: Body::Stream(stream) })
    }

    fn grpc(&self, sender: Sender) -> Grpc<Sender> {
        let Inner { origin, options, .. } = &*self.inner;
        Grpc::with_origin(sender, origin.clone())
            .max_decoding_message_size(options.message_limit)
            .accept_compressed(CompressionEncoding::Gzip)
    }

    /// The answer, once it is known what it says of the connection.
    fn heard<T>(&self, answer: Result<T, tonic::Status>, listening: Listening) -> Result<T> {
        match &answer {
            // What broke is opened again by itself.
            Err(status) if status::is_broken(status) => listening.nothing(),
            Ok(_) | Err(_) => listening.heard(),
        }
        answer.map_err(|status| self.error(&status))
    }

    fn error(&self, status: &tonic::Status) -> Error {
        status::read(status, &self.inner.endpoint)
    }

    /// # Errors
    /// `resource_exhausted` if the one message is too long.
    fn requests(&self, body: Body) -> Result<Requests> {
        let limit = self.inner.options.message_limit;
        let stream = match body {
            Body::One(bytes) => {
                let bytes = fits(bytes, limit)?;
                let whole = Whole::new(&bytes);
                let stream = match &whole {
                    Some(_) => futures_util::stream::empty().boxed(),
                    None => futures_util::stream::once(async { bytes }).boxed(),
                };
                return Ok(Requests { whole, stream, failed: None });
            }
            Body::Stream(stream) => stream,
            // Encoded before.
            Body::Json(_) | Body::Later(_) => futures_util::stream::empty().boxed(),
        };
        let (tell, failed) = oneshot::channel();
        let stream =
            futures_util::stream::unfold((stream, tell), move |(mut stream, tell)| async move {
                let item = stream.next().await?.and_then(|bytes| fits(bytes, limit));
                match item {
                    Ok(bytes) => Some((bytes, (stream, tell))),
                    Err(error) => {
                        drop(stream);
                        let _ = tell.send(error);
                        std::future::pending().await
                    }
                }
            });
        Ok(Requests { whole: None, stream: stream.boxed(), failed: Some(failed) })
    }
}

/// The messages to send.
struct Requests {
    /// The only one, in place of the stream.
    whole: Option<Whole>,
    stream: BoxStream<'static, Bytes>,
    /// Tells if one of the stream could not be made: the call is cancelled then, for its end would look like success.
    failed: Option<oneshot::Receiver<Error>>,
}

fn request(
    meta: &Metadata,
    deadline: Option<Instant>,
    env: &Env,
    requests: BoxStream<'static, Bytes>,
) -> Request {
    let mut request = tonic::Request::new(requests);
    let mut headers = http::HeaderMap::new();
    meta::write(meta, &mut headers);
    if let Some(at) = deadline {
        let left = at.saturating_duration_since(env.clock.now());
        headers.insert(deadline::HEADER, deadline::write(left));
    }
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    request
}

/// The innermost cause, which says most.
fn last(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

type Request = tonic::Request<BoxStream<'static, Bytes>>;

/// # Errors
/// `resource_exhausted` if the message is longer than the limit.
pub(crate) fn fits(bytes: Bytes, limit: usize) -> Result<Bytes> {
    if bytes.len() <= limit {
        return Ok(bytes);
    }
    Err(Error::resource_exhausted(format!(
        "the message is too long to be sent: found {} bytes, the limit is: {limit} bytes",
        bytes.len()
    )))
}

/// Ends the answers with what stopped the requests.
fn cancelled_by(answer: Answer, mut failed: Fuse<oneshot::Receiver<Error>>) -> Answer {
    let Answer { meta, body } = answer;
    let Body::Stream(stream) = body else { return Answer { meta, body } };
    let mut open = Some(stream);
    let stream = futures_util::stream::poll_fn(move |cx| {
        let Some(stream) = open.as_mut() else { return std::task::Poll::Ready(None) };
        if let std::task::Poll::Ready(Ok(error)) = failed.poll_unpin(cx) {
            open = None;
            return std::task::Poll::Ready(Some(Err(error)));
        }
        stream.poll_next_unpin(cx)
    });
    Answer { meta, body: Body::Stream(stream.boxed()) }
}

impl Transport for GrpcClient {
    fn call(
        &self,
        operation: &'static Operation,
        call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        self.clone().attempt(operation, call).boxed()
    }
}

impl fmt::Debug for GrpcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcClient").field("endpoint", &self.inner.endpoint).finish_non_exhaustive()
    }
}
