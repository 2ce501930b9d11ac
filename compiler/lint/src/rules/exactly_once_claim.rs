use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{CallUse, Delivery, Idempotency, World};

use crate::rule::rule;
use crate::text::operation;
use crate::{Analysis, Report};

rule! {
    /// `effectively_once` of something that nobody can do once.
    ///
    /// ## What it does
    /// Finds handlers with `delivery effectively_once`, each `on` and each queued command, that call a command whose
    /// idempotency is `none`.
    ///
    /// ## Why is this bad
    /// A message can always come twice. One effect is what the inbox makes of it in the handler's own store, and the key in
    /// commands that have one. A command without a key is carried out once more with each delivery: the word promises what
    /// the contract itself rules out.
    ///
    /// Reads: `delivery effectively_once`, `calls`, `idempotent none`
    ///
    /// ## Example
    /// ```svc
    /// on Shop.Ordered do Collect  delivery effectively_once  calls Bank.Charge
    /// command Charge(card @1: string)  idempotent none because "the terminal has no keys"
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Charge(order_id @1: uuid  card @2: string)  idempotent by order_id
    /// ```
    pub RULE = Error "exactly-once-claim" in Brokers;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, on) in world.subscriptions.iter() {
        if on.delivery == Delivery::EffectivelyOnce {
            let event = &world.events[on.event].info;
            let own = on.info.places.get("delivery").or_else(|| event.places.get("delivery"));
            let place = own.unwrap_or(on.info.span);
            judge(world, (&on.info.name, on.info.span, place), &on.calls, report);
        }
    }
    for (_, op) in world.operations.iter() {
        if op.queue.is_some() && op.promises.delivery == Delivery::EffectivelyOnce {
            let place = op.info.place("delivery");
            judge(world, (&op.info.name, op.info.span, place), &op.calls, report);
        }
    }
}

fn judge(
    world: &World,
    (name, subject, place): (&str, Span, Span),
    calls: &[CallUse],
    report: &mut Report,
) {
    for call in calls {
        let callee = &world.operations[call.operation];
        if !matches!(callee.idempotency, Idempotency::None(_)) {
            continue;
        }
        let text = format!(
            "`{name}` promises one effect, and calls `{}`, which has no key",
            operation(world, call.operation)
        );
        let found = Diagnostic::new(RULE.code, place, text)
            .here("can't be promised")
            .label(call.span, "carried out again with each delivery")
            .label(callee.info.place("idempotent"), "nothing tells a repetition")
            .help("give the command a key (`idempotent by FIELD`), or promise `at_least_once`");
        report.add(subject, found);
    }
}
