//! How a server listens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use svckit_core::tls::TlsAccept;

use crate::MESSAGE_LIMIT;

/// How a server listens.
#[derive(Clone)]
pub struct ServerOptions {
    /// The longest body that is no stream, and the longest message of a stream, in bytes.
    pub message_limit: usize,
    /// How long the head of a request may take to arrive, and how long its body, unless that is a stream; then, how long
    /// a part of it. What is slower is ended, so that slow callers do not use up the connections. A caller on HTTP/2 that
    /// says nothing for as long is asked whether it is still there, and its calls are cancelled where it does not answer.
    pub read_timeout: Duration,
    /// How many connections there may be at once; more have to wait.
    pub connections: usize,
    /// How many calls there may be at once on one connection of HTTP/2.
    pub calls: u32,
    /// Whether answers are compressed for callers that accept it.
    pub compression: bool,
    /// Which pages of other origins may call; nothing: none.
    pub cors: Option<Cors>,
    /// What keeps connections from being read by others; nothing: they are plain.
    pub tls: Option<Arc<dyn TlsAccept>>,
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("message_limit", &self.message_limit)
            .field("read_timeout", &self.read_timeout)
            .field("connections", &self.connections)
            .field("calls", &self.calls)
            .field("compression", &self.compression)
            .field("cors", &self.cors)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

/// Which origins may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// All of them.
    Any,
    /// These: `https://shop.example`.
    Origins(Vec<String>),
}

impl Cors {
    /// Whether pages of an origin may call.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Origins(origins) => origins.iter().any(|known| known == origin),
        }
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            message_limit: MESSAGE_LIMIT,
            read_timeout: Duration::from_secs(30),
            connections: 10_000,
            calls: 1_000,
            compression: true,
            cors: None,
            tls: None,
        }
    }
}
