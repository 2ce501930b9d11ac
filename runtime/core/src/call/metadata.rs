//! What travels beside a message.

use std::collections::BTreeMap;
use std::fmt;

/// The caller's key of idempotency.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The tenant on whose behalf a call is made.
pub const TENANT: &str = "x-tenant";
/// What belongs together over many calls and messages.
pub const CORRELATION_ID: &str = "x-correlation-id";
/// The message that caused this one.
pub const CAUSATION_ID: &str = "x-causation-id";
/// Fingerprint of the schema that a message was written by.
pub const FINGERPRINT: &str = "x-contract";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace context, vendors' part.
pub const TRACESTATE: &str = "tracestate";
/// Set on an answer by a callee that already retried what failed below it.
pub const RETRIED_BELOW: &str = "x-retried-below";
/// Set on an answer by a callee that asks not to be asked again, where the transport has no word of its own for that.
pub const NO_RETRY: &str = "x-no-retry";

/// A token that shows who calls.
pub const AUTHORIZATION: &str = "authorization";
/// A key that shows who calls.
pub const API_KEY: &str = "x-api-key";

/// In an envelope: for whom the handler worked that published it, as [`Principal::carry`](super::Principal::carry) writes
/// it. Callers are not believed when they say it.
pub const PRINCIPAL: &str = "x-principal";

/// What may hold credentials: never shown, and taken out before a handler runs.
pub const CREDENTIALS: [&str; 4] = [AUTHORIZATION, API_KEY, "cookie", "proxy-authorization"];

/// What a handler passes on to those that it calls.
pub const PROPAGATED: [&str; 4] = [TENANT, CORRELATION_ID, TRACEPARENT, TRACESTATE];

/// Names and values that travel beside a message. Names are lower-case ASCII; a value is printable ASCII.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// The value of `name`, if there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets `name`, replacing what was there. A name or value that no transport could carry is left out.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if is_name(name) && value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            self.0.insert(name.to_ascii_lowercase(), value);
        }
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// All of it, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What a handler passes on to those that it calls: tenant, correlation, trace.
    #[must_use]
    pub fn propagated(&self) -> Self {
        let mut out = Self::default();
        for name in PROPAGATED {
            if let Some(value) = self.get(name) {
                out.set(name, value);
            }
        }
        out
    }
}

impl fmt::Debug for Metadata {
    /// Without the values of credentials, and without the key of idempotency, which may be a field of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |name: &str| CREDENTIALS.contains(&name) || name == IDEMPOTENCY_KEY;
        let shown = |(name, value)| (name, if hidden(name) { "…" } else { value });
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
