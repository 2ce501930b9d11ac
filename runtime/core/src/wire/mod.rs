//! Records on the wire: Protobuf's binary form, read into and written from the domain types themselves.
//!
//! A generated type says one line for each of its fields; everything else is here. The traits build on each other:
//! [`Record`] (a message: a record, an error, an event, a union), [`Newtype`] and [`OpenEnum`] are what generated code
//! implements; [`Value`] is anything that has one wire form, which its [`Form`] gives; [`Field`] is anything that a field can
//! be: a value, an option, a list or a map of values.

mod field;
mod forms;
mod list;
mod map;
mod member;
mod reader;
mod writer;

use std::fmt;

use bytes::Bytes;

pub use self::field::{Seen, Slot};
pub use self::forms::{Boxed, Message, Native, Newtyped, Open};
pub use self::map::MapKey;
pub use self::member::Member;
pub(crate) use self::reader::utf8;
pub use self::reader::{MAX_DEPTH, Malformed, Reader, Tag, WireType};
pub use self::writer::Writer;
use crate::check::Violations;
use crate::json;

/// A message: it has numbered fields.
pub trait Record: Sized + Clone + fmt::Debug + Send + Sync + 'static {
    /// Its full name on the wire, `shop.orders.v1.Order`.
    const NAME: &'static str;
    /// Sensitive fields that may hold maps, by their names on the wire. Of a violation below one of these the path ends
    /// there, for the key of a map would be the next part of it.
    const CONCEALED: &'static [&'static str] = &[];

    /// Writes its fields, in order of their numbers.
    fn encode(&self, w: &mut Writer);

    /// Reads its fields up to the end of the reader. `None`: a field is missing or not readable as its type, and `v` says
    /// which. All of them are reported, not the first alone.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed>;

    /// Reports every constraint that a field does not keep to.
    fn check(&self, v: &mut Violations) {
        let _ = v;
    }

    /// Writes its fields as JSON members.
    fn to_json(&self, o: &mut json::Writer<'_>);

    /// Reads its fields from JSON members; `None` as in [`decode`](Self::decode).
    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self>;

    /// How many bytes [`encode`](Self::encode) writes. It costs as much as encoding.
    #[must_use]
    fn encoded_len(&self) -> usize {
        Writer::measure(|w| self.encode(w))
    }

    /// Its bytes.
    #[must_use]
    fn to_bytes(&self) -> Bytes {
        Writer::collect(|w| self.encode(w))
    }

    /// Reads it; `bytes` fields share the memory of `bytes`. Constraints are not judged: see [`from_bytes_checked`](
    /// Self::from_bytes_checked).
    ///
    /// # Errors
    /// When the bytes are not this message, or a field that must be there is not.
    fn from_bytes(bytes: &Bytes) -> Result<Self, DecodeError> {
        finish(|v| concealing::<Self, _>(v, |v| Self::decode(&mut Reader::shared(bytes), v)))
    }

    /// As [`from_bytes`](Self::from_bytes), for a slice.
    ///
    /// # Errors
    /// When the bytes are not this message, or a field that must be there is not.
    fn from_slice(bytes: &[u8]) -> Result<Self, DecodeError> {
        finish(|v| concealing::<Self, _>(v, |v| Self::decode(&mut Reader::new(bytes), v)))
    }

    /// Reads it and judges its constraints: what is done at the edge where values enter.
    ///
    /// # Errors
    /// When the bytes are not this message, a field that must be there is not, or one breaks its rule.
    fn from_bytes_checked(bytes: &Bytes) -> Result<Self, DecodeError> {
        finish(|v| {
            concealing::<Self, _>(v, |v| {
                let record = Self::decode(&mut Reader::shared(bytes), v)?;
                if let Some(record) = &record {
                    record.check(v);
                }
                Ok(record)
            })
        })
    }
}

/// Reads or judges a `T`; what is found says nothing of the keys of sensitive maps.
#[inline]
pub(crate) fn concealing<T: Record, R>(
    v: &mut Violations,
    judge: impl FnOnce(&mut Violations) -> R,
) -> R {
    let mark = v.mark();
    let judged = judge(v);
    if !T::CONCEALED.is_empty() && v.mark() > mark {
        v.conceal_from(mark, T::CONCEALED);
    }
    judged
}

fn finish<T>(
    decode: impl FnOnce(&mut Violations) -> Result<Option<T>, Malformed>,
) -> Result<T, DecodeError> {
    let mut v = Violations::new();
    match decode(&mut v)? {
        Some(record) if v.is_empty() => Ok(record),
        _ => Err(DecodeError::Invalid(v)),
    }
}

/// Why bytes were not taken for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are not Protobuf of this shape.
    Malformed(Malformed),
    /// They are, but fields are missing or break their rules.
    Invalid(Violations),
}

impl From<Malformed> for DecodeError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Invalid(violations) => violations.fmt(f),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A scalar of a contract: a type around another value, with constraints of its own.
pub trait Newtype: Sized + Clone + fmt::Debug + Send + Sync + 'static {
    /// What it is made of.
    type Inner: Value;

    /// What it holds.
    fn inner(&self) -> &Self::Inner;

    /// Around a value that was not judged.
    fn from_wire(inner: Self::Inner) -> Self;

    /// Reports every constraint that the value does not keep to.
    fn check(&self, v: &mut Violations) {
        let _ = v;
    }
}

/// An enum of a contract: numbers that are not known here survive.
pub trait OpenEnum: Copy + fmt::Debug + Send + Sync + 'static {
    /// Number and Protobuf name of each value, in order of the contract.
    const VALUES: &'static [(i32, &'static str)];

    /// Its number on the wire.
    fn number(self) -> i32;

    /// The value of a number, known or not.
    fn from_number(number: i32) -> Self;
}

/// Anything that has one form on the wire.
pub trait Value: Sized + Clone + Send + Sync + 'static {
    /// How it is written: [`Message`] for records and unions, [`Newtyped`], [`Open`]; [`Native`] for what is built in.
    type Form: Form<Self>;
}

/// How values of a type are written and read.
pub trait Form<T> {
    /// How it is framed.
    const WIRE: WireType;
    /// A second occurrence of the field is merged into the first, as messages are.
    const MERGES: bool = false;

    /// Writes the value, with its length where it has one.
    fn write(value: &T, w: &mut Writer);

    /// Reads what [`write`](Self::write) wrote. `None` with a new violation: it is not readable as its type; `None` without
    /// one: it counts as absent (the enum value 0, an empty uuid).
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<T>, Malformed>;

    /// Reads the content of a message, up to the end of the reader; only asked of a form that [merges](Self::MERGES).
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    #[inline]
    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<T>, Malformed> {
        Self::read(r, v)
    }

    /// What an absent field holds; `None`: it must be there.
    #[inline]
    fn zero() -> Option<T> {
        None
    }

    /// Whether it is what an absent field holds, and so is not written.
    #[inline]
    fn is_zero(value: &T) -> bool {
        let _ = value;
        false
    }

    /// Reports the constraints that belong to the type itself.
    #[inline]
    fn check(value: &T, v: &mut Violations) {
        let _ = (value, v);
    }

    /// As JSON.
    fn view(value: &T) -> json::View<'_>;

    /// As the text of what [`view`](Self::view) shows.
    #[inline]
    fn write_json(value: &T, out: &mut json::Text<'_>) {
        Self::view(value).write_json(out);
    }

    /// From JSON that is not null. `None` comes with a violation.
    fn from_json(json: &json::Node<'_>, v: &mut Violations) -> Option<T>;

    /// From JSON text that is not null. `None`: it is not as it is mostly written, and [`from_json`](Self::from_json) tells.
    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<T> {
        let mut v = Violations::new();
        let node = scan.node()?;
        Self::from_json(&node, &mut v).filter(|_| v.is_empty())
    }

    /// From a JSON null: a violation, unless null is one of its values.
    fn from_null(v: &mut Violations) -> Option<T> {
        v.push("", "required", "must be there, but is null");
        None
    }
}

/// Anything that a field can be: a value, or an option, a list or a map of values.
pub trait Field: Sized {
    /// What was read of it so far.
    type State<'a>: Default;

    /// Writes tag and value, or nothing where absent means the same.
    fn write_field(&self, number: u32, w: &mut Writer);

    /// Writes tag and value, a zero value too.
    #[inline]
    fn write_present(&self, number: u32, w: &mut Writer) {
        self.write_field(number, w);
    }

    /// What an absent field holds; `None`: it must be there.
    fn zero() -> Option<Self>;

    /// Reads one occurrence.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    fn read_field<'a>(
        state: &mut Self::State<'a>,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed>;

    /// What the field holds once the whole message was read; `None` comes with a violation.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    fn take<'a>(
        state: Self::State<'a>,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Option<Self>, Malformed>;

    /// Reports the constraints that belong to the types in it.
    fn check_field(&self, v: &mut Violations);

    /// As JSON.
    fn view(&self) -> json::View<'_>;

    /// As the text of what [`view`](Self::view) shows.
    fn write_json(&self, out: &mut json::Text<'_>);

    /// From a JSON member, which may be absent; `None` comes with a violation.
    fn from_member(json: Option<&json::Node<'_>>, v: &mut Violations) -> Option<Self>;

    /// From JSON text that is not null; `None` as in [`Form::from_text`].
    fn from_text(scan: &mut json::Scan<'_>) -> Option<Self>;
}
