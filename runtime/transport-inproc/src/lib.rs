//! Calls and messages between svckit services of one machine.
//!
//! Calls go through the same seams as those over a network: encoded bytes, deadlines, cancellation, panics caught. So
//! what works in one process works in two. Messages go through a broker, in memory or in one file that the processes of
//! a machine share.

mod broker;
mod calls;

pub use self::broker::MemoryBroker;
#[cfg(feature = "sqlite")]
pub use self::broker::SqliteBroker;
pub use self::calls::InProcess;
