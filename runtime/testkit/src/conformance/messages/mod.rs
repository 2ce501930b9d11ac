//! Messages, from the outbox of one service to the effect in another's store, with everything on the way failing.
//!
//! A scenario plays in a [`World`]: a broker, the stores of three services (a publisher `P`; `A`, which takes P's events
//! and emits one for each; `B`, which takes those of A), and workers that run the services. Where the transport outlives a
//! process, a worker is one of its own, and dies by `kill -9`; in memory it is cut off from broker and stores on the spot.

mod crash;
mod oracle;
mod say;
mod scenarios;
mod soak;
mod watched;
mod worker;
mod world;

pub use self::crash::Label;
pub use self::say::{Act, Say};
pub use self::scenarios::all;
pub use self::soak::{Soaked, soak};
pub use self::worker::{Setup, WORKER, child};
pub use self::world::{Backend, World};

/// One scenario.
pub type Scenario = super::scenario::Scenario<World>;
