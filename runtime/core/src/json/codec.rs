//! JSON for what is known at run time alone by its operation: functions between ProtoJSON and encoded messages.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::tree::{Node, borrowed};
use super::{from_slice, to_bytes};
use crate::check::Violations;
use crate::http::Param;
use crate::upload::Upload;
use crate::wire::{DecodeError, Record};

/// One message type between its two forms.
#[derive(Clone, Copy, Debug)]
pub struct JsonForm {
    /// The message's full name on the wire.
    pub name: &'static str,
    read: fn(&Map<String, Json>) -> Result<Bytes, DecodeError>,
    read_slice: fn(&[u8]) -> Result<Bytes, DecodeError>,
    write: fn(&Bytes) -> Result<Bytes, DecodeError>,
}

impl JsonForm {
    /// Of a record.
    #[must_use]
    pub const fn of<T: Record>() -> Self {
        Self { name: T::NAME, read: read::<T>, read_slice: read_slice::<T>, write: write::<T> }
    }

    /// From the members of a JSON object to the encoded message; constraints are not judged.
    ///
    /// # Errors
    /// `Invalid`, with every field that is missing or of another type.
    pub fn read(&self, members: &Map<String, Json>) -> Result<Bytes, DecodeError> {
        (self.read)(members)
    }

    /// From JSON text to the encoded message.
    ///
    /// # Errors
    /// As [`read`](Self::read), and for what is no JSON object.
    pub fn read_slice(&self, text: &[u8]) -> Result<Bytes, DecodeError> {
        (self.read_slice)(text)
    }

    /// From the encoded message to JSON text.
    ///
    /// # Errors
    /// When the bytes are not this message.
    pub fn write(&self, message: &Bytes) -> Result<Bytes, DecodeError> {
        (self.write)(message)
    }
}

/// The members of the one object that `text` holds.
///
/// # Errors
/// `Invalid` for what is no JSON object, saying where it breaks.
pub fn object(text: &[u8]) -> Result<Map<String, Json>, DecodeError> {
    let own = |(name, value): (Cow<'_, str>, Node<'_>)| (name.into_owned(), Json::from(value));
    Ok(members(text)?.into_iter().map(own).collect())
}

/// As [`object`], borrowed from the text.
pub(super) fn members(text: &[u8]) -> Result<Vec<(Cow<'_, str>, Node<'_>)>, DecodeError> {
    let mut v = Violations::new();
    match Node::read(text) {
        Ok(Node::Object(members)) => return Ok(members),
        Ok(other) => drop(super::mismatch::<()>("a JSON object", &other, &mut v)),
        Err(error) => v.push("", "json", format!("must be a JSON object: {error}")),
    }
    Err(DecodeError::Invalid(v))
}

fn read<T: Record>(members: &Map<String, Json>) -> Result<Bytes, DecodeError> {
    super::record::of_members::<T>(&borrowed(members)).map(|record| record.to_bytes())
}

fn read_slice<T: Record>(text: &[u8]) -> Result<Bytes, DecodeError> {
    from_slice::<T>(text).map(|record| record.to_bytes())
}

fn write<T: Record>(message: &Bytes) -> Result<Bytes, DecodeError> {
    T::from_bytes(message).map(|record| to_bytes(&record))
}

/// The part of a request that is bytes as they are, rather than JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawBody {
    /// The number of the field of each message that holds a chunk.
    pub field: u32,
    /// Whether the first message holds other fields, and no chunk.
    pub head: bool,
}

/// The JSON of an operation: of what goes in, of what comes out, of its declared errors.
#[derive(Clone, Copy, Debug)]
pub struct JsonCodec {
    /// Of each message of the request; of the other fields, where [`raw`](Self::raw) says so.
    pub request: JsonForm,
    /// Of each message of the answer.
    pub answer: JsonForm,
    /// Of the errors that the operation declares.
    pub errors: &'static [JsonForm],
    /// The fields of the request that may stand in a path or a query.
    pub params: &'static [Param],
    /// Where the request's body is bytes as they are.
    pub raw: Option<RawBody>,
    /// The field of each message of the answer that holds a chunk, where the answer is bytes as they are.
    pub raw_answer: Option<u32>,
    /// Whether the operation is accepted now and done later.
    pub accepted: bool,
}

impl JsonCodec {
    /// Of the messages of a request and of an answer.
    #[must_use]
    pub const fn of<Req: Record, Res: Record>() -> Self {
        Self {
            request: JsonForm::of::<Req>(),
            answer: JsonForm::of::<Res>(),
            errors: &[],
            params: &[],
            raw: None,
            raw_answer: None,
            accepted: false,
        }
    }

    /// Of a request that ends in a stream of bytes.
    #[must_use]
    pub const fn upload<U: Upload, Res: Record>() -> Self {
        let mut codec = Self::of::<U::Head, Res>();
        codec.raw = Some(RawBody { field: U::FIELD, head: true });
        codec
    }

    /// Each message of the request is a chunk, in its field 1.
    #[must_use]
    pub const fn raw_request(mut self) -> Self {
        self.raw = Some(RawBody { field: 1, head: false });
        self
    }

    /// Each message of the answer is a chunk, in its field 1.
    #[must_use]
    pub const fn raw_answer(mut self) -> Self {
        self.raw_answer = Some(1);
        self
    }

    /// With the errors that the operation declares.
    #[must_use]
    pub const fn errors(mut self, errors: &'static [JsonForm]) -> Self {
        self.errors = errors;
        self
    }

    /// With the fields of the request that may stand in a path or a query.
    #[must_use]
    pub const fn params(mut self, params: &'static [Param]) -> Self {
        self.params = params;
        self
    }

    /// Accepted now and done later.
    #[must_use]
    pub const fn accepted(mut self) -> Self {
        self.accepted = true;
        self
    }

    /// The form of a declared error, by its full name.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<&JsonForm> {
        self.errors.iter().find(|error| error.name == name)
    }
}
