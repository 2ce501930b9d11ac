//! The seam to what carries events and queued commands.
//!
//! A broker keeps a log of events per publishing service and a queue per queued command, and for each consumer group
//! what it has not settled yet. It decides nothing: when to try again and what is dead, the consumer says.

mod cloud_event;
mod encoding;
mod envelope;

use std::any::Any;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

pub use self::envelope::{ContentType, Envelope, Kind};
use crate::error::Result;

/// Those who share messages: each goes to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `package.Service` for its subscriptions, `package.Service.Operation` for a queue or a schedule.
    pub name: String,
    /// The names of the messages that it wants: events, a queued command, or a schedule.
    pub wants: Vec<String>,
    /// Whether messages with a key are handed out one after the other.
    pub ordered: bool,
}

/// Asks for messages.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// For which group.
    pub group: String,
    /// So many at most.
    pub most: usize,
    /// When it is asked.
    pub now: Timestamp,
    /// After that long without word from the consumer they are handed to another.
    pub lease: Duration,
    /// What this consumer calls itself.
    pub consumer: Uuid,
}

/// Which delivery of a message: a stale one settles nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// The group.
    pub group: String,
    /// The message's place.
    pub position: u64,
    /// Which delivery of it.
    pub fence: u64,
}

/// A message in the hand of a consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// What settles it.
    pub token: Token,
    /// The message.
    pub envelope: Envelope,
    /// How often it was handed out, with this time. What was given back does not count.
    pub attempt: u32,
    /// 0, or which replay this is.
    pub replay: u32,
    /// When it was first handed out.
    pub first: Timestamp,
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// It is handled.
    Ack,
    /// Again, not before then.
    Retry {
        /// The earliest time.
        at: Timestamp,
    },
    /// Again, and this time does not count: a consumer that stops, or a version that it does not know yet.
    GiveBack {
        /// The earliest time.
        at: Timestamp,
    },
    /// Never again: to the dead letters, and taken from the queue when it is there.
    Dead(Failure),
}

/// Why a message is dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The handler that failed: `ConfirmOrder`.
    pub handler: String,
    /// In a few words, for people; nothing sensitive.
    pub reason: String,
    /// The class of failure: a code of an error in snake case, `malformed`, `panic`, `expired`.
    pub class: String,
    /// What stands behind it, at most 8 KiB.
    pub stack: String,
    /// When the last attempt ended.
    pub at: Timestamp,
}

/// The longest [`Failure::stack`], bytes.
pub const STACK: usize = 8 * 1024;

/// What was given up, bytes and headers as they came.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its place among the dead letters.
    pub number: u64,
    /// The group that gave it up.
    pub group: String,
    /// Where it stood.
    pub position: u64,
    /// The message, untouched.
    pub envelope: Envelope,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first handed out.
    pub first: Timestamp,
    /// Why it is here.
    pub failure: Failure,
}

/// Which dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadFilter {
    /// Of this group.
    pub group: Option<String>,
    /// With this message id.
    pub id: Option<Uuid>,
    /// Whose message's name contains this.
    pub name: Option<String>,
    /// Of this class.
    pub class: Option<String>,
    /// Only after this number.
    pub after: u64,
    /// So many at most; 0 for as many as the broker sees fit (some hundreds): ask again after the last.
    pub limit: usize,
}

/// How a group does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupStatus {
    /// Its name.
    pub group: String,
    /// Messages not handed out yet, those that wait for another time among them.
    pub waiting: u64,
    /// Messages in the hands of consumers.
    pub in_flight: u64,
    /// When the oldest of both was published.
    pub oldest: Option<Timestamp>,
    /// Messages settled as handled so far.
    pub handled: u64,
    /// Deliveries beyond the first of a message so far.
    pub redelivered: u64,
    /// Dead letters that lie there now.
    pub dead: u64,
    /// Messages published to it so far.
    pub published: u64,
}

/// From where a group reads again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayFrom {
    /// From the first that was published then or later.
    Time(Timestamp),
    /// From this place in the log.
    Position(u64),
}

/// Carries messages. Safe to share and to cancel: what was asked is then either done or not, never half.
///
/// # Errors
/// All functions: as for [`Store`](crate::store::Store).
pub trait Broker: Send + Sync + 'static {
    /// Makes a group known, or changes what it wants. Messages published from now on are kept for it, whether or not
    /// one of its consumers lives.
    fn declare(&self, group: Group) -> BoxFuture<'static, Result<()>>;
    /// Takes messages over, in this order; durable when it returns. One whose id is there already is left out.
    fn publish(&self, batch: Vec<Envelope>, now: Timestamp) -> BoxFuture<'static, Result<()>>;
    /// Waits until there is something to hand out. Messages of one ordered group, publisher and key are never in two
    /// hands at once, and come in the order of publication; higher priorities come first, but never alone.
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'static, Result<Vec<Delivery>>>;
    /// Settles deliveries; for each, whether its token still held. `false`: another has it now, or had it.
    fn settle(
        &self,
        settlements: Vec<(Token, Settlement)>,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<bool>>>;
    /// Keeps deliveries in the hand for another `lease`; for each, whether its token still held.
    fn extend(
        &self,
        tokens: Vec<Token>,
        now: Timestamp,
        lease: Duration,
    ) -> BoxFuture<'static, Result<Vec<bool>>>;

    /// How the groups do, by name.
    fn status(&self) -> BoxFuture<'static, Result<Vec<GroupStatus>>>;
    /// Dead letters, the oldest first.
    fn dead(&self, filter: DeadFilter) -> BoxFuture<'static, Result<Vec<DeadLetter>>>;
    /// Gives dead letters to their groups again, with the same message id and no attempts; how many there were.
    fn redrive(&self, numbers: Vec<u64>, now: Timestamp) -> BoxFuture<'static, Result<u64>>;
    /// Forgets dead letters; how many there were.
    fn drop_dead(&self, numbers: Vec<u64>) -> BoxFuture<'static, Result<u64>>;
    /// Gives a group all that it wants again from there on, as far as the log is kept; how many there are.
    fn replay(
        &self,
        group: String,
        from: ReplayFrom,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<u64>>;
    /// Forgets what is past its retention, some thousand at most; how many that were.
    fn sweep(&self, now: Timestamp) -> BoxFuture<'static, Result<u64>>;
    /// The concrete type.
    fn as_any(&self) -> &dyn Any;
}
