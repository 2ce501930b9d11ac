use svckit_diagnostics::Diagnostic;
use svckit_model::{Aggregate, Event, Id, Operation, World};

use crate::rule::rule;
use crate::text::operation;
use crate::{Analysis, Report};

rule! {
    /// An event of an aggregate that its command does not emit.
    ///
    /// ## What it does
    /// Holds what an aggregate says that a command comes to (`Cancel -> Cancelled`) against the command's own `emits`, those of
    /// its `errors` included.
    ///
    /// ## Why is this bad
    /// A handler can publish what its operation `emits`, and nothing else. So the state waits for an event that never comes,
    /// and so does everybody who subscribes to it; or the next reader takes the operation's word for it that nothing is
    /// published.
    ///
    /// Reads: `aggregate`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// command Cancel(order_id @1: OrderId)
    /// aggregate OrderBook by OrderId { state OrderState  Cancel -> Cancelled | nothing }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Cancel(order_id @1: OrderId)  emits Cancelled | nothing
    /// aggregate OrderBook by OrderId { state OrderState  Cancel -> Cancelled | nothing }
    /// ```
    pub RULE = Warning "unemitted-event" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, aggregate) in world.aggregates.iter() {
        for (id, emits) in &aggregate.handles {
            let op = &world.operations[*id];
            let own = op.emits.iter().chain(op.errors.iter().flat_map(|e| &e.emits));
            let own: Vec<Id<Event>> = own.flat_map(|e| &e.events).copied().collect();
            for emit in emits {
                for event in emit.events.iter().filter(|e| !own.contains(e)) {
                    judge(world, (aggregate, *id), (*event, emit.span), report);
                }
            }
        }
    }
}

fn judge(
    world: &World,
    (aggregate, id): (&Aggregate, Id<Operation>),
    (event, place): (Id<Event>, svckit_diagnostics::Span),
    report: &mut Report,
) {
    let (op, event) = (&world.operations[id], &world.events[event].info.name);
    let text = format!(
        "aggregate `{}` lives by `{event}` of `{}`, which does not emit it",
        aggregate.info.name,
        operation(world, id)
    );
    let here = match op.info.places.get("emits") {
        Some(emits) => (emits, format!("no `{event}` here")),
        None => (op.info.span, "emits nothing".to_owned()),
    };
    let found =
        Diagnostic::new(RULE.code, place, text).here("never published").label(here.0, here.1).help(
            format!("let `{}` say `emits {event}`, or take it out of the aggregate", op.info.name),
        );
    report.add(aggregate.info.span, found);
}
