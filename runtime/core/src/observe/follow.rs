//! A call from its beginning to its end, told on both.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{Event, Side};
use crate::call::{Answer, Body};
use crate::clock::Env;
use crate::error::{Code, Error, Result};
use crate::operation::Operation;

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// It was answered, to the last message.
    Done,
    /// It failed, or its stream did.
    Failed(&'a Error),
    /// Nobody waited for its end.
    Dropped,
}

impl End<'_> {
    /// The code of the failure; `cancelled` where nobody waited.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Done => None,
            Self::Failed(error) => Some(error.code()),
            Self::Dropped => Some(Code::Cancelled),
        }
    }

    /// The declared error, by its full name.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Failed(error) => error.domain_name(),
            _ => None,
        }
    }
}

/// Follows a call to its end, that of its stream if it has one, and tells `end` of it, once: also where the call, or its
/// stream, is dropped before.
pub struct Followed<F: FnOnce(End<'_>)> {
    end: Option<F>,
}

impl<F: FnOnce(End<'_>)> std::fmt::Debug for Followed<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Followed")
    }
}

impl<F: FnOnce(End<'_>)> Followed<F> {
    /// From now on.
    #[must_use]
    pub fn new(end: F) -> Self {
        Self { end: Some(end) }
    }

    fn over(&mut self, how: End<'_>) {
        if let Some(end) = self.end.take() {
            end(how);
        }
    }
}

impl<F: FnOnce(End<'_>) + Send + Unpin + 'static> Followed<F> {
    /// The answer as it came; its stream is followed to its end.
    ///
    /// # Errors
    /// Those of `answer`.
    pub fn answered(mut self, answer: Result<Answer>) -> Result<Answer> {
        match answer {
            Ok(Answer { meta, body: Body::Stream(stream) }) => {
                let stream = FollowedStream { stream, followed: self }.boxed();
                Ok(Answer { meta, body: Body::Stream(stream) })
            }
            Ok(answer) => {
                self.over(End::Done);
                Ok(answer)
            }
            Err(error) => {
                self.over(End::Failed(&error));
                Err(error)
            }
        }
    }
}

impl<F: FnOnce(End<'_>)> Drop for Followed<F> {
    fn drop(&mut self) {
        self.over(End::Dropped);
    }
}

struct FollowedStream<F: FnOnce(End<'_>)> {
    stream: BoxStream<'static, Result<Bytes>>,
    followed: Followed<F>,
}

impl<F: FnOnce(End<'_>) + Unpin> Stream for FollowedStream<F> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(self.stream.poll_next_unpin(cx));
        match &next {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.followed.over(End::Failed(error)),
            None => self.followed.over(End::Done),
        }
        Poll::Ready(next)
    }
}

/// Tells the observer of a call's beginning and end; calls straight through where there is none.
pub(crate) async fn watched<W>(
    env: &Env,
    operation: &'static Operation,
    side: Side,
    work: W,
) -> Result<Answer>
where
    W: Future<Output = Result<Answer>>,
{
    if !env.observe.observed() {
        return work.await;
    }
    env.observe.tell(|| Event::CallStarted { operation, side });
    let (began, env) = (env.clock.now(), env.clone());
    let followed = Followed::new(move |end: End<'_>| {
        let took = env.clock.now().saturating_duration_since(began);
        let (code, error) = (end.code(), end.error());
        env.observe.tell(|| Event::CallEnded { operation, side, code, error, took });
    });
    followed.answered(work.await)
}
