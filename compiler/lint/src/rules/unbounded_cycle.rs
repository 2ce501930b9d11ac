use svckit_diagnostics::Diagnostic;

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
        let Some(round) = flow.circle() else { continue };
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
