//! Spans and times of calls, on both sides.

mod accept;
mod attempt;
mod shape;
mod transport;

pub(crate) use self::accept::TracedAccept;
pub(crate) use self::attempt::{Seen, TracedAttempts};
pub use self::shape::{Peer, System};
pub(crate) use self::transport::TracedTransport;
