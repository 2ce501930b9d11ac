//! Clauses: what members of a service promise.

use svckit_diagnostics::Span;

use super::{Because, Deprecated, Expr, Name, Number, Path, Setting, Str};

/// A clause of a service, an operation, an event, an `on`, a schedule or a `local`.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// The whole.
    pub span: Span,
    /// Which.
    pub kind: ClauseKind,
}

/// The kinds of clause.
#[derive(Debug, Clone, PartialEq)]
pub enum ClauseKind {
    /// `owner "…"`
    Owner(Str),
    /// `tenant claim "…"`
    Tenant(Str),
    /// `meta key "…"`
    Meta(Name, Str),
    /// `auth …`
    Auth(Auth),
    /// `policy P`
    Policy(Path),
    /// `calls …`
    Calls(Vec<Call>),
    /// `errors { … }`
    Errors(Vec<ErrorUse>),
    /// `idempotent …`
    Idempotent(Idempotent),
    /// `retain 7d`
    Retain(Expr),
    /// `http POST "/…"`
    Http(Name, Str),
    /// `starts Checkout`
    Starts(Path),
    /// `emits …`
    Emits(Vec<Emit>),
    /// `slo availability 99.9%, latency p99 300ms`
    Slo(Vec<Slo>),
    /// `cache 30s`
    Cache(Expr),
    /// `queue { … }`
    Queue(Vec<Setting>),
    /// `undoes X by field`, `undoes E`
    Undoes(Path, Option<Name>),
    /// `leaves "…"`
    Leaves(Str),
    /// `delivery at_least_once`
    Delivery(Name),
    /// `dead_letter none because "…"`
    DeadLetterNone(Because),
    /// `fallback cached 5m`
    FallbackCached(Expr),
    /// `fallback value { … }`
    FallbackValue(Expr),
    /// `shed above 80%`
    Shed(Expr),
    /// `irrevocable`
    Irrevocable,
    /// `writes OrderBook by order_id`
    Writes(Path, Name),
    /// `limit { … }`
    Limit(Vec<Setting>),
    /// `key order_id`
    Key(Name),
    /// `upcasts v1`
    Upcasts(Vec<Number>),
    /// `public`
    Public,
    /// `ordered`
    Ordered,
    /// `deprecated "…"`
    Deprecated(Deprecated),
}

impl ClauseKind {
    /// The word that it starts with.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Owner(_) => "owner",
            Self::Tenant(_) => "tenant",
            Self::Meta(..) => "meta",
            Self::Auth(_) => "auth",
            Self::Policy(_) => "policy",
            Self::Calls(_) => "calls",
            Self::Errors(_) => "errors",
            Self::Idempotent(_) => "idempotent",
            Self::Retain(_) => "retain",
            Self::Http(..) => "http",
            Self::Starts(_) => "starts",
            Self::Emits(_) => "emits",
            Self::Slo(_) => "slo",
            Self::Cache(_) => "cache",
            Self::Queue(_) => "queue",
            Self::Undoes(..) => "undoes",
            Self::Leaves(_) => "leaves",
            Self::Delivery(_) => "delivery",
            Self::DeadLetterNone(_) => "dead_letter",
            Self::FallbackCached(_) | Self::FallbackValue(_) => "fallback",
            Self::Shed(_) => "shed",
            Self::Irrevocable => "irrevocable",
            Self::Writes(..) => "writes",
            Self::Limit(_) => "limit",
            Self::Key(_) => "key",
            Self::Upcasts(_) => "upcasts",
            Self::Public => "public",
            Self::Ordered => "ordered",
            Self::Deprecated(_) => "deprecated",
        }
    }
}

/// `auth …`.
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// `jwt { … }`
    Jwt(Vec<Setting>),
    /// `api_key`
    ApiKey,
    /// `mtls`
    Mtls,
    /// `none because "…"`
    None(Because),
    /// `scope "…"`, `scope "a", "b"`
    Scope(Vec<Str>),
}

/// One of `calls`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called.
    pub path: Path,
    /// `x20`
    pub times: Option<Number>,
    /// `optional`
    pub optional: bool,
    /// `with P`
    pub with: Option<Path>,
    /// The number of the `parallel { … }` that it stands in.
    pub parallel: Option<u32>,
    /// The whole.
    pub span: Span,
}

/// `PaymentDeclined emits { OrderRejected }`.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorUse {
    /// The error.
    pub error: Path,
    /// What goes out with it.
    pub emits: Vec<Emit>,
    /// The whole.
    pub span: Span,
}

/// `idempotent …`.
#[derive(Debug, Clone, PartialEq)]
pub enum Idempotent {
    /// `by FIELD`; a path in a saga.
    By(Path),
    /// `by caller`
    Caller,
    /// `natural`
    Natural,
    /// `none because "…"`
    None(Because),
}

/// One of the entries between the commas of `emits`.
#[derive(Debug, Clone, PartialEq)]
pub struct Emit {
    /// One, or several with `|` between: exactly one of them.
    pub events: Vec<Path>,
    /// `| nothing`
    pub or_nothing: bool,
    /// `A*`
    pub many: bool,
    /// The whole.
    pub span: Span,
}

/// One of `slo`.
#[derive(Debug, Clone, PartialEq)]
pub enum Slo {
    /// `availability 99.9%`
    Availability(Expr),
    /// `latency p99 300ms`
    Latency(Expr, Expr),
}
