//! What the suites across crates share.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read files and run their peers"
)]

pub mod peers;
pub mod world;
