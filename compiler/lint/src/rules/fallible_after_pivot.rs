use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Id, Record, Step, StepCall, World};

use crate::analysis::saga::{errors, may_abort, passes, pivots, steps, waits};
use crate::text::{listed, time};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A step behind the pivot that may fail for good.
    ///
    /// ## What it does
    /// Finds steps behind the point of no return that declare an error which does not pass by itself, and say neither
    /// `on ERROR retry for …`, `on ERROR skip` nor `best_effort`; sagas that are run there
    /// and may abort by an error or a wait of their own; and waits there that `else abort`.
    ///
    /// ## Why is this bad
    /// Behind the pivot nothing is undone. A step that fails there for good leaves the saga parked, half done, until a
    /// person looks at it.
    ///
    /// Reads: `pivot`, `step`, `on ERROR`, `best_effort`, `wait … else abort`, `errors`, `is CODE`
    ///
    /// ## Example
    /// ```svc
    /// pivot pay: Pay { order: order }
    /// step ship: Ship { order: order }        // errors { NoSuchAddress }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// step check: CheckAddress { order: order }
    /// pivot pay: Pay { order: order }
    /// step ship: Ship { order: order }
    ///   on NoSuchAddress retry for 3d         // somebody corrects it meanwhile
    /// ```
    pub RULE = Error "fallible-after-pivot" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, saga) in world.sagas.iter() {
        let Some(pivot) = pivots(saga).first().copied() else { continue };
        for placed in steps(saga).iter().filter(|p| p.after) {
            let step = placed.step;
            if step.best_effort || step.pivot {
                continue;
            }
            let handled = |e: &Id<Record>| step.on_errors.iter().any(|on| on.error == *e);
            let fatal: Vec<_> = errors(world, step, &step.call)
                .into_iter()
                .filter(|e| !passes(world, *e) && !handled(e))
                .collect();
            nested(world, step, pivot, report);
            let Some(first) = fatal.first() else { continue };
            let names: Vec<&str> =
                fatal.iter().map(|e| world.records[*e].info.name.as_str()).collect();
            let text =
                format!("step `{}` may fail with {} behind the pivot", step.name, listed(&names));
            let found = Diagnostic::new(RULE.code, step.span, text)
                .here("there is no way back from here")
                .label(pivot, "the point of no return")
                .label(world.records[*first].info.span, "does not pass by itself")
                .help(format!(
                    "put it before the pivot; or say `on {} retry for 1d`, `on {} skip`, `best_effort`",
                    names[0], names[0]
                ));
            report.add(step.span, found);
        }
        for (wait, _) in waits(saga).filter(|(wait, after)| *after && !wait.skip) {
            let Some(within) = wait.within else { continue };
            let text = format!("wait `{}` aborts behind the pivot", wait.name);
            let found = Diagnostic::new(RULE.code, wait.span, text)
                .here(format!("after {} there is no way back", time(within)))
                .label(pivot, "the point of no return")
                .help("put it before the pivot, or write `else skip`");
            report.add(wait.span, found);
        }
    }
}

/// A saga as a step, which has a way back where this one has none.
fn nested(world: &World, step: &Step, pivot: Span, report: &mut Report) {
    let StepCall::Saga(id, _) = &step.call else { return };
    if !may_abort(world, *id) {
        return;
    }
    let name = &world.sagas[*id].info;
    let text =
        format!("step `{}` runs saga `{}`, which may abort behind the pivot", step.name, name.name);
    let found = Diagnostic::new(RULE.code, step.span, text)
        .here("there is no way back from here")
        .label(pivot, "the point of no return")
        .label(name.span, "may abort by an error or a wait of its own")
        .help("run it before the pivot; or say `best_effort`");
    report.add(step.span, found);
}
