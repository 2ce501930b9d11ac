//! Reads Protobuf from one contiguous slice.

use std::fmt;

use bytes::Bytes;

/// How deep messages may nest; what is deeper is [`Malformed`].
pub const MAX_DEPTH: u32 = 100;

/// The bytes are not Protobuf of this shape: cut off, a wrong wire type, not UTF-8, nested too deep.
///
/// A value that is readable but not allowed is a [`Violation`](crate::check::Violation) instead.
#[derive(Clone, PartialEq, Eq)]
pub struct Malformed(
    // One pointer wide, so that the results of reading's small steps fit in registers.
    #[expect(clippy::box_collection, reason = "a String is three words")] Box<String>,
);

impl Malformed {
    /// Says what is wrong.
    #[cold]
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self(Box::new(what.into()))
    }

    #[cold]
    fn cut_off() -> Self {
        Self::new("the message is cut off")
    }

    #[cold]
    pub(crate) fn wire_type(name: &str, found: WireType) -> Self {
        if found == WireType::Invalid {
            return Self::new("a field has a wire type that does not exist");
        }
        Self::new(format!(
            "field `{name}` comes as {found:?}, which is not how its type is written"
        ))
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed({:?})", self.0)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// Bytes as text.
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed::new("a string is not UTF-8"))
}

/// How a value is framed on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    /// Base-128, seven bits a byte.
    Varint = 0,
    /// Eight bytes, little-endian.
    Fixed64 = 1,
    /// A length and as many bytes.
    Len = 2,
    /// The start of a group; groups are skipped.
    StartGroup = 3,
    /// The end of a group.
    EndGroup = 4,
    /// Four bytes, little-endian.
    Fixed32 = 5,
    /// None of them: 6 and 7 do not exist.
    Invalid = 6,
}

/// The number and the wire type that stand before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u32);

impl Tag {
    /// The number of the field.
    #[inline]
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 >> 3
    }

    /// How its value is framed.
    #[inline]
    #[must_use]
    pub const fn wire(self) -> WireType {
        match self.0 & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Len,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            _ => WireType::Invalid,
        }
    }
}

/// A cursor over the bytes of one message.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    source: Option<&'a Bytes>,
    depth: u32,
}

impl<'a> Reader<'a> {
    /// Reads from a slice; `bytes` fields are copied out of it.
    #[inline]
    #[must_use]
    pub const fn new(slice: &'a [u8]) -> Self {
        Self { rest: slice, source: None, depth: 0 }
    }

    /// Reads from [`Bytes`]; `bytes` fields share its memory.
    #[inline]
    #[must_use]
    pub fn shared(source: &'a Bytes) -> Self {
        Self { rest: source, source: Some(source), depth: 0 }
    }

    /// Whether everything was read.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    #[inline]
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next tag; `None` at the end of the message.
    ///
    /// # Errors
    /// When it is cut off, or its number is 0 or too large.
    #[inline]
    pub fn tag(&mut self) -> Result<Option<Tag>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        match u32::try_from(self.varint()?) {
            Ok(key) if key >= 8 => Ok(Some(Tag(key))),
            _ => Err(Malformed::new("a field has a number that does not exist")),
        }
    }

    /// A base-128 number of up to ten bytes.
    ///
    /// # Errors
    /// When it is cut off or longer than ten bytes.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        match self.rest {
            [first, rest @ ..] if *first < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*first))
            }
            [first, second, rest @ ..] if *second < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*first & 0x7F) | u64::from(*second) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7F) << (7 * at);
            if *byte < 0x80 {
                if at == 9 && *byte > 1 {
                    break;
                }
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() < 10 {
            return Err(Malformed::cut_off());
        }
        Err(Malformed::new("a number is longer than 64 bits"))
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// When they are cut off.
    #[inline]
    pub fn fixed32(&mut self) -> Result<u32, Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(Malformed::cut_off)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*head))
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// When they are cut off.
    #[inline]
    pub fn fixed64(&mut self) -> Result<u64, Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(Malformed::cut_off)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*head))
    }

    /// A length and as many bytes.
    ///
    /// # Errors
    /// When they are cut off.
    #[inline]
    pub fn slice(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.varint()?;
        match usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len)) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(Malformed::cut_off()),
        }
    }

    /// A length and as many bytes of UTF-8.
    ///
    /// # Errors
    /// When they are cut off or not UTF-8.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        utf8(self.slice()?)
    }

    /// A length and as many bytes, shared with the source where there is one.
    ///
    /// # Errors
    /// When they are cut off.
    #[inline]
    pub fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let slice = self.slice()?;
        Ok(match self.source {
            Some(source) => source.slice_ref(slice),
            None => Bytes::copy_from_slice(slice),
        })
    }

    /// How many values with this tag, which was read, follow one another: so that a list is allocated once. A guess where the
    /// bytes are malformed.
    pub(crate) fn run(&self, tag: Tag) -> usize {
        let mut ahead = self.clone();
        let mut count = 0;
        while ahead.slice().is_ok() {
            count += 1;
            if !matches!(ahead.tag(), Ok(Some(next)) if next == tag) {
                break;
            }
        }
        count
    }

    /// How many elements of a packed list are left: exact, so that a list is allocated once.
    pub(crate) fn elements(&self, wire: WireType) -> usize {
        match wire {
            WireType::Fixed32 => self.rest.len() / 4,
            WireType::Fixed64 => self.rest.len() / 8,
            _ => self.rest.iter().filter(|byte| **byte < 0x80).count(),
        }
    }

    /// A reader of the message that comes next.
    ///
    /// # Errors
    /// When it is cut off or nested deeper than [`MAX_DEPTH`].
    #[inline]
    pub fn message(&mut self) -> Result<Reader<'a>, Malformed> {
        let slice = self.slice()?;
        self.within(slice)
    }

    /// A reader one level deeper, over a part of what this one reads.
    #[inline]
    pub(crate) fn within(&self, slice: &'a [u8]) -> Result<Reader<'a>, Malformed> {
        Ok(Reader { rest: slice, source: self.source, depth: self.deeper()? })
    }

    /// A reader one level deeper, over bytes that are not part of the source.
    pub(crate) fn apart<'b>(&self, slice: &'b [u8]) -> Result<Reader<'b>, Malformed> {
        Ok(Reader { rest: slice, source: None, depth: self.deeper()? })
    }

    /// A reader at the same level, over one framed value of this message.
    #[inline]
    pub(crate) const fn beside(&self, slice: &'a [u8]) -> Reader<'a> {
        Reader { rest: slice, source: self.source, depth: self.depth }
    }

    #[inline]
    fn deeper(&self) -> Result<u32, Malformed> {
        if self.depth >= MAX_DEPTH {
            return Err(Malformed::new("messages are nested more than 100 deep"));
        }
        Ok(self.depth + 1)
    }

    /// Passes over the value of a field that is not known here, and gives its bytes.
    ///
    /// # Errors
    /// When it is cut off, or a group is not closed.
    pub fn skip(&mut self, tag: Tag) -> Result<(), Malformed> {
        self.framed(tag).map(drop)
    }

    /// Passes over the value that comes next, and gives its bytes with their length before them.
    pub(crate) fn framed(&mut self, tag: Tag) -> Result<&'a [u8], Malformed> {
        let start = self.rest;
        match tag.wire() {
            WireType::Varint => self.varint().map(drop)?,
            WireType::Fixed64 => self.fixed64().map(drop)?,
            WireType::Fixed32 => self.fixed32().map(drop)?,
            WireType::Len => self.slice().map(drop)?,
            WireType::StartGroup => self.group(tag.number())?,
            WireType::EndGroup => return Err(Malformed::new("a group ends that never began")),
            WireType::Invalid => {
                return Err(Malformed::new("a field has a wire type that does not exist"));
            }
        }
        Ok(&start[..start.len() - self.rest.len()])
    }

    /// Passes over a group without recursion: open groups are kept in a list.
    fn group(&mut self, number: u32) -> Result<(), Malformed> {
        let mut open = vec![number];
        while let Some(current) = open.last().copied() {
            let tag = self.tag()?.ok_or_else(Malformed::cut_off)?;
            match tag.wire() {
                WireType::StartGroup if open.len() as u32 + self.depth >= MAX_DEPTH => {
                    return Err(Malformed::new("groups are nested more than 100 deep"));
                }
                WireType::StartGroup => open.push(tag.number()),
                WireType::EndGroup if tag.number() == current => drop(open.pop()),
                WireType::EndGroup => return Err(Malformed::new("a group ends that never began")),
                _ => self.skip(tag)?,
            }
        }
        Ok(())
    }
}
