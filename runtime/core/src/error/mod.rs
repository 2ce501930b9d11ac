//! The error model: one type for every failure of a call, whatever the transport.

mod code;
mod domain;
mod form;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use self::code::{Code, Codes};
pub use self::domain::{DomainError, OperationError, Retry};
use self::form::{After, Form, Marks};
use crate::check::Violation;
use crate::wire::DecodeError;

/// In a [`Reason`]'s metadata: how a caller may show who they are, as the header `WWW-Authenticate` says it.
pub const CHALLENGE: &str = "www_authenticate";

/// The result of everything in this runtime that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed call: a code, a message for people, and what is known beyond that.
///
/// The message goes to the caller, so it must not hold what is `sensitive`; a [`source`](std::error::Error::source)
/// stays in this process and is logged only.
#[derive(Clone)]
pub struct Error {
    marks: Marks,
    after: After,
    form: Form,
}

/// Which safeguard of this process refused a call before it went out, or before it was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A breaker is open: the callee failed too often lately.
    Breaker,
    /// Too many calls run at once, and too many wait.
    Bulkhead,
    /// Too many calls in too short a time.
    Limit,
    /// What matters less gives way.
    Shed,
}

impl Refused {
    /// Its name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Bulkhead => "bulkhead",
            Self::Limit => "limit",
            Self::Shed => "shed",
        }
    }
}

/// A declared error of the contract in its encoded form.
#[derive(Clone, PartialEq, Eq)]
struct Details {
    name: String,
    bytes: Bytes,
}

/// Why, for machines: a constant within a domain, as in `google.rpc.ErrorInfo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `UPPER_SNAKE`, constant.
    pub reason: String,
    /// Whose reason it is: the service's name.
    pub domain: String,
    /// What else a program may want to know; nothing sensitive.
    pub metadata: BTreeMap<String, String>,
}

macro_rules! constructors {
    ($($name:ident $code:ident $doc:literal)*) => {$(
        #[doc = $doc]
        #[must_use]
        pub fn $name(message: impl Into<String>) -> Self {
            Self::new(Code::$code, message)
        }
    )*};
}

impl Error {
    /// An error of the given code. The message is for the caller's people: nothing sensitive.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::of(code, Form::owned(message.into()))
    }

    /// As [`new`](Self::new), of a message that is always the same: nothing is allocated, which counts where refusing has
    /// to cost less than serving.
    #[inline]
    #[must_use]
    pub const fn fixed(code: Code, message: &'static str) -> Self {
        Self::of(code, Form::Fixed(message))
    }

    #[inline]
    const fn of(code: Code, form: Form) -> Self {
        let marks =
            Marks { code, refused: None, retried_below: false, no_retry: false, unreached: false };
        Self { marks, after: After::NONE, form }
    }

    constructors! {
        cancelled Cancelled "The caller gave up."
        unknown Unknown "Nothing better is known."
        invalid_argument InvalidArgument "The request is wrong, whatever the state."
        deadline_exceeded DeadlineExceeded "Time ran out."
        not_found NotFound "What was asked for does not exist."
        already_exists AlreadyExists "What was to be created exists."
        permission_denied PermissionDenied "The caller may not do this."
        resource_exhausted ResourceExhausted "A limit is used up."
        failed_precondition FailedPrecondition "The state does not allow it."
        aborted Aborted "A conflict; the whole may be tried again."
        out_of_range OutOfRange "Past the end of a valid range."
        unimplemented Unimplemented "No such operation here."
        internal Internal "A bug or a broken invariant."
        unavailable Unavailable "Not reachable or not ready now."
        data_loss DataLoss "Data are lost for good."
        unauthenticated Unauthenticated "The caller is not known."
    }

    /// `invalid_argument` that names each field by path and the rule that it broke.
    #[must_use]
    pub fn violations_of(violations: Vec<Violation>) -> Self {
        let named: Vec<_> = violations.iter().take(3).map(ToString::to_string).collect();
        let more = violations.len().saturating_sub(named.len());
        let tail = if more == 0 { String::new() } else { format!(", and {more} more") };
        let mut error =
            Self::invalid_argument(format!("invalid request: {}{tail}", named.join(", ")));
        error.form.enrich().violations = violations;
        error
    }

    /// Why a request was not taken: it can't be read, or fields of it break their rules.
    #[must_use]
    pub fn unreadable(error: DecodeError) -> Self {
        match error {
            DecodeError::Invalid(violations) => Self::violations_of(violations.into_vec()),
            DecodeError::Malformed(malformed) => {
                Self::invalid_argument(format!("malformed request: {malformed}"))
            }
        }
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.marks.code
    }

    /// The message for people, without what is sensitive.
    #[must_use]
    pub fn message(&self) -> &str {
        self.form.message()
    }

    /// The fields that broke a rule of the contract; empty unless the request was judged.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        self.form.rich().map_or(&[], |rich| &rich.violations)
    }

    /// How long the callee asks to be left alone before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.after.get()
    }

    /// Why, for machines.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.form.rich()?.reason.as_ref()
    }

    /// Whether a layer below has already retried: then nobody above does, so that retries never multiply.
    #[must_use]
    pub fn retried_below(&self) -> bool {
        self.marks.retried_below
    }

    /// Whether the callee asks not to be asked again: by gRPC's pushback, or by a member of HTTP's problem.
    #[must_use]
    pub fn no_retry(&self) -> bool {
        self.marks.no_retry
    }

    /// Whether it is certain that the callee never saw the call, as with a refused connection.
    #[must_use]
    pub fn unreached(&self) -> bool {
        self.marks.unreached
    }

    /// Which safeguard of this process refused the call; it does not travel.
    #[must_use]
    pub fn refused(&self) -> Option<Refused> {
        self.marks.refused
    }

    /// Marks that a safeguard of this process refused the call.
    #[inline]
    #[must_use]
    pub fn with_refused(mut self, by: Refused) -> Self {
        self.marks.refused = Some(by);
        self
    }

    /// Adds the time after which another try makes sense.
    #[inline]
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.after = After::of(after);
        self
    }

    /// Adds a reason for machines.
    #[must_use]
    pub fn with_reason(mut self, reason: Reason) -> Self {
        self.form.enrich().reason = Some(reason);
        self
    }

    /// Adds the fields that broke a rule, as a transport reads them.
    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.form.enrich().violations = violations;
        self
    }

    /// Adds the cause, which stays in this process.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.form.enrich().source = Some(Arc::from(source.into()));
        self
    }

    /// Marks that a layer has retried in vain.
    #[must_use]
    pub fn with_retried_below(mut self) -> Self {
        self.marks.retried_below = true;
        self
    }

    /// Marks that the callee asks not to be asked again, however the contract would have it.
    #[must_use]
    pub fn with_no_retry(mut self) -> Self {
        self.marks.no_retry = true;
        self
    }

    /// Marks that the callee never saw the call. For transports, which alone can know.
    #[inline]
    #[must_use]
    pub fn with_unreached(mut self) -> Self {
        self.marks.unreached = true;
        self
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        let message = format!("{what}: {}", self.message());
        self.form.enrich().message = message.into();
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("code", &self.code()).field("message", &self.message());
        let rich = self.form.rich();
        if !self.violations().is_empty() {
            out.field("violations", &self.violations());
        }
        if let Some(name) = self.domain_name() {
            out.field("details", &name);
        }
        if let Some(after) = self.retry_after() {
            out.field("retry_after", &after);
        }
        if let Some(reason) = self.reason() {
            out.field("reason", &reason.reason);
        }
        if let Some(source) = rich.and_then(|rich| rich.source.as_ref()) {
            out.field("source", &source.to_string());
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.form.rich()?.source.as_ref();
        source.map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

impl From<std::io::Error> for Error {
    /// What the disk or the network refused: `unavailable`, with the cause kept.
    fn from(error: std::io::Error) -> Self {
        Self::unavailable(error.to_string()).with_source(error)
    }
}
