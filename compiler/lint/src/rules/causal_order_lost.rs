use std::collections::{HashMap, HashSet};

use svckit_diagnostics::Diagnostic;
use svckit_model::{Event, Id, Subscription};

use crate::analysis::choreography::Flow;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// Causes that may come after their effects.
    ///
    /// ## What it does
    /// Finds services with two `ordered` handlers in one flow, where the event of the second follows from that of the
    /// first by way of another service.
    ///
    /// ## Why is this bad
    /// Events of one service keep their order; those of two don't, even where one is the cause of the other. The
    /// service may hear of the parcel before it hears of the order, though both handlers insist on an order.
    ///
    /// Reads: `choreography`, `on … ordered`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// on orders.Placed do Note  ordered
    /// on depot.Packed do Add  ordered                 // which follows from Placed
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// on depot.Packed do Add                          // makes the note if there is none yet
    /// ```
    pub RULE = Error "causal-order-lost" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let ordered: Vec<&Subscription> = flow
            .ways()
            .iter()
            .map(|(id, _)| &world.subscriptions[*id])
            .filter(|on| on.ordered)
            .collect();
        let mut followers: HashMap<Id<Event>, HashSet<Id<Event>>> = HashMap::new();
        for effect in &ordered {
            let cause = ordered.iter().find(|cause| {
                cause.service == effect.service
                    && world.events[cause.event].service != world.events[effect.event].service
                    && followers
                        .entry(cause.event)
                        .or_insert_with(|| follow(flow, cause.event))
                        .contains(&effect.event)
            });
            let Some(cause) = cause else { continue };
            let (first, second) =
                (&world.events[cause.event].info, &world.events[effect.event].info);
            let text = format!(
                "`{}` may come before `{}`, from which it follows",
                second.name, first.name
            );
            let found = Diagnostic::new(RULE.code, effect.info.place("ordered"), text)
                .here("no order between two services")
                .label(cause.event_span, "the cause")
                .label(effect.event_span, "the effect")
                .help(format!("carry in `{}` what is needed of `{}`; or let the handler do without, and leave out `ordered`", second.name, first.name));
            report.add(effect.info.span, found);
        }
    }
}

/// All that may follow from an event.
fn follow(flow: &Flow, cause: Id<Event>) -> HashSet<Id<Event>> {
    let mut known = HashSet::new();
    let mut todo = vec![cause];
    while let Some(event) = todo.pop() {
        let handlers = flow.handlers_of(event).iter().map(|at| &flow.ways()[*at].1);
        for next in handlers.flatten().flat_map(|w| &w.events) {
            if known.insert(*next) {
                todo.push(*next);
            }
        }
    }
    known
}
