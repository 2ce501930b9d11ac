//! What a handler did, to be committed at once.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::Range;
use crate::broker::Envelope;
use crate::hidden::{Hide, hidden};

/// All effects of one run of a handler on its own service.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// When it ends.
    pub now: Timestamp,
    /// What was read by key: refused if any has changed.
    pub reads: Vec<Read>,
    /// What was read by range: refused if any would be answered otherwise.
    pub scans: Vec<ScanRead>,
    /// What the state becomes; each key once.
    pub writes: Vec<Write>,
    /// What is to be published, in this order.
    pub outbox: Vec<Envelope>,
    /// The message that was handled: refused if it was before.
    pub inbox: Option<Inbox>,
    /// The command that was run: refused under a stale fence.
    pub finish: Option<Finish>,
    /// The key of the command that was undone.
    pub close: Option<Close>,
}

impl Unit {
    /// Whether there is nothing to make durable and nothing to validate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty()
            && self.scans.is_empty()
            && self.writes.is_empty()
            && self.outbox.is_empty()
            && self.inbox.is_none()
            && self.finish.is_none()
            && self.close.is_none()
    }
}

/// A value that was read by its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Read {
    /// Its table.
    pub table: &'static str,
    /// Its key.
    pub key: String,
    /// The version that was seen; 0: there was none.
    pub version: u64,
}

/// Values that were read by a range.
#[derive(Clone, PartialEq, Eq)]
pub struct ScanRead {
    /// Their table.
    pub table: &'static str,
    /// What was asked.
    pub range: Range,
    /// What was answered: keys and versions.
    pub seen: Vec<(String, u64)>,
}

/// A change of the state.
#[derive(Clone, PartialEq, Eq)]
pub struct Write {
    /// Its table.
    pub table: &'static str,
    /// Its key.
    pub key: String,
    /// The new value; nothing to delete it.
    pub value: Option<Bytes>,
}

/// A message as a consumer saw it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inbox {
    /// `package.Service.Handler`.
    pub consumer: String,
    /// The message.
    pub id: Uuid,
    /// 0, or which replay it belongs to: a message that is replayed is handled again.
    pub replay: u32,
    /// Until when it must be remembered.
    pub keep_until: Timestamp,
}

/// What makes two calls of a command the same call.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// `package.Service.Operation`.
    pub operation: String,
    /// For whom: the principal; empty where nobody is known.
    pub principal: String,
    /// For which tenant; empty without tenants.
    pub tenant: String,
    /// The key of idempotency.
    pub key: String,
}

/// The end of a keyed command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Which one.
    pub key: RecordKey,
    /// What [`Claimed::Run`](super::Claimed::Run) gave.
    pub fence: u64,
    /// What is answered, also next time.
    pub outcome: Recorded,
    /// Until when it must be remembered.
    pub keep_until: Timestamp,
}

/// A recorded answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The response, encoded.
    Response(Bytes),
    /// The failure: an encoded `google.rpc.Status`.
    Failure(Bytes),
}

/// What is recorded under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nothing, or nothing any more.
    Free,
    /// It runs.
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It is closed, after it had succeeded or not.
    Closed(Undone),
}

/// What an undo found when it closed a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// The command had succeeded.
    Effect,
    /// The command had not run, had failed, or was still running and is fenced off now.
    Nothing,
}

/// Closes a key, so that what comes late under it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The key of the command that is undone.
    pub key: RecordKey,
    /// What was found before: the commit is refused if it is otherwise now. [`Undone::Nothing`] holds for a slot that is
    /// free, running or failed, [`Undone::Effect`] for one that succeeded, and each for one closed with the same.
    pub found: Undone,
    /// Until when it must be remembered.
    pub keep_until: Timestamp,
}

/// Why a unit was refused.
#[derive(Clone, PartialEq, Eq)]
pub enum Conflict {
    /// What was read has changed: run the handler again.
    Changed {
        /// The table.
        table: &'static str,
        /// The key, or the prefix.
        key: String,
    },
    /// The message was handled already.
    Seen,
    /// Another one has the claim now, or the key was closed.
    Fenced,
    /// The command to undo did something since it was asked: run the undo again.
    Reopened,
}

hidden! {
    Read { table version } key;
    ScanRead { table range } seen;
    Write { table } key value;
    RecordKey { operation principal tenant } key;
}

impl fmt::Debug for Recorded {
    /// Without what is recorded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(bytes) => f.debug_tuple("Response").field(&bytes.hide()).finish(),
            Self::Failure(bytes) => f.debug_tuple("Failure").field(&bytes.hide()).finish(),
        }
    }
}

impl fmt::Debug for Conflict {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { table, .. } => f.debug_struct("Changed").field("table", table).finish(),
            Self::Seen => f.write_str("Seen"),
            Self::Fenced => f.write_str("Fenced"),
            Self::Reopened => f.write_str("Reopened"),
        }
    }
}
