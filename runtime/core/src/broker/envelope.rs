//! What a message travels in: CloudEvents 1.0, and what svckit adds to it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::call::Metadata;

/// What kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A fact, for every group that wants it.
    Event,
    /// A command that is done later, by one consumer.
    Command,
    /// A time of a schedule, for one instance.
    Tick,
}

/// In which form the payload is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// `application/protobuf`
    #[default]
    Protobuf,
    /// `application/json`: ProtoJSON.
    Json,
    /// Something foreign, as it was said.
    Other(Arc<str>),
}

impl ContentType {
    /// As CloudEvents' `datacontenttype`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Protobuf => "application/protobuf",
            Self::Json => "application/json",
            Self::Other(text) => text,
        }
    }

    /// What `text` says, without regard to case and parameters.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/protobuf" | "application/x-protobuf" => Self::Protobuf,
            "application/json" => Self::Json,
            _ => Self::Other(text.into()),
        }
    }
}

/// A message on its way: stamped once, never changed.
#[derive(Clone, PartialEq)]
pub struct Envelope {
    /// CloudEvents `id`: the same on each delivery, and that of its row in the outbox.
    pub id: Uuid,
    /// What kind of message.
    pub kind: Kind,
    /// CloudEvents `source`: the service that published it, `shop.orders.v1.Orders`.
    pub source: Arc<str>,
    /// CloudEvents `type`: `shop.orders.v1.Orders.OrderPlaced`; a queued command's or schedule's full name.
    pub name: Arc<str>,
    /// The event's version; 0 for what has none.
    pub version: u32,
    /// The oldest version whose readers can read this one.
    pub readable_since: u32,
    /// CloudEvents `partitionkey`: what orders it among those of its source; empty where nothing does.
    pub key: Arc<str>,
    /// CloudEvents `time`: when it happened.
    pub time: Timestamp,
    /// CloudEvents `datacontenttype`.
    pub content_type: ContentType,
    /// Correlation, causation, tenant, principal, trace, contract fingerprint: see [`metadata`](crate::call::metadata).
    pub meta: Metadata,
    /// Itself, encoded.
    pub payload: Bytes,
    /// After that it is not worth handling.
    pub expires: Option<Timestamp>,
    /// 0 to 7, the highest first.
    pub priority: u8,
    /// How long the broker's log keeps it.
    pub retain: Duration,
}

crate::hidden::hidden! {
    Envelope { id kind source name version readable_since time content_type meta expires priority retain } key payload;
}
