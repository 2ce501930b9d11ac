//! What the shop's contracts promise of their operations: read from the contracts, as `slo` says it there.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use svckit_driver::{Start, check, load};

use crate::Result;

/// What an operation promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// Percent of the calls that are to succeed.
    pub availability: f64,
    /// What 99 of 100 calls are to take at most.
    pub p99: Duration,
}

/// The promises of all operations that promise both, by full name.
///
/// # Errors
/// What is wrong with the contracts.
pub fn promised(workspace: &Path) -> Result<BTreeMap<String, Slo>> {
    let checked = check(load(&Start::Workspace(workspace.to_owned()), workspace));
    if checked.has_errors() {
        return Err(checked.rendered(false).into());
    }
    let world = &checked.world;
    let mut promised = BTreeMap::new();
    for (_, service) in world.services.iter() {
        for id in &service.operations {
            let operation = &world.operations[*id];
            let p99 = operation.slo.latency.iter().find(|(percentile, _)| *percentile >= 99.0);
            if let (Some(availability), Some((_, nanos))) = (operation.slo.availability, p99) {
                let name = format!("{}.{}", world.qualified(&service.info), operation.info.name);
                let p99 = Duration::from_nanos(*nanos);
                promised.insert(name, Slo { availability, p99 });
            }
        }
    }
    Ok(promised)
}

impl std::fmt::Display for Slo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} % within {} ms", self.availability, self.p99.as_millis())
    }
}
