//! `google.rpc.Status` and the standard details, by which an [`Error`] travels in `grpc-status-details-bin`.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;

use super::form::After;
use super::{Code, Details, Error, Reason};
use crate::check::Violation;

const PREFIX: &str = "type.googleapis.com/";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(string, tag = "3")]
    reason: String,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

impl Error {
    /// The encoded `google.rpc.Status`, or nothing where code and message say all.
    #[must_use]
    pub fn status_details(&self) -> Option<Bytes> {
        let details = self.anys();
        if details.is_empty() {
            return None;
        }
        let status =
            Status { code: self.code().number(), message: self.message().to_owned(), details };
        Some(status.encode_to_vec().into())
    }

    /// Reads an error as it came over a transport. Details that are malformed or not known are left out: code and
    /// message alone make an error.
    #[must_use]
    pub fn from_status(code: Code, message: impl Into<String>, details: Option<Bytes>) -> Self {
        let mut error = Self::new(code, message);
        let Some(status) = details.and_then(|bytes| Status::decode(bytes).ok()) else {
            return error;
        };
        for any in status.details {
            error.read_any(any);
        }
        error
    }

    /// All of it as an encoded `google.rpc.Status`, to be recorded.
    pub(crate) fn to_status(&self) -> Bytes {
        let (code, message) = (self.code().number(), self.message().to_owned());
        Status { code, message, details: self.anys() }.encode_to_vec().into()
    }

    /// What [`to_status`](Self::to_status) wrote.
    pub(crate) fn of_status(bytes: Bytes) -> Self {
        let head = Status::decode(bytes.clone()).unwrap_or_default();
        Self::from_status(Code::from_number(head.code), head.message, Some(bytes))
    }

    fn anys(&self) -> Vec<Any> {
        let mut anys = Vec::new();
        if let Some(domain) = self.details() {
            anys.push(Any {
                type_url: format!("{PREFIX}{}", domain.name),
                value: domain.bytes.clone(),
            });
        }
        if !self.violations().is_empty() {
            let field_violations = self.violations().iter().map(FieldViolation::from).collect();
            anys.push(any(BAD_REQUEST, &BadRequest { field_violations }));
        }
        if let Some(after) = self.retry_after() {
            let delay = Delay {
                seconds: after.as_secs().cast_signed(),
                nanos: after.subsec_nanos().cast_signed(),
            };
            anys.push(any(RETRY_INFO, &RetryInfo { retry_delay: Some(delay) }));
        }
        if let Some(reason) = self.reason() {
            let Reason { reason, domain, metadata } = reason.clone();
            anys.push(any(ERROR_INFO, &ErrorInfo { reason, domain, metadata }));
        }
        anys
    }

    fn read_any(&mut self, any: Any) {
        match any.type_url.as_str() {
            BAD_REQUEST => {
                let fields = BadRequest::decode(any.value)
                    .map(|bad| bad.field_violations)
                    .unwrap_or_default();
                self.form.enrich().violations.extend(fields.into_iter().map(Violation::from));
            }
            RETRY_INFO => {
                let said =
                    RetryInfo::decode(any.value).ok().and_then(|info| info.retry_delay?.get());
                self.after = said.map_or(After::NONE, After::of);
            }
            ERROR_INFO => {
                self.form.enrich().reason = ErrorInfo::decode(any.value).ok().map(|info| Reason {
                    reason: info.reason,
                    domain: info.domain,
                    metadata: info.metadata,
                });
            }
            url => {
                let name = url.rsplit('/').next().unwrap_or_default();
                if self.details().is_none() && !name.starts_with("google.rpc.") {
                    let details = Details { name: name.to_owned(), bytes: any.value };
                    self.form.enrich().details = Some(details);
                }
            }
        }
    }
}

fn any(url: &str, message: &impl Message) -> Any {
    Any { type_url: url.to_owned(), value: message.encode_to_vec().into() }
}

impl Delay {
    fn get(&self) -> Option<Duration> {
        let nanos = u32::try_from(self.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
        Some(Duration::new(u64::try_from(self.seconds).ok()?, nanos))
    }
}

impl From<&Violation> for FieldViolation {
    fn from(v: &Violation) -> Self {
        Self { field: v.path.clone(), description: v.message.clone(), reason: v.rule.clone() }
    }
}

impl From<FieldViolation> for Violation {
    fn from(v: FieldViolation) -> Self {
        Self { path: v.field, rule: v.reason, message: v.description }
    }
}
