use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Subscription, World};

use crate::analysis::choreography::Flow;
use crate::text::listed;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A choreography that may go round and never end.
    ///
    /// ## What it does
    /// Finds circles in a flow: a handler that may publish what, over others, sets it going again.
    ///
    /// ## Why is this bad
    /// Nothing counts the rounds. One order that is refused, tried again and refused keeps all services busy until
    /// somebody notices.
    ///
    /// Reads: `choreography`, `on`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// on depot.Missing do OrderAgain  emits Placed | Cancelled
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// on depot.Missing do Cancel  emits Cancelled  undoes Placed
    /// ```
    pub RULE = Error "unbounded-cycle" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let Some(round) = round(world, flow) else { continue };
        let names: Vec<&str> = round
            .iter()
            .map(|id| world.events[world.subscriptions[*id].event].info.name.as_str())
            .collect();
        let info = &world.choreographies[flow.of].info;
        let closes = &world.subscriptions[round[round.len() - 1]];
        let text = format!("`{}` may go round {} without end", info.name, listed(&names));
        let found = Diagnostic::new(RULE.code, closes.info.place("emits"), text)
            .here("begins again")
            .label(info.span, "the flow")
            .note(format!("circle: {} → {}", names.join(" → "), names[0]))
            .help(
                "fail after one round, or try again within the handler, where attempts are counted",
            );
        report.add(info.span, found);
    }
}

/// The shortest circle of handlers, from the first one that is on one.
fn round(world: &World, flow: &Flow) -> Option<Vec<Id<Subscription>>> {
    let ways = flow.ways();
    for start in 0..ways.len() {
        let mut came: Vec<Option<usize>> = vec![None; ways.len()];
        let mut todo = std::collections::VecDeque::from([start]);
        while let Some(at) = todo.pop_front() {
            for event in ways[at].1.iter().flat_map(|w| &w.events) {
                for (next, (id, _)) in ways.iter().enumerate() {
                    if world.subscriptions[*id].event != *event {
                        continue;
                    }
                    if next == start {
                        let mut round = vec![ways[at].0];
                        let mut back = at;
                        while back != start {
                            back = came[back]?;
                            round.push(ways[back].0);
                        }
                        round.reverse();
                        return Some(round);
                    }
                    if came[next].is_none() {
                        came[next] = Some(at);
                        todo.push_back(next);
                    }
                }
            }
        }
    }
    None
}
