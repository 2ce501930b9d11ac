//! Errors as gRPC's statuses, and back.

use std::error::Error as _;

use bytes::Bytes;
use svckit_core::call::metadata::RETRIED_BELOW;
use svckit_core::error::{Code, Error};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{ConnectError, Status, TimeoutExpired};

/// How tonic begins the message about a message that is too long; its code, `out_of_range`, is not what gRPC's other
/// implementations say.
const TOO_LONG: &str = "Error, decoded message length too large";

/// An error on its way to the caller.
pub(crate) fn write(error: &Error) -> Status {
    let mut meta = MetadataMap::new();
    if error.retried_below() {
        meta.insert(RETRIED_BELOW, MetadataValue::from_static("1"));
    }
    let (code, details) =
        (tonic::Code::from_i32(error.code().number()), error.status_details().unwrap_or_default());
    Status::with_details_and_metadata(code, error.message(), details, meta)
}

/// A status that came from the callee, or that the way to it made.
pub(crate) fn read(status: &Status, endpoint: &str) -> Error {
    if let Some(error) = local(status, endpoint) {
        return error;
    }
    let details =
        Some(status.details()).filter(|details| !details.is_empty()).map(Bytes::copy_from_slice);
    let code = match status.code() {
        tonic::Code::Ok => Code::Internal,
        code => Code::from_number(code as i32),
    };
    let error = Error::from_status(code, status.message(), details);
    if status.metadata().contains_key(RETRIED_BELOW) { error.with_retried_below() } else { error }
}

/// What was wrong with a message of the caller's stream.
pub(crate) fn read_request(status: &Status) -> Error {
    too_long(status)
        .unwrap_or_else(|| Error::new(Code::from_number(status.code() as i32), status.message()))
}

fn too_long(status: &Status) -> Option<Error> {
    let found = status.code() == tonic::Code::OutOfRange && status.message().starts_with(TOO_LONG);
    let tail = || {
        status
            .message()
            .strip_prefix(TOO_LONG)
            .unwrap_or_default()
            .trim_start_matches([':', ' '])
            .to_owned()
    };
    found.then(|| Error::resource_exhausted(format!("the message is too long: {}", tail())))
}

/// Statuses that no callee sent.
fn local(status: &Status, endpoint: &str) -> Option<Error> {
    if let Some(error) = too_long(status) {
        return Some(error);
    }
    let causes = || {
        std::iter::successors(status.source(), |error: &&(dyn std::error::Error + 'static)| {
            (*error).source()
        })
    };
    causes().next()?;
    if causes().any(|cause| cause.is::<TimeoutExpired>()) {
        return Some(Error::deadline_exceeded(format!("{endpoint} did not answer in time")));
    }
    let last = causes().last().map(ToString::to_string).unwrap_or_default();
    if causes().any(|cause| cause.is::<ConnectError>()) {
        return Some(
            Error::unavailable(format!("no connection to {endpoint}: {last}")).with_unreached(),
        );
    }
    let reason =
        causes().find_map(|cause| cause.downcast_ref::<h2::Error>()).and_then(h2::Error::reason);
    let error = Error::unavailable(format!("the connection to {endpoint} broke: {last}"));
    match reason {
        Some(h2::Reason::REFUSED_STREAM) => Some(error.with_unreached()),
        Some(h2::Reason::ENHANCE_YOUR_CALM) => {
            Some(Error::resource_exhausted(format!("{endpoint} refuses more")))
        }
        Some(h2::Reason::CANCEL) => {
            Some(Error::cancelled(format!("{endpoint} cancelled the call")))
        }
        _ => Some(error),
    }
}
