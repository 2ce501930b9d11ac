//! Messages that survive: from the outbox of a service to the broker, from the broker to a handler, again where that
//! fails, and to the dead letters where nothing helps.
//!
//! [`Messaging::start`] runs all of it for the services of one process: a [relay](outbox) per store, a
//! [consumer] per group, a ticker per [schedule]. It knows stores and brokers by their seams alone,
//! and time, chance and ids by [`Env`](svckit_core::clock::Env). [`dead_letter`] is what operators do.

pub mod consumer;
pub mod dead_letter;
mod messaging;
pub mod outbox;
pub mod schedule;
mod status;
mod sweep;
mod time;

pub use self::consumer::{ConsumerGroup, Handle, Hosted};
pub use self::messaging::{Messaging, MessagingParts, ServiceStore};
pub use self::schedule::Cron;
pub use self::status::{GroupCounters, Lag, OutboxCounters, Status};
