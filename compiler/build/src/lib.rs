//! Compile .svc contracts in build.rs.
