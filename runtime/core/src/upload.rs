//! Requests that end in a stream of bytes: the first message carries the other fields, and each message may carry a
//! chunk.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use prost::encoding::{DecodeContext, WireType, decode_key, encode_key, encode_varint, skip_field};

use crate::call::{Body, ByteStream};
use crate::error::{Error, Result};
use crate::wire::Record;

/// A request with a `stream bytes` among its parameters. Generated code implements it.
pub trait Upload: Sized + Send + 'static {
    /// The other parameters.
    type Head: Record;
    /// The number of the stream's field.
    const FIELD: u32;
    /// The name of the stream's field.
    const NAME: &'static str;
    /// How many bytes there are at least, and at most.
    const LEN: (u64, u64) = (0, u64::MAX);

    /// Takes the stream off.
    fn split(self) -> (Self::Head, ByteStream);
    /// Puts the stream on.
    fn join(head: Self::Head, bytes: ByteStream) -> Self;
}

/// The messages that a request is sent as.
pub(crate) fn send<U: Upload>(request: U) -> BoxStream<'static, Result<Bytes>> {
    let (head, bytes) = request.split();
    let first = futures_util::stream::once(async move { Ok(head.to_bytes()) });
    first.chain(bytes.map(|chunk| chunk.map(|chunk| frame(U::FIELD, &chunk)))).boxed()
}

/// Reads the first message and gives the request whose stream reads the others.
pub(crate) async fn receive<U: Upload>(
    body: Body,
    read: impl Fn(&Bytes) -> Result<U::Head>,
) -> Result<U> {
    let mut stream = match body.ready()?.0 {
        Body::One(bytes) => futures_util::stream::once(async { Ok(bytes) }).boxed(),
        Body::Stream(stream) => stream,
        Body::Json(_) | Body::Later(_) => futures_util::stream::empty().boxed(),
    };
    let first = stream
        .next()
        .await
        .unwrap_or_else(|| Err(Error::invalid_argument("the request has no message")))?;
    let head = read(&first)?;
    let rest = futures_util::stream::once(async { Ok(first) }).chain(stream);
    Ok(U::join(head, ByteStream::from_results(counted::<U>(rest.boxed()))))
}

fn counted<U: Upload>(
    messages: BoxStream<'static, Result<Bytes>>,
) -> BoxStream<'static, Result<Bytes>> {
    let (min, max) = U::LEN;
    let name = U::NAME;
    futures_util::stream::try_unfold((messages, 0_u64), move |(mut messages, seen)| async move {
        while let Some(message) = messages.next().await {
            let chunk = chunk(U::FIELD, message?)?;
            let seen = seen + chunk.len() as u64;
            if seen > max {
                return Err(Error::invalid_argument(format!(
                    "{name}: more than {max} bytes were sent"
                )));
            }
            if !chunk.is_empty() {
                return Ok(Some((chunk, (messages, seen))));
            }
        }
        if seen < min {
            return Err(Error::invalid_argument(format!(
                "{name}: {seen} bytes were sent, at least {min} are wanted"
            )));
        }
        Ok(None)
    })
    .boxed()
}

/// The message that carries a chunk in `field`.
#[must_use]
pub fn frame(field: u32, chunk: &Bytes) -> Bytes {
    let mut out = BytesMut::with_capacity(chunk.len() + 16);
    encode_key(field, WireType::LengthDelimited, &mut out);
    encode_varint(chunk.len() as u64, &mut out);
    out.put_slice(chunk);
    out.freeze()
}

/// The bytes of `field` in a message; none if it is not there.
///
/// # Errors
/// `invalid_argument` if it is no message.
pub fn chunk(field: u32, mut message: Bytes) -> Result<Bytes> {
    let malformed = |_| Error::invalid_argument("a message of the stream is malformed");
    let mut found = Bytes::new();
    while !message.is_empty() {
        let (number, wire) = decode_key(&mut message).map_err(malformed)?;
        if number == field && wire == WireType::LengthDelimited {
            found = Bytes::new();
            prost::encoding::bytes::merge(wire, &mut found, &mut message, DecodeContext::default())
                .map_err(malformed)?;
        } else {
            skip_field(wire, number, &mut message, DecodeContext::default()).map_err(malformed)?;
        }
    }
    Ok(found)
}
