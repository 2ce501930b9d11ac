//! The suites, and the table of what they found.

pub mod messages;
pub mod scenario;
pub mod store;
pub mod table;
pub mod transport;
