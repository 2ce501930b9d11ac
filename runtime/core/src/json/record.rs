//! Whole records as JSON text.

use std::borrow::Cow;

use super::tree::Node;
use super::{Object, View};
use crate::check::Violations;
use crate::wire::{DecodeError, Record, concealing};

/// A record as ProtoJSON.
#[must_use]
pub fn to_vec<T: Record>(record: &T) -> Vec<u8> {
    // Views serialize without errors, and memory takes all that is written.
    serde_json::to_vec(&View::Object(record)).unwrap_or_default()
}

/// Reads a record; its constraints are not judged.
///
/// # Errors
/// `Invalid` for what is no JSON object, and where fields are missing or of another type.
pub fn from_slice<T: Record>(bytes: &[u8]) -> Result<T, DecodeError> {
    of_members(&super::codec::members(bytes)?)
}

/// Reads a record from the members of an object.
pub(super) fn of_members<T: Record>(
    members: &[(Cow<'_, str>, Node<'_>)],
) -> Result<T, DecodeError> {
    let mut v = Violations::new();
    match concealing::<T, _>(&mut v, |v| T::from_json(&Object::new(members), v)) {
        Some(record) if v.is_empty() => Ok(record),
        _ => Err(DecodeError::Invalid(v)),
    }
}
