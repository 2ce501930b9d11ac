//! Chance that shrinks: a tape of numbers, of which a shorter one with smaller numbers writes a simpler contract.

/// What is left of a tape; behind its end are zeros.
#[derive(Debug)]
pub(crate) struct Tape<'a>(std::slice::Iter<'a, u16>);

impl<'a> Tape<'a> {
    pub(crate) fn new(numbers: &'a [u16]) -> Self {
        Self(numbers.iter())
    }

    /// From 0 up to `most`, without it; 0 at the end of the tape.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % most.max(1)
    }

    /// Once in so many times; never at the end of the tape.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of these; the first one at the end of the tape.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Some of these in their order; none of them at the end of the tape.
    pub(crate) fn some_of<'t>(&mut self, all: &[&'t str]) -> Vec<&'t str> {
        all.iter().copied().filter(|_| self.one_in(3)).collect()
    }
}
