//! A call from its beginning to its end, told on both.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{Event, Side};
use crate::call::{Answer, Body};
use crate::clock::Env;
use crate::error::{Code, Error, Result};
use crate::operation::Operation;

/// Tells that a call begins, and how it ends: by [`ended`](Self::ended), or cancelled when it is dropped.
pub(crate) struct Watch {
    env: Env,
    operation: &'static Operation,
    side: Side,
    began: Instant,
    told: bool,
}

impl Watch {
    /// Nothing where nobody observes.
    pub(crate) fn begin(env: &Env, operation: &'static Operation, side: Side) -> Option<Self> {
        if !env.observe.observed() {
            return None;
        }
        env.observe.tell(|| Event::CallStarted { operation, side });
        Some(Self { env: env.clone(), operation, side, began: env.clock.now(), told: false })
    }

    /// Tells how the call ended, or goes on until its stream has.
    pub(crate) fn ended(mut self, answer: Result<Answer>) -> Result<Answer> {
        match answer {
            Ok(Answer { meta, body: Body::Stream(stream) }) => {
                Ok(Answer { meta, body: Body::Stream(Watched { stream, watch: self }.boxed()) })
            }
            Ok(answer) => {
                self.tell(None);
                Ok(answer)
            }
            Err(error) => {
                self.tell(Some(&error));
                Err(error)
            }
        }
    }

    fn tell(&mut self, error: Option<&Error>) {
        let (code, name) = (error.map(Error::code), error.and_then(Error::domain_name));
        self.over(code, name);
    }

    fn over(&mut self, code: Option<Code>, error: Option<&str>) {
        if !std::mem::replace(&mut self.told, true) {
            let (operation, side) = (self.operation, self.side);
            let took = self.env.clock.now().saturating_duration_since(self.began);
            self.env.observe.tell(|| Event::CallEnded { operation, side, code, error, took });
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over(Some(Code::Cancelled), None);
    }
}

/// The stream of a call that is watched.
struct Watched {
    stream: BoxStream<'static, Result<Bytes>>,
    watch: Watch,
}

impl Stream for Watched {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(self.stream.poll_next_unpin(cx));
        match &next {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.watch.tell(Some(error)),
            None => self.watch.tell(None),
        }
        Poll::Ready(next)
    }
}
