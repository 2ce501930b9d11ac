//! The policies of operations, as numbers.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use svckit_model::Id;
use svckit_model::world::{
    Backoff, Block, Breaker, Bulkhead, Hedge, HedgeAfter, Jitter, Limit, LimitPer, Operation,
    Policy, PolicyNumbers, Retry, World,
};

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
    let numbers = &s.world().policies[policy].numbers;
    let retry = block(s, &numbers.retry, retry_config);
    let timeout =
        quote!(#rt::TimeoutConfig { connect: #connect, attempt: #attempt, total: #total });
    config(s, numbers, s.world().operations[id].promises.limit.as_ref(), &timeout, &retry)
}

/// A policy as an expression: its numbers, but for the blocks that are those of `standard`. The limit of an operation
/// stands in for that of its policy.
pub(super) fn config(
    s: &Scope<'_>,
    numbers: &PolicyNumbers,
    limit: Option<&Limit>,
    timeout: &TokenStream,
    retry: &TokenStream,
) -> TokenStream {
    let standard = &standard(s).numbers;
    let limit_of = limit.map_or_else(|| numbers.limit.clone(), |own| Block::On(own.clone()));
    let fields = [
        ("timeout", Some(timeout.clone())),
        ("retry", Some(retry.clone())),
        ("breaker", changed(s, &numbers.breaker, &standard.breaker, breaker)),
        ("bulkhead", changed(s, &numbers.bulkhead, &standard.bulkhead, bulkhead)),
        ("limit", changed(s, &limit_of, &standard.limit, limited)),
        ("hedge", changed(s, &numbers.hedge, &standard.hedge, hedge)),
        ("outlier", changed(s, &numbers.outlier, &standard.outlier, |_, p| rounded(*p))),
    ];
    with_rest(s, &quote!(PolicyConfig), fields)
}

/// The policy that every other one inherits from.
fn standard<'a>(s: &'a Scope<'_>) -> &'a Policy {
    s.world().policies.iter().next().expect("`standard` is there before all others").1
}

/// A block that is not that of `standard`.
fn changed<T: PartialEq>(
    s: &Scope<'_>,
    own: &Block<T>,
    standard: &Block<T>,
    write: impl Fn(&Scope<'_>, &T) -> TokenStream,
) -> Option<TokenStream> {
    let same = match (own, standard) {
        (Block::On(own), Block::On(standard)) => own == standard,
        (Block::Off(_), Block::Off(_)) => true,
        _ => false,
    };
    (!same).then(|| block(s, own, write))
}

/// A block as an expression: nothing, where it is left out.
fn block<T>(
    s: &Scope<'_>,
    block: &Block<T>,
    write: impl Fn(&Scope<'_>, &T) -> TokenStream,
) -> TokenStream {
    match block {
        Block::On(numbers) => {
            let (some, config) = (s.std("Some"), write(s, numbers));
            quote!(#some(#config))
        }
        Block::Off(_) => s.std("None"),
    }
}

/// A struct of the runtime as an expression: what is not said is as in `standard`.
fn with_rest<const N: usize>(
    s: &Scope<'_>,
    name: &TokenStream,
    fields: [(&str, Option<TokenStream>); N],
) -> TokenStream {
    let rt = s.rt();
    let rest = fields.iter().any(|(_, value)| value.is_none());
    let rest = rest.then(|| quote!(..#rt::#name::STANDARD));
    let fields = fields.iter().filter_map(|(field, value)| {
        let (field, value) = (format_ident!("{field}"), value.as_ref()?);
        Some(quote!(#field: #value,))
    });
    quote!(#rt::#name { #(#fields)* #rest })
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

fn time(s: &Scope<'_>, nanos: u64) -> TokenStream {
    let rt = s.rt();
    literal::duration_at(&quote!(#rt), nanos)
}

fn count(number: u32) -> TokenStream {
    literal::uint(number.into())
}

fn retry_config(s: &Scope<'_>, retry: &Retry) -> TokenStream {
    let rt = s.rt();
    let backoff = match retry.backoff {
        Backoff::Exponential => None,
        Backoff::Linear => Some(quote!(#rt::Backoff::Linear)),
        Backoff::Constant => Some(quote!(#rt::Backoff::Constant)),
    };
    let jitter = match retry.jitter {
        Jitter::Full => None,
        Jitter::Equal => Some(quote!(#rt::Jitter::Equal)),
        Jitter::None => Some(quote!(#rt::Jitter::None)),
    };
    let codes = retry.on.iter().map(|c| records::code(*c));
    let even = retry.even_if_retried;
    let fields = [
        ("attempts", Some(count(retry.attempts))),
        ("backoff", backoff),
        ("jitter", jitter),
        ("base", Some(time(s, retry.base))),
        ("cap", Some(time(s, retry.cap))),
        ("on", Some(quote!(#rt::Codes::of(&[#(#rt::Code::#codes),*])))),
        ("budget_percent", Some(rounded(retry.budget))),
        ("budget_floor", Some(rounded(retry.budget_min))),
        ("even_if_retried", Some(quote!(#even))),
    ];
    with_rest(s, &quote!(RetryConfig), fields)
}

fn breaker(s: &Scope<'_>, breaker: &Breaker) -> TokenStream {
    let fields = [
        ("window", Some(time(s, breaker.window))),
        ("failure_rate", Some(rounded(breaker.failure_rate))),
        ("slow_call", Some(time(s, breaker.slow_call))),
        ("slow_rate", Some(rounded(breaker.slow_rate))),
        ("min_calls", Some(count(breaker.min_calls))),
        ("open_min", Some(time(s, breaker.open_min))),
        ("open_max", Some(time(s, breaker.open_max))),
        ("half_open", Some(count(breaker.half_open))),
    ];
    with_rest(s, &quote!(BreakerConfig), fields)
}

fn bulkhead(s: &Scope<'_>, bulkhead: &Bulkhead) -> TokenStream {
    let (rt, concurrent, queue) = (s.rt(), count(bulkhead.concurrent), count(bulkhead.queue));
    quote!(#rt::BulkheadConfig { concurrent: #concurrent, queue: #queue })
}

fn limited(s: &Scope<'_>, limit: &Limit) -> TokenStream {
    let rt = s.rt();
    let (every, burst) = (time(s, between(limit.rate)), count(limit.burst));
    let per = match limit.per {
        LimitPer::All => quote!(All),
        LimitPer::Caller => quote!(Caller),
        LimitPer::Tenant => quote!(Tenant),
    };
    quote!(#rt::LimitConfig { every: #every, burst: #burst, per: #rt::LimitPer::#per })
}

fn hedge(s: &Scope<'_>, hedge: &Hedge) -> TokenStream {
    let rt = s.rt();
    let after = match hedge.after {
        HedgeAfter::Percentile(percent) => {
            let permille = rounded(percent * 10.0);
            quote!(#rt::HedgeAfter::Permille(#permille))
        }
        HedgeAfter::Fixed(nanos) => {
            let time = time(s, nanos);
            quote!(#rt::HedgeAfter::Fixed(#time))
        }
    };
    let at_most = count(hedge.at_most);
    quote!(#rt::HedgeConfig { after: #after, at_most: #at_most })
}

/// Nanoseconds between two calls at so many a second; of a rate of nothing, for ever.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and there are no negative rates"
)]
fn between(rate: f64) -> u64 {
    (1e9 / rate).round() as u64
}

/// A number of the contract that the runtime counts in whole ones: rounded up, so that little is not nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and there are no negative budgets"
)]
pub(super) fn rounded(number: f64) -> TokenStream {
    literal::uint(u64::from(number.ceil() as u32))
}
