//! How many calls are taken in a time.
//!
//! Use it where a callee's capacity is shared by many who do not know of each other, each with a share; to bound what
//! runs *at once*, use a [`bulkhead`](crate::bulkhead).
//!
//! Each share is a token bucket in the form of the generic cell rate algorithm (ITU-T I.371): one instant per share,
//! nothing that has to be refilled by a timer.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use svckit_core::operation::LimitConfig;

/// Shares that are known at most. Where more come at once than that, they share one: memory stays bounded whoever calls.
pub const SHARES: usize = 10_000;

/// One share: a rate, and a burst beyond it.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    /// When the bucket is full again.
    full_at: Instant,
}

impl TokenBucket {
    /// A share of which nothing is used yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one.
    ///
    /// # Errors
    /// After how long there is one again.
    pub fn take(&mut self, config: &LimitConfig, now: Instant) -> Result<(), Duration> {
        let room = config.every.saturating_mul(config.burst);
        let due = self.full_at.max(now);
        let ahead = due.saturating_duration_since(now);
        if ahead > room {
            return Err(ahead - room);
        }
        self.full_at = due.checked_add(config.every).unwrap_or(due);
        Ok(())
    }

    fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// The shares of an operation, by who they are for.
#[derive(Debug)]
pub struct Limiter {
    config: LimitConfig,
    all: TokenBucket,
    each: HashMap<Box<str>, TokenBucket>,
    /// When shares of those who are gone are forgotten next.
    sweep: Instant,
}

impl Limiter {
    /// Shares of which nothing is used yet.
    #[must_use]
    pub fn new(config: LimitConfig, now: Instant) -> Self {
        Self { config, all: TokenBucket::new(now), each: HashMap::new(), sweep: now }
    }

    /// Takes one from the share of `who`; from the one for everybody, where nobody is named.
    ///
    /// # Errors
    /// After how long there is one again.
    pub fn take(&mut self, who: Option<&str>, now: Instant) -> Result<(), Duration> {
        let Some(who) = who else { return self.all.take(&self.config, now) };
        if let Some(share) = self.each.get_mut(who) {
            return share.take(&self.config, now);
        }
        if self.each.len() >= SHARES && !self.make_room(now) {
            return self.all.take(&self.config, now);
        }
        let mut share = TokenBucket::new(now);
        share.take(&self.config, now)?;
        self.each.insert(who.into(), share);
        Ok(())
    }

    /// Takes up other numbers; what was used stays used.
    pub fn configure(&mut self, config: LimitConfig) {
        self.config = config;
    }

    /// Forgets shares that are full: a new one is no different. Not at each call, for that reads all of them.
    fn make_room(&mut self, now: Instant) -> bool {
        if now < self.sweep {
            return false;
        }
        self.each.retain(|_, share| !share.is_full(now));
        self.sweep = now.checked_add(self.config.every.max(Duration::from_secs(1))).unwrap_or(now);
        self.each.len() < SHARES
    }
}
