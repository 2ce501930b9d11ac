//! The suites, and the table of what they found.

pub mod messages;
pub mod table;
