//! From a service's store to the broker.
//!
//! What a handler emitted lies in the outbox of its store once it is committed. A relay per store hands it to the broker,
//! in the order of commits, and takes it out. Publishing is idempotent by the message's id, so a crash between the two
//! is harmless. Of all processes that serve a service one relays at a time: it holds a lease in the store, taken only
//! when there is something to publish, so that after a `kill -9` another goes on within the lease and one poll.

mod relay;
mod stall;

use std::time::Duration;

pub(crate) use self::relay::Relay;

/// So many messages are handed over at once.
pub const BATCH: usize = 256;
/// How long one process has the outbox for itself after its last word.
pub const LEASE: Duration = Duration::from_secs(3);
/// How often it is looked for messages although nobody told of any.
pub const POLL: Duration = Duration::from_secs(1);
/// A message that waits longer than this and can't be published is an alert, `outbox_stalled`.
pub const STALLED: Duration = Duration::from_secs(1);
