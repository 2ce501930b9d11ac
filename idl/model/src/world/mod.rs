//! The types of the model.

mod deployment;
mod flow;
mod operation;
mod places;
mod policy;
mod queries;
mod types;

pub use deployment::*;
pub use flow::*;
pub use operation::*;
pub use places::Places;
pub use policy::*;
pub use types::*;

use svckit_diagnostics::{FileId, Span};

use crate::{Arena, Id};

/// Everything that was resolved, over all packages.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Packages, sorted by name.
    pub packages: Arena<Package>,
    /// Newtypes.
    pub scalars: Arena<Scalar>,
    /// Enums.
    pub enums: Arena<Enum>,
    /// Records, errors, parameters of operations and payloads of events: all that has numbered fields.
    pub records: Arena<Record>,
    /// Unions.
    pub unions: Arena<Union>,
    /// Services.
    pub services: Arena<Service>,
    /// Commands and queries of all services.
    pub operations: Arena<Operation>,
    /// Events of all services; each version is one.
    pub events: Arena<Event>,
    /// Subscriptions (`on`) of all services.
    pub subscriptions: Arena<Subscription>,
    /// Policies, `standard` first.
    pub policies: Arena<Policy>,
    /// Examples.
    pub examples: Arena<Example>,
    /// Sagas.
    pub sagas: Arena<Saga>,
    /// Sagas that are named in `calls`.
    pub saga_calls: Vec<SagaCall>,
    /// Choreographies.
    pub choreographies: Arena<Choreography>,
    /// Aggregates.
    pub aggregates: Arena<Aggregate>,
    /// Projections.
    pub projections: Arena<Projection>,
    /// Deployments.
    pub deployments: Arena<Deployment>,
    /// Gateways.
    pub gateways: Arena<Gateway>,
    /// Every `allow` with what it stands before, in no order.
    pub exceptions: Vec<Exception>,
}

/// What every named thing has.
#[derive(Debug, Clone)]
pub struct Info {
    /// As written in the contract.
    pub name: String,
    /// The name that others already know on the wire (`wire "…"`).
    pub wire: Option<String>,
    /// Markdown of its `///` lines, without the slashes; empty if none.
    pub docs: String,
    /// Where its name stands.
    pub span: Span,
    /// The package it belongs to.
    pub package: Id<Package>,
    /// `deprecated "…"`.
    pub deprecated: Option<String>,
    /// `allow …` lines before it.
    pub allows: Vec<Allow>,
    /// Where its parts stand.
    pub places: Places,
}

impl Info {
    /// A name that stands alone: without docs, wire name or `allow`s.
    pub fn new(name: impl Into<String>, package: Id<Package>, span: Span) -> Self {
        Self {
            name: name.into(),
            wire: None,
            docs: String::new(),
            span,
            package,
            deprecated: None,
            allows: Vec::new(),
            places: Places::default(),
        }
    }

    /// Where a part stands, or the name where it is not written here.
    #[must_use]
    pub fn place(&self, part: &str) -> Span {
        self.places.get(part).unwrap_or(self.span)
    }

    /// The name on the wire: the one given by `wire`, else the contract's.
    #[must_use]
    pub fn wire_name(&self) -> &str {
        self.wire.as_deref().unwrap_or(&self.name)
    }
}

/// `allow SLUG because "…" until DATE`.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The rule that it excuses.
    pub slug: String,
    /// Where that is written.
    pub slug_span: Span,
    /// Why.
    pub because: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// The line.
    pub span: Span,
}

/// An `allow` and what it excuses: all that is found within an item, a member, a field, a value or a step.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The line.
    pub allow: Allow,
    /// What it stands before.
    pub scope: Span,
}

/// `package shop.orders.v1`.
#[derive(Debug, Clone)]
pub struct Package {
    /// Dotted.
    pub name: String,
    /// The name that others know on the wire.
    pub wire: Option<String>,
    /// Markdown of the files' `//!` lines.
    pub docs: String,
    /// Comes from another workspace: known, checked, and not generated here.
    pub external: bool,
    /// The files that make it up.
    pub files: Vec<FileId>,
    /// Newtypes, in order of the sources; so are all lists below.
    pub scalars: Vec<Id<Scalar>>,
    /// Enums.
    pub enums: Vec<Id<Enum>>,
    /// Records proper: neither errors nor parameters nor event payloads.
    pub records: Vec<Id<Record>>,
    /// Unions.
    pub unions: Vec<Id<Union>>,
    /// Errors.
    pub errors: Vec<Id<Record>>,
    /// Services.
    pub services: Vec<Id<Service>>,
    /// Policies.
    pub policies: Vec<Id<Policy>>,
}

impl Package {
    /// An empty package.
    pub fn new(name: impl Into<String>, external: bool) -> Self {
        Self {
            name: name.into(),
            wire: None,
            docs: String::new(),
            external,
            files: Vec::new(),
            scalars: Vec::new(),
            enums: Vec::new(),
            records: Vec::new(),
            unions: Vec::new(),
            errors: Vec::new(),
            services: Vec::new(),
            policies: Vec::new(),
        }
    }

    /// The package's name on the wire: Protobuf package and prefix of gRPC services.
    #[must_use]
    pub fn wire_name(&self) -> &str {
        self.wire.as_deref().unwrap_or(&self.name)
    }
}
