//! The body of a request: as a whole, as lines, as bytes; never more of it in memory than the limit, and never waited for
//! without an end.

use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt;
use serde_json::{Map, Value as Json};
use svckit_core::error::{Error, Result};
use svckit_core::json::{JsonCodec, RawBody};
use svckit_core::upload;

use crate::status::Refusal;

/// How much of a body is taken, and how slowly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The longest whole, or the longest message, in bytes.
    pub(super) limit: usize,
    /// For the whole, or for a part of a stream of bytes.
    pub(super) time: Duration,
}

/// All of a body.
///
/// # Errors
/// `413` past the limit, `408` past the time.
pub(super) async fn whole(body: Body, bounds: Bounds) -> Result<Bytes, Refusal> {
    let too_long = || {
        let error = too_long(bounds.limit);
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    if body.size_hint().lower() > bounds.limit as u64 {
        return Err(too_long());
    }
    let read = async {
        let (mut body, mut first, mut all) = (body, None, BytesMut::new());
        while let Some(part) = part(&mut body).await? {
            if first.as_ref().map_or(0, Bytes::len) + all.len() + part.len() > bounds.limit {
                return Err(too_long());
            }
            match first.take() {
                // Most bodies come in one part, which is not copied.
                None if all.is_empty() => first = Some(part),
                before => {
                    all.extend_from_slice(&before.unwrap_or_default());
                    all.extend_from_slice(&part);
                }
            }
        }
        Ok(first.unwrap_or_else(|| all.freeze()))
    };
    let mut read = std::pin::pin!(read);
    // Most bodies are there with their heads, and need no timer.
    if let Poll::Ready(read) = std::future::poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await
    {
        return read;
    }
    match tokio::time::timeout(bounds.time, read).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, slow(bounds.time))),
    }
}

/// The next part that has bytes.
async fn part(body: &mut Body) -> Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken)?;
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Why a body can't be read: its caller went away, or its compression is not what it says.
fn broken(error: axum::Error) -> Error {
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    let gone = causes.clone().any(|cause| cause.is::<hyper::Error>());
    if gone {
        return Error::cancelled("the caller stopped in the middle of its request")
            .with_source(error);
    }
    let last = causes.last().map(ToString::to_string).unwrap_or_default();
    Error::invalid_argument(format!("the body can't be read: {last}"))
}

fn too_long(limit: usize) -> Error {
    Error::resource_exhausted(format!("the message is too long: the limit is {limit} bytes"))
}

fn slow(time: Duration) -> Error {
    Error::deadline_exceeded(format!("the body did not arrive within {time:?}"))
}

/// Bytes as they are, as messages that carry them.
pub(super) fn chunks(
    body: Body,
    raw: RawBody,
    head: Option<Bytes>,
    time: Duration,
) -> BoxStream<'static, Result<Bytes>> {
    let parts = futures_util::stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match tokio::time::timeout(time, part(&mut body)).await {
            Ok(Ok(Some(part))) => Some((Ok(upload::frame(raw.field, &part)), Some(body))),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => Some((Err(error), None)),
            Err(_) => Some((Err(slow(time)), None)),
        }
    });
    futures_util::stream::iter(head.map(Ok)).chain(parts).boxed()
}

/// A body of lines, each a message.
struct Lines {
    body: Option<Body>,
    buffer: BytesMut,
    /// Up to here there is no end of a line.
    seen: usize,
    limit: usize,
    number: usize,
}

/// A JSON text on each line, as messages.
pub(super) fn lines(
    body: Body,
    codec: &'static JsonCodec,
    limit: usize,
) -> BoxStream<'static, Result<Bytes>> {
    let lines = Lines { body: Some(body), buffer: BytesMut::new(), seen: 0, limit, number: 0 };
    futures_util::stream::unfold(Some(lines), move |lines| async move {
        let mut lines = lines?;
        match lines.next().await {
            Ok(Some(line)) => {
                let read = codec.request.read_slice(&line).map_err(Error::unreadable);
                let at = lines.number;
                Some(match read {
                    Ok(message) => (Ok(message), Some(lines)),
                    Err(error) => (Err(error.context(format!("line {at}"))), None),
                })
            }
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

impl Lines {
    /// The next line that is not blank.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let line = match self.buffer[self.seen..].iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    let line = self.buffer.split_to(self.seen + at + 1).freeze();
                    self.seen = 0;
                    line
                }
                None if self.more().await? => continue,
                None if self.buffer.is_empty() => return Ok(None),
                None => self.buffer.split().freeze(),
            };
            self.number += 1;
            if line.len() > self.limit.saturating_add(1) {
                return Err(too_long(self.limit));
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    /// Reads another part of the body; false at its end.
    async fn more(&mut self) -> Result<bool> {
        let Some(body) = self.body.as_mut() else { return Ok(false) };
        self.seen = self.buffer.len();
        match part(body).await? {
            Some(part) => self.buffer.extend_from_slice(&part),
            None => {
                self.body = None;
                self.seen = 0;
                return Ok(false);
            }
        }
        let open = !self.buffer[self.seen..].contains(&b'\n');
        if open && self.buffer.len() > self.limit {
            return Err(too_long(self.limit));
        }
        Ok(true)
    }
}

/// The messages of one JSON text: of an array each element, else the text itself.
pub(super) fn of_array(text: &[u8], codec: &JsonCodec) -> Result<Vec<Bytes>> {
    let json = svckit_core::json::value(text);
    let broken = |error| {
        Error::invalid_argument(format!("the body must be a JSON array of messages: {error}"))
    };
    let items = match json.map_err(broken)? {
        Json::Array(items) => items,
        one => vec![one],
    };
    let read = |(at, item): (usize, Json)| {
        let Json::Object(members) = item else {
            let error = Error::invalid_argument(format!("[{at}] must be an object"));
            return Err(error);
        };
        let message = codec.request.read(&members);
        message.map_err(|error| Error::unreadable(error).context(format!("[{at}]")))
    };
    items.into_iter().enumerate().map(read).collect()
}

/// The members of one JSON object; none where there is no body.
pub(super) fn members(text: &[u8]) -> Result<Map<String, Json>> {
    if text.is_empty() {
        return Ok(Map::new());
    }
    svckit_core::json::object(text).map_err(Error::unreadable)
}
