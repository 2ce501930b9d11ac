//! The seams of the svckit runtime: context, errors, wire format, transport and store traits.

pub mod check;
pub mod json;
pub mod page;
pub mod patch;
pub mod value;
pub mod wire;
