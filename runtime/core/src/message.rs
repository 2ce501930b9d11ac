//! Messages: events and queued commands, and the seam to what carries them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use crate::call::Metadata;
use crate::error::Result;
use crate::operation::{EventDescriptor, QueueDescriptor};
use crate::wire::Record;

/// An event that a handler emitted, before it is stamped.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Which event.
    pub event: &'static EventDescriptor,
    /// What orders it; empty where nothing does.
    pub key: String,
    /// Itself, encoded.
    pub payload: Bytes,
}

impl Outgoing {
    /// `record` as an event.
    pub fn new<T: Record>(event: &'static EventDescriptor, key: impl ToString, record: &T) -> Self {
        Self { event, key: key.to_string(), payload: record.to_bytes() }
    }
}

/// An event on its way: a fact, stamped once.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its own id, the same on each delivery.
    pub id: Uuid,
    /// Which event.
    pub event: &'static EventDescriptor,
    /// What orders it; empty where nothing does.
    pub key: String,
    /// Itself, encoded.
    pub payload: Bytes,
    /// When it happened.
    pub time: Timestamp,
    /// Tenant, correlation and trace of what caused it.
    pub meta: Metadata,
}

/// A queued command on its way.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its own id, the same on each delivery.
    pub id: Uuid,
    /// Which queue.
    pub queue: &'static QueueDescriptor,
    /// The request, encoded.
    pub payload: Bytes,
    /// Tenant, correlation and trace of the caller.
    pub meta: Metadata,
}

/// Carries events to their subscribers and commands to their queues.
pub trait Bus: Send + Sync + 'static {
    /// Takes the events over; they are delivered later.
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'static, Result<()>>;
    /// Takes a command over; it is done later.
    fn enqueue(&self, job: Job) -> BoxFuture<'static, Result<()>>;
}

/// When a schedule is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// At a fixed distance, the first time after that long.
    Interval(Duration),
    /// By a cron line of five fields, in UTC.
    Cron(&'static str),
}
