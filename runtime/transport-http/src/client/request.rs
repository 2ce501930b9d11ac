//! Calls as requests of HTTP.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::{self, PathAndQuery, Uri};
use http::{HeaderValue, Request};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};
use svckit_core::call::metadata::IDEMPOTENCY_KEY;
use svckit_core::call::{Body, OutgoingCall};
use svckit_core::error::{Error, Result};
use svckit_core::json::{JsonCodec, RawBody};
use svckit_core::operation::{Operation, Shape};
use svckit_core::upload;
use svckit_core::wire::DecodeError;

use super::{Failed, HttpClient};
use crate::address::{self, Address};
use crate::{deadline, meta, params};

/// The body of a request; it fails with the error that ended its messages.
pub(super) enum RequestBody {
    /// All of it.
    Whole(Full<Bytes>),
    Streamed(UnsyncBoxBody<Bytes, Error>),
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Streamed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

type Messages = BoxStream<'static, Result<Bytes>>;

impl HttpClient {
    pub(super) async fn request(
        &self,
        operation: &'static Operation,
        codec: &'static JsonCodec,
        call: OutgoingCall,
        failed: &Failed,
    ) -> Result<Request<RequestBody>> {
        let OutgoingCall { meta, deadline, body } = call;
        let address = Address::of(operation);
        let method = address.method.name();
        let Parts { path, kind, body } =
            self.parts(operation, codec, address, body, failed).await?;
        let no_request = |error: http::Error| {
            let name = operation.name;
            Error::invalid_argument(format!("the call of {name} is no request: {error}"))
        };
        let uri = self.uri(path).map_err(no_request)?;
        let request = Request::builder().method(method).uri(uri).body(body);
        let mut request = request.map_err(no_request)?;
        let headers = request.headers_mut();
        meta::write(&meta, headers);
        if let Some(key) = meta.get(IDEMPOTENCY_KEY).and_then(|key| quoted(key).try_into().ok()) {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        if let Some(at) = deadline {
            let left = at.saturating_duration_since(self.inner.env.clock.now());
            if let Ok(left) = HeaderValue::try_from(deadline::write(left)) {
                headers.insert(deadline::HEADER, left);
            }
        }
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        headers.insert(ACCEPT, HeaderValue::from_static(accepted(operation, codec)));
        Ok(request)
    }

    fn uri(&self, path: Cow<'static, str>) -> Result<Uri, http::Error> {
        let path = match path {
            path if !self.inner.prefix.is_empty() => {
                Bytes::from(format!("{}{path}", self.inner.prefix))
            }
            Cow::Borrowed(path) => Bytes::from_static(path.as_bytes()),
            Cow::Owned(path) => Bytes::from(path),
        };
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.inner.scheme.clone());
        parts.authority = Some(self.inner.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(path)?);
        Ok(Uri::from_parts(parts)?)
    }

    async fn parts(
        &self,
        operation: &'static Operation,
        codec: &'static JsonCodec,
        address: Address,
        body: Body,
        failed: &Failed,
    ) -> Result<Parts> {
        let limit = self.inner.options.message_limit;
        let mut messages = match body {
            Body::Json(text) if codec.raw.is_none() => {
                return one(operation, codec, address, crate::fits(text, limit)?);
            }
            Body::One(bytes) if codec.raw.is_none() => {
                let text = codec.request.write(&crate::fits(bytes, limit)?).map_err(broken)?;
                return one(operation, codec, address, text);
            }
            body => match body.encoded(operation)? {
                Body::Stream(stream) => stream,
                one => {
                    let one = one.message().map(|(message, _)| Ok(message.clone()));
                    futures_util::stream::iter(one).boxed()
                }
            },
        };
        let Some(raw) = codec.raw else {
            let lines = messages.map(move |item| line(codec, &crate::fits(item?, limit)?));
            let path = path(operation, codec, &address, &mut Map::new())?;
            return Ok(Parts {
                path: path.into(),
                kind: Some("application/x-ndjson"),
                body: streamed(lines.boxed(), failed),
            });
        };
        let mut members = Map::new();
        let mut first = None;
        if raw.head {
            let none = || Error::invalid_argument("the request has no message");
            let head = messages.next().await.unwrap_or_else(|| Err(none()))?;
            members = self::members(codec, &head)?;
            first = Some(head);
        }
        let mut path = path(operation, codec, &address, &mut members)?;
        query(codec, &members, &mut path);
        let body = streamed(chunks(raw, first, messages), failed);
        Ok(Parts { path: path.into(), kind: Some("application/octet-stream"), body })
    }
}

/// What a request is made of.
struct Parts {
    path: Cow<'static, str>,
    kind: Option<&'static str>,
    body: RequestBody,
}

fn broken(error: DecodeError) -> Error {
    Error::internal("the request is not what the contract says").with_source(error)
}

fn members(codec: &JsonCodec, message: &Bytes) -> Result<Map<String, Json>> {
    let text = codec.request.write(message).map_err(broken)?;
    svckit_core::json::object(&text).map_err(broken)
}

/// A request of one message, as JSON text.
fn one(operation: &Operation, codec: &JsonCodec, address: Address, text: Bytes) -> Result<Parts> {
    let by_query = address.method.asks_by_query();
    let (path, text) = if by_query || address.path.split('/').any(|s| address::param(s).is_some()) {
        let mut members = svckit_core::json::object(&text).map_err(broken)?;
        let mut path = path(operation, codec, &address, &mut members)?;
        if by_query {
            query(codec, &members, &mut path);
        }
        let text = serde_json::to_vec(&members).ok().map(Bytes::from);
        (path.into(), text.filter(|_| !by_query))
    } else {
        (address.path, Some(text))
    };
    let kind = text.is_some().then_some("application/json");
    let body = RequestBody::Whole(Full::new(text.unwrap_or_default()));
    Ok(Parts { path, kind, body })
}

/// The path; what it holds is taken out of the members.
fn path(
    operation: &Operation,
    codec: &JsonCodec,
    address: &Address,
    members: &mut Map<String, Json>,
) -> Result<String> {
    let segments = address.path.split('/').map(|segment| {
        let Some(name) = address::param(segment) else { return Ok(segment.to_owned()) };
        let param = codec.params.iter().find(|param| param.is(name));
        let value = param.and_then(|param| members.remove(param.json));
        let text = value.as_ref().and_then(params::segment).ok_or_else(|| {
            Error::invalid_argument(format!(
                "{name} must not be empty: the path of {} holds it",
                operation.name
            ))
        })?;
        Ok(utf8_percent_encode(&text, SEGMENT).to_string())
    });
    Ok(segments.collect::<Result<Vec<_>>>()?.join("/"))
}

fn query(codec: &JsonCodec, members: &Map<String, Json>, path: &mut String) {
    let mut pairs = Vec::new();
    params::spread(codec.params, members, "", &mut pairs);
    if !pairs.is_empty() {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        path.push('?');
        path.push_str(&query);
    }
}

fn line(codec: &JsonCodec, message: &Bytes) -> Result<Bytes> {
    let text = codec.request.write(message).map_err(broken)?;
    Ok([&text, b"\n".as_slice()].concat().into())
}

/// The bytes that the messages carry.
fn chunks(raw: RawBody, first: Option<Bytes>, messages: Messages) -> Messages {
    let all = futures_util::stream::iter(first.map(Ok)).chain(messages);
    let chunks = all.map(move |message| upload::chunk(raw.field, message?));
    chunks.filter(|chunk| std::future::ready(!chunk.as_ref().is_ok_and(Bytes::is_empty))).boxed()
}

/// A body of messages; the error that ends them is told, for the callee sees nothing but that the caller has gone.
fn streamed(messages: Messages, failed: &Failed) -> RequestBody {
    let failed = failed.clone();
    let frames = messages
        .map(move |item| item.map(Frame::data).inspect_err(|error| failed.tell(error.clone())));
    RequestBody::Streamed(StreamBody::new(frames).boxed_unsync())
}

fn accepted(operation: &Operation, codec: &JsonCodec) -> &'static str {
    match operation.shape {
        Shape::Unary | Shape::ClientStream => "application/json, application/problem+json",
        _ if codec.raw_answer.is_some() => "application/octet-stream, application/problem+json",
        _ => "text/event-stream, application/problem+json",
    }
}

/// A string of structured fields (RFC 8941).
fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}
