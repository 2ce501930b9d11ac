//! The connection that calls go over, and when it is given up for a new one.
//!
//! A callee can stop answering on a connection that TCP takes for sound: its host was frozen, a proxy on the way forgot
//! it, a process hangs. All calls would go on waiting on that connection until the kernel gave up, long after the callee
//! is well again, for calls of gRPC share one connection. Pings would find out; but servers of gRPC's own libraries
//! close connections that ping more often than every five minutes. So calls are the pings: once three in a row were
//! waited for in vain until their deadline, or the first of a connection on which nothing was ever heard, the next call
//! opens a new connection. What still streams over the old one goes on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use svckit_core::clock::Env;
use tonic::transport::{Channel, Endpoint};

use super::connect::Connector;

/// Calls in a row on which nothing is heard.
const SILENT: u32 = 3;
/// What a new connection begins with: one such call is enough where there never was an answer.
const NEVER: u32 = SILENT - 1;

/// The way to one address.
pub(super) struct Line {
    endpoint: Endpoint,
    connector: Connector,
    current: RwLock<Current>,
    silent: AtomicU32,
}

#[derive(Clone)]
struct Current {
    channel: Channel,
    /// Counted up with each that is given up.
    number: u64,
}

impl Line {
    /// Connects to nothing yet.
    pub(super) fn new(endpoint: Endpoint, connector: Connector) -> Self {
        let channel = endpoint.connect_with_connector_lazy(connector.clone());
        let current = RwLock::new(Current { channel, number: 0 });
        Self { endpoint, connector, current, silent: AtomicU32::new(NEVER) }
    }

    /// What the next call goes over, and who listens for its answer.
    pub(super) fn take(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        patience: Duration,
        env: &Env,
    ) -> (Channel, Listening) {
        let Current { channel, number } =
            self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        // Where nobody waits in vain for long enough, nothing is learnt.
        let since = env.clock.now();
        let vain = since.checked_add(patience).into_iter().chain(deadline).max();
        let until = deadline.and(vain);
        let line = until.is_some().then(|| self.clone());
        (channel, Listening { line, number, until, env: env.clone() })
    }

    fn heard(&self, number: u64) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).number;
        if current == number && self.silent.load(Ordering::Relaxed) != 0 {
            self.silent.store(0, Ordering::Relaxed);
        }
    }

    fn silent(&self, number: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.number != number || self.silent.fetch_add(1, Ordering::Relaxed) + 1 < SILENT {
            return;
        }
        tracing::debug!(endpoint = %self.endpoint.uri(), "nothing is heard: a new connection is opened");
        current.channel = self.endpoint.connect_with_connector_lazy(self.connector.clone());
        current.number += 1;
        self.silent.store(NEVER, Ordering::Relaxed);
    }
}

/// Waits for the answer of one call. Dropped after its deadline without one, it says so.
pub(super) struct Listening {
    line: Option<Arc<Line>>,
    number: u64,
    /// From when on nothing was said for long enough.
    until: Option<Instant>,
    env: Env,
}

impl Listening {
    /// There is an answer.
    pub(super) fn heard(mut self) {
        if let Some(line) = self.line.take() {
            line.heard(self.number);
        }
    }

    /// What became of the call says nothing of a connection that is still there.
    pub(super) fn nothing(mut self) {
        self.line = None;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        if self.until.is_some_and(|until| self.env.clock.now() >= until) {
            line.silent(self.number);
        }
    }
}
