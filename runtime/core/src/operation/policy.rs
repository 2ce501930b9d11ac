//! The numbers of a contract's policy, resolved by the compiler: what it checked is what the runtime enforces.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{Code, Codes};

/// How long a call and its parts may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeoutConfig {
    /// For a connection to come about.
    pub connect: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For the call with all its attempts and pauses.
    pub total: Duration,
}

/// How pauses between attempts grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Doubling.
    Exponential,
    /// By the base each time.
    Linear,
    /// Not at all.
    Constant,
}

impl Backoff {
    /// The pause after so many failed attempts, before it is spread and capped; the first is 1.
    #[must_use]
    pub fn pause(self, base: Duration, failed: u32) -> Duration {
        match self {
            Self::Exponential => base.saturating_mul(1 << failed.saturating_sub(1).min(31)),
            Self::Linear => base.saturating_mul(failed.max(1)),
            Self::Constant => base,
        }
    }
}

/// How pauses between attempts are spread, so that callers do not come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Anything from zero to the pause.
    Full,
    /// Anything from half of the pause to the pause.
    Equal,
    /// Not at all.
    None,
}

/// How often, when and how eagerly a call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// Attempts at most, with the first.
    pub attempts: u32,
    /// How pauses grow.
    pub backoff: Backoff,
    /// How pauses are spread.
    pub jitter: Jitter,
    /// The first pause before it is spread.
    pub base: Duration,
    /// The upper bound of every pause.
    pub cap: Duration,
    /// What is tried again.
    pub on: Codes,
    /// Retries allowed per hundred calls.
    pub budget_percent: u32,
    /// Retries allowed per second whatever the number of calls.
    pub budget_floor: u32,
    /// Retry although a layer below already did.
    pub even_if_retried: bool,
}

/// When a callee is given up for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// What is looked back on.
    pub window: Duration,
    /// Percent of failed calls in the window that open it.
    pub failure_rate: u32,
    /// A call that takes longer is slow.
    pub slow_call: Duration,
    /// Percent of slow calls in the window that open it.
    pub slow_rate: u32,
    /// Calls in the window below which no rate opens it.
    pub min_calls: u32,
    /// How long it stays open the first time.
    pub open_min: Duration,
    /// How long it stays open at most.
    pub open_max: Duration,
    /// Probes at once while it is half open.
    pub half_open: u32,
}

/// How many calls run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadConfig {
    /// Calls at once.
    pub concurrent: u32,
    /// Calls that may wait for their turn.
    pub queue: u32,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitPer {
    /// Everybody.
    All,
    /// Each caller has its own.
    Caller,
    /// Each tenant has its own.
    Tenant,
}

/// How many calls are taken in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitConfig {
    /// The time between two calls at the rate that is allowed.
    pub every: Duration,
    /// Calls at once beyond it.
    pub burst: u32,
    /// Who shares it.
    pub per: LimitPer,
}

/// When a second request goes out though the first may still be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HedgeAfter {
    /// After that many thousandths of the answers seen lately would have come: 950 is p95.
    Permille(u32),
    /// After that time.
    Fixed(Duration),
}

/// Requests that race each other. For queries alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HedgeConfig {
    /// When the next one goes out.
    pub after: HedgeAfter,
    /// How many beyond the first.
    pub at_most: u32,
}

/// What is answered where the callee does not.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// Nothing: the error is the answer.
    None,
    /// The last answer to the same request, if it is not older than that.
    Cached(Duration),
    /// This value, encoded.
    Value(fn() -> Bytes),
}

/// The numbers of a contract's policy, resolved. Nothing stands for a block that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyConfig {
    /// How long.
    pub timeout: TimeoutConfig,
    /// How often.
    pub retry: Option<RetryConfig>,
    /// When the callee is given up for a while.
    pub breaker: Option<BreakerConfig>,
    /// How many at once.
    pub bulkhead: Option<BulkheadConfig>,
    /// How many in a time.
    pub limit: Option<LimitConfig>,
    /// Whether requests race each other, in place of retries.
    pub hedge: Option<HedgeConfig>,
    /// Percent of a callee's endpoints that may be given up at once.
    pub outlier: Option<u32>,
}

impl TimeoutConfig {
    /// The timeouts of the policy `standard`.
    pub const STANDARD: Self = Self {
        connect: Duration::from_millis(500),
        attempt: Duration::from_secs(1),
        total: Duration::from_secs(3),
    };
}

impl RetryConfig {
    /// The retries of the policy `standard`.
    pub const STANDARD: Self = Self {
        attempts: 3,
        backoff: Backoff::Exponential,
        jitter: Jitter::Full,
        base: Duration::from_millis(50),
        cap: Duration::from_secs(20),
        on: Codes::of(&[Code::Unavailable, Code::Aborted, Code::ResourceExhausted]),
        budget_percent: 20,
        budget_floor: 10,
        even_if_retried: false,
    };
}

impl BreakerConfig {
    /// The breaker of the policy `standard`.
    pub const STANDARD: Self = Self {
        window: Duration::from_secs(10),
        failure_rate: 50,
        slow_call: Duration::from_secs(2),
        slow_rate: 80,
        min_calls: 20,
        open_min: Duration::from_secs(5),
        open_max: Duration::from_secs(60),
        half_open: 3,
    };
}

impl PolicyConfig {
    /// The policy `standard`.
    pub const STANDARD: Self = Self {
        timeout: TimeoutConfig::STANDARD,
        retry: Some(RetryConfig::STANDARD),
        breaker: Some(BreakerConfig::STANDARD),
        bulkhead: None,
        limit: None,
        hedge: None,
        outlier: Some(10),
    };

    /// With nothing but time limits: for what stands in for a policy where another one governs.
    #[must_use]
    pub const fn timeouts(timeout: TimeoutConfig) -> Self {
        Self { timeout, retry: None, breaker: None, outlier: None, ..Self::STANDARD }
    }
}
