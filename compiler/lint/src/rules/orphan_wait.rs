use crate::rule::rule;
use crate::{Analysis, Report};
use svckit_diagnostics::Diagnostic;

rule! {
    /// An end that the flow can't come to.
    ///
    /// ## What it does
    /// Finds events of `succeeds` and `fails` that no way from `starts` publishes, and no operation, schedule or saga
    /// either.
    ///
    /// ## Why is this bad
    /// The service that watches the flow waits for an event that can't come: each run is told to have failed, or never
    /// to have.
    ///
    /// Reads: `choreography`, `starts`, `succeeds`, `fails`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// choreography Fulfilment by OrderId of Orders {
    ///   starts   Placed
    ///   succeeds Delivered                    // which no handler publishes
    ///   within   1h
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// choreography Fulfilment by OrderId of Orders {
    ///   starts   Placed
    ///   succeeds Shipped
    ///   fails    Cancelled
    ///   within   1h
    /// }
    /// ```
    pub RULE = Error "orphan-wait" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let choreography = &world.choreographies[flow.of];
        for event in flow.never_ends(world) {
            let info = &world.events[event].info;
            let text = format!("`{}` never comes to `{}`", choreography.info.name, info.name);
            let starts: Vec<&str> =
                choreography.starts.iter().map(|e| world.events[*e].info.name.as_str()).collect();
            let found = Diagnostic::new(RULE.code, choreography.info.span, text)
                .here("waits for it in vain")
                .label(info.span, "no handler on the way publishes it")
                .note(format!(
                    "way: {} → … and none of the handlers has `{}` in its `emits`",
                    starts.join(", "),
                    info.name
                ))
                .help(format!(
                    "let the last handler say `emits {}`, or leave it out here",
                    info.name
                ));
            report.add(choreography.info.span, found);
        }
    }
}
