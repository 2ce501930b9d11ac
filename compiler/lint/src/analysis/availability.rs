//! What an operation can promise, given what it depends on (F3).

use svckit_model::{Id, Operation, World};

use super::calls::{Calls, Edge};

/// An operation that has to answer, and says how often it does.
#[derive(Debug, Clone, Copy)]
pub struct Dependency<'a> {
    /// The operation.
    pub operation: Id<Operation>,
    /// Percent, as it promises.
    pub availability: f64,
    /// The call by which it is first come to.
    pub via: &'a Edge,
}

/// The nearest operations with a promise on every way from `from`, each once. A failure that is survived
/// (`optional`), an answer that stands in (`fallback`), and what nobody waits for do not count; what promises nothing
/// counts for what it depends on itself.
#[must_use]
pub fn critical<'a>(world: &World, calls: &'a Calls, from: Id<Operation>) -> Vec<Dependency<'a>> {
    let mut found: Vec<Dependency<'a>> = Vec::new();
    let mut seen = std::collections::HashSet::from([from]);
    let mut todo = vec![from];
    while let Some(operation) = todo.pop() {
        for edge in calls.from(operation).iter().filter(|e| e.waits && !e.optional) {
            let callee = &world.operations[edge.to];
            if callee.promises.fallback.is_some() || !seen.insert(edge.to) {
                continue;
            }
            match callee.slo.availability {
                Some(availability) => {
                    found.push(Dependency { operation: edge.to, availability, via: edge });
                }
                None => todo.push(edge.to),
            }
        }
    }
    found.sort_by_key(|d| d.operation);
    found
}

/// What percentage of calls fails at least, by its dependencies alone.
#[must_use]
pub fn unavailability(dependencies: &[Dependency<'_>]) -> f64 {
    dependencies.iter().map(|d| 100.0 - d.availability).sum()
}
