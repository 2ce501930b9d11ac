//! gRPC's canonical codes.

use std::fmt;

/// One of gRPC's canonical codes other than `ok`: what kind of failure an [`Error`](super::Error) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The caller gave up.
    Cancelled = 1,
    /// Nothing better is known.
    Unknown = 2,
    /// The request itself is wrong, whatever the state of the service.
    InvalidArgument = 3,
    /// Time ran out; the effect may have happened.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// What was to be created exists.
    AlreadyExists = 6,
    /// The caller is known and may not do this.
    PermissionDenied = 7,
    /// A quota or a limit is used up.
    ResourceExhausted = 8,
    /// The state of the service does not allow it; a retry alone will not help.
    FailedPrecondition = 9,
    /// A conflict with work that goes on at the same time; the whole may be tried again.
    Aborted = 10,
    /// Past the end of a valid range.
    OutOfRange = 11,
    /// No such operation here.
    Unimplemented = 12,
    /// A bug or a broken invariant in the service.
    Internal = 13,
    /// Not reachable or not ready now; try again.
    Unavailable = 14,
    /// Data are lost for good.
    DataLoss = 15,
    /// The caller is not known.
    Unauthenticated = 16,
}

/// Every code with its name in the contract language, by number.
const NAMES: [(Code, &str); 16] = [
    (Code::Cancelled, "cancelled"),
    (Code::Unknown, "unknown"),
    (Code::InvalidArgument, "invalid_argument"),
    (Code::DeadlineExceeded, "deadline_exceeded"),
    (Code::NotFound, "not_found"),
    (Code::AlreadyExists, "already_exists"),
    (Code::PermissionDenied, "permission_denied"),
    (Code::ResourceExhausted, "resource_exhausted"),
    (Code::FailedPrecondition, "failed_precondition"),
    (Code::Aborted, "aborted"),
    (Code::OutOfRange, "out_of_range"),
    (Code::Unimplemented, "unimplemented"),
    (Code::Internal, "internal"),
    (Code::Unavailable, "unavailable"),
    (Code::DataLoss, "data_loss"),
    (Code::Unauthenticated, "unauthenticated"),
];

impl Code {
    /// The number that gRPC gives it, 1 to 16.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The code of a number; whatever gRPC does not know is [`Code::Unknown`].
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .and_then(|at| NAMES.get(at))
            .map_or(Self::Unknown, |(code, _)| *code)
    }

    /// The name in the contract language: `failed_precondition`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        NAMES[self as usize - 1].1
    }

    /// All codes, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(code, _)| *code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of codes that a constant can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Codes(u32);

impl Codes {
    /// No code at all.
    pub const NONE: Self = Self(0);

    /// The set of the given codes.
    #[must_use]
    pub const fn of(codes: &[Code]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < codes.len() {
            bits |= 1 << codes[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    /// Whether `code` is in the set.
    #[must_use]
    pub const fn contains(self, code: Code) -> bool {
        self.0 & (1 << code as u32) != 0
    }
}
