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

/// Scenarios of an area: what must hold, and the function that plays it.
macro_rules! scenarios {
    ($area:literal $(, without $why:literal)?: $($name:literal => $play:ident,)+) => {
        pub(super) fn all() -> Vec<crate::conformance::transport::Scenario> {
            const WHY: &str = concat!("" $(, $why)?);
            vec![$(crate::conformance::transport::Scenario {
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
