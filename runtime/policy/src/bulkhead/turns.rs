//! Who waits: a number that is never above its bound and loses nobody, whatever threads do between two of its steps. The
//! model of it (`tests/interleaved/turns.rs`) reads this very file, with atomics that it can stop at.

use super::atomic::{AtomicU32, Ordering};

/// Turns that are taken.
#[derive(Debug, Default)]
pub(super) struct Turns(AtomicU32);

/// A turn. Dropping it gives it back.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// A turn, unless so many are taken.
    pub(super) fn take(&self, at_most: u32) -> Option<Turn<'_>> {
        let room = |taken| (taken < at_most).then_some(taken + 1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).ok()?;
        Some(Turn(self))
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
