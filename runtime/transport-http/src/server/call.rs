//! One call: from a request of HTTP to an operation, and from its answer to a response.

use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body::Body as _;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};
use svckit_core::call::{Accept, Answer, Body as Message, IncomingCall};
use svckit_core::check::Violations;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::json::JsonCodec;
use svckit_core::operation::{Operation, Shape};
use svckit_core::wire::DecodeError;

use super::accept::{self, Sent};
use super::body::{self, Bounds};
use super::watch::Watch;
use super::{Peer, answer, events};
use crate::address::{self, Hidden};
use crate::status::Refusal;
use crate::{deadline, meta, params};

const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// What all calls share.
pub(super) struct Calls {
    pub(super) services: Arc<dyn Accept>,
    pub(super) env: Env,
    pub(super) bounds: Bounds,
    pub(super) cors: Option<super::Cors>,
    pub(super) sockets: super::socket::Sockets,
}

/// One operation on HTTP.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) operation: &'static Operation,
    pub(super) codec: &'static JsonCodec,
    /// Whether what the path does not say of the request is in the query.
    pub(super) by_query: bool,
    /// What of a path is not repeated.
    pub(super) hidden: Hidden,
}

/// The values of a path's parameters, decoded.
pub(super) type PathValues = Vec<(String, String)>;

impl Calls {
    /// Does the call and answers it; what is wrong is answered by a problem.
    pub(super) async fn serve(
        &self,
        target: Target,
        path: PathValues,
        request: Request<Body>,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let mut watch = Watch::new(self, &parts);
        let response = match self.answer(target, path, &parts, body, &mut watch).await {
            Ok(response) => response,
            Err(refusal) => {
                let meta = || meta::read_request(&parts.headers).unwrap_or_default();
                let path = target.hidden.shown(parts.uri.path());
                let response = |refusal: Refusal| refusal.response(&path, Some(target.codec));
                watch.refused(self, target.operation, meta, refusal, response)
            }
        };
        watch.answered(&response);
        response
    }

    async fn answer(
        &self,
        target: Target,
        path: PathValues,
        parts: &Parts,
        body: Body,
        watch: &mut Watch,
    ) -> Result<Response<Body>, Refusal> {
        accept::accepts(&parts.headers, answer::media(target))?;
        accept::versions(&parts.headers)?;
        if let Some(nothing) = events::seen_to_the_end(target, &parts.headers) {
            return Ok(nothing);
        }
        let deadline = self.deadline(&parts.headers)?;
        let body = self
            .within(deadline, target.operation, self.request(target, path, parts, body))
            .await?;
        let call = IncomingCall {
            meta: meta::read_request(&parts.headers)?,
            deadline,
            body,
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0.clone()),
            certificate: super::certificate(&parts.extensions),
            principal: None,
            exchange: watch.exchange(),
        };
        let codec = target.codec;
        let Answer { meta, body } = self.services.accept(target.operation, call).await?;
        let mut response = match body {
            Message::Json(text) => answer::one(target, parts, text),
            Message::One(bytes) => answer::one(target, parts, answer::written(codec, &bytes)?),
            Message::Later(_) => return Err(nothing().into()),
            Message::Stream(stream) if target.operation.shape.streams() => {
                answer::many(target, parts, stream)
            }
            Message::Stream(mut stream) => {
                let bytes = stream.next().await.unwrap_or_else(|| Err(nothing()))?;
                answer::one(target, parts, answer::written(codec, &bytes)?)
            }
        };
        crate::meta::write(&meta, response.headers_mut());
        Ok(response)
    }

    pub(super) fn deadline(&self, headers: &HeaderMap) -> Result<Option<Instant>> {
        let timeout = deadline::read(headers)?;
        Ok(timeout.and_then(|timeout| self.env.clock.now().checked_add(timeout)))
    }

    /// Up to the caller's deadline: nobody waits for the rest of a request whose caller has gone.
    async fn within<T>(
        &self,
        deadline: Option<Instant>,
        operation: &Operation,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let Some(at) = deadline else { return work.await };
        let (mut work, mut timer) = (std::pin::pin!(work), None);
        std::future::poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            let timer = timer.get_or_insert_with(|| self.env.clock.sleep_until(at));
            timer.poll_unpin(cx).map(|()| {
                let late = format!("{} took longer than its caller waits", operation.name);
                Err(Refusal::from(Error::deadline_exceeded(late)))
            })
        })
        .await
    }

    /// The messages of the request. What is in them is looked at once it is known who calls.
    async fn request(
        &self,
        target: Target,
        path: PathValues,
        parts: &Parts,
        body: Body,
    ) -> Result<Message, Refusal> {
        let Target { operation, codec, by_query, .. } = target;
        let bounds = self.bounds;
        if let Some(raw) = codec.raw {
            let time = bounds.time;
            if !raw.head {
                return Ok(Message::Stream(body::chunks(body, raw, None, time)));
            }
            let uri = parts.uri.clone();
            return Ok(later(move || {
                let head = head(codec, &path, &uri)?;
                Ok(Message::Stream(body::chunks(body, raw, Some(head), time)))
            }));
        }
        if matches!(operation.shape, Shape::ClientStream | Shape::Bidi) {
            return match accept::sent(&parts.headers, true)? {
                Sent::Lines => Ok(Message::Stream(body::lines(body, codec, bounds.limit))),
                Sent::Json => {
                    let text = body::whole(body, bounds).await?;
                    Ok(later(move || {
                        let all = body::of_array(&text, codec)?.into_iter().map(Ok);
                        Ok(Message::Stream(futures_util::stream::iter(all).boxed()))
                    }))
                }
            };
        }
        if by_query {
            nothing_in(body, operation, bounds).await?;
            let uri = parts.uri.clone();
            return Ok(later(move || head(codec, &path, &uri).map(Message::One)));
        }
        // Before it is read: a caller that asks first need not send it at all.
        if !body.is_end_stream() {
            accept::sent(&parts.headers, false)?;
        }
        let text = body::whole(body, bounds).await?;
        if path.is_empty() && !text.is_empty() {
            return Ok(Message::Json(text));
        }
        Ok(later(move || message(codec, &path, &text).map(Message::One)))
    }
}

fn later(make: impl FnOnce() -> Result<Message> + Send + 'static) -> Message {
    Message::Later(Box::new(make))
}

fn nothing() -> Error {
    Error::internal("the call was answered with nothing")
}

/// Refuses a body where path and query say all: what is in it would be passed over.
async fn nothing_in(body: Body, operation: &Operation, bounds: Bounds) -> Result<(), Refusal> {
    if body.is_end_stream() {
        return Ok(());
    }
    let text = body::whole(body, bounds).await?;
    if matches!(text.trim_ascii(), b"" | b"{}") {
        return Ok(());
    }
    Err(Refusal::from(Error::invalid_argument(format!(
        "{} takes its fields from path and query, and here is a body; write them as `?name=value`",
        operation.name
    ))))
}

/// The message of all that is in path and query.
pub(super) fn head(codec: &JsonCodec, path: &PathValues, uri: &Uri) -> Result<Bytes> {
    let (mut members, mut v) = (Map::new(), Violations::new());
    for (name, text) in path {
        params::put(codec.params, (name, text), &mut members, &mut v);
    }
    let query = uri.query().unwrap_or_default();
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(Error::invalid_argument("the query is not UTF-8 once it is decoded"));
    }
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        params::put(codec.params, (&*name, &*text), &mut members, &mut v);
    }
    let read = codec.request.read(&members);
    if v.is_empty() {
        return read.map_err(Error::unreadable);
    }
    // What was no text of its field is missing now, and told already.
    let mut told = v.into_vec();
    if let Err(DecodeError::Invalid(others)) = read {
        let field = |path: &str| path.split(['.', '[']).next().unwrap_or_default().to_owned();
        let known: Vec<_> = told.iter().map(|violation| field(&violation.path)).collect();
        told.extend(
            others.into_vec().into_iter().filter(|other| !known.contains(&field(&other.path))),
        );
    }
    Err(Error::violations_of(told))
}

/// The message of a body, and of what the path says beside it.
pub(super) fn message(codec: &JsonCodec, path: &PathValues, text: &[u8]) -> Result<Bytes> {
    let read = if path.is_empty() && !text.is_empty() {
        codec.request.read_slice(text)
    } else {
        codec.request.read(&with_path(codec, path, body::members(text)?)?)
    };
    read.map_err(Error::unreadable)
}

/// The members of a body, and what the path says beside them.
fn with_path(
    codec: &JsonCodec,
    path: &PathValues,
    mut members: Map<String, Json>,
) -> Result<Map<String, Json>> {
    let mut v = Violations::new();
    for (name, text) in path {
        let Some(param) = codec.params.iter().find(|param| param.is(name)) else { continue };
        let inside = members.remove(param.json).or_else(|| members.remove(param.name));
        params::put(codec.params, (name, text), &mut members, &mut v);
        let said = members.get(param.json).and_then(params::segment);
        if let Some(inside) = inside.as_ref().and_then(params::segment)
            && Some(&inside) != said.as_ref()
        {
            v.push(param.name, "path", "is one thing in the path and another in the body");
        }
    }
    judged(members, v)
}

fn judged(members: Map<String, Json>, v: Violations) -> Result<Map<String, Json>> {
    if v.is_empty() { Ok(members) } else { Err(Error::violations_of(v.into_vec())) }
}

/// The version that a caller asks for.
///
/// # Errors
/// `invalid_argument` if the header is no version.
pub(super) fn version(headers: &HeaderMap) -> Result<Option<u32>> {
    let Some(value) = headers.get(API_VERSION) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let number = text.strip_prefix('v').unwrap_or(text).parse().ok();
    number.map(Some).ok_or_else(|| {
        let text = params::short(text);
        Error::invalid_argument(format!(
            "`Api-Version: {text}` is no version; write for example 1 or v1"
        ))
    })
}

/// Says in a response which version answered.
pub(super) fn say_version(target: Target, response: &mut Response<Body>) {
    const SMALL: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    if let Some(version) = address::version(target.operation) {
        let small = usize::try_from(version).ok().and_then(|version| SMALL.get(version));
        let value = small.map_or_else(|| version.into(), |text| HeaderValue::from_static(text));
        response.headers_mut().insert(API_VERSION, value);
    }
}
