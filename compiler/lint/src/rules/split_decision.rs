use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Event, Id, Info};

use crate::analysis::saga::waits;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// One flow that a saga and a choreography both decide.
    ///
    /// ## What it does
    /// Finds events of a choreography that a saga waits for, handlers in it that start a saga, commands that publish its
    /// first event and start a saga as well, and sagas that publish an event which ends it. What begins with the end of
    /// the flow, or waits for that, is another matter.
    ///
    /// ## Why is this bad
    /// Each decides by itself whether the whole has succeeded. One day one of them says yes and the other no, and both
    /// act on it.
    ///
    /// Reads: `choreography`, `saga`, `starts`, `wait`, `completed emit`,
    /// `aborted emit`
    ///
    /// ## Example
    /// ```svc
    /// command Place(id @1: OrderId)  emits Placed  starts Checkout
    /// choreography Fulfilment by OrderId of Orders { starts Placed  … }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Place(id @1: OrderId)  emits Placed
    /// choreography Fulfilment by OrderId of Orders { starts Placed  … }
    /// ```
    pub RULE = Error "split-decision" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let choreography = &world.choreographies[flow.of];
        let mut told: Vec<Span> = Vec::new();
        let mut tell = |place: Span, subject: Span, saga: &Info| {
            if told.contains(&saga.span) {
                return;
            }
            told.push(saga.span);
            let text = format!("`{}` and saga `{}` both decide", choreography.info.name, saga.name);
            let found = Diagnostic::new(RULE.code, place, text)
                .here("belongs to both")
                .label(choreography.info.span, "decides by events")
                .label(saga.span, "decides by itself")
                .help("a flow is either a saga or a choreography: leave one of them out");
            report.add(subject, found);
        };
        for (_, op) in world.operations.iter() {
            let first =
                op.emits.iter().any(|e| e.events.iter().any(|e| choreography.starts.contains(e)));
            if let Some(saga) = op.promises.starts.filter(|_| first) {
                tell(op.info.place("starts"), op.info.span, &world.sagas[saga].info);
            }
        }
        // Where the flow has come to its end, something else may begin.
        let ends =
            |e: &Id<Event>| choreography.succeeds.contains(e) || choreography.fails.contains(e);
        for id in flow.handlers(world) {
            let on = &world.subscriptions[id];
            if let Some(saga) = on.starts.filter(|_| !ends(&on.event)) {
                tell(on.info.place("starts"), on.info.span, &world.sagas[saga].info);
            }
        }
        let events: Vec<Id<Event>> = flow.events().into_iter().filter(|e| !ends(e)).collect();
        for (_, saga) in world.sagas.iter() {
            for (wait, _) in waits(saga).filter(|(w, _)| events.contains(&w.event)) {
                tell(wait.span, wait.span, &saga.info);
            }
            let emits = saga.completed.iter().chain(&saga.aborted);
            if let Some(emit) = emits.into_iter().find(|emit| ends(&emit.event)) {
                tell(emit.span, saga.info.span, &saga.info);
            }
        }
    }
}
