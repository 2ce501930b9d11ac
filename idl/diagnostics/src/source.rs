//! Files, spans and positions.

/// A file of the [`SourceMap`] it was added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `file` from `start` up to `end`, in bytes.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that covers both; `other` must be of the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at this span's start.
    #[must_use]
    pub fn at_start(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// The empty span at this span's end.
    #[must_use]
    pub fn at_end(self) -> Self {
        Self { start: self.end, ..self }
    }

    /// The byte range, for slicing the file's text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A position that people read: both numbers start at 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCol {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One source text and where its lines begin.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: String,
    text: String,
    lines: Vec<u32>,
    /// Columns are bytes then: without it, many messages on one long line take time in the square of its length.
    is_ascii: bool,
}

impl SourceFile {
    fn new(path: String, text: String) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let lines = std::iter::once(0)
            .chain(starts)
            .map(|i| u32::try_from(i).unwrap_or(u32::MAX))
            .collect();
        let is_ascii = text.is_ascii();
        Self { path, text, lines, is_ascii }
    }

    /// The path as it is shown to people, with `/` between its parts.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset past the end gives the end.
    #[must_use]
    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.line_of(offset);
        let start = self.lines[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let count = |s: &str| if self.is_ascii { s.len() } else { s.chars().count() };
        let column = self.text.get(start..end).map_or(0, count) + 1;
        LineCol { line, column }
    }

    /// The line, from 1, that a byte offset is in.
    #[must_use]
    pub fn line_of(&self, offset: u32) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// The text of the lines `from..=to`, counted from 1, and the byte offset where it begins.
    #[must_use]
    pub fn lines(&self, from: usize, to: usize) -> (usize, &str) {
        let begin = |line: usize| {
            self.lines.get(line.saturating_sub(1)).map_or(self.text.len(), |b| *b as usize)
        };
        let range = begin(from)..begin(to.saturating_add(1)).max(begin(from));
        (range.start, self.text.get(range).unwrap_or(""))
    }

    /// Number of lines, at least 1.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }
}

/// All texts of one run.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a text under the path that messages will show.
    ///
    /// # Panics
    /// With more than 2³² files.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = u32::try_from(self.files.len()).expect("fewer than 2^32 files");
        self.files.push(SourceFile::new(path.into(), text.into()));
        FileId(id)
    }

    /// The file of that id.
    ///
    /// # Panics
    /// With an id of another map.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The file of that id, if it is of this map.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The text that a span covers, empty where the span is not of this map.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.files.get(span.file.0 as usize).and_then(|f| f.text.get(span.range())).unwrap_or("")
    }

    /// Every file with its id, in the order of adding.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(i, f)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), f))
    }
}
