//! Whose turn it is among priorities: the highest first, but never alone.

/// Of so many messages, one goes to the lowest priority that waits.
const LOWEST: u64 = 8;

/// Counts what a group was handed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turns(u64);

impl Turns {
    /// How many of `most` go to the lowest priority first. The rest goes from the highest down.
    pub(crate) fn lowest(self, most: usize) -> usize {
        let most = most as u64;
        let shares = (self.0 + most) / LOWEST - self.0 / LOWEST;
        usize::try_from(shares).unwrap_or(0)
    }

    /// So many were handed out.
    pub(crate) fn took(&mut self, count: usize) {
        self.0 = self.0.wrapping_add(count as u64);
    }
}
