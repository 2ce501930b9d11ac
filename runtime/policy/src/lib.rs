//! Resilience policies as pure state machines: timeout, retry and what fuses them.
//!
//! [`retry`] and [`budget`] decide, with the time and the dice passed in; [`Policy::run`] acts on what they decide;
//! [`Policed`] puts it around a transport.

pub mod budget;
mod policed;
pub mod retry;
mod run;

pub use self::policed::Policed;
pub use self::run::{Attempt, Call, Policy};
