//! The built-in types of a contract, and how each is written.

mod dynamic;
mod numbers;
mod text;
mod time;

pub use bytes::Bytes;
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use rust_decimal::Decimal;
pub use serde_json::Value as Json;
pub use std::time::Duration;
pub use uuid::Uuid;

/// A decimal that the contract's compiler has read.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("the compiler of the contract read this decimal")
}

/// A date that the contract's compiler has read.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn date(text: &str) -> Date {
    text.parse().expect("the compiler of the contract read this date")
}

/// A timestamp that the contract's compiler has read.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn timestamp(text: &str) -> Timestamp {
    text.parse().expect("the compiler of the contract read this timestamp")
}

/// A uuid that the contract's compiler has read.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn uuid(text: &str) -> Uuid {
    Uuid::try_parse(text).expect("the compiler of the contract read this uuid")
}

/// A JSON value that the contract's compiler has read.
///
/// # Panics
/// When it is not one.
#[must_use]
pub fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("the compiler of the contract read this JSON")
}
