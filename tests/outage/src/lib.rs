//! The shop under load while one of its services is slowed, stopped and killed; and what retries add to an outage.
//!
//! [`run`] plays the first over processes and sockets of this machine and judges it by what the contracts promise;
//! [`amplify`] the second, over sockets too. The same outage on a clock in the hand is `runtime/policy/tests/outage.rs`.

pub mod act;
pub mod amplify;
pub mod house;
pub mod judge;
pub mod load;
pub mod machine;
pub mod plot;
pub mod run;
pub mod slo;
pub mod table;

/// What can go wrong on the way is told, not handled.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
