//! What each broker and store can do: one table, read by rules and by whoever writes what a runtime is told.

/// Nanoseconds of a day.
const DAY: u64 = 86_400_000_000_000;
/// Nanoseconds of a minute.
const MINUTE: u64 = 60_000_000_000;

/// Bytes of a kibibyte.
const KIB: u64 = 1_024;
/// Bytes of a mebibyte.
const MIB: u64 = 1_024 * KIB;

/// How a broker carries an answer back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It has something for it.
    Native,
    /// By a topic, a stream or a queue of answers, and their correlation ids: it works, and waits longer than a call does.
    Emulated,
}

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
    /// Urgent messages come first: as many levels as there may be queues for one command; none where nothing waits.
    pub priorities: u32,
    /// How large one message may be, in bytes, as the broker is delivered or at most where that is fixed.
    pub size: u64,
    /// How large an event may be, where something stands between that takes less.
    pub event_size: Option<u64>,
    /// With the inbox of a store that survives: one effect for each message.
    pub effectively_once: bool,
    /// How an answer comes back.
    pub reply: Reply,
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
    priorities: 0,
    size: MIB,
    event_size: None,
    effectively_once: false,
    reply: Reply::Native,
    ack: u64::MAX,
    ack_extended: Some(u64::MAX),
    keeps: 0,
};

const LOG: BrokerCapabilities = BrokerCapabilities {
    durable: true,
    order: true,
    replay: true,
    delay: Some(u64::MAX),
    priorities: 8,
    effectively_once: true,
    keeps: u64::MAX,
    ..NONE
};

/// Every broker that a deployment may name.
pub const BROKERS: [BrokerCapabilities; 8] = [
    BrokerCapabilities { kind: "local", name: "the local broker", size: u64::MAX, ..LOG },
    BrokerCapabilities { kind: "nats", name: "NATS JetStream", ack: MINUTE / 2, ..LOG },
    BrokerCapabilities { kind: "nats_core", name: "core NATS", ..NONE },
    BrokerCapabilities {
        kind: "kafka",
        name: "Kafka",
        reply: Reply::Emulated,
        ack: 5 * MINUTE,
        ..LOG
    },
    BrokerCapabilities {
        kind: "rabbitmq",
        name: "RabbitMQ",
        replay: false,
        size: 16 * MIB,
        ack: 30 * MINUTE,
        ack_extended: None,
        ..LOG
    },
    BrokerCapabilities {
        kind: "redis",
        name: "Redis Streams",
        size: 512 * MIB,
        reply: Reply::Emulated,
        ack: MINUTE,
        ..LOG
    },
    BrokerCapabilities { kind: "redis_pubsub", name: "Redis Pub/Sub", size: 32 * MIB, ..NONE },
    BrokerCapabilities {
        kind: "sqs",
        name: "SQS",
        replay: false,
        delay: Some(DAY / 2),
        size: MIB,
        // Over SNS, to all who subscribe.
        event_size: Some(256 * KIB),
        reply: Reply::Emulated,
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

#[cfg(test)]
mod tests {
    use super::{BROKERS, STORES, broker, store};

    #[test]
    fn what_follows_from_what_holds_in_every_line() {
        for can in &BROKERS {
            assert_eq!(broker(can.kind), Some(can));
            // Nothing that forgets can hold back, replay, put in order of urgency, or promise one effect.
            let more = can.order || can.replay || can.delay.is_some() || can.effectively_once;
            assert!(can.durable || !(more || can.priorities > 0 || can.keeps > 0), "{}", can.kind);
            assert!(!can.durable || (can.keeps > 0 && can.priorities == 8), "{}", can.kind);
            assert!(can.size >= 64 << 10, "{}", can.kind);
            assert!(can.event_size.is_none_or(|most| most < can.size), "{}", can.kind);
            assert!(can.ack_extended.is_none_or(|most| most >= can.ack), "{}", can.kind);
        }
        assert!(STORES.iter().all(|can| store(can.kind) == Some(can)));
        assert_eq!(broker("mqtt"), None);
    }
}
