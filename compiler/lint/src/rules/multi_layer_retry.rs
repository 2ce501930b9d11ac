use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Operation, Policy, World};

use crate::analysis::calls::{Caller, Edge};
use crate::rule::rule;
use crate::text::{caller, operation};
use crate::{Analysis, Report};

rule! {
    /// Two layers that both retry what was retried already.
    ///
    /// ## What it does
    /// Finds calls under `even_if_retried` above which, on some way through the calls, another one is under
    /// `even_if_retried`, too.
    ///
    /// ## Why is this bad
    /// `even_if_retried` is for the one layer that knows better: that its callee's retries were for something else. Two
    /// layers of them multiply, and nobody who reads one policy sees the other.
    ///
    /// Reads: `calls`, `with`, `retry { attempts even_if_retried }`
    ///
    /// ## Example
    /// ```svc
    /// policy Stubborn { retry { attempts 2  even_if_retried } }
    /// service Front { query Page() -> string   calls Middle.Part with Stubborn }
    /// service Middle { query Part() -> string  calls Store.Read with Stubborn }
    /// ```
    ///
    /// ## Use instead
    /// Leave it to one of them, or to none: without it, the lowest layer retries.
    pub RULE = Warning "multi-layer-retry" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    // Per operation: the nearest such call on some way to it.
    let mut above: Vec<Option<&Edge>> = vec![None; world.operations.len()];
    for id in calls.callers_first(world) {
        for edge in calls.from(id).iter().filter(|e| e.waits && !calls.closes_circle(e)) {
            let even = edge.retry(world).is_some_and(|r| r.even_if_retried);
            if let (true, Some(upper)) = (even, above[id.index()]) {
                judge(world, (upper, edge), report);
            }
            if even {
                above[edge.to.index()] = Some(edge);
            } else if above[edge.to.index()].is_none() {
                above[edge.to.index()] = above[id.index()];
            }
        }
    }
}

fn judge(world: &World, (upper, lower): (&Edge, &Edge), report: &mut Report) {
    let (above, below) = (caller(world, upper.from), caller(world, lower.from));
    let name = operation(world, lower.to);
    let also = match upper.to == from(lower) {
        true => format!("`{above}` retries `{below}` so, too"),
        false => format!("so does `{above}`, above it"),
    };
    let text = format!("`{below}` retries `{name}` even if it was retried below, and {also}");
    let mut found = Diagnostic::new(RULE.code, lower.span, text)
        .here(format!("{} attempts, whatever was retried below", lower.time.attempts))
        .label(upper.span, format!("{} attempts of each", upper.time.attempts));
    for policy in [upper.time.policy, lower.time.policy] {
        let (place, name) = written(world, policy);
        if !found.labels.iter().any(|l| l.span == place) {
            found = found.label(place, format!("`{name}` says so"));
        }
    }
    let product = u64::from(upper.time.attempts) * u64::from(lower.time.attempts);
    let found = found
        .note(format!(
            "attempts = {} · {} = {product} where one was meant",
            upper.time.attempts, lower.time.attempts
        ))
        .help("leave `even_if_retried` to one layer, or to none: the lowest one retries then");
    let (place, name) = written(world, lower.time.policy);
    let found = match world.policies[lower.time.policy].info.places.get("retry.even_if_retried") {
        Some(_) => {
            found.fix(format!("let `{name}` retry no more than others"), place, "").unsafe_fix()
        }
        None => found,
    };
    report.add(lower.from.span(world), found);
}

fn from(edge: &Edge) -> Id<Operation> {
    match edge.from {
        Caller::Operation(id) => id,
        _ => edge.to,
    }
}

/// Where a policy, or one that it extends, says `even_if_retried`.
fn written(world: &World, policy: Id<Policy>) -> (svckit_diagnostics::Span, &str) {
    crate::policies::written(world, policy, "retry.even_if_retried")
        .unwrap_or((world.policies[policy].info.span, &world.policies[policy].info.name))
}
