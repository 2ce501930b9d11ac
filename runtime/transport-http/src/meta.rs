//! Metadata as headers.

use http::{HeaderMap, HeaderName, HeaderValue};
use svckit_core::call::Metadata;
use svckit_core::call::metadata::IDEMPOTENCY_KEY;
use svckit_core::error::{Error, Result};

/// The longest key of idempotency that is taken, in bytes.
const KEY: usize = 255;

/// Prefixes of headers that belong to the protocol and not to those who call.
const PREFIXES: [&str; 6] = ["accept", "access-control-", "content-", "if-", "proxy-", "sec-"];

/// Headers that belong to the protocol and not to those who call.
const RESERVED: [&str; 24] = [
    "age",
    "allow",
    "api-version",
    "cache-control",
    "connection",
    "date",
    "etag",
    "expect",
    "expires",
    "host",
    "keep-alive",
    "link",
    "location",
    "origin",
    "pragma",
    "range",
    "request-timeout",
    "retry-after",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
];

fn reserved(name: &str) -> bool {
    RESERVED.binary_search(&name).is_ok() || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
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

/// As [`read`], with the key of idempotency taken out of its quotes: the header is a string of structured fields, and
/// most callers write it without them.
///
/// # Errors
/// `invalid_argument` if the key is none.
pub(crate) fn read_request(headers: &HeaderMap) -> Result<Metadata> {
    let mut meta = read(headers);
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    if let Some(value) = keys.next() {
        let key = value.to_str().ok().filter(|_| keys.next().is_none()).and_then(unquoted);
        let key = key.filter(|key| !key.is_empty() && key.len() <= KEY).ok_or_else(|| {
            Error::invalid_argument(format!(
                "`Idempotency-Key` is no key; write one of 1 to {KEY} printable characters, as in \"8e03978e-40d5\""
            ))
        })?;
        meta.set(IDEMPOTENCY_KEY, key);
    }
    Ok(meta)
}

/// The text of a string of structured fields (RFC 8941), whose parameters do not matter, or the value as it is.
fn unquoted(value: &str) -> Option<String> {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else {
        return Some(value.to_owned());
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '\\' => out.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            '"' => break,
            c if c.is_ascii_control() => return None,
            c => out.push(c),
        }
    }
    let rest = chars.as_str().trim_start();
    (rest.is_empty() || rest.starts_with(';')).then_some(out)
}

/// Puts what travels beside a message into headers.
pub(crate) fn write(meta: &Metadata, headers: &mut HeaderMap) {
    for (name, value) in meta.iter().filter(|(name, _)| !reserved(name)) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
}

/// HTTP's version as telemetry writes it.
pub(crate) fn version(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_2 => "2",
        http::Version::HTTP_3 => "3",
        http::Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_headers_are_in_order() {
        assert!(RESERVED.is_sorted());
        assert!(reserved("content-type") && reserved("host") && !reserved("x-tenant"));
    }

    #[test]
    fn a_key_is_taken_out_of_its_quotes() {
        for (header, key) in [
            ("\"8e03\"", Some("8e03")),
            ("8e03", Some("8e03")),
            (" \"a\\\"b\\\\\" ", Some("a\"b\\")),
            ("\"open", None),
            ("\"a\"b\"", None),
            ("\"a\\\"", None),
            ("\"a\\b\"", None),
            ("\"a\tb\"", None),
            ("\"a\" ;p=1", Some("a")),
        ] {
            assert_eq!(unquoted(header).as_deref(), key, "{header}");
        }
    }
}
