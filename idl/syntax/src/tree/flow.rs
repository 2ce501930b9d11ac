//! Sagas, choreographies, event-sourced state, deployments, gateways.

use svckit_diagnostics::Span;

use super::{
    Auth, Clause, Entry, Expr, Field, Head, Idempotent, Name, Number, Path, Setting, Str, TypeRef,
};

/// `saga Checkout of Orders (…) -> Receipt idempotent by order.id { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Saga {
    /// Its name.
    pub name: Name,
    /// The service that runs it.
    pub of: Path,
    /// What it is started with.
    pub params: Vec<Field>,
    /// What it answers with.
    pub response: Option<TypeRef>,
    /// Its business key.
    pub idempotent: Option<Idempotent>,
    /// What it does.
    pub body: Vec<SagaPart>,
}

/// A line of a saga.
#[derive(Debug, Clone, PartialEq)]
pub struct SagaPart {
    /// Docs and `allow`s.
    pub head: Head,
    /// The whole.
    pub span: Span,
    /// Which.
    pub kind: SagaPartKind,
}

/// The kinds of line.
#[derive(Debug, Clone, PartialEq)]
pub enum SagaPartKind {
    /// `deadline 3d`
    Deadline(Expr),
    /// `step …`
    Step(Step),
    /// `parallel { … }`
    Parallel(Vec<SagaPart>),
    /// `wait …`
    Wait(Wait),
    /// `pivot NAME: …`: a step that is the point of no return.
    Pivot(Step),
    /// `pivot`: the line alone.
    PivotLine,
    /// `sleep 1d`
    Sleep(Expr),
    /// `complete Receipt { … }`
    Complete(Expr),
    /// `completed emit E { … }`
    CompletedEmit(Path, Vec<Entry>),
    /// `aborted emit E { … }`
    AbortedEmit(Path, Vec<Entry>),
}

/// `step NAME: CALL … `.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: Name,
    /// What it does.
    pub call: StepCall,
    /// `-> T` of a local one.
    pub result: Option<TypeRef>,
    /// `undo …`
    pub undo: Option<StepCall>,
    /// `on ERROR …`
    pub on_errors: Vec<OnError>,
    /// `retry for 10m`
    pub retry_for: Option<Expr>,
    /// `when …`
    pub when: Option<Expr>,
    /// `best_effort`
    pub best_effort: bool,
    /// Clauses of a local one: `errors`, `calls`.
    pub clauses: Vec<Clause>,
}

/// What a step or an undo does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepCall {
    /// `inventory.Reserve { … }`
    Remote(Path, Vec<Entry>),
    /// `local quote(order)`
    Local(Name, Vec<Expr>),
}

impl StepCall {
    /// Where the name of what is called stands.
    #[must_use]
    pub fn name_span(&self) -> Span {
        match self {
            Self::Remote(path, _) => path.span,
            Self::Local(name, _) => name.span,
        }
    }
}

/// `on OutOfStock retry for 10m`, `on OutOfStock skip`.
#[derive(Debug, Clone, PartialEq)]
pub struct OnError {
    /// The error.
    pub error: Path,
    /// `retry for …`; skipped where absent.
    pub retry_for: Option<Expr>,
    /// The whole.
    pub span: Span,
}

/// `wait NAME: E where … within 2d else abort`.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// Its name.
    pub name: Name,
    /// The event.
    pub event: Path,
    /// `where …`
    pub filter: Option<Expr>,
    /// `within …`
    pub within: Option<Expr>,
    /// `else skip`, not `else abort`.
    pub skip: bool,
}

/// `choreography Fulfilment by OrderId of Orders { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Choreography {
    /// Its name.
    pub name: Name,
    /// The scalar that every event carries.
    pub by: Path,
    /// The service that watches it.
    pub of: Path,
    /// `starts`, `succeeds`, `fails` with their events.
    pub ends: Vec<(Name, Vec<Path>)>,
    /// `within 1h`
    pub within: Option<Expr>,
}

/// `aggregate OrderBook by OrderId { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Its name.
    pub name: Name,
    /// The scalar of its key.
    pub by: Path,
    /// `state T`
    pub state: Option<Path>,
    /// `Command -> Event | nothing`
    pub handles: Vec<(Path, Vec<super::Emit>)>,
    /// `snapshot every 100`
    pub snapshot: Option<Number>,
}

/// `deployment production { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// Its name.
    pub name: Name,
    /// `discover`, `store`, `broker`, `telemetry` lines.
    pub settings: Vec<Setting>,
    /// What each service does there.
    pub services: Vec<(Path, Vec<Setting>)>,
}

/// `gateway Public on production { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Gateway {
    /// Its name.
    pub name: Name,
    /// The deployment.
    pub on: Name,
    /// `auth …`
    pub auth: Option<(Auth, Span)>,
    /// `limit { … }`
    pub limit: Option<Vec<Setting>>,
    /// `route A, B`
    pub routes: Vec<Path>,
    /// `compose GET "/…" { … }`
    pub composes: Vec<Compose>,
}

/// `compose GET "/home/{customer}" { orders: orders.ListOrders { … } }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Compose {
    /// The method.
    pub method: Name,
    /// The path.
    pub path: Str,
    /// Name, operation and request of each part.
    pub parts: Vec<(Name, Path, Vec<Entry>)>,
    /// The whole.
    pub span: Span,
}
