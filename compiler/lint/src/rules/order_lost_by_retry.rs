use svckit_diagnostics::Diagnostic;
use svckit_model::{CallUse, Subscription};

use crate::analysis::redelivery::Redelivery;
use crate::rule::rule;
use crate::text::{operation, time};
use crate::{Analysis, Report};

/// Deliveries and handlers at once of a queue that does not say.
const UNWRITTEN: &str = "the default";

rule! {
    /// A handler that takes events in order and passes them on to a queue.
    ///
    /// ## What it does
    /// Finds each `on … ordered` that calls a queued command: whatever `concurrency` and `attempts` say, a message that
    /// fails is delivered again after a pause, and one of a lower priority comes later.
    ///
    /// ## Why is this bad
    /// The events come in order, and the order ends there. Competing consumers take the messages of a queue; one that
    /// fails is tried again after those behind it. What happened last may be done first, and only when something else goes
    /// wrong, so that no test shows it.
    ///
    /// Reads: `on … ordered`, `calls`, `queue { concurrency attempts priority }`
    ///
    /// ## Example
    /// ```svc
    /// on Desk.Moved do Show  ordered  calls Draw
    /// command Draw(parcel @1: uuid  at @2: string)
    ///   queue { concurrency 8  attempts 5 }
    /// ```
    ///
    /// ## Use instead
    /// A command that answers: the key is held back while it is tried again.
    /// ```svc
    /// on Desk.Moved do Show  ordered  calls Draw
    /// command Draw(parcel @1: uuid  at @2: string)  idempotent natural
    /// ```
    pub RULE = Error "order-lost-by-retry" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, on) in world.subscriptions.iter().filter(|(_, on)| on.ordered) {
        // What a service says for all its members is not said of this handler.
        if on.info.places.get("calls").is_none() {
            continue;
        }
        for call in &on.calls {
            judge(analysis, on, call, report);
        }
    }
}

fn judge(analysis: &Analysis<'_>, on: &Subscription, call: &CallUse, report: &mut Report) {
    let world = analysis.world;
    let callee = &world.operations[call.operation];
    let Some(queue) = &callee.queue else { return };
    let name = operation(world, call.operation);
    let number = |n: Option<u32>| n.map_or_else(|| UNWRITTEN.to_owned(), |n| n.to_string());
    let text = format!(
        "`{}` takes `{}` in order and puts it into the queue of `{name}`, which keeps none",
        on.info.name, world.events[on.event].info.name
    );
    let again = Redelivery::of_queued(world, &analysis.calls().timing, call.operation);
    let deliveries = again.map_or(1, |again| again.deliveries);
    let retry = again.filter(|again| again.deliveries > 1).map_or_else(String::new, |again| {
        format!(", after a pause of up to {}", time(again.longest_pause()))
    });
    let found = Diagnostic::new(RULE.code, call.span, text)
        .here("the order ends here")
        .label(on.info.place("ordered"), "asked for here")
        .label(
            callee.info.place("queue"),
            format!(
                "handlers at once: {}; deliveries: {}{retry}",
                number(queue.concurrency),
                deliveries
            ),
        )
        .help("call a command that answers: the key waits while it is tried again; or leave out `ordered`");
    report.add(on.info.span, found);
}
