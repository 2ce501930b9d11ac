//! Answers as responses: JSON, events, bytes.

use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};
use svckit_core::error::{Error, Result};
use svckit_core::json::JsonCodec;
use svckit_core::operation::Shape;
use svckit_core::upload;

use super::accept::{EVENTS, JSON, RAW};
use super::call::Target;
use super::events;

/// What decides, beside the path, which answer there is.
const VARIES: &str = "accept-encoding, authorization, x-api-key, x-tenant, api-version";

/// The media type of an operation's answer.
pub(super) fn media(target: Target) -> &'static str {
    match target.operation.shape {
        Shape::Unary | Shape::ClientStream => JSON,
        Shape::ServerStream | Shape::Bidi if target.codec.raw_answer.is_some() => RAW,
        Shape::ServerStream | Shape::Bidi => EVENTS,
    }
}

/// One message, as JSON text.
pub(super) fn one(target: Target, parts: &Parts, json: Bytes) -> Response<Body> {
    let tag = target.operation.cache.filter(|_| reads(parts)).map(|cache| (etag(&json), cache));
    if let Some((tag, cache)) = &tag
        && matches(&parts.headers, tag)
    {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        keep(response.headers_mut(), tag, *cache);
        return response;
    }
    let next = reads(parts).then(|| next_page(target, parts, &json)).flatten();
    let mut response = Response::new(Body::from(json));
    if target.codec.accepted {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    match &tag {
        Some((tag, cache)) => keep(headers, tag, *cache),
        None => drop(headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"))),
    }
    if let Some(next) = next {
        headers.insert(LINK, next);
    }
    response
}

/// A message as JSON text.
///
/// # Errors
/// `internal` if it is not what the contract says.
pub(super) fn written(codec: &JsonCodec, message: &Bytes) -> Result<Bytes> {
    codec.answer.write(message).map_err(|error| {
        Error::internal("the answer is not what the contract says").with_source(error)
    })
}

/// Whether the request reads and changes nothing, so that its answer may be kept.
fn reads(parts: &Parts) -> bool {
    parts.method == http::Method::GET || parts.method == http::Method::HEAD
}

/// Weak, for the same answer may be sent compressed.
fn etag(json: &[u8]) -> String {
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(json)[..16]))
}

/// Whether the caller has this answer already.
fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let strong = tag.trim_start_matches("W/");
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.trim_start_matches("W/") == strong)
}

fn keep(headers: &mut HeaderMap, tag: &str, cache: Duration) {
    let control = format!("private, max-age={}", cache.as_secs());
    for (name, value) in [(ETAG, tag), (CACHE_CONTROL, &control)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(VARY, HeaderValue::from_static(VARIES));
}

/// `<…?page_token=…>; rel="next"`, where there is a next page.
fn next_page(target: Target, parts: &Parts, json: &[u8]) -> Option<HeaderValue> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Next {
        next_page_token: String,
    }
    let paged = target.codec.params.iter().any(|param| param.name == "page_token");
    let next = serde_json::from_slice::<Next>(json).ok().filter(|_| paged)?.next_page_token;
    if next.is_empty() {
        return None;
    }
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let others = form_urlencoded::parse(query)
        .filter(|(name, _)| !matches!(&**name, "page_token" | "pageToken"));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others).append_pair("page_token", &next);
    let link = format!("<{}?{}>; rel=\"next\"", parts.uri.path(), query.finish());
    HeaderValue::try_from(link).ok()
}

/// A stream of messages.
pub(super) fn many(
    target: Target,
    parts: &Parts,
    stream: BoxStream<'static, Result<Bytes>>,
) -> Response<Body> {
    let mut response = match target.codec.raw_answer {
        Some(field) => bytes(stream, field),
        None => events::write(target, parts, stream),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather what streams would keep it from its reader.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The bytes as they are; a failure breaks the connection off, so that it does not look like the end.
fn bytes(stream: BoxStream<'static, Result<Bytes>>, field: u32) -> Response<Body> {
    let chunks = stream.map(move |item| item.and_then(|message| upload::chunk(field, message)));
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(RAW));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
    response
}

/// One message as the text of a WebSocket.
pub(super) fn enveloped(codec: &JsonCodec, message: &Bytes) -> Result<String> {
    let json = written(codec, message)?;
    Ok(format!("{{\"value\":{}}}", String::from_utf8_lossy(&json)))
}
