use svckit_diagnostics::Diagnostic;
use svckit_model::World;

use crate::analysis::calls::Edge;
use crate::rule::rule;
use crate::text::{caller, operation};
use crate::{Analysis, Report};

rule! {
    /// Operations that call each other in a circle.
    ///
    /// ## What it does
    /// Finds operations that call themselves, through however many others, and wait for the answer. A queued command
    /// that sends itself the rest of its work waits for nobody, and is none.
    ///
    /// ## Why is this bad
    /// Nothing in the contract says when it stops. Each turn holds the ones before it, with their connections, until
    /// the deadline ends them all; no timeout is right, for each has to be longer than the one inside it. And none of
    /// the services can be deployed, or come up after an outage, without the other.
    ///
    /// Reads: `calls`
    ///
    /// ## Example
    /// ```svc
    /// service Orders { query Get() -> string    calls Billing.Invoice }
    /// service Billing { query Invoice() -> string  calls Orders.Get }
    /// ```
    ///
    /// ## Use instead
    /// Hand down what the other one would ask for; split the operation in two; or let one of them learn it from the
    /// other's events.
    pub RULE = Error "sync-cycle" in Topology;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for circle in calls.circles() {
        // The first in the text, so that the message stays where it is.
        let first = circle.iter().min_by_key(|id| world.operations[**id].info.span).copied();
        let Some(first) = first else { continue };
        let round = calls.round(first);
        if let Some(found) = judge(world, &round, circle.len()) {
            report.add(world.operations[first].info.span, found);
        }
    }
}

fn judge(world: &World, round: &[&Edge], all: usize) -> Option<Diagnostic> {
    let (first, rest) = round.split_first()?;
    let name = caller(world, first.from);
    let text = match rest.last() {
        None => format!("`{name}` calls itself"),
        Some(last) => format!("`{name}` calls itself through `{}`", caller(world, last.from)),
    };
    let mut found = Diagnostic::new(RULE.code, first.span, text).here("here it begins …");
    for (at, edge) in rest.iter().enumerate().take(8) {
        let text = if at + 1 == rest.len() { "… and here it closes" } else { "… goes on …" };
        found = found.label(edge.span, text);
    }
    if rest.is_empty() {
        found = found.here("nothing says when it stops");
    }
    let mut names = vec![name];
    names.extend(round.iter().map(|edge| operation(world, edge.to)));
    names.truncate(12);
    found = found.note(names.join(" → "));
    if all > round.len() {
        found =
            found.note(format!("{all} operations are on circles with it; this is a shortest one"));
    }
    Some(found.help("hand down what the other one would ask for, split the operation in two, or learn it from events"))
}
