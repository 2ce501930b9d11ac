//! From encoded requests to a typed handler and back.

use std::future::{Future, Ready, ready};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;

use crate::call::{Answer, Body, Streaming};
use crate::context::Context;
use crate::error::{Error, OperationError, Result};
use crate::upload::{self, Upload};
use crate::wire::{DecodeError, Record};

/// Reads a request and judges it: the edge where values enter.
pub(super) fn request<Req: Record>(bytes: &Bytes) -> Result<Req> {
    Req::from_bytes_checked(bytes).map_err(|error| match error {
        DecodeError::Invalid(violations) => Error::violations_of(violations.into_vec()),
        DecodeError::Malformed(malformed) => {
            Error::invalid_argument(format!("malformed request: {malformed}"))
        }
    })
}

/// The one message of a request that is no stream.
pub(super) async fn single<Req: Record>(body: Body) -> Result<Req> {
    request(&only(body).await?)
}

/// The bytes of a request's one message.
pub(super) async fn only(body: Body) -> Result<Bytes> {
    let mut stream = match body {
        Body::One(bytes) => return Ok(bytes),
        Body::Stream(stream) => stream,
    };
    let none = || Error::invalid_argument("the request has no message; send one");
    let first = stream.next().await.unwrap_or_else(|| Err(none()))?;
    if let Some(more) = stream.next().await {
        more?;
        return Err(Error::invalid_argument("the request has more than one message; send one"));
    }
    Ok(first)
}

/// The messages of a request, each judged as it is read.
pub(super) fn stream<Req: Record>(body: Body) -> Ready<Result<Streaming<Req>>> {
    let stream = match body {
        Body::One(bytes) => futures_util::stream::once(async { Ok(bytes) }).boxed(),
        Body::Stream(stream) => stream,
    };
    let requests = stream.map(|item| item.and_then(|bytes| request(&bytes)));
    ready(Ok(Streaming::from_results(requests)))
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

pub(super) fn one<Res: Record>(response: Res) -> Answer {
    Answer::one(response.to_bytes())
}

pub(super) fn many<Res: Record>(responses: Streaming<Res>) -> Answer {
    Answer::stream(responses.map(|item| item.map(|response| response.to_bytes())).boxed())
}

/// A service that its handlers share.
pub(super) type Shared<S> = Arc<S>;
