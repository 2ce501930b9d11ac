use svckit_diagnostics::Diagnostic;
use svckit_model::StepCall;

use crate::analysis::saga::{passes, steps};
use crate::text::operation;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An undo that may fail for good.
    ///
    /// ## What it does
    /// Finds undos that call a command with a declared error which does not pass by itself.
    ///
    /// ## Why is this bad
    /// An undo runs when something has failed already. If it fails, too, the saga can go neither forward nor back: it
    /// is parked for a person.
    ///
    /// Reads: `undo`, `errors`, `is CODE`
    ///
    /// ## Example
    /// ```svc
    /// command Release(reserved_by @1: string)  undoes Reserve by reserved_by
    ///   errors { AlreadyShipped }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Release(reserved_by @1: string)  undoes Reserve by reserved_by
    /// ```
    pub RULE = Warning "fallible-undo" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, saga) in world.sagas.iter() {
        for step in steps(saga).iter().map(|p| p.step) {
            let Some(StepCall::Operation(id, _)) = &step.undo else { continue };
            let op = &world.operations[*id];
            let Some(fatal) = op.errors.iter().find(|e| !passes(world, e.error)) else { continue };
            let error = &world.records[fatal.error].info;
            let text = format!("the undo of step `{}` may fail with `{}`", step.name, error.name);
            let found = Diagnostic::new(RULE.code, step.undo_span.unwrap_or(step.span), text)
                .here("then the saga is parked")
                .label(fatal.span, format!("`{}` declares it", operation(world, *id)))
                .label(error.span, "does not pass by itself")
                .help("let the undo succeed where there is nothing to undo; or move the step behind the pivot");
            report.add(step.span, found);
        }
    }
}
