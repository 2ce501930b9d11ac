//! How those are refused whose credentials are not good enough: for machines too.

use std::collections::BTreeMap;

use svckit_core::error::{CHALLENGE, Error, Reason};

/// What a caller is to do about it: the way to show who they are, as `WWW-Authenticate` says it (RFC 9110, RFC 6750).
pub(crate) const BEARER: &str = "Bearer";
pub(crate) const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";
pub(crate) const API_KEY: &str = "ApiKey header=\"x-api-key\"";
pub(crate) const CERTIFICATE: &str = "ClientCertificate";

/// Nothing was shown that could be judged.
pub(crate) fn missing(message: &str, challenge: &str) -> Error {
    told(Error::unauthenticated(message), "CREDENTIALS_MISSING", challenge)
}

/// What was shown is no good.
pub(crate) fn invalid(message: String, challenge: &str) -> Error {
    told(Error::unauthenticated(message), "CREDENTIALS_INVALID", challenge)
}

/// The caller is known, and has not been granted what is needed.
pub(crate) fn scope(message: String, by_token: bool) -> Error {
    let challenge = if by_token { "Bearer error=\"insufficient_scope\"" } else { "" };
    told(Error::permission_denied(message), "SCOPE_MISSING", challenge)
}

fn told(error: Error, reason: &str, challenge: &str) -> Error {
    let mut metadata = BTreeMap::new();
    if !challenge.is_empty() {
        metadata.insert(CHALLENGE.to_owned(), challenge.to_owned());
    }
    error.with_reason(Reason { reason: reason.to_owned(), domain: "svckit".to_owned(), metadata })
}
