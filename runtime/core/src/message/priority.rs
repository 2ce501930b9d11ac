//! How urgent a queued command is, by a field of its request: 0 to 7, the highest first.

use crate::wire::OpenEnum;

/// The highest priority.
pub const HIGHEST: u8 = 7;

/// The rank of an enum's value among those of the contract, by their numbers, spread over 0 to 7; 0 for one that is not
/// known here.
#[must_use]
pub fn rank<E: OpenEnum>(value: E) -> u8 {
    let number = value.number();
    if !E::VALUES.iter().any(|(known, _)| *known == number) {
        return 0;
    }
    let below = E::VALUES.iter().filter(|(known, _)| *known < number).count();
    let most = E::VALUES.len().saturating_sub(1).max(1);
    u8::try_from(below * usize::from(HIGHEST) / most).unwrap_or(HIGHEST)
}

/// A number as a priority: what is less than 0 is 0, what is more than 7 is 7.
#[must_use]
pub fn clamped(number: impl Into<i128>) -> u8 {
    u8::try_from(number.into().clamp(0, i128::from(HIGHEST))).unwrap_or(HIGHEST)
}
