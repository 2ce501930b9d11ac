//! The map of a world, with what the analysis of its calls says of them.

use svckit_backend_diagrams::{Graph, Numbers, View};
use svckit_model::World;

use crate::Checked;

/// The map of a checked world without errors.
///
/// # Errors
/// A sentence: the focus of the view is no name, or that of several things.
pub fn graph(checked: &Checked, view: &View) -> Result<Graph, String> {
    svckit_backend_diagrams::graph(&checked.world, view, &numbers(&checked.world))
}

/// What is computed of the calls of a world.
pub(crate) fn numbers(_world: &World) -> Numbers {
    Numbers::default()
}
