//! Brokers: every sentence of [`Broker`] is a scenario here, and what remains is left to chance, with a broker in memory as
//! the oracle.
//!
//! A test of a broker makes a [`Subject`] per scenario and plays [`all`] of them, then [`chance::play`].

pub mod chance;
mod make;
mod scenarios;

use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use svckit_core::broker::Broker;

pub use self::scenarios::all;

/// One scenario.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its part of the suite.
    pub area: &'static str,
    /// What must hold.
    pub name: &'static str,
    /// Why it has no meaning in memory; empty where it has.
    pub not_in_memory: &'static str,
    /// Panics where it does not hold.
    pub play: fn(Subject) -> LocalBoxFuture<'static, ()>,
}

/// Where one broker is kept, empty at first, and how it is opened.
#[derive(Clone)]
pub struct Subject {
    open: Arc<dyn Fn() -> Arc<dyn Broker> + Send + Sync>,
}

impl Subject {
    /// `open` opens the same broker each time, as another process would. What it needs is kept for as long as the subject.
    pub fn new(open: impl Fn() -> Arc<dyn Broker> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open) }
    }

    /// Opens it, once more if it is open.
    #[must_use]
    pub fn open(&self) -> Arc<dyn Broker> {
        (self.open)()
    }
}
