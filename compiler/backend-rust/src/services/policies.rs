//! Timeouts and retries of operations, as numbers.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Block, Operation, Policy, Retry, World};

use crate::literal;
use crate::records;
use crate::scope::Scope;

/// The timeouts of an operation as an expression.
pub(super) fn timeouts(s: &Scope<'_>, id: Id<Operation>) -> TokenStream {
    let rt = s.rt();
    let times = s.all.timing.of(id);
    let [connect, attempt, total] = [times.connect, times.attempt, times.total]
        .map(|nanos| literal::duration_at(&quote!(#rt), nanos));
    quote!(#rt::TimeoutConfig { connect: #connect, attempt: #attempt, total: #total })
}

/// The policy that a caller names for its calls of an operation (`with P`), as an expression.
pub(super) fn with(s: &Scope<'_>, id: Id<Operation>, policy: Id<Policy>) -> TokenStream {
    let rt = s.rt();
    let times = s.all.timing.call(s.world(), id, Some(policy)).times;
    let [connect, attempt, total] = [times.connect, times.attempt, times.total]
        .map(|nanos| literal::duration_at(&quote!(#rt), nanos));
    let retry = match &s.world().policies[policy].numbers.retry {
        Block::On(retry) => {
            let (some, config) = (s.std("Some"), retry_config(s, retry));
            quote!(#some(#config))
        }
        Block::Off(_) => s.std("None"),
    };
    quote! {
        #rt::PolicyConfig {
            timeout: #rt::TimeoutConfig { connect: #connect, attempt: #attempt, total: #total },
            retry: #retry,
        }
    }
}

/// Whether the timeouts of an operation are those of its policy, whatever it calls.
pub(super) fn as_policy_says(world: &World, id: Id<Operation>) -> bool {
    let operation = &world.operations[id];
    let timeout = &world.policies[operation.policy].numbers.timeout;
    operation.calls.is_empty()
        || matches!(timeout, Block::On(t) if t.attempt.is_some() && t.total.is_some())
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
