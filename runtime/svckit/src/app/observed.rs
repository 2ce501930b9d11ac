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

#[cfg(feature = "telemetry")]
mod somebody;

#[cfg(not(feature = "telemetry"))]
mod nobody;
