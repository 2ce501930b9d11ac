//! Brokers: every sentence of [`Broker`] is a scenario here, and what remains is left to chance, with a broker in memory as
//! the oracle.
//!
//! A test of a broker makes a [`Subject`] per scenario and plays [`all`] of them, then [`chance::play`].

pub mod chance;
mod make;
mod scenarios;

use svckit_core::broker::Broker;

pub use self::scenarios::all;

/// One scenario.
pub type Scenario = super::scenario::Scenario<Subject>;

/// Where one broker is kept, empty at first, and how it is opened.
pub type Subject = super::scenario::Subject<dyn Broker>;
