//! Calls and messages between svckit services of one process.
//!
//! Calls go through the same seams as those over a network: encoded bytes, deadlines, cancellation, panics caught. So
//! what works in one process works in two.

mod broker;
mod bus;
mod calls;
mod cron;
mod schedule;

pub use self::broker::MemoryBroker;
#[cfg(feature = "sqlite")]
pub use self::broker::SqliteBroker;
pub use self::bus::{DeadLetter, LocalBus};
pub use self::calls::InProcess;
pub use self::cron::Cron;
