//! Streams of messages.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

use crate::error::{Error, Result};

/// A stream of messages in either direction. It ends after its first error; dropping it tells the other side to stop.
///
/// Nothing is read ahead: a slow reader slows the writer down.
pub struct Streaming<T>(BoxStream<'static, Result<T>>);

/// A stream of chunks of bytes.
pub type ByteStream = Streaming<Bytes>;

/// The writing end of [`Streaming::channel`].
#[derive(Debug)]
pub struct Sender<T>(mpsc::Sender<Result<T>>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + 'static> Streaming<T> {
    /// A stream that cannot fail.
    pub fn from_stream(stream: impl Stream<Item = T> + Send + 'static) -> Self {
        Self(stream.map(Ok).boxed())
    }

    /// A stream that may fail.
    pub fn from_results(stream: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self(stream.boxed())
    }

    /// A stream of what is there already.
    pub fn from_values<I>(values: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self::from_stream(futures_util::stream::iter(values))
    }

    /// A stream that another task writes, at most `capacity` messages ahead of the reader.
    #[must_use]
    pub fn channel(capacity: usize) -> (Sender<T>, Self) {
        let (sender, mut receiver) = mpsc::channel(capacity.max(1));
        (
            Sender(sender),
            Self(futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx)).boxed()),
        )
    }

    /// The next message, or nothing at the end.
    ///
    /// # Errors
    /// What the other side failed with, or the way to it. The stream is over then.
    pub async fn message(&mut self) -> Result<Option<T>> {
        self.next().await.transpose()
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// The first error of the stream.
    pub async fn collect(mut self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        while let Some(next) = self.message().await? {
            all.push(next);
        }
        Ok(all)
    }

    /// The same stream with each message made into another.
    pub fn map_each<U: Send + 'static>(
        self,
        mut each: impl FnMut(T) -> U + Send + 'static,
    ) -> Streaming<U> {
        Streaming(self.0.map(move |item| item.map(&mut each)).boxed())
    }
}

impl ByteStream {
    /// All chunks in one piece, refusing more than `limit` bytes.
    ///
    /// # Errors
    /// The first error of the stream, or `resource_exhausted` past the limit.
    pub async fn read_all(mut self, limit: usize) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(chunk) = self.message().await? {
            if all.len() + chunk.len() > limit {
                return Err(Error::resource_exhausted(format!(
                    "more than the {limit} bytes that were expected"
                )));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}

impl<T> Sender<T> {
    /// Writes a message; waits while the reader is behind.
    ///
    /// # Errors
    /// `cancelled` if nobody reads any more.
    pub async fn send(&self, message: T) -> Result<()> {
        self.0.send(Ok(message)).await.map_err(|_| gone())
    }

    /// Ends the stream with an error.
    ///
    /// # Errors
    /// `cancelled` if nobody reads any more.
    pub async fn fail(self, error: Error) -> Result<()> {
        self.0.send(Err(error)).await.map_err(|_| gone())
    }

    /// Returns once nobody reads any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

fn gone() -> Error {
    Error::cancelled("the reader of the stream is gone")
}

impl<T> Stream for Streaming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for Streaming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streaming")
    }
}
