//! What several rules want to know of a world, computed when it is first asked for.

use svckit_model::World;

/// A world and what follows from it.
#[derive(Debug)]
pub struct Analysis<'w> {
    /// What is judged.
    pub world: &'w World,
}

impl<'w> Analysis<'w> {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        Self { world }
    }
}
