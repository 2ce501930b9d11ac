use svckit_diagnostics::Diagnostic;
use svckit_model::StepCall;

use crate::analysis::saga::{arguments, roots, steps};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An undo that needs what the step may never have answered.
    ///
    /// ## What it does
    /// Finds undos whose arguments are taken from the answer of the very step that they undo, where that is a call. A
    /// `local` step has its answer as soon as it is done.
    ///
    /// ## Why is this bad
    /// A step whose answer never came may have been done all the same, and is undone. There is no answer then to take
    /// the argument from. The key of the step is known from the start.
    ///
    /// Reads: `step`, `undo`, `key(STEP)`
    ///
    /// ## Example
    /// ```svc
    /// step hold: Authorize { order: order }
    ///   undo Void { authorization: hold.id }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// step hold: Authorize { order: order }
    ///   undo Void { authorized_by: key(hold) }
    /// ```
    pub RULE = Error "undo-needs-lost-result" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, saga) in analysis.world.sagas.iter() {
        for step in steps(saga).iter().map(|p| p.step) {
            let Some(undo) = &step.undo else { continue };
            if matches!(step.call, StepCall::Local(..)) {
                continue;
            }
            let name = step.name.as_str();
            if !arguments(undo).iter().any(|arg| roots(arg).contains(&name)) {
                continue;
            }
            let text = format!("the undo of step `{name}` needs the answer of `{name}`");
            let found = Diagnostic::new(RULE.code, step.undo_span.unwrap_or(step.span), text)
                .here("not known where the answer was lost")
                .label(step.call_span, "may be done without ever answering")
                .help(format!(
                    "name what is undone by `key({name})`, in a field of the undo: `undoes … by …`"
                ));
            report.add(step.span, found);
        }
    }
}
