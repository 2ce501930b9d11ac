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

/// Scenarios of an area: what must hold, and the function that plays it.
macro_rules! scenarios {
    ($area:literal $(, without $why:literal)?: $($name:literal => $play:ident,)+) => {
        pub(super) fn all() -> Vec<crate::conformance::store::Scenario> {
            const WHY: &str = concat!("" $(, $why)?);
            vec![$(crate::conformance::store::Scenario {
                area: $area,
                name: $name,
                not_in_memory: WHY,
                play: |subject| Box::pin($play(subject)),
            }),+]
        }
    };
}
use scenarios;

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
