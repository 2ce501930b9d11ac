//! Loads a workspace of contracts, runs checks and backends; the only crate of the compiler that does I/O.
//!
//! [`find`] says which worlds the paths of a command line stand for, [`load`] reads one, [`check()`] judges it,
//! [`generate()`] runs a backend, [`output`] writes what came out, [`mod@format`] formats. Nothing here prints.

pub mod baseline;
mod check;
pub mod codes;
pub mod config;
mod explain;
mod failure;
mod fix;
pub mod format;
mod generate;
mod graph;
mod islands;
mod load;
pub mod numbers;
pub mod output;
pub mod registry;
mod session;
#[cfg(test)]
mod testing;
mod watch;

pub use check::{Checked, check, lint_options};
pub use explain::{explain, page};
pub use failure::Failure;
pub use fix::{Fixed, FixedFile, fix};
pub use generate::{DESCRIPTORS, RANGES, Request, descriptor_set, generate};
pub use graph::graph;
pub use load::{Contract, Inputs, Origin, Start, days_from_now, find, load, load_text};
pub use session::{Session, Stats};
pub use svckit_backend_diagrams as diagrams;
pub use svckit_diagnostics::suggest::did_you_mean;
pub use svckit_lint as rules;
pub use watch::Watch;
