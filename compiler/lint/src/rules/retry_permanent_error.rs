use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{ErrorRetry, RecordKind, StatusCode, World};

use crate::rule::rule;
use crate::text::listed;
use crate::{Analysis, Report, policies};

rule! {
    /// A retry of what will fail in the same way again.
    ///
    /// ## What it does
    /// Finds policies that retry on codes which say that the request itself is wrong (`invalid_argument`, `not_found`,
    /// `already_exists`, `permission_denied`, `failed_precondition`, `out_of_range`, `unimplemented`,
    /// `unauthenticated`, `data_loss`) or that nobody waits any more (`cancelled`); and errors that are called
    /// `retryable` although their code says that the request must change first.
    ///
    /// ## Why is this bad
    /// The same request gets the same answer. The retries cost the callee as much as real work, use up the budget that
    /// is meant for failures which pass, and the caller waits for an answer that it could have had at once.
    ///
    /// Reads: `retry { on }`, `error … is … retryable`
    ///
    /// ## Example
    /// ```svc
    /// policy Stubborn { retry { on unavailable, not_found } }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// policy Stubborn { retry { on unavailable } }
    /// ```
    /// Where a state has yet to come about, answer with an error that `is unavailable` or `is aborted`.
    pub RULE = Error "retry-permanent-error" in Calls;
}

/// Codes whose cause is in the request, or in a state that does not pass by itself.
const PERMANENT: &[(StatusCode, &str)] = &[
    (StatusCode::Cancelled, "cancelled"),
    (StatusCode::InvalidArgument, "invalid_argument"),
    (StatusCode::NotFound, "not_found"),
    (StatusCode::AlreadyExists, "already_exists"),
    (StatusCode::PermissionDenied, "permission_denied"),
    (StatusCode::FailedPrecondition, "failed_precondition"),
    (StatusCode::OutOfRange, "out_of_range"),
    (StatusCode::Unimplemented, "unimplemented"),
    (StatusCode::DataLoss, "data_loss"),
    (StatusCode::Unauthenticated, "unauthenticated"),
];

/// Others that may be named after `on`.
const PASSING: &[(StatusCode, &str)] = &[
    (StatusCode::Unknown, "unknown"),
    (StatusCode::DeadlineExceeded, "deadline_exceeded"),
    (StatusCode::ResourceExhausted, "resource_exhausted"),
    (StatusCode::Aborted, "aborted"),
    (StatusCode::Internal, "internal"),
    (StatusCode::Unavailable, "unavailable"),
];

/// Those of [`PERMANENT`] that stay so whatever anybody else does: the same request is wrong for ever.
const WRONG_FOR_EVER: &[StatusCode] = &[
    StatusCode::InvalidArgument,
    StatusCode::PermissionDenied,
    StatusCode::Unimplemented,
    StatusCode::Unauthenticated,
];

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (id, policy) in world.policies.iter() {
        if let (Some(retry), Some(place)) =
            (policies::retry(world, id), policy.info.places.get("retry.on"))
        {
            policy_retries(&retry.on, &policy.info.name, (place, policy.info.span), report);
        }
    }
    errors(world, report);
}

fn policy_retries(
    on: &[StatusCode],
    name: &str,
    (place, subject): (Span, Span),
    report: &mut Report,
) {
    let permanent: Vec<&str> = on.iter().filter_map(|code| word(PERMANENT, *code)).collect();
    if permanent.is_empty() {
        return;
    }
    let text =
        format!("`{name}` retries {}, which fails in the same way again", listed(&permanent));
    let rest: Vec<&str> = on.iter().filter_map(|code| word(PASSING, *code)).collect();
    let rest = if rest.is_empty() { vec!["unavailable"] } else { rest };
    let found = Diagnostic::new(RULE.code, place, text).here("the request must change first").fix(
        "retry what passes",
        place,
        format!("on {}", rest.join(", ")),
    );
    report.add(subject, found);
}

fn errors(world: &World, report: &mut Report) {
    for (_, record) in world.records.iter() {
        let RecordKind::Error(kind) = &record.kind else { continue };
        if kind.retry == ErrorRetry::ByCode || !WRONG_FOR_EVER.contains(&kind.code) {
            continue;
        }
        let code = word(PERMANENT, kind.code).unwrap_or_default();
        let text = format!("error `{}` is `{code}`, and `retryable`", record.info.name);
        let found = Diagnostic::new(RULE.code, record.info.span, text)
            .here("the same request will get it again")
            .help("leave out `retryable`; or choose a code for what passes: `unavailable`, `aborted`, `resource_exhausted`");
        report.add(record.info.span, found);
    }
}

fn word(codes: &[(StatusCode, &'static str)], code: StatusCode) -> Option<&'static str> {
    codes.iter().find(|(c, _)| *c == code).map(|(_, word)| *word)
}
