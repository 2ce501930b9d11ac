//! How many services wait for each other in a row.

use svckit_model::{Id, Operation, World};

use super::{Calls, Edge};

/// The longest row of services that wait for each other, from one operation.
#[derive(Debug)]
pub struct Chain<'a> {
    /// From service to service: hops within one do not count.
    pub hops: usize,
    /// The calls, the first one first.
    pub path: Vec<&'a Edge>,
}

/// The hops below an operation, and the call that leads to most of them.
pub(crate) type Depths = Vec<(usize, Option<usize>)>;

impl Calls {
    /// For each operation, how many services wait in a row below it. Calls that close a circle, and queued commands,
    /// which nobody waits for, do not count.
    #[must_use]
    pub(crate) fn depths(&self, world: &World) -> Depths {
        let mut depths: Depths = vec![(0, None); world.operations.len()];
        for at in self.order.callees_first() {
            for edge in self.begins[at]..self.begins[at + 1] {
                let call = &self.edges[edge];
                if !call.waits || self.closes_circle(call) {
                    continue;
                }
                let below = depths[call.to.index()].0 + usize::from(is_hop(world, call));
                if below > depths[at].0 {
                    depths[at] = (below, Some(edge));
                }
            }
        }
        depths
    }

    /// The longest chain that begins at an operation.
    pub(crate) fn chain(&self, depths: &Depths, from: Id<Operation>) -> Chain<'_> {
        let mut path = Vec::new();
        let mut next = depths[from.index()].1;
        while let Some(edge) = next {
            let edge = &self.edges[edge];
            path.push(edge);
            next = depths[edge.to.index()].1;
        }
        Chain { hops: depths[from.index()].0, path }
    }
}

/// Whether a call leaves its service.
pub(crate) fn is_hop(world: &World, edge: &Edge) -> bool {
    edge.from.service(world) != world.operations[edge.to].service
}
