//! What can be called from outside.

use std::collections::HashSet;

use svckit_diagnostics::Span;
use svckit_model::{Gateway, Id, Operation, Saga, Service, World};

/// What is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A command or query.
    Operation(Id<Operation>),
    /// A saga that clients start.
    Saga(Id<Saga>),
}

/// How it is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A gateway routes or composes it.
    Gateway(Id<Gateway>),
    /// It is bound to HTTP, and a deployment serves that.
    Http,
    /// It is bound to HTTP, and no deployment says how its service is called.
    Unplaced,
}

/// Something that can be called from outside.
#[derive(Debug, Clone, Copy)]
pub struct Exposed {
    /// What.
    pub target: Target,
    /// Its service.
    pub service: Id<Service>,
    /// How.
    pub by: By,
    /// Where that is said.
    pub span: Span,
}

/// Everything that can be called from outside: by gateway, then by service.
#[must_use]
pub fn exposed(world: &World) -> Vec<Exposed> {
    let mut found = Vec::new();
    for (id, gateway) in world.gateways.iter() {
        let by = By::Gateway(id);
        let operation = |(op, span): (Id<Operation>, Span)| Exposed {
            target: Target::Operation(op),
            service: world.operations[op].service,
            by,
            span,
        };
        found.extend(gateway.routes.iter().copied().map(operation));
        found.extend(gateway.sagas.iter().map(|(saga, span)| Exposed {
            target: Target::Saga(*saga),
            service: world.sagas[*saga].service,
            by,
            span: *span,
        }));
        let parts = gateway.composes.iter().flat_map(|c| &c.parts);
        found.extend(parts.map(|(_, op, span)| operation((*op, *span))));
    }
    let served = served(world);
    for (id, op) in world.operations.iter() {
        let Some(http) = &op.http else { continue };
        let by = match served[op.service.index()] {
            Some(true) => By::Http,
            None => By::Unplaced,
            Some(false) => continue,
        };
        let target = Target::Operation(id);
        found.push(Exposed { target, service: op.service, by, span: http.span });
    }
    found
}

/// What stands behind a gateway that does what is asked.
pub(crate) fn guarded(all: &[Exposed], does: impl Fn(Id<Gateway>) -> bool) -> HashSet<Target> {
    let behind = all.iter().filter(|e| matches!(e.by, By::Gateway(id) if does(id)));
    behind.map(|e| e.target).collect()
}

/// Per service, whether a deployment serves HTTP for it; nothing where none names it.
fn served(world: &World) -> Vec<Option<bool>> {
    let mut served = vec![None; world.services.len()];
    for placement in world.deployments.iter().flat_map(|(_, d)| &d.services) {
        let http = placement.rpc.iter().any(|rpc| rpc == "http");
        let known = &mut served[placement.service.index()];
        *known = Some(http || *known == Some(true));
    }
    served
}
