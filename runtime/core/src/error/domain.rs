//! Errors that a contract declares.

use std::time::Duration;

use super::{Code, Details, Error};
use crate::wire::Record;

/// Whether the same call may be made again after a declared error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail in the same way.
    No,
    /// It may succeed.
    Yes,
    /// It may succeed, and not before that long.
    After(Duration),
}

/// An `error` item of a contract: a record with a code.
pub trait DomainError: Record + std::error::Error {
    /// What a caller that does not know this error sees.
    const CODE: Code;
    /// Whether another try makes sense.
    const RETRY: Retry;
}

/// What one operation may fail with: a generated enum of its declared errors and `Other`, or [`Error`] itself where
/// the operation declares none.
pub trait OperationError: Sized + Send + 'static {
    /// Reads what came from the callee: the declared error that it carries, or `Other`.
    fn from_error(error: Error) -> Self;
    /// The form that travels.
    fn into_error(self) -> Error;
    /// Whether what the handler emitted goes out in spite of this error (`errors { E emits { … } }`).
    fn commits(&self) -> bool {
        false
    }
}

impl OperationError for Error {
    fn from_error(error: Error) -> Self {
        error
    }

    fn into_error(self) -> Error {
        self
    }
}

impl Error {
    /// A declared error as it travels: its code, its message, itself as a detail.
    #[must_use]
    pub fn domain<E: DomainError>(error: &E) -> Self {
        let mut out = Self::new(E::CODE, error.to_string());
        out.form.enrich().details =
            Some(Details { name: E::NAME.to_owned(), bytes: error.to_bytes() });
        if let Retry::After(after) = E::RETRY {
            out = out.with_retry_after(after);
        }
        out
    }

    /// The full name of the declared error that this one carries: `shop.orders.v1.OutOfStock`.
    #[must_use]
    pub fn domain_name(&self) -> Option<&str> {
        self.details().map(|details| details.name.as_str())
    }

    /// The declared error that this one carries, encoded.
    #[must_use]
    pub fn domain_bytes(&self) -> Option<&bytes::Bytes> {
        self.details().map(|details| &details.bytes)
    }

    /// Adds a declared error in its encoded form, as a transport reads it.
    #[must_use]
    pub fn with_domain(mut self, name: impl Into<String>, bytes: bytes::Bytes) -> Self {
        self.form.enrich().details = Some(Details { name: name.into(), bytes });
        self
    }

    /// The declared error `E`, if this is one. Its constraints are not judged: the callee may be newer.
    ///
    /// # Errors
    /// Gives this error back where it carries none, another one, or one that cannot be read.
    pub fn into_domain<E: DomainError>(self) -> Result<E, Self> {
        match self.details() {
            Some(details) if details.name == E::NAME => {
                E::from_bytes(&details.bytes).map_err(|_| self)
            }
            _ => Err(self),
        }
    }

    /// What a caller is told of a failure of what this service itself called: the callee's declared error and its
    /// judgement of our request are ours to handle, and not our caller's.
    #[must_use]
    pub fn from_callee(mut self) -> Self {
        let not_ours = matches!(
            self.code(),
            Code::InvalidArgument | Code::OutOfRange | Code::Unauthenticated | Code::Unimplemented
        );
        if let Some(rich) = self.form.if_rich() {
            rich.details = None;
            // What the callee wants to be shown it wants of us, and our caller can't show it.
            rich.reason.take_if(|reason| reason.metadata.contains_key(super::CHALLENGE));
            if not_ours {
                rich.violations.clear();
            }
        }
        if not_ours {
            self.marks.code = Code::Internal;
        }
        self.marks.unreached = false;
        self
    }

    pub(super) fn details(&self) -> Option<&Details> {
        self.form.rich()?.details.as_ref()
    }
}
