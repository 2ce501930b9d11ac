//! Sagas, choreographies and event-sourced state.

use svckit_diagnostics::Span;

use super::{CallUse, Event, Field, Info, Operation, Record, Scalar, Service, Type, Value};
use crate::Id;

/// `saga Checkout of Orders (…) -> Receipt { … }`.
#[derive(Debug, Clone)]
pub struct Saga {
    /// Name and docs.
    pub info: Info,
    /// The service that runs it.
    pub service: Id<Service>,
    /// What it is started with.
    pub params: Vec<Field>,
    /// What it answers with.
    pub response: Option<Type>,
    /// The business key, as a path into the parameters; the caller's key where absent.
    pub key: Option<Vec<String>>,
    /// `deadline 3d`, nanoseconds.
    pub deadline: Option<u64>,
    /// What it does, in order.
    pub steps: Vec<SagaStep>,
    /// `complete …`.
    pub complete: Option<SagaExpr>,
    /// `completed emit E { … }`.
    pub completed: Vec<SagaEmit>,
    /// `aborted emit E { … }`.
    pub aborted: Vec<SagaEmit>,
}

/// One line of a saga.
#[derive(Debug, Clone)]
pub enum SagaStep {
    /// A step, the pivot included.
    Step(Box<Step>),
    /// `parallel { … }`.
    Parallel(Vec<SagaStep>),
    /// `wait …`.
    Wait(Wait),
    /// `pivot` alone.
    Pivot(Span),
    /// `sleep 1d`, nanoseconds.
    Sleep(u64),
}

/// `step NAME: …`.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Where that stands.
    pub span: Span,
    /// All of it.
    pub whole: Span,
    /// What it does.
    pub call: StepCall,
    /// Where that is named.
    pub call_span: Span,
    /// What a local one calls.
    pub calls: Vec<CallUse>,
    /// What it gives; none for what answers with nothing.
    pub result: Option<Type>,
    /// How it is undone.
    pub undo: Option<StepCall>,
    /// Where that is named.
    pub undo_span: Option<Span>,
    /// Errors that do not abort.
    pub on_errors: Vec<OnError>,
    /// `retry for …`, nanoseconds.
    pub retry_for: Option<u64>,
    /// `when …`.
    pub when: Option<SagaExpr>,
    /// `best_effort`
    pub best_effort: bool,
    /// It is the point of no return.
    pub pivot: bool,
    /// Errors that a local step declares.
    pub errors: Vec<Id<Record>>,
}

/// What a step or an undo does.
#[derive(Debug, Clone)]
pub enum StepCall {
    /// An operation with its request.
    Operation(Id<Operation>, Vec<(String, SagaExpr)>),
    /// Another saga with its parameters.
    Saga(Id<Saga>, Vec<(String, SagaExpr)>),
    /// A method of the service.
    Local(String, Vec<SagaExpr>),
}

/// `on OutOfStock retry for 10m`.
#[derive(Debug, Clone)]
pub struct OnError {
    /// The error.
    pub error: Id<Record>,
    /// Nanoseconds; skipped where absent.
    pub retry_for: Option<u64>,
}

/// `wait NAME: E where … within 2d else abort`.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Its name.
    pub name: String,
    /// Where that stands.
    pub span: Span,
    /// The newest version of the event.
    pub event: Id<Event>,
    /// What must hold.
    pub filter: Option<SagaExpr>,
    /// Nanoseconds.
    pub within: Option<u64>,
    /// `else skip`, not `else abort`.
    pub skip: bool,
}

/// An expression of a saga.
#[derive(Debug, Clone, PartialEq)]
pub enum SagaExpr {
    /// A literal of a known type.
    Value(Value),
    /// `order.id`: a name in scope and fields.
    Path(Vec<String>),
    /// `key(STEP)`
    Key(String),
    /// `Receipt { … }`
    Construct(Id<Record>, Vec<(usize, SagaExpr)>),
    /// `[ … ]`
    List(Vec<SagaExpr>),
    /// `not PATH`
    Not(Vec<String>),
    /// `a == b`
    Equal(Box<SagaExpr>, Box<SagaExpr>),
}

/// `completed emit E { … }`.
#[derive(Debug, Clone)]
pub struct SagaEmit {
    /// The event.
    pub event: Id<Event>,
    /// Its fields.
    pub fields: Vec<(usize, SagaExpr)>,
    /// Where it is named.
    pub span: Span,
}

/// `choreography Fulfilment by OrderId of Orders { … }`.
#[derive(Debug, Clone)]
pub struct Choreography {
    /// Name and docs.
    pub info: Info,
    /// The scalar that every event of the flow carries.
    pub by: Id<Scalar>,
    /// The service that watches the deadline.
    pub service: Id<Service>,
    /// Events that start it.
    pub starts: Vec<Id<Event>>,
    /// Events that end it well.
    pub succeeds: Vec<Id<Event>>,
    /// Events that end it badly.
    pub fails: Vec<Id<Event>>,
    /// Nanoseconds.
    pub within: Option<u64>,
}

/// `aggregate OrderBook by OrderId { … }`.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// Name and docs.
    pub info: Info,
    /// The service whose commands it lists.
    pub service: Option<Id<Service>>,
    /// The scalar of its key.
    pub by: Id<Scalar>,
    /// `state T`.
    pub state: Option<Id<Record>>,
    /// Commands and what they publish.
    pub handles: Vec<(Id<Operation>, Vec<super::Emit>)>,
    /// `snapshot every 100`: events.
    pub snapshot: Option<u64>,
}

/// `projection OrdersByCustomer by CustomerId from A, B { … }`.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Name and docs.
    pub info: Info,
    /// The scalar of its key.
    pub by: Id<Scalar>,
    /// The events that it is made of.
    pub from: Vec<Id<Event>>,
    /// The record of its fields.
    pub record: Id<Record>,
}

/// A saga in a `calls`: started, and awaited or not, by somebody else than its own transaction.
#[derive(Debug, Clone)]
pub struct SagaCall {
    /// Who calls it.
    pub service: Id<Service>,
    /// The saga.
    pub saga: Id<Saga>,
    /// Where it is named.
    pub span: Span,
}
