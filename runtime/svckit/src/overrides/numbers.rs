//! The numbers of a policy by the names that `svckit check --ranges` gives them, and how they are written.

use std::time::Duration;

use svckit_core::operation::{HedgeAfter, PolicyConfig};

/// What a number counts: nanoseconds, ones, thousandths of a percent, thousandths per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Time,
    Count,
    Percent,
    Rate,
}

/// One number.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    /// Reads it, where its block is there and it is a number.
    pub(super) get: fn(&PolicyConfig) -> Option<u64>,
    /// Writes it, where its block is there.
    pub(super) set: fn(&mut PolicyConfig, u64),
}

impl Number {
    /// Reads what a contract would say of it; nothing for what a contract could not: of these none but a queue may be 0.
    pub(super) fn parse(&self, text: &str) -> Option<u64> {
        self.unit.parse(text).filter(|value| *value > 0 || self.may_be_none())
    }

    /// What may be written for it.
    pub(super) fn example(&self) -> String {
        let tail = if self.may_be_none() { "" } else { ", and not 0" };
        format!("{}{tail}", self.unit.example())
    }

    fn may_be_none(&self) -> bool {
        self.name == "bulkhead.queue"
    }
}

macro_rules! number {
    ($name:literal $unit:ident, $block:ident, $get:expr, |$b:ident, $v:ident| $set:expr) => {
        Number {
            name: $name,
            unit: Unit::$unit,
            get: |policy| policy.$block.and_then($get),
            set: |policy, $v| {
                if let Some($b) = &mut policy.$block {
                    $set;
                }
            },
        }
    };
}

macro_rules! timeout {
    ($name:literal, $field:ident) => {
        Number {
            name: $name,
            unit: Unit::Time,
            get: |policy| nanos(policy.timeout.$field),
            set: |policy, v| policy.timeout.$field = Duration::from_nanos(v),
        }
    };
}

pub(super) static NUMBERS: &[Number] = &[
    timeout!("timeout.connect", connect),
    timeout!("timeout.attempt", attempt),
    timeout!("timeout.total", total),
    number!("retry.attempts" Count, retry, |b| Some(b.attempts.into()), |b, v| b.attempts = count(v)),
    number!("retry.backoff_min" Time, retry, |b| nanos(b.base), |b, v| b.base = Duration::from_nanos(v)),
    number!("retry.backoff_max" Time, retry, |b| nanos(b.cap), |b, v| b.cap = Duration::from_nanos(v)),
    number!("retry.budget" Percent, retry, |b| Some(u64::from(b.budget_percent) * 1_000), |b, v| b.budget_percent = whole(v)),
    number!("retry.budget_min" Rate, retry, |b| Some(u64::from(b.budget_floor) * 1_000), |b, v| b.budget_floor = whole(v)),
    number!("breaker.window" Time, breaker, |b| nanos(b.window), |b, v| b.window = Duration::from_nanos(v)),
    number!("breaker.failure_rate" Percent, breaker, |b| Some(u64::from(b.failure_rate) * 1_000), |b, v| b.failure_rate = whole(v)),
    number!("breaker.slow_call" Time, breaker, |b| nanos(b.slow_call), |b, v| b.slow_call = Duration::from_nanos(v)),
    number!("breaker.slow_rate" Percent, breaker, |b| Some(u64::from(b.slow_rate) * 1_000), |b, v| b.slow_rate = whole(v)),
    number!("breaker.min_calls" Count, breaker, |b| Some(b.min_calls.into()), |b, v| b.min_calls = count(v)),
    number!("breaker.open_min" Time, breaker, |b| nanos(b.open_min), |b, v| b.open_min = Duration::from_nanos(v)),
    number!("breaker.open_max" Time, breaker, |b| nanos(b.open_max), |b, v| b.open_max = Duration::from_nanos(v)),
    number!("breaker.half_open" Count, breaker, |b| Some(b.half_open.into()), |b, v| b.half_open = count(v)),
    number!("bulkhead.concurrent" Count, bulkhead, |b| Some(b.concurrent.into()), |b, v| b.concurrent = count(v)),
    number!("bulkhead.queue" Count, bulkhead, |b| Some(b.queue.into()), |b, v| b.queue = count(v)),
    number!("limit.rate" Rate, limit, |b| Some(rate(b.every)), |b, v| b.every = every(v)),
    number!("limit.burst" Count, limit, |b| Some(b.burst.into()), |b, v| b.burst = count(v)),
    number!("hedge.after" Time, hedge, |b| fixed(b.after), |b, v| b.after = HedgeAfter::Fixed(Duration::from_nanos(v))),
    number!("hedge.at_most" Count, hedge, |b| Some(b.at_most.into()), |b, v| b.at_most = count(v)),
    number!("outlier.eject" Percent, outlier, |b| Some(u64::from(b) * 1_000), |b, v| *b = whole(v)),
];

/// Within which parts of the contract's own number one of the policy `standard` may be overridden: the least, the most, in
/// percent. It was not written with these calls in mind, so nothing more is known than that twice as much or half as much
/// is of its kind; and nobody may retry more than it says.
pub(super) fn standard(number: &Number) -> (u64, u64) {
    match number.name {
        "retry.attempts" | "retry.budget" | "retry.budget_min" => (0, 100),
        _ => (50, 200),
    }
}

/// Pairs of which the first may not be more than the second.
pub(super) const ORDERED: [(&str, &str); 5] = [
    ("timeout.attempt", "timeout.total"),
    ("timeout.connect", "timeout.attempt"),
    ("timeout.connect", "timeout.total"),
    ("retry.backoff_min", "retry.backoff_max"),
    ("breaker.open_min", "breaker.open_max"),
];

const MS: u64 = 1_000_000;
const TIMES: [(&str, u64); 5] = [
    ("ms", MS),
    ("s", 1_000 * MS),
    ("m", 60_000 * MS),
    ("h", 3_600_000 * MS),
    ("d", 86_400_000 * MS),
];
const RATES: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3_600)];

fn count(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn nanos(time: Duration) -> Option<u64> {
    u64::try_from(time.as_nanos()).ok()
}

/// So many thousandths a second.
fn rate(every: Duration) -> u64 {
    1_000_000_000_000 / nanos(every).unwrap_or(u64::MAX).max(1)
}

fn fixed(after: HedgeAfter) -> Option<u64> {
    match after {
        HedgeAfter::Fixed(after) => nanos(after),
        HedgeAfter::Permille(_) => None,
    }
}

/// Thousandths, rounded to ones; a little is not nothing.
fn whole(thousandths: u64) -> u32 {
    count(thousandths.saturating_add(500) / 1_000).max(u32::from(thousandths > 0))
}

/// The time between two of so many thousandths a second.
fn every(rate: u64) -> Duration {
    Duration::from_nanos(1_000_000_000_000 / rate.max(1))
}

/// `12.345` as 12345; no more than three digits behind the point.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if part.len() > 3 || !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(part)
}

impl Unit {
    /// Reads what a contract would say; nothing for what is of another unit.
    pub(super) fn parse(self, text: &str) -> Option<u64> {
        let text = text.trim();
        match self {
            Self::Count => text.parse::<u32>().ok().map(u64::from),
            Self::Percent => thousandths(text.strip_suffix('%')?).filter(|v| *v <= 100_000),
            Self::Rate => {
                let (count, per) = text.split_once('/')?;
                let (_, seconds) = RATES.iter().find(|(name, _)| *name == per.trim())?;
                thousandths(count).map(|count| count / seconds).filter(|rate| *rate > 0)
            }
            Self::Time => {
                let at = text.find(|c: char| !c.is_ascii_digit())?;
                let (digits, unit) = text.split_at(at);
                let (_, unit) = TIMES.iter().find(|(name, _)| *name == unit.trim())?;
                digits.parse::<u64>().ok()?.checked_mul(*unit).filter(|nanos| *nanos > 0)
            }
        }
    }

    /// As a contract would write it.
    pub(super) fn text(self, value: u64) -> String {
        match self {
            Self::Time => format!("{}ms", value / MS),
            Self::Count => value.to_string(),
            Self::Percent => format!("{}%", value / 1_000),
            Self::Rate => format!("{}/s", value / 1_000),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Time => "a duration such as \"900ms\" or \"2s\"",
            Self::Count => "a whole number such as 3",
            Self::Percent => "a percentage such as \"20%\"",
            Self::Rate => "a rate such as \"500/s\"",
        }
    }
}
