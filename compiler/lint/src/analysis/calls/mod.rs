//! Who calls what, how often, and how long that takes.

mod amplification;
mod build;
mod chains;
mod order;

pub use amplification::{Hop, Way};
pub use chains::Chain;
pub(crate) use chains::{Depths, is_hop};
pub(crate) use order::components;

use svckit_diagnostics::Span;
use svckit_model::timing::{CallTime, Timing};
use svckit_model::{
    Block, CallUse, Id, Operation, Policy, Retry, Saga, Schedule, Service, Subscription, World,
};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A command or query.
    Operation(Id<Operation>),
    /// An `on`.
    Subscription(Id<Subscription>),
    /// A schedule of a service, by its place there.
    Schedule(Id<Service>, usize),
    /// A saga: its steps, undos, and what its `local`s call.
    Saga(Id<Saga>),
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In `calls`.
    Call,
    /// A step of a saga; its place in the order of the text, groups opened.
    Step(usize),
    /// The undo of that step.
    Undo(usize),
    /// In the `calls` of that step, a `local`.
    Local(usize),
}

/// One of the calls.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Who calls.
    pub from: Caller,
    /// What is called.
    pub to: Id<Operation>,
    /// Where it stands.
    pub kind: Kind,
    /// How often.
    pub times: u32,
    /// The group that it stands in.
    pub parallel: Option<u32>,
    /// Its failure is survived.
    pub optional: bool,
    /// `with P`.
    pub with: Option<Id<Policy>>,
    /// How long it takes, and whose numbers say so.
    pub time: CallTime,
    /// False for a queued command, which is accepted and done later.
    pub waits: bool,
    /// Where it is named.
    pub span: Span,
}

/// The graph of calls.
#[derive(Debug)]
pub struct Calls {
    /// The timeouts of all operations.
    pub timing: Timing,
    edges: Vec<Edge>,
    /// Per operation: where its calls begin in `edges`; the next one's begin is their end.
    begins: Vec<usize>,
    /// Where those of subscriptions, schedules and sagas begin.
    others: Vec<(Caller, std::ops::Range<usize>)>,
    into: Vec<Vec<usize>>,
    order: order::Order,
}

impl Calls {
    /// Reads it off a world, in time linear in the number of calls.
    #[must_use]
    pub fn new(world: &World) -> Self {
        build::build(world)
    }

    /// Every call, by caller.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What an operation calls.
    #[must_use]
    pub fn from(&self, operation: Id<Operation>) -> &[Edge] {
        &self.edges[self.range(operation)]
    }

    fn range(&self, operation: Id<Operation>) -> std::ops::Range<usize> {
        self.begins[operation.index()]..self.begins[operation.index() + 1]
    }

    /// What handlers and sagas call.
    pub fn others(&self) -> impl Iterator<Item = (Caller, &[Edge])> {
        self.others.iter().map(|(caller, range)| (*caller, &self.edges[range.clone()]))
    }

    /// Every caller with what it calls.
    pub fn callers(&self, world: &World) -> impl Iterator<Item = (Caller, &[Edge])> {
        let operations = world.operations.ids().map(|id| (Caller::Operation(id), self.from(id)));
        operations.chain(self.others())
    }

    /// Who calls an operation.
    pub fn into(&self, operation: Id<Operation>) -> impl Iterator<Item = &Edge> {
        self.into[operation.index()].iter().map(|e| &self.edges[*e])
    }

    /// Every operation, callers before callees but on a circle.
    pub fn callers_first<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = Id<Operation>> + 'a {
        self.order.callers_first().filter_map(|at| world.operations.id(at))
    }

    /// Every operation, callees before callers but on a circle.
    pub fn callees_first<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = Id<Operation>> + 'a {
        self.order.callees_first().filter_map(|at| world.operations.id(at))
    }

    /// Operations that call each other in a circle and wait for the answer, each set once, in an order of its own.
    #[must_use]
    pub fn circles(&self) -> Vec<Vec<Id<Operation>>> {
        self.order.circles(&self.edges)
    }

    /// A shortest way round, from an operation on a circle back to itself.
    #[must_use]
    pub fn round(&self, start: Id<Operation>) -> Vec<&Edge> {
        let mut came: std::collections::HashMap<Id<Operation>, &Edge> =
            std::collections::HashMap::new();
        let mut todo = std::collections::VecDeque::from([start]);
        'search: while let Some(at) = todo.pop_front() {
            for edge in self.from(at).iter().filter(|e| self.closes_circle(e)) {
                if came.contains_key(&edge.to) {
                    continue;
                }
                came.insert(edge.to, edge);
                if edge.to == start {
                    break 'search;
                }
                todo.push_back(edge.to);
            }
        }
        let mut way = Vec::new();
        let mut at = start;
        while let Some(edge) = came.get(&at) {
            way.push(*edge);
            let Caller::Operation(from) = edge.from else { break };
            at = from;
            if at == start {
                break;
            }
        }
        way.reverse();
        way
    }

    /// Whether a call's caller and callee are on one circle.
    #[must_use]
    pub fn closes_circle(&self, edge: &Edge) -> bool {
        let Caller::Operation(from) = edge.from else { return false };
        edge.waits && self.order.component(from) == self.order.component(edge.to)
    }

    /// Whether the caller waits long enough for an answer: an attempt takes as long as all that the callee calls. A
    /// callee that fails after retries of its own says so in time then, and its caller does not retry, too.
    #[must_use]
    pub fn covers(&self, edge: &Edge) -> bool {
        edge.time.times.attempt >= self.timing.needs_of(edge.to)
    }
}

impl Edge {
    /// The retries that hold for it, if anything is retried.
    #[must_use]
    pub fn retry<'w>(&self, world: &'w World) -> Option<&'w Retry> {
        match &world.policies[self.time.policy].numbers.retry {
            Block::On(retry) if self.time.attempts > 1 => Some(retry),
            _ => None,
        }
    }

    /// All calls of it, one after the other.
    #[must_use]
    pub fn worst(&self) -> u64 {
        self.time.worst.saturating_mul(self.times.into())
    }

    /// `Stock.Level x20: 20 · 3s`, with what one of them is made of.
    #[must_use]
    pub fn explained(&self, world: &World) -> String {
        let (time, name) = (&self.time, crate::text::operation(world, self.to));
        let one = crate::text::attempts(time.attempts, time.attempt, self.retry(world));
        let bound = match time.worst == time.times.total {
            true => format!(", at most its total of {}", crate::text::time(time.times.total)),
            false => format!(" = {}", crate::text::time(time.worst)),
        };
        let times = match self.times {
            1 => String::new(),
            n => format!("; {n} times that is {}", crate::text::time(self.worst())),
        };
        format!("`{name}`: {one}{bound}{times}")
    }
}

impl Caller {
    /// The name that stands for it: what an `allow` is found by.
    #[must_use]
    pub fn span(self, world: &World) -> Span {
        match self {
            Self::Operation(id) => world.operations[id].info.span,
            Self::Subscription(id) => world.subscriptions[id].info.span,
            Self::Schedule(id, at) => {
                let service = &world.services[id];
                service.schedules.get(at).map_or(service.info.span, |s| s.info.span)
            }
            Self::Saga(id) => world.sagas[id].info.span,
        }
    }

    /// The service that it is of.
    #[must_use]
    pub fn service(self, world: &World) -> Id<Service> {
        match self {
            Self::Operation(id) => world.operations[id].service,
            Self::Subscription(id) => world.subscriptions[id].service,
            Self::Schedule(id, _) => id,
            Self::Saga(id) => world.sagas[id].service,
        }
    }

    /// The policy of its handler; a saga has a deadline instead.
    #[must_use]
    pub fn policy(self, world: &World) -> Option<Id<Policy>> {
        match self {
            Self::Operation(id) => Some(world.operations[id].policy),
            Self::Subscription(id) => Some(world.subscriptions[id].policy),
            Self::Schedule(id, at) => world.services[id].schedules.get(at).map(|s| s.policy),
            Self::Saga(_) => None,
        }
    }

    /// Its `calls`; of a saga none.
    #[must_use]
    pub fn calls(self, world: &World) -> &[CallUse] {
        match self {
            Self::Operation(id) => &world.operations[id].calls,
            Self::Subscription(id) => &world.subscriptions[id].calls,
            Self::Schedule(id, at) => {
                world.services[id].schedules.get(at).map_or(&[][..], |s: &Schedule| &s.calls)
            }
            Self::Saga(_) => &[],
        }
    }
}
