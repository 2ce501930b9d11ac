//! The suites, and the table of what they found.

pub mod messages;
pub mod store;
pub mod table;
pub mod transport;
