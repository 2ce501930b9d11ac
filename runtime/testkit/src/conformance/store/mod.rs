//! Stores: every sentence of [`Store`] is a scenario here, and what remains is left to chance, with a store in memory as
//! the oracle.
//!
//! A test of a store makes a [`Subject`] per scenario and plays [`all`] of them, then [`chance::play`].

pub mod chance;
mod make;
mod scenarios;

use svckit_core::store::Store;

pub use self::scenarios::all;

/// One scenario.
pub type Scenario = super::scenario::Scenario<Subject>;

/// Where one store is kept, empty at first, and how it is opened.
pub type Subject = super::scenario::Subject<dyn Store>;
