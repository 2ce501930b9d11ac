//! Callees before callers, and circles (Tarjan, 1972).

use svckit_model::{Id, Operation};

use super::{Caller, Edge};

/// Which circle of calls that are waited for each operation is on, and an order in which every callee that is on another comes first.
#[derive(Debug)]
pub(super) struct Order {
    /// Per operation. A callee's is never greater than its caller's.
    components: Vec<usize>,
    /// Callees first.
    sorted: Vec<usize>,
}

/// Which nodes of a graph reach each other, as a number for each set: of nodes `0..count`, with the next ones of each.
pub(crate) fn components<I>(count: usize, next: impl Fn(usize) -> I) -> Vec<usize>
where
    I: Iterator<Item = usize>,
{
    Order::new(count, next).components
}

const NEW: usize = usize::MAX;

/// An operation on the way from where the search began.
struct Open {
    node: usize,
    next: usize,
    low: usize,
}

impl Order {
    /// Of operations `0..count`, with whom each calls.
    pub(super) fn new<I>(count: usize, callees: impl Fn(usize) -> I) -> Self
    where
        I: Iterator<Item = usize>,
    {
        let calls: Vec<Vec<usize>> = (0..count).map(|n| callees(n).collect()).collect();
        let mut index = vec![NEW; count];
        let mut this = Self { components: vec![NEW; count], sorted: Vec::with_capacity(count) };
        let (mut counter, mut found, mut stack) = (0, 0, Vec::new());
        let mut open: Vec<Open> = Vec::new();
        for start in 0..count {
            if index[start] == NEW {
                open.push(Open { node: start, next: 0, low: NEW });
            }
            while let Some(mut at) = open.pop() {
                if at.low == NEW {
                    index[at.node] = counter;
                    at.low = counter;
                    counter += 1;
                    stack.push(at.node);
                }
                if let Some(callee) = calls[at.node].get(at.next).copied() {
                    at.next += 1;
                    if index[callee] == NEW {
                        open.push(at);
                        open.push(Open { node: callee, next: 0, low: NEW });
                        continue;
                    }
                    if this.components[callee] == NEW {
                        at.low = at.low.min(index[callee]);
                    }
                    open.push(at);
                    continue;
                }
                if at.low == index[at.node] {
                    this.close(at.node, found, &mut stack);
                    found += 1;
                }
                if let Some(caller) = open.last_mut() {
                    caller.low = caller.low.min(at.low);
                }
            }
        }
        this
    }

    fn close(&mut self, root: usize, component: usize, stack: &mut Vec<usize>) {
        while let Some(node) = stack.pop() {
            self.components[node] = component;
            self.sorted.push(node);
            if node == root {
                break;
            }
        }
    }

    pub(super) fn component(&self, operation: Id<Operation>) -> usize {
        self.components[operation.index()]
    }

    /// Operations by their places, callers first.
    pub(super) fn callers_first(&self) -> impl Iterator<Item = usize> {
        self.sorted.iter().rev().copied()
    }

    /// Operations by their places, callees first.
    pub(super) fn callees_first(&self) -> impl Iterator<Item = usize> {
        self.sorted.iter().copied()
    }

    /// Components of several operations, or of one that calls itself.
    pub(super) fn circles(&self, edges: &[Edge]) -> Vec<Vec<Id<Operation>>> {
        let mut members: Vec<Vec<Id<Operation>>> = Vec::new();
        let mut place = vec![NEW; self.components.len()];
        for edge in edges {
            let Caller::Operation(from) = edge.from else { continue };
            let component = self.component(from);
            if !edge.waits || component != self.component(edge.to) {
                continue;
            }
            if place[component] == NEW {
                place[component] = members.len();
                members.push(Vec::new());
            }
            let circle = &mut members[place[component]];
            if circle.last() != Some(&from) {
                circle.push(from);
            }
        }
        members
    }
}
