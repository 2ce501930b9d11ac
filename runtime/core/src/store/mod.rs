//! The seam to what keeps a service's effects: its state, what it has answered, what it has seen, what it is to publish.
//!
//! A handler's effects are gathered in a [`Unit`] and committed at its end, all or nothing. What was read on the way is
//! validated then, so that no lock is held while a handler runs; [`Store::exclusive`] is for those that want one.
//! Time is passed in: a store has no clock of its own.

mod unit;

use std::any::Any;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

pub use self::unit::{
    Close, Conflict, Finish, Inbox, Read, RecordKey, Recorded, ScanRead, Slot, Undone, Unit, Write,
};
use crate::broker::Envelope;
use crate::error::Result;

/// So long after its lease has ended, a claim that nobody has finished may be forgotten.
pub const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A value of the state, with its version.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record, encoded.
    pub value: Bytes,
    /// From 1, greater with each put; a key that was deleted and put again never has a version that it had before.
    pub version: u64,
}

/// Keys from `from` on that begin with `prefix`, in the order of their bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range {
    /// What all of them begin with; empty for all.
    pub prefix: String,
    /// Only those after this one.
    pub after: Option<String>,
    /// So many at most.
    pub limit: usize,
}

crate::hidden::hidden! {
    Stored { version } value;
    Range { limit } prefix after;
}

/// Asks to run a keyed command.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which command, for whom, under which key.
    pub key: RecordKey,
    /// SHA-256 of the canonical request.
    pub request: [u8; 32],
    /// When it is asked.
    pub now: Timestamp,
    /// How long nobody else may run it.
    pub lease: Duration,
}

/// The answer to a [`Claim`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Run it; the commit must show this fence.
    Run {
        /// Greater than that of everyone who claimed the key before.
        fence: u64,
    },
    /// It was done: answer this again.
    Done(Recorded),
    /// Somebody runs it, until then at most.
    Running {
        /// When their lease ends.
        until: Timestamp,
    },
    /// The key was used for another request.
    OtherRequest,
    /// It was undone, so it must not run any more.
    Closed,
}

/// One message that waits to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its place in the order of commits.
    pub seq: u64,
    /// Itself; its id is that of its row.
    pub envelope: Envelope,
}

/// How the outbox does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// How many wait.
    pub waiting: u64,
    /// When the oldest of them was committed.
    pub oldest: Option<Timestamp>,
}

/// What became of a [`Unit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// All of it is durable.
    Done,
    /// Nothing of it is, and this is why.
    Refused(Conflict),
}

/// A transaction that nobody else's commit can come between, open until it is committed; dropping it rolls it back.
pub trait Exclusive: Send + 'static {
    /// As [`Store::commit`], together with what was done inside; either way it is over.
    ///
    /// # Errors
    /// `unavailable` or `resource_exhausted`: nothing was written.
    fn commit(self: Box<Self>, unit: Unit) -> BoxFuture<'static, Result<Commit>>;
    /// The concrete type, for raw access.
    fn as_any(&self) -> &dyn Any;
}

/// One service's durable memory. All of it belongs to one service and nobody else writes there.
///
/// Every function is safe to cancel: what was asked is then either done or not, never half.
///
/// # Errors
/// All of them: `unavailable` for what may pass (locked, busy, gone), `resource_exhausted` for a full disk, `data_loss`
/// for what is damaged, `failed_precondition` for a store of another version; the message names the file or address.
pub trait Store: Send + Sync + 'static {
    /// The value under a key of a table; nothing if there is none.
    fn get(&self, table: &'static str, key: String) -> BoxFuture<'static, Result<Option<Stored>>>;
    /// Keys and values in a range, in order.
    fn scan(
        &self,
        table: &'static str,
        range: Range,
    ) -> BoxFuture<'static, Result<Vec<(String, Stored)>>>;
    /// Asks to run a keyed command; a claim that was granted is durable before this returns.
    fn claim(&self, claim: Claim) -> BoxFuture<'static, Result<Claimed>>;
    /// Gives a claim back, as if it had not been made: for what failed without effect and may be tried again.
    fn release(&self, key: RecordKey, fence: u64) -> BoxFuture<'static, Result<()>>;
    /// What is recorded under a key, for the undo of what ran under it.
    fn slot(&self, key: RecordKey, now: Timestamp) -> BoxFuture<'static, Result<Slot>>;
    /// Whether a consumer has handled a message.
    fn seen(&self, inbox: Inbox) -> BoxFuture<'static, Result<bool>>;
    /// Makes all of it durable, or nothing.
    fn commit(&self, unit: Unit) -> BoxFuture<'static, Result<Commit>>;
    /// Waits for the one exclusive transaction of the service; others' commits wait until it is over. One that is held
    /// longer than `at_most` is rolled back, and its commit refused with `aborted`.
    fn exclusive(&self, at_most: Duration) -> BoxFuture<'static, Result<Box<dyn Exclusive>>>;

    /// The oldest messages of the outbox after `seq`, in commit order.
    fn outbox(&self, after: u64, limit: usize) -> BoxFuture<'static, Result<Vec<Pending>>>;
    /// Takes what was published out of the outbox.
    fn published(&self, seqs: Vec<u64>) -> BoxFuture<'static, Result<()>>;
    /// Returns once something was committed to the outbox since the last call that returned; may return without.
    fn outbox_grew(&self) -> BoxFuture<'static, ()>;
    /// How the outbox does.
    fn outbox_status(&self) -> BoxFuture<'static, Result<OutboxStatus>>;
    /// Takes the lease of the relay, so that one process publishes at a time; renews it for its holder. `false` if
    /// another holds it. Where another's ends later than `now + lease`, for a clock was set back, it is cut to that.
    /// A `lease` of zero gives it back; from one who does not hold it, it changes nothing.
    fn lease_relay(
        &self,
        holder: Uuid,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<bool>>;

    /// Forgets records and inbox entries that are over, some thousand at most; how many that were. Claims that nobody
    /// finished are over [`ABANDONED`] after their lease.
    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>>;
    /// The concrete type, for raw access.
    fn as_any(&self) -> &dyn Any;
}
