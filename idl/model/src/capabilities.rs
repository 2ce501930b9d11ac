//! What each broker and store can do: one table, read by rules and by whoever writes what a runtime is told.

/// Nanoseconds of a day.
const DAY: u64 = 86_400_000_000_000;
/// Nanoseconds of a minute.
const MINUTE: u64 = 60_000_000_000;

/// What a broker can do for events and queued commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerCapabilities {
    /// As it is written in a deployment.
    pub kind: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// Keeps a message until somebody has handled it; else `at_most_once` is all that it gives.
    pub durable: bool,
    /// Events of one key reach a group in order.
    pub order: bool,
    /// What was handled can be read again, from the beginning.
    pub replay: bool,
    /// How long a message can be held back before it is delivered again, in nanoseconds; none where it can't be.
    pub delay: Option<u64>,
    /// How long a handler may take without a word, unless a deployment says `ack`, in nanoseconds.
    pub ack: u64,
    /// How long a handler may take if it tells that it still works, in nanoseconds; none where that can't be told.
    pub ack_extended: Option<u64>,
    /// How long it keeps a message at most, in nanoseconds.
    pub keeps: u64,
}

const NONE: BrokerCapabilities = BrokerCapabilities {
    kind: "",
    name: "",
    durable: false,
    order: false,
    replay: false,
    delay: None,
    ack: u64::MAX,
    ack_extended: Some(u64::MAX),
    keeps: 0,
};

const LOG: BrokerCapabilities = BrokerCapabilities {
    durable: true,
    order: true,
    replay: true,
    delay: Some(u64::MAX),
    keeps: u64::MAX,
    ..NONE
};

/// Every broker that a deployment may name.
pub const BROKERS: [BrokerCapabilities; 8] = [
    BrokerCapabilities { kind: "local", name: "the local broker", ..LOG },
    BrokerCapabilities { kind: "nats", name: "NATS JetStream", ack: MINUTE / 2, ..LOG },
    BrokerCapabilities { kind: "nats_core", name: "core NATS", ..NONE },
    BrokerCapabilities { kind: "kafka", name: "Kafka", ack: 5 * MINUTE, ..LOG },
    BrokerCapabilities {
        kind: "rabbitmq",
        name: "RabbitMQ",
        replay: false,
        ack: 30 * MINUTE,
        ack_extended: None,
        ..LOG
    },
    BrokerCapabilities { kind: "redis", name: "Redis Streams", ack: MINUTE, ..LOG },
    BrokerCapabilities { kind: "redis_pubsub", name: "Redis Pub/Sub", ..NONE },
    BrokerCapabilities {
        kind: "sqs",
        name: "SQS",
        replay: false,
        delay: Some(DAY / 2),
        ack: MINUTE / 2,
        ack_extended: Some(DAY / 2),
        keeps: 14 * DAY,
        ..LOG
    },
];

/// What a store can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreCapabilities {
    /// As it is written in a deployment.
    pub kind: &'static str,
    /// What is committed is there after the process has died.
    pub survives: bool,
}

/// Every store that a deployment may name.
pub const STORES: [StoreCapabilities; 3] = [
    StoreCapabilities { kind: "memory", survives: false },
    StoreCapabilities { kind: "sqlite", survives: true },
    StoreCapabilities { kind: "postgres", survives: true },
];

/// What a broker can do, by its word in a deployment.
#[must_use]
pub fn broker(kind: &str) -> Option<&'static BrokerCapabilities> {
    BROKERS.iter().find(|b| b.kind == kind)
}

/// What a store can do, by its word in a deployment.
#[must_use]
pub fn store(kind: &str) -> Option<&'static StoreCapabilities> {
    STORES.iter().find(|s| s.kind == kind)
}
