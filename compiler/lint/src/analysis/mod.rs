//! What several rules want to know of a world, computed when it is first asked for.

pub mod availability;
pub mod calls;
pub mod exposure;
pub mod sensitive;

use std::cell::OnceCell;

use svckit_model::World;

use calls::Calls;
use sensitive::Sensitive;

/// A world and what follows from it.
#[derive(Debug)]
pub struct Analysis<'w> {
    /// What is judged.
    pub world: &'w World,
    calls: OnceCell<Calls>,
    sensitive: OnceCell<Sensitive>,
}

impl<'w> Analysis<'w> {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        Self { world, calls: OnceCell::new(), sensitive: OnceCell::new() }
    }

    /// Who calls what, how often, and how long that takes.
    pub fn calls(&self) -> &Calls {
        self.calls.get_or_init(|| Calls::new(self.world))
    }

    /// Which types hold something sensitive.
    pub fn sensitive(&self) -> &Sensitive {
        self.sensitive.get_or_init(|| Sensitive::new(self.world))
    }
}
