//! From syntax trees to the [`World`]: names first, then what they stand for, part by part.
//!
//! Every part is checked even if its neighbours are broken. What is broken still has its name, so that uses of it
//! are not reported besides; a lookup that gives [`None`] has either been reported or leads to something broken.

mod clauses;
mod constraints;
mod context;
mod deployments;
mod describe;
mod events;
mod examples;
mod exprs;
mod fields;
mod flows;
mod handlers;
mod imports;
mod items;
mod literals;
mod lookup;
mod members;
mod numbers;
mod operations;
mod policies;
mod promises;
mod register;
mod sagas;
mod services;
mod settings;
mod standard;
mod state;
mod suggest;
mod types;
mod values;

use svckit_diagnostics::Diagnostic;
use svckit_syntax::tree;

use crate::{World, check};
pub(crate) use context::Cx as Context;
use context::Cx;

/// A parsed file and whether it belongs to another workspace.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its tree.
    pub file: &'a tree::File,
    /// Known and checked, but nothing is generated for its package here.
    pub external: bool,
}

/// What [`resolve`] gives.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The contract; fit for backends only where no diagnostic is an error.
    pub world: World,
    /// What is wrong with it, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves and checks the contracts of all `files` together.
///
/// Total: whatever the trees hold, a world and its diagnostics come out, in time linear in their size.
#[must_use]
pub fn resolve(files: &[Source<'_>]) -> Resolved {
    let mut cx = Cx::new(files);
    cx.register();
    cx.imports();
    cx.saga_members();
    cx.policies();
    cx.scalars();
    cx.enums();
    cx.numbered_types();
    check::recursion(&mut cx);
    cx.services();
    cx.defaults();
    cx.operations();
    cx.events();
    cx.handlers();
    cx.event_sourced();
    cx.sagas();
    cx.promises();
    cx.choreographies();
    cx.deployments();
    cx.gateways();
    cx.examples();
    check::clashes(&mut cx);
    check::http(&mut cx);
    cx.unused_imports();
    cx.finish()
}

#[cfg(test)]
mod tests;
