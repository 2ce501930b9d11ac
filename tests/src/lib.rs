//! Cross-crate suites of svckit.

pub mod world;
