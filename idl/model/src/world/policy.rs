//! Policies, resolved: inherited numbers are filled in.

use super::{Info, StatusCode};
use crate::Id;

/// `policy Critical extends Interactive { … }`.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Name and docs; the built-in one is `standard`.
    pub info: Info,
    /// What it inherits from; none for `standard` alone.
    pub extends: Option<Id<Policy>>,
    /// All numbers, inherited ones included.
    pub numbers: PolicyNumbers,
}

/// A block of a policy: there, or left out with a reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Block<T> {
    /// In force.
    On(T),
    /// `none because "…"`; the reason is empty where no policy above asks for the block.
    Off(String),
}

/// All numbers of a policy. Times are nanoseconds, percentages 0 to 100.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyNumbers {
    /// `timeout { … }`.
    pub timeout: Block<Timeout>,
    /// `retry { … }`.
    pub retry: Block<Retry>,
    /// `breaker { … }`.
    pub breaker: Block<Breaker>,
    /// `bulkhead { … }`.
    pub bulkhead: Block<Bulkhead>,
    /// `limit { … }`.
    pub limit: Block<Limit>,
    /// `hedge { … }`.
    pub hedge: Block<Hedge>,
    /// `outlier { eject 10% }`: percent.
    pub outlier: Block<f64>,
}

/// `timeout { connect 200ms attempt 800ms total 2s }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeout {
    /// Of the handshake.
    pub connect: u64,
    /// Of one attempt; absent in `standard`, where it follows from what is called (1 s for a leaf).
    pub attempt: Option<u64>,
    /// Of the whole call; absent in `standard` likewise (3 s for a leaf).
    pub total: Option<u64>,
}

/// `retry { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// The first one included.
    pub attempts: u32,
    /// How pauses grow.
    pub backoff: Backoff,
    /// Shortest pause.
    pub base: u64,
    /// Longest pause.
    pub cap: u64,
    /// How pauses are spread.
    pub jitter: Jitter,
    /// Percent of requests that may be retries.
    pub budget: f64,
    /// Retries a second that are free besides.
    pub budget_min: f64,
    /// Codes that are retried.
    pub on: Vec<StatusCode>,
    /// `even_if_retried`.
    pub even_if_retried: bool,
}

/// How pauses grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// Doubling.
    Exponential,
    /// By the base each time.
    Linear,
    /// Not at all.
    Constant,
}

/// How pauses are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// From zero to the pause.
    Full,
    /// From half of the pause to the pause.
    Equal,
    /// Not at all.
    None,
}

/// `breaker { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Breaker {
    /// What is looked back on.
    pub window: u64,
    /// Percent.
    pub failure_rate: f64,
    /// A call that takes longer is slow.
    pub slow_call: u64,
    /// Percent of slow calls.
    pub slow_rate: f64,
    /// Calls in the window below which nothing trips.
    pub min_calls: u32,
    /// Shortest time open.
    pub open_min: u64,
    /// Longest time open.
    pub open_max: u64,
    /// Probes at once.
    pub half_open: u32,
}

/// `bulkhead { concurrent 64 queue 128 }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bulkhead {
    /// Calls at once.
    pub concurrent: u32,
    /// Calls that may wait.
    pub queue: u32,
}

/// `limit { rate 500/s burst 100 per caller }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Calls a second.
    pub rate: f64,
    /// Calls at once beyond it.
    pub burst: u32,
    /// `caller`, `tenant`, or all together.
    pub per: LimitPer,
}

/// Who shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitPer {
    /// Everyone.
    All,
    /// Each caller has its own.
    Caller,
    /// Each tenant has its own.
    Tenant,
}

/// `hedge { after p95 at_most 1 }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hedge {
    /// When the next request goes out.
    pub after: HedgeAfter,
    /// How many more.
    pub at_most: u32,
}

/// When a hedge goes out.
#[derive(Debug, Clone, PartialEq)]
pub enum HedgeAfter {
    /// At this percentile of what was seen.
    Percentile(f64),
    /// After so many nanoseconds.
    Fixed(u64),
}
