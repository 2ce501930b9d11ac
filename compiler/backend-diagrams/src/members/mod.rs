//! The finest map: a node for each operation, handler, event, step. Every view is made of it, by drawing several nodes
//! as one and by leaving some out.

mod flows;
mod services;

use svckit_model::{
    Choreography, Event, Gateway, Id, Info, Operation, OperationKind, Package, Saga, Service,
    Subscription, World,
};

use crate::graph::{CallNumbers, EdgeKind, NodeKind};
use crate::numbers::Numbers;
use std::collections::HashMap;

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// A service itself: what stands for those without members, too.
    Service(Id<Service>),
    Operation(Id<Operation>),
    Handler(Id<Subscription>),
    Schedule(Id<Service>, usize),
    Event(Id<Event>),
    Saga(Id<Saga>),
    /// The position in the order of the contract.
    Step(Id<Saga>, usize),
    Choreography(Id<Choreography>),
    Gateway(Id<Gateway>),
}

/// A node.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) what: What,
    /// Qualified.
    pub(crate) id: String,
    pub(crate) kind: NodeKind,
    pub(crate) label: String,
    pub(crate) detail: String,
    pub(crate) service: Option<Id<Service>>,
    pub(crate) package: Id<Package>,
}

/// An arrow.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
    /// What is written beside it.
    pub(crate) label: String,
    /// What is said of it in full.
    pub(crate) member: String,
    pub(crate) numbers: CallNumbers,
}

/// All of a world.
pub(crate) struct Members<'w> {
    pub(crate) world: &'w World,
    pub(crate) nodes: Vec<Member>,
    pub(crate) links: Vec<Link>,
    at: HashMap<What, usize>,
    numbers: &'w Numbers,
}

impl<'w> Members<'w> {
    pub(crate) fn new(world: &'w World, numbers: &'w Numbers) -> Self {
        let (nodes, links, at) = (Vec::new(), Vec::new(), HashMap::new());
        let mut members = Self { world, nodes, links, at, numbers };
        members.add_services();
        members.add_flows();
        members.link_services();
        members.link_flows();
        members
    }

    /// The node of something.
    pub(crate) fn find(&self, what: &What) -> Option<usize> {
        self.at.get(what).copied()
    }

    /// Whether it is a line of a saga: drawn by itself where the saga is looked at, else as the saga.
    pub(crate) fn is_step(&self, at: usize) -> bool {
        matches!(self.nodes[at].what, What::Step(..))
    }

    fn add(&mut self, member: Member) -> usize {
        let at = self.nodes.len();
        self.at.insert(member.what.clone(), at);
        self.nodes.push(member);
        at
    }

    /// An arrow between two things; none where one of them has no node.
    fn link(&mut self, from: &What, to: &What, kind: EdgeKind, label: impl Into<String>) {
        let label = label.into();
        let (Some(from), Some(to)) = (self.find(from), self.find(to)) else { return };
        let (caller, callee) = (&self.nodes[from], &self.nodes[to]);
        let numbers = self.numbers.get(&caller.id, &callee.id);
        let times = if label.is_empty() { String::new() } else { format!(" ({label})") };
        let member = format!("{} → {}{times}", caller.label, callee.label);
        self.links.push(Link { from, to, kind, label, member, numbers });
    }

    /// `shop.orders.v1.Orders.PlaceOrder`
    fn of_service(&self, service: Id<Service>, name: &str) -> String {
        format!("{}.{name}", self.world.qualified(&self.world.services[service].info))
    }
}

/// What a member of a service is, apart from its service.
struct Part<'a> {
    what: What,
    kind: NodeKind,
    info: &'a Info,
    detail: String,
}

fn kind_of(operation: &Operation) -> NodeKind {
    match operation.kind {
        OperationKind::Command => NodeKind::Command,
        OperationKind::Query => NodeKind::Query,
    }
}
