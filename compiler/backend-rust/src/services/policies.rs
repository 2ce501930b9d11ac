//! Timeouts and retries of operations, as numbers.

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Block, Operation, Policy, Retry, World};

use crate::literal;
use crate::records;
use crate::scope::Scope;

/// In `standard`, of an operation that calls nothing.
const LEAF_ATTEMPT: u64 = 1_000_000_000;
const LEAF_TOTAL: u64 = 3_000_000_000;

/// Timeouts in nanoseconds; absent where the contract opts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    connect: Option<u64>,
    attempt: Option<u64>,
    total: Option<u64>,
}

/// The timeouts of every operation of a world.
///
/// A total that no policy names is that of a leaf, and the worst case of everything called besides: calls in a
/// `parallel { … }` count by the longest, `x20` twenty times. An operation that calls itself in a circle counts as a
/// leaf there.
pub(crate) fn times(world: &World) -> HashMap<Id<Operation>, Times> {
    let mut done = HashMap::new();
    for id in world.operations.ids() {
        let mut open = HashSet::new();
        let mut todo = vec![id];
        while let Some(next) = todo.last().copied() {
            let waits_for: Vec<_> = callees(world, next)
                .filter(|c| !done.contains_key(c) && !open.contains(c) && *c != next)
                .collect();
            if done.contains_key(&next) || waits_for.is_empty() || !open.insert(next) {
                todo.pop();
                if !done.contains_key(&next) {
                    let times = of(world, next, &done);
                    done.insert(next, times);
                }
            } else {
                todo.extend(waits_for);
            }
        }
    }
    done
}

fn callees(world: &World, id: Id<Operation>) -> impl Iterator<Item = Id<Operation>> {
    world.operations[id].calls.iter().map(|c| c.operation)
}

fn of(world: &World, id: Id<Operation>, done: &HashMap<Id<Operation>, Times>) -> Times {
    let operation = &world.operations[id];
    let Block::On(timeout) = &world.policies[operation.policy].numbers.timeout else {
        return Times { connect: None, attempt: None, total: None };
    };
    let below = below(world, operation, done);
    Times {
        connect: Some(timeout.connect),
        attempt: Some(timeout.attempt.unwrap_or(LEAF_ATTEMPT.saturating_add(below))),
        total: Some(timeout.total.unwrap_or(LEAF_TOTAL.saturating_add(below))),
    }
}

/// The worst case of all that an operation calls.
fn below(world: &World, operation: &Operation, done: &HashMap<Id<Operation>, Times>) -> u64 {
    let mut sum = 0_u64;
    let mut groups: HashMap<u32, u64> = HashMap::new();
    for call in &operation.calls {
        let own = call.policy.and_then(|p| named_total(world, p));
        let total = own.or_else(|| done.get(&call.operation)?.total).unwrap_or(LEAF_TOTAL);
        let all = total.saturating_mul(call.times.into());
        match call.parallel {
            Some(group) => {
                let longest = groups.entry(group).or_default();
                *longest = all.max(*longest);
            }
            None => sum = sum.saturating_add(all),
        }
    }
    groups.values().fold(sum, |sum, longest| sum.saturating_add(*longest))
}

fn named_total(world: &World, policy: Id<Policy>) -> Option<u64> {
    match &world.policies[policy].numbers.timeout {
        Block::On(timeout) => timeout.total,
        Block::Off(_) => None,
    }
}

/// The timeouts of an operation as an expression.
pub(super) fn timeouts(s: &Scope<'_>, id: Id<Operation>) -> TokenStream {
    let rt = s.rt();
    let times = s.all.times[&id];
    let time = |nanos: Option<u64>| match nanos {
        Some(nanos) => literal::duration_at(&quote!(#rt), nanos),
        None => quote!(#rt::Duration::MAX),
    };
    let (connect, attempt, total) = (time(times.connect), time(times.attempt), time(times.total));
    quote!(#rt::TimeoutConfig { connect: #connect, attempt: #attempt, total: #total })
}

/// Whether the timeouts of an operation are those of its policy, whatever it calls.
pub(super) fn as_policy_says(world: &World, id: Id<Operation>) -> bool {
    let operation = &world.operations[id];
    operation.calls.is_empty() || named_total(world, operation.policy).is_some()
}

/// The retries of an operation as an expression; nothing where its policy has none.
pub(super) fn retries(s: &Scope<'_>, id: Id<Operation>) -> Option<TokenStream> {
    match &s.world().policies[s.world().operations[id].policy].numbers.retry {
        Block::On(retry) => Some(retry_config(s, retry)),
        Block::Off(_) => None,
    }
}

fn retry_config(s: &Scope<'_>, retry: &Retry) -> TokenStream {
    let rt = s.rt();
    let time = |nanos: u64| literal::duration_at(&quote!(#rt), nanos);
    let (base, cap) = (time(retry.base), time(retry.cap));
    let attempts = literal::uint(retry.attempts.into());
    let codes = retry.on.iter().map(|c| records::code(*c));
    let (percent, floor) = (rounded(retry.budget), rounded(retry.budget_min));
    let even = retry.even_if_retried;
    quote! {
        #rt::RetryConfig {
            attempts: #attempts,
            base: #base,
            cap: #cap,
            on: #rt::Codes::of(&[#(#rt::Code::#codes),*]),
            budget_percent: #percent,
            budget_floor: #floor,
            even_if_retried: #even,
        }
    }
}

/// A number of the contract that the runtime counts in whole ones: rounded up, so that little is not nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and there are no negative budgets"
)]
fn rounded(number: f64) -> TokenStream {
    literal::uint(u64::from(number.ceil() as u32))
}
