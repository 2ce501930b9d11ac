//! What must hold, by area.

mod claims;
mod dropped;
mod exclusive;
mod inbox;
mod kept;
mod outbox;
mod ranges;
mod relay;
mod state;
mod sweep;
mod undo;

use super::Scenario;
use crate::conformance::scenario::scenarios;

/// All scenarios, in the order in which they are told.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let areas = [
        state::all,
        ranges::all,
        claims::all,
        undo::all,
        inbox::all,
        outbox::all,
        relay::all,
        sweep::all,
        exclusive::all,
        dropped::all,
        kept::all,
    ];
    areas.iter().flat_map(|area| area()).collect()
}
