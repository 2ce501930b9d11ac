//! Errors as RFC 9457 problems, and back.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value as Json, json};
use svckit_core::call::metadata::{NO_RETRY, RETRIED_BELOW};
use svckit_core::check::Violation;
use svckit_core::error::{CHALLENGE, Code, Error, Reason};
use svckit_core::json::JsonCodec;

/// The media type of a problem.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The longest path that is repeated as the `instance` of a problem, in bytes.
const INSTANCE: usize = 2048;

/// What the type of a declared error begins with.
const DECLARED: &str = "urn:svckit:error:";

/// The reason of the error for a key that was used for another request.
const REUSED: &str = "IDEMPOTENCY_KEY_REUSED";

/// HTTP's status for each of gRPC's codes, as `google.rpc.Code` says.
const STATUS: [(Code, u16); 16] = [
    (Code::Cancelled, 499),
    (Code::Unknown, 500),
    (Code::InvalidArgument, 400),
    (Code::DeadlineExceeded, 504),
    (Code::NotFound, 404),
    (Code::AlreadyExists, 409),
    (Code::PermissionDenied, 403),
    (Code::ResourceExhausted, 429),
    (Code::FailedPrecondition, 400),
    (Code::Aborted, 409),
    (Code::OutOfRange, 400),
    (Code::Unimplemented, 501),
    (Code::Internal, 500),
    (Code::Unavailable, 503),
    (Code::DataLoss, 500),
    (Code::Unauthenticated, 401),
];

/// The status of an error.
pub(crate) fn of(error: &Error) -> StatusCode {
    if error.reason().is_some_and(|reason| reason.reason == REUSED) {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    let found = STATUS.iter().find(|(code, _)| *code == error.code());
    found
        .and_then(|(_, status)| StatusCode::from_u16(*status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Why a request is not answered: an error, and what HTTP says of it beyond that.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    status: Option<StatusCode>,
    /// A header that tells what would have been taken.
    hint: Option<(HeaderName, String)>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, status: None, hint: None }
    }
}

impl Refusal {
    /// With a status of HTTP's own.
    pub(crate) fn new(status: StatusCode, error: Error) -> Self {
        Self { error, status: Some(status), hint: None }
    }

    /// With a header that tells what would have been taken.
    pub(crate) fn hinted(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.hint = Some((name, value.into()));
        self
    }

    /// `405`.
    pub(crate) fn method(found: &http::Method, allow: String) -> Self {
        let error = Error::unimplemented(format!("there is no {found} here; write one of {allow}"));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, error).hinted(ALLOW, allow)
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.status.unwrap_or_else(|| of(&self.error))
    }

    /// As a response to a request at a path; declared errors are written by the operation's JSON.
    pub(crate) fn response(&self, path: &str, codec: Option<&JsonCodec>) -> Response<Body> {
        let status = self.status();
        let problem = problem(&self.error, status, path, codec);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.error.retry_after() {
            headers.insert(RETRY_AFTER, seconds(after));
        }
        for (said, name, _) in retries(&self.error) {
            if said {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
            }
        }
        if let Some(challenge) = challenge(&self.error, status) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some((name, value)) = &self.hint
            && let Ok(value) = HeaderValue::try_from(value)
        {
            headers.insert(name, value);
        }
        response
    }
}

/// What an error says of trying again: whether it says so, by which header, and by which member of its problem, which is all
/// that a stream has.
fn retries(error: &Error) -> [(bool, &'static str, &'static str); 2] {
    [
        (error.retried_below(), RETRIED_BELOW, "retriedBelow"),
        (error.no_retry(), NO_RETRY, "noRetry"),
    ]
}

/// How the caller may show who they are: as the guard says, and for a `401` in any case.
fn challenge(error: &Error, status: StatusCode) -> Option<HeaderValue> {
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let said = error.reason().and_then(|reason| reason.metadata.get(CHALLENGE));
    let otherwise =
        (status == StatusCode::UNAUTHORIZED).then(|| HeaderValue::from_static("Bearer"));
    said.and_then(|said| HeaderValue::try_from(said).ok()).or(otherwise)
}

/// Whole seconds, and never fewer than were asked for.
fn seconds(after: Duration) -> HeaderValue {
    HeaderValue::from(after.as_secs() + u64::from(after.subsec_nanos() > 0))
}

/// The problem that tells of an error, at the path of the request.
pub(crate) fn problem(
    error: &Error,
    status: StatusCode,
    path: &str,
    codec: Option<&JsonCodec>,
) -> Json {
    let mut problem = Map::new();
    let declared = error.domain_name();
    let short = declared.and_then(|name| name.rsplit('.').next());
    let title = short.or(status.canonical_reason()).unwrap_or("Client Closed Request");
    let kind = declared.map(|name| format!("{DECLARED}{name}"));
    problem.insert("type".into(), kind.unwrap_or_else(|| "about:blank".into()).into());
    problem.insert("title".into(), title.into());
    problem.insert("status".into(), status.as_u16().into());
    problem.insert("detail".into(), error.message().into());
    if path.len() <= INSTANCE {
        problem.insert("instance".into(), path.into());
    }
    problem.insert("code".into(), error.code().name().into());
    if let Some(name) = declared {
        problem.insert("error".into(), name.into());
        if let Some(value) = declared_value(error, codec) {
            problem.insert("value".into(), value);
        }
    }
    if !error.violations().is_empty() {
        let violations = error.violations().iter();
        let violations = violations.map(|violation| {
            json!({ "field": violation.path, "rule": violation.rule, "message": violation.message })
        });
        problem.insert("violations".into(), violations.collect());
    }
    if let Some(after) = error.retry_after() {
        problem.insert("retryAfter".into(), after.as_secs_f64().into());
    }
    for (said, _, name) in retries(error) {
        if said {
            problem.insert(name.into(), true.into());
        }
    }
    if let Some(Reason { reason, domain, metadata }) = error.reason() {
        let reason = json!({ "reason": reason, "domain": domain, "metadata": metadata });
        problem.insert("reason".into(), reason);
    }
    Json::Object(problem)
}

/// The declared error itself, as JSON.
fn declared_value(error: &Error, codec: Option<&JsonCodec>) -> Option<Json> {
    let form = codec?.error(error.domain_name()?)?;
    let text = form.write(error.domain_bytes()?).ok()?;
    serde_json::from_slice(&text).ok()
}

/// What came from the callee in place of an answer. What is no problem, for something on the way answered, is judged by
/// its status.
pub(crate) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    codec: Option<&JsonCodec>,
    endpoint: &str,
    now: SystemTime,
) -> Error {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let problem = kind.starts_with(PROBLEM).then(|| serde_json::from_slice::<Map<_, _>>(body));
    let mut error = match problem {
        Some(Ok(problem)) => of_problem(&problem, codec).unwrap_or_else(|| bare(status, endpoint)),
        _ => bare(status, endpoint),
    };
    let after = || headers.get(RETRY_AFTER)?.to_str().ok();
    if error.retry_after().is_none()
        && let Some(after) = after().and_then(|after| wait(after, now))
    {
        error = error.with_retry_after(after);
    }
    retried(error, |header, _| headers.contains_key(header))
}

/// With what is said of trying again, by a header or by a member of a problem.
fn retried(mut error: Error, said: impl Fn(&str, &str) -> bool) -> Error {
    for (_, header, member) in retries(&error) {
        if said(header, member) {
            error = match header {
                NO_RETRY => error.with_no_retry(),
                _ => error.with_retried_below(),
            };
        }
    }
    error
}

/// `Retry-After` is a number of seconds, or a date (RFC 9110, 10.2.3); one that is past asks for nothing.
fn wait(after: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = after.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(after).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// The error that a problem tells of; nothing where it has no code that is known.
pub(crate) fn of_problem(problem: &Map<String, Json>, codec: Option<&JsonCodec>) -> Option<Error> {
    let text = |name: &str| problem.get(name).and_then(Json::as_str);
    let code = Code::all().find(|code| Some(code.name()) == text("code"))?;
    let mut error = Error::new(code, text("detail").unwrap_or_default());
    if let Some(violations) = problem.get("violations").and_then(Json::as_array) {
        error = error.with_violations(violations.iter().map(violation).collect());
    }
    if let Some(after) = problem.get("retryAfter").and_then(Json::as_f64)
        && let Ok(after) = Duration::try_from_secs_f64(after)
    {
        error = error.with_retry_after(after);
    }
    error = retried(error, |_, member| problem.get(member) == Some(&Json::Bool(true)));
    if let Some(found) = problem.get("reason").and_then(Json::as_object) {
        error = error.with_reason(reason(found));
    }
    let bytes = text("error").and_then(|name| {
        let form = codec?.error(name)?;
        let value = problem.get("value")?.as_object()?;
        Some((form.name, form.read(value).ok()?))
    });
    Some(match bytes {
        Some((name, bytes)) => error.with_domain(name, bytes),
        None => error,
    })
}

fn violation(json: &Json) -> Violation {
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    Violation { path: text("field"), rule: text("rule"), message: text("message") }
}

fn reason(found: &Map<String, Json>) -> Reason {
    let text = |name: &str| found.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let metadata = found.get("metadata").and_then(Json::as_object);
    let metadata = metadata.into_iter().flatten();
    let metadata: BTreeMap<_, _> = metadata
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    Reason { reason: text("reason"), domain: text("domain"), metadata }
}

/// An error of which nothing but a status is known.
fn bare(status: StatusCode, endpoint: &str) -> Error {
    let code = match status.as_u16() {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        408 => Code::DeadlineExceeded,
        409 => Code::Aborted,
        412 => Code::FailedPrecondition,
        413 | 414 | 429 | 431 => Code::ResourceExhausted,
        404 | 405 | 406 | 415 | 501 => Code::Unimplemented,
        502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Error::new(code, format!("{endpoint} answered {status} and no problem that says why"))
}

/// The error that ends a stream of events.
pub(crate) fn of_event(data: &str, codec: Option<&JsonCodec>) -> Error {
    let problem = serde_json::from_str::<Map<_, _>>(data).ok();
    let error = problem.and_then(|problem| of_problem(&problem, codec));
    error.unwrap_or_else(|| Error::unknown("the stream ended with an error that is no problem"))
}

/// The problem of an error, as text.
pub(crate) fn text(error: &Error, path: &str, codec: Option<&JsonCodec>) -> String {
    problem(error, of(error), path, codec).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_retry_after_is_read() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(wait(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
