//! For how long a message is delivered again, in words.

pub use svckit_model::redelivery::{DELIVERIES, Redelivery};

use crate::text::time;

/// `10 deliveries · 3s + 9 pauses of up to 30s = 5m`: the worst case.
#[must_use]
pub fn explained(again: &Redelivery) -> String {
    format!(
        "{} deliveries · {} + {} pauses of up to {} = {}",
        again.deliveries,
        time(again.total),
        again.deliveries.saturating_sub(1),
        time(again.longest_pause()),
        time(again.over())
    )
}
