//! Brokers of one machine: what carries messages where no server does.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod turns;

pub use self::memory::MemoryBroker;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteBroker;
