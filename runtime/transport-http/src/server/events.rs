//! A stream of answers as Server-Sent Events, by WHATWG HTML.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use svckit_core::error::Result;
use svckit_core::json::JsonCodec;
use svckit_core::operation::Shape;

use super::answer::written;
use super::call::Target;
use crate::status;

/// How often a stream that is silent says that it is there.
const ALIVE: Duration = Duration::from_secs(15);

/// How long a browser waits before it comes again.
const RETRY: Duration = Duration::from_secs(2);

/// The id of the last event.
const END: &str = "end";

/// What a browser that comes again sends: the id of the last event that it has seen.
const LAST: &str = "last-event-id";

/// The answer to a browser that has seen the end and comes again, as each does: there is no more, and so it stays away.
pub(super) fn seen_to_the_end(target: Target, headers: &HeaderMap) -> Option<Response<Body>> {
    let events = target.operation.shape == Shape::ServerStream && target.codec.raw_answer.is_none();
    let over = events && headers.get(LAST).is_some_and(|id| id == END);
    over.then(|| StatusCode::NO_CONTENT.into_response())
}

/// What an event is made of, one after the other.
struct Events {
    stream: BoxStream<'static, Result<Bytes>>,
    codec: &'static JsonCodec,
    /// The path of the request.
    path: String,
    /// The number of the last message: they are counted on over the connections of one browser.
    last: u64,
    /// Whether the browser was told when to come again.
    told: bool,
}

/// Events with an id each; `end` or `error` is the last one.
pub(super) fn write(
    target: Target,
    parts: &Parts,
    stream: BoxStream<'static, Result<Bytes>>,
) -> Response<Body> {
    let last = parts.headers.get(LAST).and_then(|id| id.to_str().ok()?.parse().ok());
    let path = target.hidden.shown(parts.uri.path()).into_owned();
    let codec = target.codec;
    let events = Events { stream, codec, path, last: last.unwrap_or(0), told: false };
    // After an error nothing follows, not even the end.
    let events = futures_util::stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        let item = events.stream.next().await;
        let more = matches!(item, Some(Ok(_)));
        let event = events.event(item);
        Some((Ok::<_, Infallible>(event), more.then_some(events)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}

impl Events {
    fn event(&mut self, item: Option<Result<Bytes>>) -> Event {
        let event = match std::mem::replace(&mut self.told, true) {
            true => Event::default(),
            false => Event::default().retry(RETRY),
        };
        let text = |item: Result<Bytes>| item.and_then(|message| written(self.codec, &message));
        match item.map(text) {
            Some(Ok(json)) => {
                self.last = self.last.saturating_add(1);
                event.id(self.last.to_string()).data(String::from_utf8_lossy(&json))
            }
            Some(Err(error)) => {
                event.event("error").data(status::text(&error, &self.path, Some(self.codec)))
            }
            None => event.id(END).event("end").data("{}"),
        }
    }
}
