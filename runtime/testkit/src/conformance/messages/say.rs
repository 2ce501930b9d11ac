//! What a message tells its handler to do.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use svckit_core::broker::{ContentType, Envelope, Kind};
use svckit_core::call::Metadata;
use uuid::Uuid;

/// The publisher, and its event.
pub(super) const P: &str = "p.v1.P";
/// What P tells.
pub(super) const HAPPENED: &str = "p.v1.P.Happened";
/// A service that takes P's events and emits one for each.
pub(super) const A: &str = "a.v1.A";
/// What A tells.
pub(super) const FOLLOWED: &str = "a.v1.A.Followed";
/// A service that takes A's events.
pub(super) const B: &str = "b.v1.B";
/// A queued command of A.
pub(super) const QUEUE: &str = "a.v1.A.Resize";
/// A schedule of A.
pub(super) const CLEAN: &str = "a.v1.A/Clean";

/// What the handler of A does with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Its effect.
    #[default]
    Work,
    /// Its effect, after so many milliseconds.
    Slow(u64),
    /// Fails so often, then its effect.
    Fail(u32),
    /// Fails in a way that no other try could mend.
    Refuse,
    /// Panics each time.
    Panic,
    /// Never ends.
    Hang,
    /// Takes the process down each time.
    Kill,
    /// Sets the wall clock of its process by so many milliseconds, then its effect.
    Jump(i64),
}

/// A message of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say {
    /// Its number: how the oracle knows it.
    pub number: u32,
    /// Its key; empty for none.
    pub key: String,
    /// What its handler does.
    pub act: Act,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    number: u32,
    act: Act,
}

impl Say {
    /// Message `number`, which is worked off.
    #[must_use]
    pub fn new(number: u32, key: &str) -> Self {
        Self { number, key: key.to_owned(), act: Act::Work }
    }

    /// With another thing to do.
    #[must_use]
    pub fn act(mut self, act: Act) -> Self {
        self.act = act;
        self
    }

    /// As an event of P. Its id follows from its number.
    #[must_use]
    pub fn event(&self, time: Timestamp) -> Envelope {
        let payload = Payload { number: self.number, act: self.act };
        Envelope {
            id: Uuid::from_u128((1 << 100) | u128::from(self.number)),
            kind: Kind::Event,
            source: P.into(),
            name: HAPPENED.into(),
            version: 1,
            readable_since: 1,
            key: self.key.as_str().into(),
            time,
            content_type: ContentType::Json,
            meta: Metadata::default(),
            payload: serde_json::to_vec(&payload).map(Bytes::from).unwrap_or_default(),
            expires: None,
            priority: 0,
            retain: Duration::from_secs(3600),
        }
    }

    /// As a queued command of A.
    #[must_use]
    pub fn command(&self, time: Timestamp, priority: u8) -> Envelope {
        Envelope {
            kind: Kind::Command,
            name: QUEUE.into(),
            priority,
            version: 0,
            ..self.event(time)
        }
    }

    /// What follows from it: A's event.
    pub(super) fn follow(&self, time: Timestamp) -> Envelope {
        let id = Uuid::from_u128((1 << 101) | u128::from(self.number));
        let plain = Self { act: Act::Work, ..self.clone() };
        Envelope { id, source: A.into(), name: FOLLOWED.into(), ..plain.event(time) }
    }

    /// Reads what an envelope tells; nothing for what can't be read.
    pub(super) fn read(envelope: &Envelope) -> Option<Self> {
        let Payload { number, act } = serde_json::from_slice(&envelope.payload).ok()?;
        Some(Self { number, key: envelope.key.to_string(), act })
    }
}
