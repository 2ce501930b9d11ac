//! Faults of the network, for tests over real sockets: a clock that a test holds in its hand, a proxy that misbehaves as
//! it is told, a place that nobody answers from.

mod hand;
mod hole;
mod proxy;

pub use self::hand::Hand;
pub use self::hole::BlackHole;
pub use self::proxy::{Fault, Proxy};
