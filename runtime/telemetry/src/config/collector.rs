//! Who takes what is observed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Signal;

/// How long a collector may take for what is sent at once, where nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What OTLP travels over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otlp {
    /// gRPC: `grpc`.
    Grpc,
    /// HTTP with Protobuf as its body: `http/protobuf`.
    Http,
}

impl Otlp {
    pub(super) const ALL: [Self; 2] = [Self::Grpc, Self::Http];

    /// As OpenTelemetry's variables call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http/protobuf",
        }
    }

    /// The port that collectors take it at, where they are not told otherwise.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Grpc => 4317,
            Self::Http => 4318,
        }
    }
}

/// By what a collector at `https` and this process know each other: PEM files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Who signs the collector's certificate; nothing: whom the system trusts.
    pub ca: Option<PathBuf>,
    /// The certificate that this process shows, and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Who takes what is observed, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    /// Where it is: `http://host:port` or `https://host:port`; for HTTP with the path that takes it.
    pub url: String,
    /// What OTLP travels over.
    pub otlp: Otlp,
    /// What goes beside: credentials, for example. Never shown.
    pub headers: Vec<(String, String)>,
    /// How long it may take for what is sent at once, with all attempts.
    pub timeout: Duration,
    /// Whether what is sent is compressed by gzip.
    pub gzip: bool,
    /// Who is believed to be the collector, at `https`.
    pub trust: Trust,
}

impl Collector {
    /// At exactly that URL.
    #[must_use]
    pub fn new(otlp: Otlp, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            otlp,
            headers: Vec::new(),
            timeout: TIMEOUT,
            gzip: false,
            trust: Trust::default(),
        }
    }

    /// Where a collector takes one thing, by where it takes all.
    pub(super) fn below(otlp: Otlp, url: &str, signal: Signal) -> Self {
        match otlp {
            Otlp::Grpc => Self::new(otlp, url),
            Otlp::Http => {
                Self::new(otlp, format!("{}/{}", url.trim_end_matches('/'), signal.path()))
            }
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Collector")
            .field("url", &self.url)
            .field("otlp", &self.otlp)
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .field("trust", &self.trust)
            .finish()
    }
}
