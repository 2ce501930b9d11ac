//! What must hold, by area.

mod clock;
mod dead;
mod groups;
mod kept;
mod leases;
mod log;
mod order;
mod priorities;
mod replay;
mod waiting;

use super::Scenario;
use crate::conformance::scenario::scenarios;

/// All scenarios, in the order in which they are told.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let areas = [
        groups::all,
        order::all,
        leases::all,
        waiting::all,
        priorities::all,
        dead::all,
        replay::all,
        log::all,
        clock::all,
        kept::all,
    ];
    areas.iter().flat_map(|area| area()).collect()
}
