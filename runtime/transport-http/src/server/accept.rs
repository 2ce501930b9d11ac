//! What the caller sends, and what it takes: media types.

use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, StatusCode};
use svckit_core::error::Error;

use crate::params::short;
use crate::status::Refusal;

/// JSON.
pub(super) const JSON: &str = "application/json";
/// Lines of JSON.
pub(super) const LINES: &str = "application/x-ndjson";
/// Server-Sent Events.
pub(super) const EVENTS: &str = "text/event-stream";
/// Bytes as they are.
pub(super) const RAW: &str = "application/octet-stream";

/// Refuses a caller that does not take what it would be answered with.
///
/// # Errors
/// `406`, with what there is.
pub(super) fn accepts(headers: &HeaderMap, answer: &'static str) -> Result<(), Refusal> {
    let mut ranges =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if ranges.peek().is_none() {
        return Ok(());
    }
    let mut best: Option<(u8, bool)> = None;
    for range in ranges.flat_map(|value| value.split(',')) {
        if let Some((specific, wanted)) = matched(range, answer)
            && best.is_none_or(|(before, _)| specific >= before)
        {
            best = Some((specific, wanted));
        }
    }
    if best.is_some_and(|(_, wanted)| wanted) {
        return Ok(());
    }
    let error = Error::invalid_argument(format!(
        "the answer is {answer}, which the header `Accept` leaves out; add it there"
    ));
    Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, error))
}

/// How well a range fits a media type, and whether that is wanted (`q` is not 0).
fn matched(range: &str, media: &str) -> Option<(u8, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let specific = match name.split_once('/')? {
        ("*", "*") => 0,
        (kind, "*") if media.split('/').next() == Some(kind) => 1,
        _ if name == media => 2,
        _ => return None,
    };
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let refused = weight.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
    Some((specific, !refused))
}

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// One JSON text.
    Json,
    /// A JSON text on each line.
    Lines,
}

/// The form of a body.
///
/// # Errors
/// `415` for anything but JSON in UTF-8, and for lines where there is one message.
pub(super) fn sent(headers: &HeaderMap, streams: bool) -> Result<Sent, Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Sent::Json) };
    let text = value.to_str().unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts
        .find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    let utf8 = charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"));
    let form = match name.as_str() {
        JSON => Some(Sent::Json),
        _ if name.starts_with("application/") && name.ends_with("+json") => Some(Sent::Json),
        LINES | "application/jsonl" if streams => Some(Sent::Lines),
        _ => None,
    };
    form.filter(|_| utf8).ok_or_else(|| {
        let lines = if streams {
            format!(", or as {LINES}, a message on each line")
        } else {
            String::new()
        };
        let error = Error::invalid_argument(format!(
            "the body is sent as `{}`; send it with `Content-Type: {JSON}` in UTF-8{lines}",
            short(text)
        ));
        let taken = if streams { format!("{JSON}, {LINES}") } else { JSON.to_owned() };
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error).hinted(ACCEPT, taken)
    })
}

/// Refuses what is to be done to one version alone: answers have weak tags, and no two of those are surely the same.
///
/// # Errors
/// `412` for any `If-Match` but `*`.
pub(super) fn versions(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(wanted) = headers.get(IF_MATCH).filter(|wanted| wanted.as_bytes() != b"*") else {
        return Ok(());
    };
    let error = Error::failed_precondition(format!(
        "`If-Match: {}` can't be held: there are no versions to compare here; leave it out, and say in the request what it \
         goes by",
        short(wanted.to_str().unwrap_or("?"))
    ));
    Err(Refusal::new(StatusCode::PRECONDITION_FAILED, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
    }

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, taken) in [
            ("*/*", true),
            ("application/*", true),
            ("text/html, application/json;q=0.9", true),
            ("APPLICATION/JSON", true),
            ("text/html", false),
            ("*/*, application/json;q=0", false),
            ("*/*;q=0, application/json", true),
            ("nonsense", false),
        ] {
            assert_eq!(accepts(&headers(ACCEPT, accept), JSON).is_ok(), taken, "{accept}");
        }
        assert!(accepts(&HeaderMap::new(), JSON).is_ok());
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        for (kind, streams, form) in [
            ("application/json", false, Some(Sent::Json)),
            ("application/json; charset=UTF-8", false, Some(Sent::Json)),
            ("application/merge-patch+json", false, Some(Sent::Json)),
            ("application/x-ndjson", true, Some(Sent::Lines)),
            ("application/x-ndjson", false, None),
            ("application/json; charset=latin1", false, None),
            ("application/x-www-form-urlencoded", false, None),
            ("", false, None),
        ] {
            let found = sent(&headers(CONTENT_TYPE, kind), streams).ok();
            assert_eq!(found, form, "{kind}");
        }
    }
}
