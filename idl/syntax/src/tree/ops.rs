//! Services and their members.

use svckit_diagnostics::Span;

use super::{Clause, Entry, Field, Head, Name, Number, Path, Record, Setting, Str, TypeRef};

/// `service Orders { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// Settings before the first member.
    pub settings: Vec<Clause>,
    /// Members in order.
    pub members: Vec<Member>,
}

/// A member of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Docs and `allow`s.
    pub head: Head,
    /// Without its head.
    pub span: Span,
    /// What it is.
    pub kind: MemberKind,
}

/// The kinds of member.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each is named after its keyword")]
pub enum MemberKind {
    Operation(Operation),
    Event(Event),
    On(On),
    Schedule(Schedule),
    /// A record of the state's parameters.
    Fixture(Record),
    /// Not understood; the parser has said why.
    Junk(Option<Name>),
}

/// A command or query.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// `query`, not `command`.
    pub query: bool,
    /// Its name.
    pub name: Name,
    /// `wire "…"`.
    pub wire: Option<Str>,
    /// What it is asked with.
    pub params: Params,
    /// `-> T`.
    pub response: Option<TypeRef>,
    /// What it promises.
    pub clauses: Vec<Clause>,
}

/// What stands between the parentheses.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// One type without a name.
    Type(TypeRef),
    /// Named ones, or none at all.
    Named(Vec<Field>),
}

/// `event OrderPlaced v2 public { … } key …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name, wire name and fields.
    pub record: Record,
    /// `v2`; 1 where not written.
    pub version: Option<Number>,
    /// `public`, `key`, `retain`, `upcasts`, `delivery`, …
    pub clauses: Vec<Clause>,
}

/// `on E { a, b } do Handler …`.
#[derive(Debug, Clone, PartialEq)]
pub struct On {
    /// The event.
    pub event: Path,
    /// `{ a, b }`.
    pub reads: Option<Vec<Name>>,
    /// `do Handler`; its absence is an error of the model's.
    pub handler: Option<Name>,
    /// The rest.
    pub clauses: Vec<Clause>,
}

/// `schedule Name every 1h`.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The handler.
    pub name: Name,
    /// When.
    pub when: When,
    /// The rest.
    pub clauses: Vec<Clause>,
}

/// When a schedule runs.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// `every 1h`
    Every(super::Expr),
    /// `cron "0 3 * * *"`
    Cron(Str),
}

/// `policy Critical extends Interactive { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: Name,
    /// `extends P`.
    pub extends: Option<Path>,
    /// Its blocks.
    pub settings: Vec<Setting>,
}

/// `example PlaceOrder "two lines" { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The operation or event.
    pub of: Path,
    /// Its title.
    pub title: Str,
    /// What it says.
    pub parts: Vec<ExamplePart>,
}

/// A part of an example.
#[derive(Debug, Clone, PartialEq)]
pub struct ExamplePart {
    /// The whole.
    pub span: Span,
    /// Which.
    pub kind: ExamplePartKind,
}

/// The kinds of part.
#[derive(Debug, Clone, PartialEq)]
pub enum ExamplePartKind {
    /// `given state { … }`
    Given(Path, Vec<Entry>),
    /// `request { … }`
    Request(super::Expr),
    /// `response { … }`
    Response(super::Expr),
    /// `fails E { … }`
    Fails(Path, Option<Vec<Entry>>),
    /// `event { … }`
    Event(super::Expr),
}
