//! What a field can be: a value, or an option of one.

use super::{Field, Form, Malformed, Reader, Tag, Value, Writer};
use crate::check::Violations;
use crate::json;

/// A field while its message is read: what was seen of it so far.
pub struct Slot<'a, T: Field>(T::State<'a>);

impl<T: Field> std::fmt::Debug for Slot<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slot")
    }
}

impl<T: Field> Default for Slot<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T: Field> Slot<'a, T> {
    /// Nothing seen yet.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        Self(Default::default())
    }

    /// Reads one occurrence.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    #[inline]
    pub fn read(
        &mut self,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        T::read_field(&mut self.0, tag, r, name, v)
    }

    /// What the field holds; `None` comes with a violation.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    #[inline]
    pub fn take(
        self,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Option<T>, Malformed> {
        T::take(self.0, name, r, v)
    }
}

impl<'a, T: Value> Slot<'a, T> {
    /// What the field holds, or its default.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    #[inline]
    pub fn take_or(
        self,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
        default: impl FnOnce() -> T,
    ) -> Result<Option<T>, Malformed> {
        Ok(match self.0.settle(name, r, v)? {
            Seen::Is(value) => Some(value),
            Seen::Invalid => None,
            _ => Some(default()),
        })
    }
}

/// What was seen of a single value.
#[derive(Debug, Default)]
pub enum Seen<'a, T> {
    /// Nothing, or what counts as absent.
    #[default]
    Nothing,
    /// Something that a violation tells of.
    Invalid,
    /// This; a second occurrence takes its place.
    Is(T),
    /// A message that is not read yet, for another part of it may follow.
    Part(&'a [u8]),
    /// A message that came in parts, one after the other.
    Joined(Vec<u8>),
}

impl<'a, T: Value> Seen<'a, T> {
    #[inline]
    pub(crate) fn read(
        &mut self,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        if tag.wire() != T::Form::WIRE {
            return Err(Malformed::wire_type(name, tag.wire()));
        }
        if T::Form::MERGES {
            let part = r.slice()?;
            match self {
                Self::Nothing => *self = Self::Part(part),
                _ => self.join(part),
            }
            return Ok(());
        }
        let mark = v.mark();
        *self = match T::Form::read(r, v)? {
            Some(value) => Self::Is(value),
            None => Self::failed(mark, name, v),
        };
        Ok(())
    }

    /// A second part of a message.
    #[cold]
    fn join(&mut self, part: &[u8]) {
        match self {
            Self::Part(first) => *self = Self::Joined([*first, part].concat()),
            Self::Joined(all) => all.extend_from_slice(part),
            Self::Nothing | Self::Invalid | Self::Is(_) => {}
        }
    }

    /// Reads a message of which all parts were seen.
    #[inline]
    pub(crate) fn settle(
        self,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Self, Malformed> {
        if !T::Form::MERGES {
            return Ok(self);
        }
        let mark = v.mark();
        let value = match self {
            Self::Part(part) => T::Form::read_body(&mut r.within(part)?, v)?,
            Self::Joined(all) => T::Form::read_body(&mut r.apart(&all)?, v)?,
            other => return Ok(other),
        };
        Ok(match value {
            Some(value) => Self::Is(value),
            None => Self::failed(mark, name, v),
        })
    }

    #[cold]
    fn failed(mark: usize, name: &str, v: &mut Violations) -> Self {
        if v.mark() == mark {
            return Self::Nothing;
        }
        v.prefix_from(mark, name);
        Self::Invalid
    }
}

impl<T: Value> Field for T {
    type State<'a> = Seen<'a, T>;

    #[inline]
    fn write_field(&self, number: u32, w: &mut Writer) {
        if !T::Form::is_zero(self) {
            w.always(number, self);
        }
    }

    #[inline]
    fn write_present(&self, number: u32, w: &mut Writer) {
        w.always(number, self);
    }

    #[inline]
    fn zero() -> Option<Self> {
        T::Form::zero()
    }

    #[inline]
    fn read_field<'a>(
        state: &mut Seen<'a, T>,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        state.read(tag, r, name, v)
    }

    #[inline]
    fn take<'a>(
        state: Seen<'a, T>,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Option<T>, Malformed> {
        Ok(match state.settle(name, r, v)? {
            Seen::Is(value) => Some(value),
            Seen::Invalid => None,
            _ => {
                let zero = T::Form::zero();
                if zero.is_none() {
                    v.required(name);
                }
                zero
            }
        })
    }

    #[inline]
    fn check_field(&self, v: &mut Violations) {
        T::Form::check(self, v);
    }

    #[inline]
    fn view(&self) -> json::View<'_> {
        T::Form::view(self)
    }

    #[inline]
    fn write_json(&self, out: &mut json::Text<'_>) {
        T::Form::write_json(self, out);
    }

    fn from_member(json: Option<&json::Node<'_>>, v: &mut Violations) -> Option<T> {
        match json {
            Some(json::Node::Null) => T::Form::zero().or_else(|| T::Form::from_null(v)),
            Some(json) => T::Form::from_json(json, v),
            None => {
                let zero = T::Form::zero();
                if zero.is_none() {
                    v.required("");
                }
                zero
            }
        }
    }

    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<T> {
        T::Form::from_text(scan)
    }
}

impl<T: Value> Field for Option<T> {
    type State<'a> = Seen<'a, T>;

    #[inline]
    fn write_field(&self, number: u32, w: &mut Writer) {
        if let Some(value) = self {
            w.always(number, value);
        }
    }

    #[inline]
    fn zero() -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn read_field<'a>(
        state: &mut Seen<'a, T>,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        state.read(tag, r, name, v)
    }

    #[inline]
    fn take<'a>(
        state: Seen<'a, T>,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Option<Self>, Malformed> {
        Ok(match state.settle(name, r, v)? {
            Seen::Is(value) => Some(Some(value)),
            Seen::Invalid => None,
            _ => Some(None),
        })
    }

    #[inline]
    fn check_field(&self, v: &mut Violations) {
        if let Some(value) = self {
            T::Form::check(value, v);
        }
    }

    #[inline]
    fn view(&self) -> json::View<'_> {
        self.as_ref().map_or(json::View::Null, T::Form::view)
    }

    #[inline]
    fn write_json(&self, out: &mut json::Text<'_>) {
        match self {
            Some(value) => T::Form::write_json(value, out),
            None => out.raw(b"null"),
        }
    }

    fn from_member(json: Option<&json::Node<'_>>, v: &mut Violations) -> Option<Self> {
        match json {
            None | Some(json::Node::Null) => Some(None),
            Some(json) => T::Form::from_json(json, v).map(Some),
        }
    }

    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<Self> {
        T::Form::from_text(scan).map(Some)
    }
}
