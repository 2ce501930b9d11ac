//! From encoded requests to a typed handler and back.

use std::future::{Future, Ready, ready};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use crate::call::{Answer, Body, Format, Streaming};
use crate::context::Context;
use crate::error::{Error, OperationError, Result};
use crate::json;
use crate::upload::{self, Upload};
use crate::wire::Record;

/// Reads a request and judges it: the edge where values enter.
pub(super) fn request<Req: Record>(bytes: &Bytes) -> Result<Req> {
    Req::from_bytes_checked(bytes).map_err(Error::unreadable)
}

/// As [`request`], in either form.
pub(super) fn request_of<Req: Record>(message: &Message) -> Result<Req> {
    match message {
        Message::Wire(bytes) => request(bytes),
        Message::Json(text) => json::received_checked(text).map_err(Error::unreadable),
    }
}

/// The one message of a request.
#[derive(Clone)]
pub(super) enum Message {
    Wire(Bytes),
    Json(Bytes),
}

/// The one message of a request that is no stream.
pub(super) async fn single<Req: Record>(body: Body) -> Result<Req> {
    request_of(&only(body).await?)
}

/// A request's one message.
pub(super) async fn only(body: Body) -> Result<Message> {
    let mut stream = match body.ready()?.0 {
        Body::One(bytes) => return Ok(Message::Wire(bytes)),
        Body::Json(text) => return Ok(Message::Json(text)),
        Body::Stream(stream) => stream,
        Body::Later(_) => return Err(nothing()),
    };
    let first = stream.next().await.unwrap_or_else(|| Err(nothing()))?;
    if let Some(more) = stream.next().await {
        more?;
        return Err(Error::invalid_argument("the request has more than one message; send one"));
    }
    Ok(Message::Wire(first))
}

fn nothing() -> Error {
    Error::invalid_argument("the request has no message; send one")
}

/// The messages of a request, each judged as it is read.
pub(super) fn stream<Req: Record>(body: Body) -> Ready<Result<Streaming<Req>>> {
    let of_stream = |stream: BoxStream<'static, Result<Bytes>>| {
        Streaming::from_results(stream.map(|item| item.and_then(|bytes| request(&bytes))))
    };
    ready(body.ready().map(|(body, _)| match body {
        Body::Stream(stream) => of_stream(stream),
        one => Streaming::from_results(futures_util::stream::once(single(one))),
    }))
}

/// The request that ends in a stream of bytes.
pub(super) async fn upload<U: Upload>(body: Body) -> Result<U> {
    upload::receive(body, request).await
}

/// What a handler said, in the form that travels. What was done is forgotten with a failure that does not commit.
pub(super) async fn said<T, E: OperationError>(
    ctx: &Context,
    done: impl Future<Output = Result<T, E>>,
) -> Result<T> {
    done.await.map_err(|error| {
        if !error.commits() {
            ctx.discard();
        }
        error.into_error()
    })
}

pub(super) fn one<Res: Record>(response: Res, format: Format) -> Answer {
    match format {
        Format::Wire => Answer::one(response.to_bytes()),
        Format::Json => Answer::of(Body::Json(json::to_bytes(&response))),
    }
}

pub(super) fn many<Res: Record>(responses: Streaming<Res>, _: Format) -> Answer {
    Answer::stream(responses.map(|item| item.map(|response| response.to_bytes())).boxed())
}

/// A service that its handlers share.
pub(super) type Shared<S> = Arc<S>;
