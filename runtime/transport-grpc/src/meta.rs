//! Metadata as headers.

use http::{HeaderMap, HeaderName, HeaderValue};
use svckit_core::call::Metadata;

/// Headers that belong to the protocol and not to those who call.
fn reserved(name: &str) -> bool {
    name.starts_with("grpc-")
        || name.ends_with("-bin")
        || matches!(name, "content-type" | "te" | "user-agent" | "host")
}

/// What travelled beside a message.
pub(crate) fn read(headers: &HeaderMap) -> Metadata {
    let mut meta = Metadata::default();
    for (name, value) in headers {
        if let (false, Ok(value)) = (reserved(name.as_str()), value.to_str()) {
            meta.set(name.as_str(), value);
        }
    }
    meta
}

/// Puts what travels beside a message into headers.
pub(crate) fn write(meta: &Metadata, headers: &mut HeaderMap) {
    for (name, value) in meta.iter().filter(|(name, _)| !reserved(name)) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
}
