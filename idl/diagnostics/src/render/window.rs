//! The part of a source that a message shows: few lines, and of long lines a part.
//!
//! A renderer that is handed whole files takes time in proportion to their size for every message; a window keeps
//! it in proportion to what is shown.

use crate::{Label, SourceFile, Span};

/// Labels further apart than this get a snippet each.
const GAP_LINES: usize = 60;
/// A span of more lines than this is shown by its first line.
const SPAN_LINES: usize = 30;
/// Lines longer than this are cut around what is shown.
const LINE_BYTES: usize = 2_000;
/// What is kept of a line that is cut, before and after the place.
const KEEP_BYTES: usize = 100;

/// A piece of a source with the labels in it, their spans relative to the piece.
pub(super) struct Window<'a> {
    /// Number of the first line.
    pub(super) first_line: usize,
    /// The text.
    pub(super) text: &'a str,
    /// Byte offset of the text in the file.
    offset: usize,
    /// Whether the text does not begin where its line does.
    pub(super) is_cut: bool,
    /// The labels in it.
    pub(super) labels: Vec<&'a Label>,
}

impl<'a> Window<'a> {
    /// A span of the file as a range of this window's text.
    pub(super) fn range(&self, file: &SourceFile, span: Span) -> std::ops::Range<usize> {
        let (start, end) = clip(file, span);
        let at = |byte: usize| floor(self.text, byte.saturating_sub(self.offset));
        at(start)..at(end)
    }

    /// The smallest window around one span, for showing a replacement there.
    pub(super) fn around(file: &'a SourceFile, spans: &[Span]) -> Self {
        let first = spans.iter().map(|s| s.start).min().unwrap_or(0);
        let last = spans.iter().map(|s| s.end).max().unwrap_or(0);
        let (from, to) = (file.line_col(first).line, file.line_col(last).line);
        let (offset, text) = file.lines(from, to);
        Self { first_line: from, text, offset, is_cut: false, labels: Vec::new() }
    }

    /// Whether it is small enough to be shown as it is.
    pub(super) fn is_short(&self) -> bool {
        self.text.len() <= LINE_BYTES
    }
}

/// The byte range of a span that is shown: within the file, on character boundaries, not over too many lines.
fn clip(file: &SourceFile, span: Span) -> (usize, usize) {
    let text = file.text();
    let start = floor(text, span.start as usize);
    let end = floor(text, (span.end as usize).max(start));
    let (from, to) = (file.line_of(span.start), file.line_of(span.end));
    if to > from + SPAN_LINES {
        let (offset, line) = file.lines(from, from);
        return (start, offset + line.trim_end().len().max(start - offset));
    }
    (start, end)
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    text.floor_char_boundary(byte)
}

/// Cuts a file into the windows that show these labels, the primary one's first.
pub(super) fn windows<'a>(file: &'a SourceFile, labels: &[&'a Label]) -> Vec<Window<'a>> {
    let mut labels: Vec<&Label> = labels.to_vec();
    labels.sort_by_key(|l| (l.span.start, l.span.end));
    let mut groups: Vec<(usize, usize, Vec<&Label>)> = Vec::new();
    for label in labels {
        let (start, end) = clip(file, label.span);
        let lines = (line(file, start), line(file, end));
        match groups.last_mut() {
            Some((_, last, group)) if lines.0 <= *last + GAP_LINES => {
                *last = lines.1.max(*last);
                group.push(label);
            }
            _ => groups.push((lines.0, lines.1, vec![label])),
        }
    }
    let mut windows: Vec<_> =
        groups.into_iter().flat_map(|(from, to, group)| window(file, from, to, group)).collect();
    windows.sort_by_key(|w| !w.labels.iter().any(|l| l.primary));
    windows
}

fn line(file: &SourceFile, byte: usize) -> usize {
    file.line_of(u32::try_from(byte).unwrap_or(u32::MAX))
}

/// The lines as they are, or, where one is too long, each label with what surrounds it.
fn window<'a>(
    file: &'a SourceFile,
    from: usize,
    to: usize,
    labels: Vec<&'a Label>,
) -> Vec<Window<'a>> {
    let (offset, text) = file.lines(from, to);
    if text.len() <= LINE_BYTES || text.lines().all(|l| l.len() <= LINE_BYTES) {
        return vec![Window { first_line: from, text, offset, is_cut: false, labels }];
    }
    labels.into_iter().map(|label| cut(file, label)).collect()
}

fn cut<'a>(file: &'a SourceFile, label: &'a Label) -> Window<'a> {
    let (start, _) = clip(file, label.span);
    let first_line = line(file, start);
    let (begin, text) = file.lines(first_line, first_line);
    let from = floor(text, (start - begin).saturating_sub(KEEP_BYTES));
    let to = floor(text, (start - begin).saturating_add(KEEP_BYTES));
    Window {
        first_line,
        text: &text[from..to],
        offset: begin + from,
        is_cut: true,
        labels: vec![label],
    }
}
