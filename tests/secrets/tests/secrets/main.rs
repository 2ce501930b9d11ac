//! Who may know what: sensitive values, and answers of others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod nothing_leaks;
mod outside;
mod principals;
