//! How an [`Error`](super::Error) lies in memory.
//!
//! Refusing has to cost less than serving, so that what a breaker says is made without an allocation: a code, a fixed
//! message, a time and marks lie in the error itself. Whatever is richer lies in a box.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::{Code, Details, Reason, Refused};
use crate::check::Violation;

/// What every error says, and what costs nothing to say.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    pub(super) code: Code,
    pub(super) refused: Option<Refused>,
    pub(super) retried_below: bool,
    pub(super) no_retry: bool,
    pub(super) unreached: bool,
}

/// A time to wait, in whole nanoseconds up to five centuries; or none.
#[derive(Clone, Copy)]
pub(super) struct After(u64);

impl After {
    pub(super) const NONE: Self = Self(u64::MAX);

    #[inline]
    pub(super) fn of(time: Duration) -> Self {
        let nanos = time.as_secs().saturating_mul(1_000_000_000);
        Self(nanos.saturating_add(time.subsec_nanos().into()).min(u64::MAX - 1))
    }

    pub(super) fn get(self) -> Option<Duration> {
        (self.0 != u64::MAX).then(|| Duration::from_nanos(self.0))
    }
}

/// The message, and what few errors have beside it.
#[derive(Clone)]
pub(super) enum Form {
    Fixed(&'static str),
    Rich(Box<Rich>),
}

#[derive(Clone, Default)]
pub(super) struct Rich {
    pub(super) message: Cow<'static, str>,
    pub(super) violations: Vec<Violation>,
    pub(super) details: Option<Details>,
    pub(super) reason: Option<Reason>,
    pub(super) source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Form {
    pub(super) fn owned(message: String) -> Self {
        Self::Rich(Box::new(Rich { message: Cow::Owned(message), ..Rich::default() }))
    }

    pub(super) fn message(&self) -> &str {
        match self {
            Self::Fixed(message) => message,
            Self::Rich(rich) => &rich.message,
        }
    }

    /// What there is beside the message, if anything can be.
    pub(super) fn rich(&self) -> Option<&Rich> {
        match self {
            Self::Fixed(_) => None,
            Self::Rich(rich) => Some(rich),
        }
    }

    /// To forget something: nothing is made for it.
    pub(super) fn if_rich(&mut self) -> Option<&mut Rich> {
        match self {
            Self::Fixed(_) => None,
            Self::Rich(rich) => Some(rich),
        }
    }

    /// To add something.
    pub(super) fn enrich(&mut self) -> &mut Rich {
        if let Self::Fixed(message) = *self {
            *self =
                Self::Rich(Box::new(Rich { message: Cow::Borrowed(message), ..Rich::default() }));
        }
        match self {
            Self::Rich(rich) => rich,
            Self::Fixed(_) => unreachable!("it was just made rich"),
        }
    }
}
