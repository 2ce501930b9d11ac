//! JSON text that is read in one pass, straight into what it is to become.
//!
//! It is for what is read all day, and knows no messages: whatever is out of the ordinary (text that is malformed, a member
//! that is there twice, a value of another type, one that is missing) ends it with nothing, and the text is read again by way
//! of a [tree](super::Node), which tells what is wrong, or takes it after all. So it must never take what the tree refuses,
//! nor read it as anything else.

use std::borrow::Cow;

use serde_json::Number;

use super::text::plain;
use super::tree::{Member, Node, is_there};

/// Deeper texts are read by way of a tree. Less than a third of the depth of messages on the wire, so that what is read here
/// can be written there.
const DEPTH: u32 = 32;

/// So many names that are not known are remembered; what has more is read by way of a tree.
const OTHERS: usize = 32;

/// Integers of so many digits fit into 64 bits.
const DIGITS: usize = 18;

/// A place in a JSON text.
#[derive(Debug)]
pub struct Scan<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    /// Whether an object or a list has just begun, so that no comma stands before what comes next.
    begun: bool,
    /// Whether something was out of the ordinary.
    failed: bool,
    /// Names of members that are not known, with the place where their object began.
    others: Vec<(usize, String)>,
}

impl<'t> Scan<'t> {
    /// At the beginning; nothing where the text is not UTF-8.
    pub(super) fn new(text: &'t [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        Some(Self { text, at: 0, depth: 0, begun: false, failed: false, others: Vec::new() })
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Passes over this byte.
    #[inline]
    fn pass(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Whether nothing is left but white space.
    pub(super) fn ends(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Passes over a literal; its first byte was seen.
    #[inline]
    fn literal(&mut self, text: &str) -> Option<()> {
        let there = self.text.as_bytes().get(self.at..)?.starts_with(text.as_bytes());
        there.then(|| self.at += text.len())
    }

    /// Whether a null is next, which it passes over.
    #[inline]
    pub(crate) fn null(&mut self) -> Option<bool> {
        if self.peek()? != b'n' {
            return Some(false);
        }
        self.literal("null").map(|()| true)
    }

    #[inline]
    fn begin(&mut self, with: u8) -> Option<()> {
        self.pass(with)?;
        self.depth += 1;
        self.begun = true;
        (self.depth <= DEPTH).then_some(())
    }

    /// Whether there is another member or element before what closes all; the comma before it was passed over.
    #[inline]
    fn more(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        let first = std::mem::take(&mut self.begun);
        if next == end {
            self.at += 1;
            self.depth -= 1;
            return Some(false);
        }
        if first {
            return Some(true);
        }
        self.pass(b',')?;
        // None comes after the last one.
        (self.peek()? != end).then_some(true)
    }

    /// The name of the next member of the object that has begun; `None` in it at its end.
    #[inline]
    pub(crate) fn name(&mut self) -> Option<Option<Cow<'t, str>>> {
        if !self.more(b'}')? {
            return Some(None);
        }
        let name = self.string()?;
        self.pass(b':')?;
        Some(Some(name))
    }

    /// Reads an object by its members; those that are left are passed over. `read` is told where the object begins.
    #[inline]
    pub(crate) fn object<T>(
        &mut self,
        read: impl FnOnce(&mut Self, usize) -> Option<T>,
    ) -> Option<T> {
        let (start, outside) = (self.at, self.depth);
        self.begin(b'{')?;
        let value = read(self, start)?;
        while !self.failed && self.depth > outside {
            if let Some(name) = self.name()? {
                self.other(start, &name)?;
            }
        }
        if !self.others.is_empty() {
            self.others.retain(|(at, _)| *at < start);
        }
        (!self.failed).then_some(value)
    }

    /// Passes over a member that is not known, whose name was read: it must be right, and there once.
    #[cold]
    pub(super) fn other(&mut self, object: usize, name: &str) -> Option<()> {
        let twice = self.others.iter().any(|(at, other)| *at == object && other == name);
        if twice || self.others.len() >= OTHERS {
            return None;
        }
        self.others.push((object, name.to_owned()));
        self.node().map(drop)
    }

    /// Ends it with nothing.
    #[cold]
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// Reads a list, element by element.
    #[inline]
    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.begin(b'[')?;
        let mut list = Vec::new();
        while self.more(b']')? {
            list.push(read(self)?);
        }
        Some(list)
    }

    /// A string, of the text where it has no escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Option<Cow<'t, str>> {
        self.pass(b'"')?;
        let start = self.at;
        let end = start + plain(self.text.as_bytes().get(start..)?);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return self.escaped(start, end).map(Cow::Owned);
        }
        self.at = end + 1;
        self.text.get(start..end).map(Cow::Borrowed)
    }

    /// A string with escapes, the first of them at `at`.
    #[cold]
    fn escaped(&mut self, start: usize, mut at: usize) -> Option<String> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                // Nothing that controls may stand there as it is.
                _ => return None,
            }
            at += plain(bytes.get(at..)?);
        }
        self.at = at + 1;
        serde_json::from_str(self.text.get(start - 1..=at)?).ok()
    }

    /// An integer as it is mostly written, also in quotes; `None` in it where it is written otherwise, and nothing was passed
    /// over.
    #[inline]
    pub(crate) fn integer(&mut self) -> Option<Option<i64>> {
        let quoted = self.peek()? == b'"';
        let bytes = self.text.as_bytes();
        let mut at = self.at + usize::from(quoted);
        let negative = bytes.get(at) == Some(&b'-');
        at += usize::from(negative);
        let start = at;
        let mut value = 0_i64;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            if at - start >= DIGITS {
                return Some(None);
            }
            value = value * 10 + i64::from(digit - b'0');
            at += 1;
        }
        let ends = match bytes.get(at) {
            Some(b'"') => quoted,
            Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') => !quoted,
            _ => false,
        };
        // A zero may stand alone; with a sign it is a number with a fraction.
        let zero = bytes.get(start) == Some(&b'0') && (at - start > 1 || negative);
        if at == start || !ends || zero {
            return Some(None);
        }
        self.at = at + usize::from(quoted);
        Some(Some(if negative { -value } else { value }))
    }

    /// Any value, as the tree has it.
    pub(crate) fn node(&mut self) -> Option<Node<'t>> {
        Some(match self.peek()? {
            b'"' => Node::String(self.string()?),
            b'{' => Node::Object(self.object(|scan, _| scan.members())?),
            b'[' => Node::Array(self.list(Self::node)?),
            b't' => self.literal("true").map(|()| Node::Bool(true))?,
            b'f' => self.literal("false").map(|()| Node::Bool(false))?,
            b'n' => self.literal("null").map(|()| Node::Null)?,
            _ => Node::Number(self.number()?),
        })
    }

    /// The members that are left of an object that has begun.
    pub(super) fn members(&mut self) -> Option<Vec<Member<'t>>> {
        let (mut all, mut many) = (Vec::new(), Default::default());
        while let Some(name) = self.name()? {
            if is_there(&all, &name, &mut many) {
                return None;
            }
            all.push((name, self.node()?));
        }
        Some(all)
    }

    fn number(&mut self) -> Option<Number> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let end = self.at + rest.iter().take_while(|byte| part(byte)).count();
        let number = self.text.get(self.at..end)?.parse().ok()?;
        self.at = end;
        Some(number)
    }
}
