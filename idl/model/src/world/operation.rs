//! Services and their members.

use svckit_diagnostics::Span;

use super::{Aggregate, Info, Limit, Policy, Record, Saga, Type, Value};
use crate::Id;

/// `service Orders { … }`.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name and docs.
    pub info: Info,
    /// `owner "…"`.
    pub owner: Option<String>,
    /// `meta KEY "…"`.
    pub meta: Vec<(String, String)>,
    /// `auth …` of the service.
    pub auth: Option<AuthScheme>,
    /// `tenant claim "…"`.
    pub tenant_claim: Option<String>,
    /// Commands and queries in order.
    pub operations: Vec<Id<Operation>>,
    /// Events in order, each version by itself.
    pub events: Vec<Id<Event>>,
    /// `on` lines in order.
    pub subscriptions: Vec<Id<Subscription>>,
    /// `schedule` lines in order.
    pub schedules: Vec<Schedule>,
    /// `fixture` lines: records of kind `Fixture`.
    pub fixtures: Vec<Id<Record>>,
}

/// How callers show who they are.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthScheme {
    /// `jwt { issuer "…" audience "…" }` with its settings.
    Jwt(Vec<(String, String)>),
    /// `api_key`
    ApiKey,
    /// `mtls`
    Mtls,
    /// `none because "…"`
    None(String),
}

/// Command or query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Changes state.
    Command,
    /// Has no effects.
    Query,
}

/// A command or query.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Name and docs.
    pub info: Info,
    /// Its service.
    pub service: Id<Service>,
    /// Command or query.
    pub kind: OperationKind,
    /// What it is asked with.
    pub request: Request,
    /// What it answers with; [`Response::Queued`] for a command with `queue`.
    pub response: Response,
    /// Declared errors.
    pub errors: Vec<ErrorUse>,
    /// What makes a repetition harmless; queries are [`Idempotency::Natural`].
    pub idempotency: Idempotency,
    /// `retain`, nanoseconds.
    pub retain: Option<u64>,
    /// Own `calls`, else the service's.
    pub calls: Vec<CallUse>,
    /// `scope "…"`s.
    pub scopes: Vec<String>,
    /// The policy in force: its own, else the service's, else `standard`.
    pub policy: Id<Policy>,
    /// `http GET "/v1/…"`.
    pub http: Option<HttpBinding>,
    /// What it publishes on success.
    pub emits: Vec<Emit>,
    /// `queue { … }`.
    pub queue: Option<Queue>,
    /// `cache`, nanoseconds.
    pub cache: Option<u64>,
    /// `undoes X by key`.
    pub undoes: Option<UndoneCommand>,
    /// `irrevocable`.
    pub irrevocable: bool,
    /// `slo …`.
    pub slo: Slo,
    /// What later work gives meaning to.
    pub promises: Promises,
}

/// Promises of an operation that the caller does not see in its types.
#[derive(Debug, Clone, Default)]
pub struct Promises {
    /// `starts Checkout`.
    pub starts: Option<Id<Saga>>,
    /// `writes OrderBook by order_id`: the aggregate and the index of the request's field.
    pub writes: Option<(Id<Aggregate>, usize)>,
    /// `fallback …`.
    pub fallback: Option<Fallback>,
    /// `shed above 80%`: percent of the bulkhead.
    pub shed: Option<f64>,
    /// `limit { … }`.
    pub limit: Option<Limit>,
    /// `leaves "…"`: why what it did need not be compensated.
    pub leaves: Option<String>,
    /// `delivery …` of a queued command.
    pub delivery: Delivery,
    /// `dead_letter none because "…"` of a queued command: the reason.
    pub no_dead_letter: Option<String>,
}

/// What is answered where the callee does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Fallback {
    /// The last answer, if not older than so many nanoseconds.
    Cached(u64),
    /// This value.
    Value(Value),
}

/// What an operation is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `()`: nothing.
    Empty,
    /// `(PlaceOrderRequest)`: that record, flattened.
    Record(Id<Record>),
    /// `(id @1: OrderId)`: named parameters, a record of kind `Params`; one field may be `streamed`.
    Params(Id<Record>),
    /// `(T)` where T is not a record: field 1 (`value`).
    Value(Type),
    /// `(stream T)`.
    Stream(Type),
}

/// What an operation answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Nothing, or an error.
    Empty,
    /// One value: a record flattened, anything else as field 1 (`value`).
    Value(Type),
    /// `-> T?`: field 1 (`value`), optional.
    Optional(Type),
    /// `-> page<T>`; the request has `page_size` 1000 and `page_token` 1001 besides.
    Page(Type),
    /// `-> stream T`.
    Stream(Type),
    /// Accepted, not answered.
    Queued,
}

/// An error in an operation's `errors`.
#[derive(Debug, Clone)]
pub struct ErrorUse {
    /// The error.
    pub error: Id<Record>,
    /// Where it is named.
    pub span: Span,
    /// What is published with it.
    pub emits: Vec<Emit>,
}

/// What makes a repetition harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotency {
    /// `by FIELD`: index of the request's field.
    ByField(usize),
    /// The caller's key.
    ByCaller,
    /// `natural`
    Natural,
    /// `none because "…"`
    None(String),
}

/// One of `calls`.
#[derive(Debug, Clone)]
pub struct CallUse {
    /// The operation that is called.
    pub operation: Id<Operation>,
    /// `x20`, else 1.
    pub times: u32,
    /// The number of the `parallel { … }` it stands in, counted from 0 within the clause.
    pub parallel: Option<u32>,
    /// Its failure is survived.
    pub optional: bool,
    /// `with P`.
    pub policy: Option<Id<Policy>>,
    /// Where it is named.
    pub span: Span,
}

/// `http POST "/v1/orders"`.
#[derive(Debug, Clone)]
pub struct HttpBinding {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// With `{field}` for path parameters.
    pub path: String,
    /// The clause.
    pub span: Span,
}

/// How many of what is published: each entry of `A, B` is one group.
#[derive(Debug, Clone)]
pub struct Emit {
    /// One event: exactly that; several: exactly one of them.
    pub events: Vec<Id<Event>>,
    /// `| nothing`: or none.
    pub or_nothing: bool,
    /// `A*`: any number.
    pub many: bool,
    /// Where it is named.
    pub span: Span,
}

/// `queue { … }`.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// Handlers at once.
    pub concurrency: Option<u32>,
    /// Field (an enum or number) of the request that gives the priority: its index.
    pub priority_by: Option<usize>,
    /// Deliveries before it becomes a dead letter.
    pub attempts: Option<u32>,
    /// Nanoseconds after which it is not worth doing.
    pub expires: Option<u64>,
}

/// `undoes Reserve by reserved_by`.
#[derive(Debug, Clone)]
pub struct UndoneCommand {
    /// The command that is undone.
    pub operation: Id<Operation>,
    /// Index of the field that holds that one's key.
    pub by: usize,
}

/// `slo availability 99.9%, latency p99 300ms`.
#[derive(Debug, Clone, Default)]
pub struct Slo {
    /// Percent, as written.
    pub availability: Option<f64>,
    /// (percentile, nanoseconds).
    pub latency: Vec<(f64, u64)>,
}

/// `event OrderPlaced v2 { … } key order_id`.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name and docs.
    pub info: Info,
    /// Its service.
    pub service: Id<Service>,
    /// From 1.
    pub version: u32,
    /// Whether this is the newest version of that name.
    pub newest: bool,
    /// The record of its fields.
    pub payload: Id<Record>,
    /// `public`.
    pub public: bool,
    /// Index of the key's field.
    pub key: Option<usize>,
    /// `retain`, nanoseconds.
    pub retain: Option<u64>,
    /// `upcasts v1`: the older versions that it is derived from.
    pub upcasts: Vec<u32>,
    /// `delivery …`: the default of its subscriptions.
    pub delivery: Delivery,
    /// `dead_letter none because "…"`: the reason.
    pub no_dead_letter: Option<String>,
}

/// How often a handler may see a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Delivery {
    /// `at_most_once`
    AtMostOnce,
    /// `at_least_once`
    #[default]
    AtLeastOnce,
    /// `effectively_once`
    EffectivelyOnce,
}

/// `on payments.PaymentCaptured do ConfirmOrder emits …`.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The handler's name (`do …`), docs.
    pub info: Info,
    /// The service that subscribes.
    pub service: Id<Service>,
    /// The newest version of the event.
    pub event: Id<Event>,
    /// Where that is named.
    pub event_span: Span,
    /// `{ a, b }`: indices of the fields that are read; all where absent.
    pub reads: Option<Vec<usize>>,
    /// What the handler calls.
    pub calls: Vec<CallUse>,
    /// What it publishes.
    pub emits: Vec<Emit>,
    /// The policy of the handler.
    pub policy: Id<Policy>,
    /// `delivery …`.
    pub delivery: Delivery,
    /// `ordered`.
    pub ordered: bool,
    /// `undoes E`.
    pub undoes: Option<Id<Event>>,
    /// `leaves "…"`.
    pub leaves: Option<String>,
    /// `starts Checkout`.
    pub starts: Option<Id<Saga>>,
    /// `dead_letter none because "…"`: the reason.
    pub no_dead_letter: Option<String>,
}

/// `schedule ExpireCarts every 1h`.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The handler's name, docs.
    pub info: Info,
    /// When.
    pub when: When,
    /// What the handler calls.
    pub calls: Vec<CallUse>,
    /// What it publishes.
    pub emits: Vec<Emit>,
    /// The policy of the handler.
    pub policy: Id<Policy>,
}

/// When a schedule runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Nanoseconds between runs.
    Every(u64),
    /// Five fields.
    Cron(String),
}

/// `example PlaceOrder "two lines" { … }`, type-checked.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its title.
    pub title: String,
    /// Where.
    pub span: Span,
    /// What it is of.
    pub of: ExampleOf,
    /// The states that it asks for.
    pub given: Vec<(Id<Record>, Value)>,
}

/// What an example is of.
#[derive(Debug, Clone)]
pub enum ExampleOf {
    /// An operation's request and what comes of it.
    Operation {
        /// The operation.
        operation: Id<Operation>,
        /// What is sent.
        request: Option<Value>,
        /// What is answered; not every field need be named.
        outcome: Outcome,
    },
    /// A payload of an event.
    Event(Id<Event>, Value),
}

/// What comes of an example's request.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Nothing said.
    Any,
    /// `response { … }`.
    Response(Value),
    /// `fails E { … }`.
    Fails(Id<Record>, Value),
}
