//! Columns: names padded so that what follows stands below each other.

/// A laid-out text, and where it may be padded.
#[derive(Default)]
pub(crate) struct Laid {
    pub(crate) text: String,
    /// In order of position.
    pub(crate) pads: Vec<Pad>,
}

/// A place where blanks may be added.
#[derive(Clone, Copy)]
pub(crate) struct Pad {
    /// Number of the line.
    pub(crate) line: usize,
    /// Byte offset of the place.
    pub(crate) at: usize,
    /// Characters of the line before the place.
    pub(crate) column: usize,
    /// Lines of one column share it.
    pub(crate) key: usize,
}

/// Names longer than the shortest by more are left out of a column.
const MOST: usize = 24;

pub(crate) fn align(laid: Laid) -> String {
    let mut out = String::with_capacity(laid.text.len() + laid.pads.len() * 4);
    let mut done = 0;
    let runs = laid.pads.chunk_by(|a, b| b.line == a.line + 1 && a.key == b.key);
    for run in runs {
        let least = run.iter().map(|p| p.column).min().unwrap_or(0);
        let most =
            run.iter().map(|p| p.column).filter(|c| c - least <= MOST).max().unwrap_or(least);
        for pad in run {
            out.push_str(&laid.text[done..pad.at]);
            done = pad.at;
            out.extend(std::iter::repeat_n(' ', most.saturating_sub(pad.column)));
        }
    }
    out.push_str(&laid.text[done..]);
    out
}
