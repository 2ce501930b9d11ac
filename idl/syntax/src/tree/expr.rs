//! Literals and expressions.

use svckit_diagnostics::Span;

use super::{Name, Path};

/// A literal or an expression of a saga.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ExprKind,
}

/// The forms of an [`Expr`].
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `true`
    Bool(bool),
    /// `-3`
    Int(i128),
    /// `1.5`: the digits as written.
    Float(String),
    /// `"text"`, `r"…"`
    Str(String),
    /// `250ms`: nanoseconds.
    Duration(u64),
    /// `64KiB`: bytes.
    Size(u64),
    /// `500/s`: per second.
    Rate(f64),
    /// `20%`
    Percent(f64),
    /// `p99.9`
    Percentile(f64),
    /// `1..=100`, inclusive ends, either absent.
    Range(Option<Box<Expr>>, Option<Box<Expr>>),
    /// `2027-03-01`
    Date(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ a: 1  b: 2 }`
    Object(Vec<Entry>),
    /// `a.b.c`: a name, an enum value, a path in a saga.
    Path(Path),
    /// `Receipt { … }`
    Construct(Path, Vec<Entry>),
    /// `key(step)`
    Key(Name),
    /// `not a.b`
    Not(Path),
    /// `a == b`
    Equal(Box<Expr>, Box<Expr>),
}

/// `name: value` of an object; names may be strings where the object is a map or JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The name.
    pub name: Name,
    /// The name is written in quotes.
    pub quoted: bool,
    /// The value.
    pub value: Expr,
}

/// `name arg arg { … }` within a block whose words are known: of policies, deployments, `jwt`, `queue`.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The word.
    pub name: Name,
    /// What follows it.
    pub args: Vec<Expr>,
    /// `{ … }`
    pub block: Option<Vec<Setting>>,
    /// `none because "…"`.
    pub none: Option<Because>,
    /// The whole.
    pub span: Span,
}

/// `none because "…"`: something left out, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Because {
    /// The reason; its absence is an error of the parser's.
    pub reason: String,
    /// The whole.
    pub span: Span,
}
