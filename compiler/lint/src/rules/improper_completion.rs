use svckit_diagnostics::{Diagnostic, Severity};
use svckit_model::{Event, Id, World};

use crate::analysis::choreography::{FAILED, Flow, SUCCEEDED, told_way};
use crate::analysis::petri::Move;
use crate::text::listed;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A way through a choreography that ends nowhere, or twice.
    ///
    /// ## What it does
    /// Follows every combination of what handlers may publish, until no message waits any more. Each must have come to
    /// an event that `succeeds` or `fails`, and not to both. `| nothing` is taken for the answer of a handler to what
    /// has come to an end already. Beyond 20000 states it gives up, and warns.
    ///
    /// ## Why is this bad
    /// A flow that ends nowhere is stuck until `within` is over, and nobody is told before. One that ends twice has
    /// both sent the parcel and given back the money.
    ///
    /// Reads: `choreography`, `starts`, `succeeds`, `fails`, `on`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// on depot.Missing do Note                // and there the flow ends
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// on depot.Missing do Cancel  emits Cancelled  undoes Placed
    /// ```
    pub RULE = Error | Warning "improper-completion" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let info = &world.choreographies[flow.of].info;
        for (start, explored) in flow.explored(world) {
            if explored.stopped {
                let text = format!("`{}` has too many ways to follow all of them", info.name);
                let mut found = Diagnostic::new(RULE.code, info.span, text)
                    .here(format!("stopped after {} states", explored.states()))
                    .note("states = all combinations of what handlers may publish; those that were followed are judged")
                    .help("split it into flows that follow one another, or leave fewer decisions to each handler");
                found.severity = Severity::Warning;
                report.add(info.span, found);
            }
            let ends = || explored.ends();
            if let Some((_, way)) = ends().find(|(end, _)| end.marks == 0) {
                tell(
                    world,
                    flow,
                    (*start, &way),
                    "may come to no end",
                    "neither succeeded nor failed",
                    report,
                );
            }
            if let Some((_, way)) = ends().find(|(end, _)| end.marks == SUCCEEDED | FAILED) {
                tell(
                    world,
                    flow,
                    (*start, &way),
                    "may both succeed and fail",
                    "succeeded as well as failed",
                    report,
                );
            }
        }
    }
}

fn tell(
    world: &World,
    flow: &Flow,
    (start, way): (Id<Event>, &[Move]),
    what: &str,
    here: &str,
    report: &mut Report,
) {
    let info = &world.choreographies[flow.of].info;
    let last =
        way.last().and_then(|(h, _)| flow.ways().get(*h)).map(|(id, _)| &world.subscriptions[*id]);
    let place = last.map_or(world.events[start].info.span, |on| on.info.span);
    let mut found = Diagnostic::new(RULE.code, place, format!("`{}` {what}", info.name))
        .here(here)
        .label(info.span, "the flow");
    for (handler, chosen) in way.iter().rev().skip(1).take(3).rev() {
        let Some((id, ways)) = flow.ways().get(*handler) else { continue };
        let names: Vec<&str> = ways
            .get(*chosen)
            .into_iter()
            .flat_map(|w| &w.events)
            .map(|e| world.events[*e].info.name.as_str())
            .collect();
        if !names.is_empty() {
            found = found.label(
                world.subscriptions[*id].info.place("emits"),
                format!("publishes {}", listed(&names)),
            );
        }
    }
    let found = found
        .note(told_way(world, flow, start, way))
        .help("let each way publish one of the events that end the flow, and one handler alone decide between them");
    report.add(info.span, found);
}
