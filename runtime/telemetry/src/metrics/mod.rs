//! What is counted, and where it is read.

mod instruments;
pub mod names;
mod observer;

pub(crate) use self::instruments::Instruments;
pub(crate) use self::observer::{MetricsObserver, method};

use svckit_core::error::Code;

/// gRPC's codes as the conventions write them, by number.
const STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The status of a call as the conventions write it.
pub(crate) fn status(code: Option<Code>) -> &'static str {
    let number = code.map_or(0, Code::number);
    usize::try_from(number).ok().and_then(|at| STATUS.get(at)).copied().unwrap_or("UNKNOWN")
}

/// The codes that are a server's own failure: the others are their caller's doing.
pub const SERVER_FAULTS: [Code; 6] = [
    Code::Unknown,
    Code::DeadlineExceeded,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_name_in_upper_case() {
        assert_eq!(status(None), "OK");
        for code in Code::all() {
            assert_eq!(status(Some(code)), code.name().to_ascii_uppercase());
        }
    }
}
