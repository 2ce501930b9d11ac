use svckit_diagnostics::{Diagnostic, Severity};
use svckit_model::{Id, Operation, World};

use crate::analysis::calls::{Caller, Calls, Chain, Depths, Edge, is_hop};
use crate::rule::rule;
use crate::text::{caller, operation};
use crate::{Analysis, Report};

rule! {
    /// Many services that wait for each other in a row.
    ///
    /// ## What it does
    /// Counts the hops from service to service along the longest chain of calls that begins at an operation which no
    /// other service calls: more than 3 are a warning, more than 5 an error. Calls within a service, and queued commands,
    /// for which nobody waits, are no hops.
    ///
    /// ## Why is this bad
    /// Each hop adds its latency and its failures, each holds a connection and memory while it waits for the ones
    /// below, and the slowest decides for all. A chain of six services with 99.9 % each is up for 99.4 % of the time.
    ///
    /// Reads: `calls`
    ///
    /// ## Example
    /// ```svc
    /// service A { query Get() -> string  calls B.Get }
    /// service B { query Get() -> string  calls C.Get }
    /// service C { query Get() -> string  calls D.Get }
    /// service D { query Get() -> string  calls E.Get }
    /// service E { query Get() -> string }
    /// ```
    ///
    /// ## Use instead
    /// Let the caller ask several services at once (`parallel { … }`) instead of each asking the next; or keep what is
    /// read from far below as a projection of its events, near the reader.
    pub RULE = Warning | Error "sync-chain" in Topology;
}

const WARNING: usize = 3;
const ERROR: usize = 5;

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    let depths = calls.depths(world);
    for (id, op) in world.operations.iter() {
        if depths[id.index()].0 > WARNING
            && is_first(world, calls, &depths, id)
            && let Some(found) = judge(world, &calls.chain(&depths, id))
        {
            report.add(op.info.span, found);
        }
    }
}

/// Whether no longer chain leads through an operation: no other service calls it, and none of its own does that has as
/// long a chain.
fn is_first(world: &World, calls: &Calls, depths: &Depths, id: Id<Operation>) -> bool {
    let longer = |edge: &Edge| match edge.from {
        Caller::Operation(from) => {
            edge.waits
                && !calls.closes_circle(edge)
                && (is_hop(world, edge) || depths[from.index()].0 >= depths[id.index()].0)
        }
        _ => false,
    };
    !calls.into(id).any(longer)
}

fn judge(world: &World, chain: &Chain<'_>) -> Option<Diagnostic> {
    let (first, last) = (chain.path.first()?, chain.path.last()?);
    let name = caller(world, first.from);
    let text = format!(
        "`{name}` waits for {} services in a row, down to `{}`",
        chain.hops,
        operation(world, last.to)
    );
    let mut found = Diagnostic::new(RULE.code, first.from.span(world), text)
        .here(format!("{} hops below this", chain.hops));
    if chain.hops > ERROR {
        found.severity = Severity::Error;
    }
    let mut hops = 0;
    for edge in &chain.path {
        if is_hop(world, edge) {
            hops += 1;
            if hops <= 8 {
                found = found.label(edge.span, format!("hop {hops}"));
            }
        }
    }
    let mut names = vec![name];
    names.extend(chain.path.iter().map(|edge| operation(world, edge.to)));
    let shown = if names.len() > 14 {
        format!("{} → … → {}", names[..12].join(" → "), names[names.len() - 1])
    } else {
        names.join(" → ")
    };
    let found = found.note(format!("{} hops: {shown}", chain.hops));
    Some(found.help("ask several services at once from the top, or keep what is read from below as a projection of its events"))
}
