//! Codes of the model, E0101 and on, and their pages.

pub mod deployments;
pub mod events;
pub mod examples;
pub mod flows;
pub mod names;
pub mod policies;
pub mod services;
pub mod types;
pub mod values;

use svckit_diagnostics::Code;

/// Every code of the model, in order.
pub fn all() -> impl Iterator<Item = Code> {
    [
        names::ALL,
        types::ALL,
        values::ALL,
        policies::ALL,
        services::ALL,
        events::ALL,
        flows::ALL,
        deployments::ALL,
        examples::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
