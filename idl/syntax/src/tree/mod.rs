//! The syntax tree: plain owned types with spans, for the whole language.
//!
//! It holds what was written, in order, mistakes of meaning included: missing numbers, clauses given twice or in
//! a wrong place, unknown names. The model judges these.

mod clause;
mod expr;
mod flow;
mod item;
mod ops;

pub use clause::*;
pub use expr::*;
pub use flow::*;
pub use item::*;
pub use ops::*;

use svckit_diagnostics::{FileId, Span};

/// One `.svc` file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Which file.
    pub id: FileId,
    /// The text of its `//!` lines.
    pub docs: String,
    /// `package …`; its absence is an error of the parser's.
    pub package: Option<Package>,
    /// `use` lines in order.
    pub uses: Vec<Use>,
    /// Items in order, broken ones included.
    pub items: Vec<Item>,
    /// Every comment, in order.
    pub comments: Vec<Comment>,
}

/// `// …`, `/// …` or `//! …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From the slashes to the end of the line, without it.
    pub span: Span,
    /// Which of the three.
    pub kind: CommentKind,
}

/// The kinds of comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentKind {
    /// `//`
    Plain,
    /// `///`
    Item,
    /// `//!`
    File,
}

/// An identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// Names with dots between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// At least one.
    pub segments: Vec<Name>,
    /// From the first to the last.
    pub span: Span,
}

impl Path {
    /// `a.b.c`
    #[must_use]
    pub fn text(&self) -> String {
        self.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".")
    }

    /// The last name.
    ///
    /// # Panics
    /// Never: the parser makes no empty path.
    #[must_use]
    pub fn last(&self) -> &Name {
        self.segments.last().expect("a path has a segment")
    }

    /// The name, if there is just one.
    #[must_use]
    pub fn single(&self) -> Option<&Name> {
        if let [one] = self.segments.as_slice() { Some(one) } else { None }
    }
}

/// A string literal, unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Str {
    /// The value.
    pub value: String,
    /// With its quotes.
    pub span: Span,
}

/// A number with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The value; what does not fit is reported and becomes `u64::MAX`.
    pub value: u64,
    /// Where.
    pub span: Span,
}
