//! Cross-crate suites of svckit.
