use svckit_diagnostics::Diagnostic;
use svckit_model::StepCall;

use crate::analysis::saga::{keyworded, pivots, steps};
use crate::text::operation;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A step that can't be undone, before the point of no return.
    ///
    /// ## What it does
    /// Finds steps before the pivot, or in a saga without one, that call a command which is `irrevocable`, and are not
    /// the pivot themselves.
    ///
    /// ## Why is this bad
    /// When a later step fails, everything is undone but this one: the letter is sent, the money is paid out.
    ///
    /// Reads: `irrevocable`, `pivot`, `step`
    ///
    /// ## Example
    /// ```svc
    /// step pay: PayOut { claim: claim }       // irrevocable
    /// step note: Note { claim: claim }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// step note: Note { claim: claim }
    /// pivot pay: PayOut { claim: claim }
    /// ```
    pub RULE = Error "irrevocable-before-pivot" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, saga) in world.sagas.iter() {
        let pivot = pivots(saga).first().copied();
        for placed in steps(saga).iter().filter(|p| !p.after && !p.step.pivot) {
            let StepCall::Operation(id, _) = &placed.step.call else { continue };
            let op = &world.operations[*id];
            if !op.irrevocable {
                continue;
            }
            let step = placed.step;
            let text = format!("step `{}` can't be undone, and later ones may fail", step.name);
            let mut found = Diagnostic::new(RULE.code, step.span, text)
                .here("stays done when the saga aborts")
                .label(
                    op.info.place("irrevocable"),
                    format!("`{}` is irrevocable", operation(world, *id)),
                );
            found = match pivot {
                Some(pivot) => {
                    found.label(pivot, "the point of no return").help("put it behind the pivot")
                }
                None => {
                    let help = format!("make it the point of no return: `pivot {}: …`", step.name);
                    keyworded(step, found.help(help), "step ", "pivot")
                }
            };
            report.add(step.span, found);
        }
    }
}
