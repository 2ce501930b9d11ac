//! One contract, one page of Rust.
