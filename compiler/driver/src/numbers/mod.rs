//! The numbers of policies, by name: what an operator may override, and within which limits no rule fires.

mod overrides;
mod probe;
mod ranges;
#[cfg(test)]
mod tests;
mod unit;

pub use overrides::{Proof, prove};
pub use ranges::{End, Range, RangeOf, ranges, to_text};
pub use unit::Unit;

use svckit_model::{
    Block, Breaker, Bulkhead, Hedge, HedgeAfter, Limit, PolicyNumbers, Retry, Timeout,
};

/// One number of a policy.
pub struct Number {
    /// `timeout.attempt`: as an override names it.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    get: fn(&PolicyNumbers) -> Option<u64>,
    /// Whether there was a place to put it.
    set: fn(&mut PolicyNumbers, u64) -> bool,
}

impl Number {
    /// Reads what a contract could say of it: none of these but a queue may be 0.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<u64> {
        self.unit.parse(text).filter(|value| *value > 0 || self.may_be_none())
    }

    /// What to write, for messages.
    fn example(&self) -> String {
        let tail = if self.may_be_none() { "" } else { ", and not 0" };
        format!("{}{tail}", self.unit.example())
    }

    fn may_be_none(&self) -> bool {
        self.name == "bulkhead.queue"
    }
}

/// A number of a block: how it is read from the block, and written.
macro_rules! number {
    ($name:literal $unit:ident $block:ident: |$b:ident: $ty:ty| $get:expr, |$v:ident| $set:expr) => {
        Number {
            name: $name,
            unit: Unit::$unit,
            get: |numbers| match &numbers.$block {
                Block::On($b) => {
                    let $b: &$ty = $b;
                    $get
                }
                Block::Off(_) => None,
            },
            set: |numbers, $v| match &mut numbers.$block {
                Block::On($b) => {
                    let $b: &mut $ty = $b;
                    $set;
                    true
                }
                Block::Off(_) => false,
            },
        }
    };
}

/// A time of a block, in nanoseconds there as here.
macro_rules! time {
    ($name:literal $block:ident: $ty:ty, $field:ident) => {
        number!($name Time $block: |b: $ty| Some(b.$field), |v| b.$field = v)
    };
}

/// A count of a block.
macro_rules! count {
    ($name:literal $block:ident: $ty:ty, $field:ident) => {
        number!($name Count $block: |b: $ty| Some(u64::from(b.$field)), |v| {
            b.$field = u32::try_from(v).unwrap_or(u32::MAX)
        })
    };
}

/// A percentage or rate of a block: thousandths here.
macro_rules! thousandths {
    ($name:literal $unit:ident $block:ident: $ty:ty, $field:ident) => {
        number!($name $unit $block: |b: $ty| Some(unit::thousandths(b.$field)), |v| {
            b.$field = v as f64 / 1e3
        })
    };
}

/// Every number of a policy that can be changed without changing what the contract means.
pub static NUMBERS: &[Number] = &[
    time!("timeout.connect" timeout: Timeout, connect),
    number!("timeout.attempt" Time timeout: |b: Timeout| b.attempt, |v| b.attempt = Some(v)),
    number!("timeout.total" Time timeout: |b: Timeout| b.total, |v| b.total = Some(v)),
    count!("retry.attempts" retry: Retry, attempts),
    time!("retry.backoff_min" retry: Retry, base),
    time!("retry.backoff_max" retry: Retry, cap),
    thousandths!("retry.budget" Percent retry: Retry, budget),
    thousandths!("retry.budget_min" Rate retry: Retry, budget_min),
    time!("breaker.window" breaker: Breaker, window),
    thousandths!("breaker.failure_rate" Percent breaker: Breaker, failure_rate),
    time!("breaker.slow_call" breaker: Breaker, slow_call),
    thousandths!("breaker.slow_rate" Percent breaker: Breaker, slow_rate),
    count!("breaker.min_calls" breaker: Breaker, min_calls),
    time!("breaker.open_min" breaker: Breaker, open_min),
    time!("breaker.open_max" breaker: Breaker, open_max),
    count!("breaker.half_open" breaker: Breaker, half_open),
    count!("bulkhead.concurrent" bulkhead: Bulkhead, concurrent),
    count!("bulkhead.queue" bulkhead: Bulkhead, queue),
    thousandths!("limit.rate" Rate limit: Limit, rate),
    count!("limit.burst" limit: Limit, burst),
    number!("hedge.after" Time hedge: |b: Hedge| match b.after {
        HedgeAfter::Fixed(time) => Some(time),
        HedgeAfter::Percentile(_) => None,
    }, |v| b.after = HedgeAfter::Fixed(v)),
    count!("hedge.at_most" hedge: Hedge, at_most),
    number!("outlier.eject" Percent outlier: |b: f64| Some(unit::thousandths(*b)), |v| {
        *b = v as f64 / 1e3
    }),
];

/// Why numbers of one policy can't hold together, as the language says it of a contract.
pub(crate) fn contradiction(numbers: &PolicyNumbers) -> Option<String> {
    let time = |t: u64| Unit::Time.text(t);
    if let Block::On(Timeout { connect, attempt, total }) = &numbers.timeout {
        if let (Some(attempt), Some(total)) = (attempt, total)
            && attempt > total
        {
            let (attempt, total) = (time(*attempt), time(*total));
            return Some(format!("one attempt may take {attempt}, the whole call {total}"));
        }
        let most = attempt.or(*total).unwrap_or(u64::MAX);
        if *connect > most {
            let (connect, most) = (time(*connect), time(most));
            return Some(format!(
                "connecting may take {connect}, more than the {most} of an attempt"
            ));
        }
    }
    match (&numbers.retry, &numbers.breaker) {
        (Block::On(retry), _) if retry.base > retry.cap => {
            let (base, cap) = (time(retry.base), time(retry.cap));
            Some(format!("pauses from {base} up to {cap}"))
        }
        (_, Block::On(breaker)) if breaker.open_min > breaker.open_max => {
            let (min, max) = (time(breaker.open_min), time(breaker.open_max));
            Some(format!("open from {min} up to {max}"))
        }
        _ => None,
    }
}
