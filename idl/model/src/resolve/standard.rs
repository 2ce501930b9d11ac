//! The policy that every other one inherits from, as data.

use svckit_diagnostics::Span;

use crate::Id;
use crate::world::*;

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// The numbers of `standard`. Attempt and total follow from what is called: 1 s and 3 s for a leaf.
pub(crate) fn numbers() -> PolicyNumbers {
    PolicyNumbers {
        timeout: Block::On(Timeout { connect: 500 * MS, attempt: None, total: None }),
        retry: Block::On(retry()),
        breaker: Block::On(breaker()),
        bulkhead: Block::Off(String::new()),
        limit: Block::Off(String::new()),
        hedge: Block::Off(String::new()),
        outlier: Block::On(10.0),
    }
}

/// The retries of `standard`; also where a policy puts back what an ancestor left out.
pub(crate) fn retry() -> Retry {
    Retry {
        attempts: 3,
        backoff: Backoff::Exponential,
        base: 50 * MS,
        cap: 20 * S,
        jitter: Jitter::Full,
        budget: 20.0,
        budget_min: 10.0,
        on: vec![StatusCode::Unavailable, StatusCode::Aborted, StatusCode::ResourceExhausted],
        even_if_retried: false,
    }
}

/// The breaker of `standard`; also where a policy puts back one that an ancestor left out.
pub(crate) fn breaker() -> Breaker {
    Breaker {
        window: 10 * S,
        failure_rate: 50.0,
        slow_call: 2 * S,
        slow_rate: 80.0,
        min_calls: 20,
        open_min: 5 * S,
        open_max: 60 * S,
        half_open: 3,
    }
}

/// Adds `standard`, in a package of its own of which nothing is generated.
pub(crate) fn add(world: &mut World) -> Id<Policy> {
    let package = world.packages.push(Package::new("svckit", true));
    let info = Info {
        docs: "What holds where no policy is named.".to_owned(),
        ..Info::new("standard", package, Span::default())
    };
    let id = world.policies.push(Policy { info, extends: None, numbers: numbers() });
    world.packages[package].policies.push(id);
    id
}
