//! Whole records as JSON text.

use bytes::Bytes;

use super::tree::Member;
use super::{Object, Scan, scanned, write_object};
use crate::check::Violations;
use crate::wire::{DecodeError, Record, Writer, concealing};

/// A record as ProtoJSON.
#[must_use]
pub fn to_vec<T: Record>(record: &T) -> Vec<u8> {
    to_bytes(record).into()
}

/// A record as ProtoJSON, in memory of at most twice its size.
#[must_use]
pub fn to_bytes<T: Record>(record: &T) -> Bytes {
    Writer::collect(|w| w.json(|out| write_object(record, out)))
}

/// Reads a record; its constraints are not judged.
///
/// # Errors
/// `Invalid` for what is no JSON object, and where fields are missing or of another type.
pub fn from_slice<T: Record>(bytes: &[u8]) -> Result<T, DecodeError> {
    match scan(bytes) {
        Some(record) => Ok(record),
        None => of_members(&super::codec::members(bytes)?),
    }
}

/// As [`from_slice`], for what comes from elsewhere: what could not be written as Protobuf, for it is nested too deep, is
/// refused here too.
///
/// # Errors
/// As there, and `Malformed` for what is nested too deep.
pub fn received<T: Record>(bytes: &[u8]) -> Result<T, DecodeError> {
    match scan(bytes) {
        Some(record) => Ok(record),
        None => T::from_bytes(&of_members::<T>(&super::codec::members(bytes)?)?.to_bytes()),
    }
}

/// As [`received`], and judges its constraints.
///
/// # Errors
/// As there, and `Invalid` for what breaks its rule.
pub fn received_checked<T: Record>(bytes: &[u8]) -> Result<T, DecodeError> {
    let record = received::<T>(bytes)?;
    let mut v = Violations::new();
    concealing::<T, _>(&mut v, |v| record.check(v));
    if v.is_empty() { Ok(record) } else { Err(DecodeError::Invalid(v)) }
}

/// Reads a record in one pass; nothing for whatever is out of the ordinary.
fn scan<T: Record>(bytes: &[u8]) -> Option<T> {
    let mut scan = Scan::new(bytes)?;
    let record = scanned(&mut scan)?;
    scan.ends().then_some(record)
}

/// Reads a record from the members of an object.
pub(super) fn of_members<T: Record>(members: &[Member<'_>]) -> Result<T, DecodeError> {
    let mut v = Violations::new();
    match concealing::<T, _>(&mut v, |v| T::from_json(&mut Object::tree(members), v)) {
        Some(record) if v.is_empty() => Ok(record),
        _ => Err(DecodeError::Invalid(v)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::page::{One, Page};

    fn in_one_pass<T: Record>(text: &str) -> bool {
        scan::<T>(text.as_bytes()).is_some()
    }

    /// What is read in one pass can be seen by its speed alone, for a tree reads the same.
    #[test]
    fn what_is_ordinary_is_read_in_one_pass() {
        type Labels = BTreeMap<String, i64>;
        for (read, wanted) in [
            (in_one_pass::<One<i64>>(r#"{"value":"-5"}"#), true),
            (in_one_pass::<One<u32>>(r#" { "value" : 5 } "#), true),
            (in_one_pass::<One<f64>>(r#"{"value":0.5}"#), true),
            (in_one_pass::<One<Option<bool>>>(r#"{"value":null}"#), true),
            (in_one_pass::<One<Option<bool>>>("{}"), true),
            (in_one_pass::<One<String>>(r#"{"value":"a\nb \u00e9 \ud83d\ude00"}"#), true),
            (in_one_pass::<One<Labels>>(r#"{"value":{"a":"1","b\"c":2}}"#), true),
            (in_one_pass::<Page<String>>(r#"{"next_page_token":"x","items":["a"]}"#), true),
            (in_one_pass::<Page<One<u64>>>(r#"{"items":[{"value":"1"},{"new":1}]}"#), true),
            (in_one_pass::<One<i64>>(r#"{"new":{"a":[1,{}],"b":2.5},"value":1}"#), true),
            (in_one_pass::<One<i64>>(r#"{"value":1,"value":1}"#), false),
            (in_one_pass::<One<i64>>(r#"{"value":"x"}"#), false),
            (in_one_pass::<One<i64>>(r#"{"value":1}}"#), false),
        ] {
            assert_eq!(read, wanted);
        }
    }
}
