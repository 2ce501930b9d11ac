//! What several rules want to know of a world, computed when it is first asked for.

pub mod availability;
pub mod calls;
pub mod choreography;
pub mod exposure;
pub mod flow;
pub mod needs;
pub mod petri;
pub mod redelivery;
pub mod saga;
pub mod sensitive;

use std::cell::OnceCell;

use svckit_model::World;

use calls::Calls;
use flow::Flow;
use sensitive::Sensitive;

/// A world and what follows from it.
#[derive(Debug)]
pub struct Analysis<'w> {
    /// What is judged.
    pub world: &'w World,
    calls: OnceCell<Calls>,
    flow: OnceCell<Flow>,
    choreographies: OnceCell<Vec<choreography::Flow>>,
    sensitive: OnceCell<Sensitive>,
}

impl<'w> Analysis<'w> {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        Self {
            world,
            calls: OnceCell::new(),
            flow: OnceCell::new(),
            choreographies: OnceCell::new(),
            sensitive: OnceCell::new(),
        }
    }

    /// Who calls what, how often, and how long that takes.
    pub fn calls(&self) -> &Calls {
        self.calls.get_or_init(|| Calls::new(self.world))
    }

    /// Who publishes and who reads events.
    pub fn flow(&self) -> &Flow {
        self.flow.get_or_init(|| Flow::new(self.world))
    }

    /// Every choreography, followed.
    pub fn flows(&self) -> &[choreography::Flow] {
        self.choreographies.get_or_init(|| choreography::flows(self.world, self.flow()))
    }

    /// How many states of choreographies were looked at up to now.
    #[must_use]
    pub fn states(&self) -> usize {
        self.choreographies.get().into_iter().flatten().map(choreography::Flow::states).sum()
    }

    /// Which types hold something sensitive.
    pub fn sensitive(&self) -> &Sensitive {
        self.sensitive.get_or_init(|| Sensitive::new(self.world))
    }
}
