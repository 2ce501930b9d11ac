//! A module a command.

pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod generate;
pub(crate) mod graph;
pub(crate) mod lint;
pub(crate) mod new;
mod numbers;
pub(crate) mod operate;
mod report;
mod stats;
mod watch;

use std::path::PathBuf;

use svckit_driver::{Failure, Inputs};

/// The current folder, without links, so that paths below it are shown relative to it.
fn base() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|e| Failure::new(format!("can't tell the current folder: {e}")))
}

/// Everything that the paths of a command line name, each world by itself.
fn load_all(paths: &[PathBuf]) -> Result<Vec<Inputs>, Failure> {
    let base = base()?;
    let starts = svckit_driver::find(paths, &base)?;
    Ok(starts.iter().map(|start| svckit_driver::load(start, &base)).collect())
}

/// `1 contract`, `2 contracts`
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
