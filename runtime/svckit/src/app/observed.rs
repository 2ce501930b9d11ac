//! Who observes an app: telemetry at its seams, or nobody.

#[cfg(not(feature = "telemetry"))]
pub(crate) use self::nobody::{AdminPort, Observed};
#[cfg(feature = "telemetry")]
pub(crate) use self::somebody::{AdminPort, Observed};

/// What calls travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(all(feature = "grpc", feature = "http")), allow(dead_code))]
pub(crate) enum Way {
    Grpc,
    Http,
    InProcess,
}

/// What of a call is seen on its way out.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub(crate) enum Seen {
    /// The whole, before its policies.
    Call,
    /// Each attempt, behind them.
    Attempts,
}

#[cfg(feature = "telemetry")]
mod somebody;

#[cfg(not(feature = "telemetry"))]
mod nobody;
