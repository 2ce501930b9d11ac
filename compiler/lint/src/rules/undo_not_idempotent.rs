use svckit_diagnostics::Diagnostic;
use svckit_model::StepCall;

use crate::analysis::saga::steps;
use crate::text::operation;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An undo that does more harm when it runs twice.
    ///
    /// ## What it does
    /// Finds undos that call a command with `idempotent none`.
    ///
    /// ## Why is this bad
    /// An undo whose answer never came is sent again. If each time has an effect of its own, the second one takes back
    /// what nobody did.
    ///
    /// Reads: `undo`, `idempotent none`
    ///
    /// ## Example
    /// ```svc
    /// command Refund(order @1: uuid)
    ///   idempotent none because "the bank has no keys"
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Refund(paid_by @1: string)  undoes Pay by paid_by
    /// ```
    pub RULE = Error "undo-not-idempotent" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, saga) in world.sagas.iter() {
        for step in steps(saga).iter().map(|p| p.step) {
            let Some(StepCall::Operation(id, _)) = &step.undo else { continue };
            let op = &world.operations[*id];
            if op.is_repeatable() {
                continue;
            }
            let name = operation(world, *id);
            let text = format!("the undo of step `{}` is not idempotent", step.name);
            let found = Diagnostic::new(RULE.code, step.undo_span.unwrap_or(step.span), text)
                .here("sent again where its answer never came")
                .label(op.info.place("idempotent"), format!("`{name}` has an effect each time"))
                .help(format!("give `{name}` a key: leave out `idempotent none`"));
            report.add(step.span, found);
        }
    }
}
