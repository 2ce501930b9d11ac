//! Writes Protobuf in one pass.

use std::cell::Cell;

use bytes::Bytes;

use super::{Field, Form, Value, WireType};
use crate::json::Text;

/// Up to this many bytes a thread keeps its scratch buffer.
const SCRATCH: usize = 64 * 1024;

/// Up to this many bytes a message is copied out of the scratch buffer; a larger one takes the buffer along.
const COPIED: usize = 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Where messages are written to.
///
/// There is no pass that measures before the one that writes: a nested message is written after one byte that is kept for its
/// length, and moved up where one is not enough.
#[derive(Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
}

impl Writer {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self { buf: Vec::new() }
    }

    /// Appends to what is already there.
    #[must_use]
    pub const fn over(buf: Vec<u8>) -> Self {
        Self { buf }
    }

    /// Forgets what was written and keeps its memory.
    pub fn clear(&mut self) {
        self.buf.clear();
    }

    /// What was written.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.buf
    }

    /// What was written.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.buf
    }

    /// Runs `write` over this thread's scratch buffer, which is empty and keeps its memory.
    fn scratch<R>(write: impl FnOnce(&mut Self) -> R) -> R {
        let mut buf = BUFFER.try_with(Cell::take).unwrap_or_default();
        buf.clear();
        let mut writer = Self { buf };
        let result = write(&mut writer);
        if writer.buf.capacity() <= SCRATCH {
            let _ = BUFFER.try_with(|cell| cell.set(writer.buf));
        }
        result
    }

    /// What `write` writes, in memory of exactly its size unless it is large; then of at most twice its size.
    pub(crate) fn collect(write: impl FnOnce(&mut Self)) -> Bytes {
        Self::scratch(|w| {
            write(w);
            if w.buf.len() <= COPIED {
                return Bytes::copy_from_slice(&w.buf);
            }
            let next = if w.buf.len() <= SCRATCH { w.buf.len() } else { 0 };
            if w.buf.capacity() > 2 * w.buf.len() {
                w.buf.shrink_to_fit();
            }
            Bytes::from(std::mem::replace(&mut w.buf, Vec::with_capacity(next)))
        })
    }

    /// How many bytes `write` writes.
    pub(crate) fn measure(write: impl FnOnce(&mut Self)) -> usize {
        Self::scratch(|w| {
            write(w);
            w.buf.len()
        })
    }

    /// JSON text, in place of Protobuf.
    pub(crate) fn json(&mut self, write: impl FnOnce(&mut Text<'_>)) {
        write(&mut Text::after(&mut self.buf));
    }

    /// A field as its type says: a zero number, bool, string, bytes, an empty list or map and an absent option are not written.
    #[inline]
    pub fn field<T: Field>(&mut self, number: u32, value: &T) {
        value.write_field(number, self);
    }

    /// A field that is written whatever it holds: one with a default, a variant of a union.
    #[inline]
    pub fn always<T: Value>(&mut self, number: u32, value: &T) {
        self.tag(number, T::Form::WIRE);
        T::Form::write(value, self);
    }

    /// A tag.
    #[inline]
    pub fn tag(&mut self, number: u32, wire: WireType) {
        self.varint(u64::from(number << 3 | wire as u32));
    }

    /// A base-128 number.
    #[inline]
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buf.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buf.push(value as u8);
    }

    /// Bytes as they are.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// A length and the bytes.
    #[inline]
    pub fn slice(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.buf.extend_from_slice(bytes);
    }

    /// What `body` writes, with its length before it.
    #[inline]
    pub fn message(&mut self, body: impl FnOnce(&mut Self)) {
        let at = self.buf.len();
        self.buf.push(0);
        body(self);
        let len = self.buf.len() - at - 1;
        if len < 0x80 {
            self.buf[at] = len as u8;
        } else {
            self.widen(at, len);
        }
    }

    /// Moves the last `len` bytes up, so that their length has room at `at`.
    fn widen(&mut self, at: usize, len: usize) {
        let mut prefix = [0_u8; 10];
        let mut size = 0;
        let mut rest = len as u64;
        while rest >= 0x80 {
            prefix[size] = rest as u8 | 0x80;
            rest >>= 7;
            size += 1;
        }
        prefix[size] = rest as u8;
        let body = at + 1..at + 1 + len;
        self.buf.resize(body.end + size, 0);
        self.buf.copy_within(body, at + 1 + size);
        self.buf[at..=at + size].copy_from_slice(&prefix[..=size]);
    }
}
