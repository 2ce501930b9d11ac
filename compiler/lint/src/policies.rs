//! Where a policy's numbers are written.

use svckit_diagnostics::Span;
use svckit_model::{Block, Id, Policy, Retry, Timeout, World};

/// Where a part (`retry.attempts`) is written, and the name of the policy that writes it: this one, or the nearest one
/// that it extends. Nothing where it comes from `standard`.
pub(crate) fn written<'w>(
    world: &'w World,
    policy: Id<Policy>,
    part: &str,
) -> Option<(Span, &'w str)> {
    let mut at = Some(policy);
    // As many as there are: a circle was reported and broken.
    for _ in 0..=world.policies.len() {
        let policy = &world.policies[at?];
        if let Some(span) = policy.info.places.get(part) {
            return Some((span, &policy.info.name));
        }
        at = policy.extends;
    }
    None
}

/// The retries of a policy, unless it has none.
pub(crate) fn retry(world: &World, policy: Id<Policy>) -> Option<&Retry> {
    match &world.policies[policy].numbers.retry {
        Block::On(retry) => Some(retry),
        Block::Off(_) => None,
    }
}

/// The timeouts that a policy names.
pub(crate) fn timeout(world: &World, policy: Id<Policy>) -> Option<&Timeout> {
    match &world.policies[policy].numbers.timeout {
        Block::On(timeout) => Some(timeout),
        Block::Off(_) => None,
    }
}
