//! A token bucket that retries draw from, so that a callee in trouble is soon left alone.
//!
//! It works beside the [`budget`](crate::budget): the budget bounds retries as a share of the calls of the last seconds,
//! the bucket stops them in a run of failures, however many calls there are. It is that of the AWS SDKs' standard retry
//! mode: 500 tokens; a retry costs 14, one after throttling 5; a success gives back what its last retry had cost, or 1.

#[cfg(test)]
mod tests;

/// What the bucket holds at most.
pub const CAPACITY: u32 = 500;
/// What a retry costs.
pub const RETRY: u32 = 14;
/// What a retry costs that follows `resource_exhausted`.
pub const THROTTLED: u32 = 5;
/// What a call gives back that succeeded at once.
pub const SUCCESS: u32 = 1;

/// The bucket.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    tokens: u32,
}

impl Default for Throttle {
    /// Full.
    fn default() -> Self {
        Self { tokens: CAPACITY }
    }
}

impl Throttle {
    /// Takes the cost of a retry; nothing, if there is not enough.
    pub fn retry(&mut self, throttled: bool) -> Option<u32> {
        let cost = if throttled { THROTTLED } else { RETRY };
        self.tokens = self.tokens.checked_sub(cost)?;
        Some(cost)
    }

    /// Gives back what the last retry of a call had cost, now that it succeeded; a little, if it had none.
    pub fn succeeded(&mut self, cost: Option<u32>) {
        self.tokens = self.tokens.saturating_add(cost.unwrap_or(SUCCESS)).min(CAPACITY);
    }

    /// What is left.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.tokens
    }
}
