//! Errors as gRPC's statuses, and back.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use svckit_core::call::metadata::RETRIED_BELOW;
use svckit_core::error::{Code, Error};
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};

/// How tonic begins the message about a message that is too long; its code, `out_of_range`, is not what gRPC's other
/// implementations say.
const TOO_LONG: &str = "Error, decoded message length too large";

/// By which a server of gRPC's says when to ask again, in milliseconds, or not at all (its proposal A6).
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// An error on its way to the caller.
pub(crate) fn write(error: &Error) -> Status {
    let mut meta = MetadataMap::new();
    if error.retried_below() {
        meta.insert(RETRIED_BELOW, MetadataValue::from_static("1"));
    }
    if let Some(pushback) = pushback(error) {
        meta.insert(PUSHBACK, MetadataValue::from(pushback));
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
    let error = pushed_back(error, status.metadata());
    if status.metadata().contains_key(RETRIED_BELOW) { error.with_retried_below() } else { error }
}

/// What clients of others that retry by themselves are told: never sooner than we were asked to say.
fn pushback(error: &Error) -> Option<i32> {
    if error.no_retry() {
        return Some(-1);
    }
    let after = error.retry_after()?.as_nanos().div_ceil(1_000_000);
    Some(i32::try_from(after).unwrap_or(i32::MAX))
}

/// Heeds the pushback. What is negative, no number, or said twice asks not to be asked again; a time that the details
/// say stays, being as exact or more.
fn pushed_back(error: Error, meta: &MetadataMap) -> Error {
    let mut said = meta.get_all(PUSHBACK).iter();
    let Some(first) = said.next() else { return error };
    let millis = first.to_str().ok().and_then(|text| text.parse::<i32>().ok());
    match millis.and_then(|millis| u64::try_from(millis).ok()).filter(|_| said.next().is_none()) {
        None => error.with_no_retry(),
        Some(_) if error.retry_after().is_some() => error,
        Some(millis) => error.with_retry_after(Duration::from_millis(millis)),
    }
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

/// What a status that no callee sent came from, outermost first.
fn causes(status: &Status) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(status.source(), |error| (*error).source())
}

/// Whether it was the connection that failed, or that did not come about.
pub(crate) fn is_broken(status: &Status) -> bool {
    causes(status).next().is_some() && too_long(status).is_none()
}

/// Statuses that no callee sent.
fn local(status: &Status, endpoint: &str) -> Option<Error> {
    if let Some(error) = too_long(status) {
        return Some(error);
    }
    let last = causes(status).last()?.to_string();
    let broken = Error::unavailable(format!("the connection to {endpoint} broke: {last}"));
    // The connection was found closed before anything of the call went out.
    let unsent = |cause: &hyper::Error| cause.is_canceled();
    if causes(status).filter_map(|cause| cause.downcast_ref()).any(unsent) {
        return Some(broken.with_unreached());
    }
    let Some(found) = causes(status).find_map(|cause| cause.downcast_ref::<h2::Error>()) else {
        return Some(broken);
    };
    // A callee that goes away says up to which call it got: those beyond it were not touched.
    let untouched = found.is_go_away() && found.is_remote()
        || found.reason() == Some(h2::Reason::REFUSED_STREAM);
    let error = match found.reason() {
        Some(h2::Reason::ENHANCE_YOUR_CALM) => {
            Error::resource_exhausted(format!("{endpoint} refuses more"))
        }
        Some(h2::Reason::CANCEL) => Error::cancelled(format!("{endpoint} cancelled the call")),
        _ => broken,
    };
    Some(if untouched { error.with_unreached() } else { error })
}
