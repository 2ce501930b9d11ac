//! The metrics, by name: what is counted, in which unit, by which attributes. `runtime/METRICS.md` is written from this
//! table, and the rules and dashboards that the compiler writes ask for these names.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How values are spread.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in OpenTelemetry.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Its unit, by UCUM; what is in braces is a note.
    pub unit: &'static str,
    /// What it says.
    pub about: &'static str,
    /// The attributes that it may have.
    pub attributes: &'static [&'static str],
}

impl Metric {
    /// Its name at `/metrics`, without `_bucket`, `_sum` and `_count` of histograms.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut name = self.name.replace('.', "_");
        if self.unit == "s" {
            name.push_str("_seconds");
        }
        if self.kind == Kind::Counter {
            name.push_str("_total");
        }
        name
    }

    /// Its attributes as labels at `/metrics`.
    pub fn labels(&self) -> impl Iterator<Item = String> {
        self.attributes.iter().map(|attribute| attribute.replace('.', "_"))
    }
}

const RPC: &[&str] = &["rpc.system.name", "rpc.method", "rpc.response.status_code", "error.type"];
const HTTP: &[&str] = &[
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "url.scheme",
    "network.protocol.version",
    "error.type",
];
const HTTP_OUT: &[&str] = &[
    "http.request.method",
    "url.template",
    "http.response.status_code",
    "server.address",
    "server.port",
    "url.scheme",
    "network.protocol.version",
    "error.type",
];
const MESSAGING: &[&str] = &[
    "messaging.system",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
    "messaging.consumer.group.name",
    "error.type",
];
const GROUP: &[&str] = &["messaging.consumer.group.name"];

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $place:ident = $kind:ident $name:literal $unit:literal [$attributes:expr];)*) => {
        $(
            $(#[doc = $doc])*
            pub const $place: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                about: concat!($($doc,)*),
                attributes: $attributes,
            };
        )*
        /// All of them.
        pub const ALL: &[Metric] = &[$($place),*];
    };
}

metrics! {
    /// How long calls took that were served here.
    SERVER_CALLS = Histogram "rpc.server.call.duration" "s" [RPC];
    /// How long calls took that were made here, with all their attempts.
    CLIENT_CALLS = Histogram "rpc.client.call.duration" "s" [&["rpc.system.name", "rpc.method", "rpc.response.status_code", "server.address", "server.port", "error.type"]];
    /// How long requests over HTTP took that were served here.
    HTTP_SERVER = Histogram "http.server.request.duration" "s" [HTTP];
    /// How long requests over HTTP took that were made here, each attempt for itself.
    HTTP_CLIENT = Histogram "http.client.request.duration" "s" [HTTP_OUT];
    /// Calls that run now, by side.
    ACTIVE = Gauge "svckit.calls.active" "{call}" [&["rpc.method", "side"]];
    /// How long attempts of calls took.
    ATTEMPTS = Histogram "svckit.call.attempt.duration" "s" [&["rpc.method", "rpc.response.status_code"]];
    /// Calls that failed and were tried again, by what they failed with.
    RETRIES = Counter "svckit.call.retries" "{retry}" [&["rpc.method", "error.type"]];
    /// Calls that failed and were not tried again: budget, tokens, attempts, deadline, below, pushback.
    RETRIES_REFUSED = Counter "svckit.call.retries.refused" "{call}" [&["rpc.method", "reason"]];
    /// Calls that were refused without being tried: breaker, bulkhead, limit, shed, deadline.
    REJECTED = Counter "svckit.call.rejections" "{call}" [&["rpc.method", "side", "reason"]];
    /// Second attempts beside one that was slow.
    HEDGES = Counter "svckit.call.hedges" "{hedge}" [&["rpc.method"]];
    /// Calls that a fallback answered, by what they had failed with.
    FALLBACKS = Counter "svckit.call.fallbacks" "{call}" [&["rpc.method", "error.type"]];
    /// Breakers that are not closed now.
    BREAKERS_OPEN = Gauge "svckit.breakers.open" "{breaker}" [&["rpc.method"]];
    /// Changes of breakers, by the new state: closed, open, half_open.
    BREAKER_CHANGES = Counter "svckit.breaker.changes" "{change}" [&["rpc.method", "state"]];
    /// Attempts that went to each of several endpoints.
    PICKS = Counter "svckit.endpoint.picks" "{attempt}" [&["rpc.service", "server.address", "server.port"]];
    /// How often it was found where a service is, or why it was not.
    RESOLUTIONS = Counter "svckit.discovery.resolutions" "{resolution}" [&["rpc.service", "error.type"]];
    /// Endpoints of a service that are known now, where it may have several.
    ENDPOINTS = Gauge "svckit.endpoints.known" "{endpoint}" [&["rpc.service"]];
    /// Endpoints that came and went: joined, left.
    ENDPOINT_CHANGES = Counter "svckit.endpoint.changes" "{change}" [&["rpc.service", "change"]];
    /// Repeated calls that were not done again: answer, error, running, reused.
    REPLAYS = Counter "svckit.call.replays" "{call}" [&["rpc.method", "outcome"]];
    /// Times that a configuration file was read again while the process ran: taken, refused.
    RELOADS = Counter "svckit.config.reloads" "{reload}" [&["part", "outcome"]];
    /// Endpoints that were left in peace because they did worse than the others.
    EJECTIONS = Counter "svckit.endpoint.ejections" "{ejection}" [&["rpc.service"]];
    /// Endpoints that are left in peace now.
    EJECTED = Gauge "svckit.endpoints.ejected" "{endpoint}" [&["rpc.service"]];
    /// Messages handed to the broker, or refused by it.
    SENT = Counter "messaging.client.sent.messages" "{message}" [MESSAGING];
    /// How long the broker took to take messages.
    SEND_DURATION = Histogram "messaging.client.operation.duration" "s" [MESSAGING];
    /// Messages that came into the hands of handlers.
    CONSUMED = Counter "messaging.client.consumed.messages" "{message}" [MESSAGING];
    /// How long handlers took for a message.
    PROCESS = Histogram "messaging.process.duration" "s" [MESSAGING];
    /// Deliveries, by what became of them: done, duplicate, retried, dead, dropped, held, expired, given_back, lost.
    SETTLED = Counter "svckit.message.deliveries" "{delivery}" [&["messaging.consumer.group.name", "messaging.destination.name", "outcome", "error.type"]];
    /// Deliveries of messages that had been handed out before.
    REDELIVERIES = Counter "svckit.message.redeliveries" "{delivery}" [&["messaging.consumer.group.name", "messaging.destination.name"]];
    /// From the publication of a message to a consumer's hand.
    DELIVERY_LAG = Histogram "svckit.message.delivery.lag" "s" [&["messaging.consumer.group.name", "messaging.destination.name"]];
    /// Messages that wait for a group, over all processes.
    WAITING = Gauge "svckit.messages.waiting" "{message}" [GROUP];
    /// Messages of a group in the hands of consumers, over all processes.
    IN_FLIGHT = Gauge "svckit.messages.in_flight" "{message}" [GROUP];
    /// How long the oldest message of a group has waited; 0 where none does.
    LAG = Gauge "svckit.messages.lag" "s" [GROUP];
    /// Dead letters of a group that lie there now.
    DEAD = Gauge "svckit.messages.dead" "{message}" [GROUP];
    /// Messages in an outbox that wait for the broker to take them.
    OUTBOX_WAITING = Gauge "svckit.outbox.waiting" "{message}" [&["rpc.service"]];
    /// How long the oldest message of an outbox has waited; 0 where none does.
    OUTBOX_LAG = Gauge "svckit.outbox.lag" "s" [&["rpc.service"]];
    /// 1 while the oldest message of an outbox can't be published.
    OUTBOX_STALLED = Gauge "svckit.outbox.stalled" "{outbox}" [&["rpc.service"]];
    /// Rounds of an outbox's relay that failed.
    OUTBOX_FAILURES = Counter "svckit.outbox.failures" "{failure}" [&["rpc.service", "error.type"]];
}

/// The bounds of all histograms of times, in seconds: those that the conventions advise, and some that SLOs speak of.
pub const BOUNDS: [f64; 22] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0,
    2.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// So many different sets of attributes a metric may have; what is beyond goes to one that says `otel.metric.overflow`.
pub const CARDINALITY: usize = 1000;
