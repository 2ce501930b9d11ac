//! A request of one message, that says with its bytes that they are all.
//!
//! tonic learns that a stream has ended once it has sent what came before, and says so in a frame of its own, which the
//! callee reads, and hands on, apart.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use hyper::body::{Body, Frame};

/// Whether it is compressed, and its length.
const PREFIX: usize = 5;

/// The message with its prefix, until it is sent. It tells nobody its size beforehand: HTTP/2 would make a header of that.
#[derive(Debug)]
pub(super) struct Whole(Option<Bytes>);

impl Whole {
    /// Nothing for what no prefix can say the length of.
    pub(super) fn new(message: &[u8]) -> Option<Self> {
        let length = u32::try_from(message.len()).ok()?;
        let mut framed = BytesMut::with_capacity(PREFIX + message.len());
        framed.put_u8(0);
        framed.put_u32(length);
        framed.put_slice(message);
        Some(Self(Some(framed.freeze())))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}
