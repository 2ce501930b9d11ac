//! Loads a workspace of contracts, runs checks and backends; the only crate here that does I/O.
