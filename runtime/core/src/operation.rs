//! What the compiler tells the runtime of a service: constants that generated code holds.

mod auth;
mod live;
mod policy;

use std::time::Duration;

pub use self::auth::{Auth, Jwt, Scheme};
pub use self::live::{Change, Live, Overrides, Safe};
pub use self::policy::{
    Backoff, BreakerConfig, BulkheadConfig, Fallback, HedgeAfter, HedgeConfig, Jitter, LimitConfig,
    LimitPer, PolicyConfig, RetryConfig, TimeoutConfig,
};
use crate::http::HttpBinding;
use crate::json::JsonCodec;
use crate::message::Emits;

/// Whether an operation has effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes state.
    Command,
    /// Has no effects, and may be repeated.
    Query,
}

/// Which sides of a call are streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One request, one answer.
    Unary,
    /// One request, many answers.
    ServerStream,
    /// Many requests, one answer.
    ClientStream,
    /// Many requests, many answers.
    Bidi,
}

impl Shape {
    /// Whether either side is a stream.
    #[must_use]
    pub const fn streams(self) -> bool {
        !matches!(self, Self::Unary)
    }
}

/// What makes two calls of a command the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Doing it twice is doing it once.
    Natural,
    /// The key that the caller sends beside the request.
    ByCaller,
    /// A field of the request, by its name.
    ByField(&'static str),
    /// Nothing does.
    None,
}

/// One operation of a service.
#[derive(Debug)]
pub struct Operation {
    /// The service's name in the contract: `shop.orders.v1.Orders`.
    pub service: &'static str,
    /// The operation's name in the contract: `PlaceOrder`.
    pub name: &'static str,
    /// Where gRPC finds it: `/shop.orders.v1.OrdersService/PlaceOrder`.
    pub path: &'static str,
    /// Whether it has effects.
    pub kind: Kind,
    /// Which sides are streams.
    pub shape: Shape,
    /// What makes two calls the same.
    pub idempotency: Idempotency,
    /// Timeouts and retries, for callers and callee alike.
    pub policy: PolicyConfig,
    /// What its handler publishes.
    pub emits: Emits,
    /// How long an answer is remembered under its key.
    pub retain: Duration,
    /// The command that this one undoes.
    pub undoes: Option<&'static Operation>,
    /// What is answered where the callee does not.
    pub fallback: Fallback,
    /// Percent of the server's bulkhead above which it is refused, that others may be served.
    pub shed: Option<u32>,
    /// Where the contract puts it on HTTP; nothing: by the default mapping.
    pub http: Option<HttpBinding>,
    /// Its JSON; nothing: it is not reached over HTTP.
    pub codec: Option<JsonCodec>,
    /// How long an answer may be kept by callers and caches on the way.
    pub cache: Option<Duration>,
    /// What a caller must have been granted, all of it.
    pub scopes: &'static [&'static str],
    /// Within which limits its policy's numbers may be overridden; nothing: not at all.
    pub safe: Option<Safe>,
}

impl Operation {
    /// How long an answer is remembered where the contract says nothing.
    pub const RETAIN: Duration = Duration::from_secs(24 * 3600);

    /// A command `name` of `service`, unary, keyed by its caller, under the policy `standard`.
    #[must_use]
    pub const fn command(service: &'static str, name: &'static str, path: &'static str) -> Self {
        Self::new(service, name, path, Kind::Command, Idempotency::ByCaller)
    }

    /// A query `name` of `service`, unary, under the policy `standard`.
    #[must_use]
    pub const fn query(service: &'static str, name: &'static str, path: &'static str) -> Self {
        Self::new(service, name, path, Kind::Query, Idempotency::Natural)
    }

    const fn new(
        service: &'static str,
        name: &'static str,
        path: &'static str,
        kind: Kind,
        idempotency: Idempotency,
    ) -> Self {
        Self {
            service,
            name,
            path,
            kind,
            shape: Shape::Unary,
            idempotency,
            policy: PolicyConfig::STANDARD,
            emits: Emits::NONE,
            retain: Self::RETAIN,
            undoes: None,
            fallback: Fallback::None,
            shed: None,
            http: None,
            codec: None,
            cache: None,
            scopes: &[],
            safe: None,
        }
    }

    /// With what its handler publishes.
    #[must_use]
    pub const fn emits(mut self, emits: Emits) -> Self {
        self.emits = emits;
        self
    }

    /// With the time for which an answer is remembered under its key.
    #[must_use]
    pub const fn retain(mut self, retain: Duration) -> Self {
        self.retain = retain;
        self
    }

    /// Undoes another command by that one's key.
    #[must_use]
    pub const fn undoes(mut self, undone: &'static Operation) -> Self {
        self.undoes = Some(undone);
        self
    }

    /// On HTTP where the contract says.
    #[must_use]
    pub const fn http(mut self, binding: HttpBinding) -> Self {
        self.http = Some(binding);
        self
    }

    /// With its JSON.
    #[must_use]
    pub const fn codec(mut self, codec: JsonCodec) -> Self {
        self.codec = Some(codec);
        self
    }

    /// With the time for which an answer may be kept.
    #[must_use]
    pub const fn cache(mut self, cache: Duration) -> Self {
        self.cache = Some(cache);
        self
    }

    /// For callers who have been granted all of these.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Under a policy of that name, whose numbers may be overridden within these ranges.
    #[must_use]
    pub const fn safe(mut self, policy: &'static str, ranges: &'static str) -> Self {
        self.safe = Some(Safe { policy, ranges });
        self
    }

    /// With what is answered where the callee does not.
    #[must_use]
    pub const fn fallback(mut self, fallback: Fallback) -> Self {
        self.fallback = fallback;
        self
    }

    /// Refused where more than `percent` of the server's bulkhead are taken.
    #[must_use]
    pub const fn shed(mut self, percent: u32) -> Self {
        self.shed = Some(percent);
        self
    }

    /// `package.Service.Operation`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.service, self.name)
    }

    /// Whether its answers are recorded under a key.
    #[must_use]
    pub const fn keyed(&self) -> bool {
        matches!(self.kind, Kind::Command)
            && matches!(self.idempotency, Idempotency::ByCaller | Idempotency::ByField(_))
            && !self.shape.streams()
    }

    /// With streams on the sides that `shape` says.
    #[must_use]
    pub const fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// With another idea of what makes two calls the same.
    #[must_use]
    pub const fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// With another policy.
    #[must_use]
    pub const fn policy(mut self, policy: PolicyConfig) -> Self {
        self.policy = policy;
        self
    }

    /// Whether a call may be repeated though the callee may have seen it already: it has no effect, or one however often
    /// it is done, or the callee recognises it by its key.
    #[must_use]
    pub const fn repeatable(&self) -> bool {
        matches!(self.kind, Kind::Query)
            || matches!(self.idempotency, Idempotency::Natural)
            || self.keyed()
    }
}

/// One service.
#[derive(Debug)]
pub struct ServiceDescriptor {
    /// Its name in the contract: `shop.orders.v1.Orders`.
    pub name: &'static str,
    /// Its name on the wire: `shop.orders.v1.OrdersService`.
    pub wire_name: &'static str,
    /// Its operations, queued commands left out.
    pub operations: &'static [&'static Operation],
    /// The services that it cannot do without, by their names in the contract.
    pub calls: &'static [&'static str],
    /// How its callers show who they are.
    pub auth: Auth,
    /// An encoded `google.protobuf.FileDescriptorSet` that holds it and all that it imports, for reflection.
    pub file_descriptor: Option<&'static [u8]>,
}
