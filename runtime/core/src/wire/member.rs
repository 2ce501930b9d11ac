//! The member of a union that is set.

use super::{Form, Malformed, Reader, Tag, Value, WireType};
use crate::check::Violations;

/// A union while its message is read: the member seen last, and all parts of it.
#[derive(Clone, Debug, Default)]
pub struct Member<'a> {
    number: u32,
    wire: Option<WireType>,
    last: &'a [u8],
    earlier: Vec<&'a [u8]>,
}

impl<'a> Member<'a> {
    /// No member seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the member that is set; 0 where none is.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Takes one occurrence; another member takes the place of what was seen before.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    #[inline]
    pub fn read(&mut self, tag: Tag, r: &mut Reader<'a>) -> Result<(), Malformed> {
        let framed = r.framed(tag)?;
        if self.number == tag.number() && self.wire == Some(tag.wire()) {
            self.earlier.push(self.last);
        } else {
            self.earlier.clear();
        }
        (self.number, self.wire, self.last) = (tag.number(), Some(tag.wire()), framed);
        Ok(())
    }

    /// The value of the member that is set; `None` comes with a violation.
    ///
    /// # Errors
    /// When the bytes are not Protobuf of this shape.
    #[inline]
    pub fn take<T: Value>(
        self,
        name: &str,
        r: &Reader<'a>,
        v: &mut Violations,
    ) -> Result<Option<T>, Malformed> {
        match self.wire {
            Some(wire) if wire != T::Form::WIRE => return Err(Malformed::wire_type(name, wire)),
            _ => {}
        }
        let mark = v.mark();
        let value = if self.earlier.is_empty() || !T::Form::MERGES {
            T::Form::read(&mut r.beside(self.last), v)?
        } else {
            let mut all = Vec::new();
            for framed in self.earlier.into_iter().chain([self.last]) {
                all.extend_from_slice(Reader::new(framed).slice()?);
            }
            T::Form::read_body(&mut r.apart(&all)?, v)?
        };
        if value.is_none() {
            if v.mark() == mark {
                v.required("");
            }
            v.prefix_from(mark, name);
        }
        Ok(value)
    }
}
