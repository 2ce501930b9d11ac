//! What is left of a request's body once it is answered. On HTTP/1.1 it stands between this request and the next one: the
//! rest is read where it is short, and else the connection is closed, of which the caller is told; a connection that just
//! closed would lose it the answer, or its next request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// So much is read that nobody asked for, in bytes.
const SHORT: u64 = 256 * 1024;
/// How long the rest of a short body may take.
const SOON: Duration = Duration::from_secs(1);
/// How long a caller may go on sending to a connection that is about to close.
const LINGER: Duration = Duration::from_secs(5);

/// Where a body that nobody has read to its end comes back to.
#[derive(Clone, Debug, Default)]
struct Rest(Arc<Mutex<Option<Incoming>>>);

/// A body that comes back.
struct Watched {
    body: Option<Incoming>,
    rest: Rest,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !http_body::Body::is_end_stream(body)) {
            *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// Answers a request, and sees to what is left of its body.
pub(super) async fn answered<Fut: Future<Output = Response<Body>>>(
    request: Request<Incoming>,
    answer: impl FnOnce(Request<Body>) -> Fut,
) -> Response<Body> {
    if request.version() > Version::HTTP_11 || http_body::Body::is_end_stream(request.body()) {
        return answer(request.map(Body::new)).await;
    }
    let waits = request.headers().contains_key(EXPECT);
    let rest = Rest::default();
    let watched = rest.clone();
    let watched = request.map(|body| Body::new(Watched { body: Some(body), rest: watched }));
    let mut response = answer(watched).await;
    let left = rest.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    // One that was too slow already is not waited for again.
    let slow = response.status() == StatusCode::REQUEST_TIMEOUT;
    if let Some(left) = left
        && (slow || !read_out(left, waits).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the rest was short, and is read now.
async fn read_out(mut body: Incoming, waits: bool) -> bool {
    if waits {
        // The caller sends nothing until it is told to; to read would be to tell it.
        return false;
    }
    let short = http_body::Body::size_hint(&body).lower() <= SHORT;
    if short && tokio::time::timeout(SOON, discard(&mut body, SHORT)).await == Ok(true) {
        return true;
    }
    // It reads the answer once it has sent all.
    tokio::spawn(async move { tokio::time::timeout(LINGER, discard(&mut body, u64::MAX)).await });
    false
}

/// Whether the body ended within so many bytes.
async fn discard(body: &mut Incoming, limit: u64) -> bool {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        read += frame.data_ref().map_or(0, Bytes::len) as u64;
        if read > limit {
            return false;
        }
    }
    true
}
