//! Files' heads, items and types.

use svckit_diagnostics::Span;

use super::{
    Aggregate, Choreography, Deployment, Example, Expr, Gateway, Name, Number, Path, Policy, Saga,
    Service, Str,
};

/// `package shop.orders.v1 wire "…"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// Its name.
    pub name: Path,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// The line.
    pub span: Span,
}

/// `use a.b.v1.{X, Y}` or `use a.b.v1 as c`.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// The package.
    pub path: Path,
    /// What of it.
    pub what: UseWhat,
    /// The line.
    pub span: Span,
}

/// What a `use` brings in.
#[derive(Debug, Clone, PartialEq)]
pub enum UseWhat {
    /// `.{A, B}`
    Names(Vec<Name>),
    /// `as c`
    Alias(Name),
}

/// `allow SLUG because "…" until DATE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Allow {
    /// The rule.
    pub slug: Name,
    /// Why; its absence is an error.
    pub because: Option<Str>,
    /// Last day.
    pub until: Option<Expr>,
    /// The line.
    pub span: Span,
}

/// What stands before an item, a member, a field or a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Head {
    /// The text of its `///` lines.
    pub docs: String,
    /// Its `allow` lines.
    pub allows: Vec<Allow>,
}

/// An item of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Docs and `allow`s.
    pub head: Head,
    /// Without its head.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// The kinds of item.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is named after its keyword")]
pub enum ItemKind {
    Scalar(Scalar),
    Enum(Enum),
    Record(Record),
    Union(Union),
    Error(ErrorItem),
    Service(Service),
    Policy(Policy),
    Saga(Saga),
    Choreography(Choreography),
    Aggregate(Aggregate),
    Projection(Record, Projection),
    Deployment(Deployment),
    Gateway(Gateway),
    Example(Example),
    /// Not understood; the parser has said why. The name is kept where there is one, so that uses of it are
    /// not reported, too.
    Junk(Option<Name>),
}

/// `scalar Sku = string where …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// Its name.
    pub name: Name,
    /// What it is made of.
    pub base: TypeRef,
    /// What it keeps to.
    pub constraints: Vec<Constraint>,
    /// `deprecated "…"`.
    pub deprecated: Option<Deprecated>,
}

/// `enum Status { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Enum {
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// Its values.
    pub values: Vec<EnumValue>,
    /// `reserved …` lines.
    pub reserved: Vec<Reserved>,
}

/// `pending @1`.
#[derive(Debug, Clone, PartialEq)]
pub struct EnumValue {
    /// Docs and `allow`s.
    pub head: Head,
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// `@1`.
    pub number: Option<Number>,
    /// `deprecated "…"`.
    pub deprecated: Option<Deprecated>,
    /// The whole.
    pub span: Span,
}

/// `reserved 7..=9, "coupon"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reserved {
    /// Numbers, ranges, strings.
    pub what: Vec<Expr>,
    /// The line.
    pub span: Span,
}

/// `record Order { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// `reserved …` lines.
    pub reserved: Vec<Reserved>,
}

/// A field, a parameter or a variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Docs and `allow`s.
    pub head: Head,
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// `@3`.
    pub number: Option<Number>,
    /// Its type.
    pub ty: TypeRef,
    /// `where …`.
    pub constraints: Vec<Constraint>,
    /// `= …`.
    pub default: Option<Expr>,
    /// `sensitive`.
    pub sensitive: Option<Span>,
    /// `deprecated "…"`.
    pub deprecated: Option<Deprecated>,
    /// The whole, without its head.
    pub span: Span,
}

/// `deprecated "use …"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Deprecated {
    /// What to use instead.
    pub message: Option<Str>,
    /// The clause.
    pub span: Span,
}

/// `union Payment { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// Its variants.
    pub variants: Vec<Field>,
    /// `reserved …` lines.
    pub reserved: Vec<Reserved>,
}

/// `error OutOfStock is failed_precondition retryable after 2s { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorItem {
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// The code's name; its absence is an error.
    pub code: Option<Name>,
    /// `retryable`.
    pub retryable: Option<Span>,
    /// `after …`.
    pub after: Option<Expr>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// `reserved …` lines.
    pub reserved: Vec<Reserved>,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeRef {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: TypeKind,
}

/// The forms of a type.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// A name, built-in ones included.
    Named(Path),
    /// `list<T>`, `map<K, V>`, `patch<R>`, `page<T>`, or an unknown name with arguments.
    Generic(Name, Vec<TypeRef>),
    /// `stream T`.
    Stream(Box<TypeRef>),
    /// `T?`.
    Optional(Box<TypeRef>),
}

/// One of the constraints after `where`.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// The whole.
    pub span: Span,
    /// Which.
    pub kind: ConstraintKind,
}

/// The kinds of constraint.
#[derive(Debug, Clone, PartialEq)]
pub enum ConstraintKind {
    /// `1..=999`
    Range(Expr),
    /// `len 3..=32`
    Len(Expr),
    /// `items 1..=100`
    Items(Expr),
    /// `pattern r"…"`
    Pattern(Str),
}

/// `by CustomerId from OrderPlaced, OrderCancelled`.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// The scalar of its key.
    pub by: Path,
    /// The events it is made of.
    pub from: Vec<Path>,
}
