//! The resolved, typed contract: name resolution, types and checks of the .svc language.
//!
//! [`World`] holds everything by typed ids in arenas; lists keep the order of the sources, so that what is
//! generated never depends on a hash. Nothing here knows files, the environment, or what is generated.

mod arena;
pub mod capabilities;
mod check;
pub mod codes;
pub mod redelivery;
mod resolve;
pub mod timing;
pub mod world;

pub use arena::{Arena, Id};
pub use resolve::{Resolved, Source, resolve};
pub use world::*;
