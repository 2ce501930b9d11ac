use svckit_diagnostics::Diagnostic;
use svckit_model::{Aggregate, Id, Saga, Step, StepCall};

use crate::analysis::saga::steps;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// Two sagas that change one aggregate, and may take it back.
    ///
    /// ## What it does
    /// Finds two sagas with steps that `write` the same aggregate and have undos.
    ///
    /// ## Why is this bad
    /// Between a step and its undo others see what may never have been. If two sagas work on one instance, the undo of
    /// the first takes back what the second has built upon.
    ///
    /// Reads: `saga`, `writes`, `undo`
    ///
    /// ## Example
    /// ```svc
    /// saga Buy of Shop (order @1: OrderId) { … }      // step: Reserve, writes Shelf
    /// saga Move of Shop (order @1: OrderId) { … }     // step: Take, writes Shelf
    /// ```
    ///
    /// ## Use instead
    /// Let one of them write the aggregate behind its pivot; or let the commands refuse while another saga holds the
    /// instance, and say so in an `allow`.
    pub RULE = Warning "isolation-conflict" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    let mut seen: Vec<(Id<Aggregate>, Id<Saga>, &Step)> = Vec::new();
    for (id, saga) in world.sagas.iter() {
        for step in steps(saga).into_iter().map(|p| p.step).filter(|s| s.undo.is_some()) {
            let StepCall::Operation(op, _) = &step.call else { continue };
            let Some((written, _)) = world.operations[*op].promises.writes else { continue };
            if seen.iter().any(|(a, s, _)| *a == written && *s == id) {
                continue;
            }
            if let Some((_, other, first)) = seen.iter().find(|(a, ..)| *a == written) {
                let text = format!(
                    "sagas `{}` and `{}` both write `{}`, and may undo it",
                    world.sagas[*other].info.name,
                    saga.info.name,
                    world.aggregates[written].info.name
                );
                let found = Diagnostic::new(RULE.code, step.span, text)
                    .here("may build on what the other takes back")
                    .label(first.span, "the other one")
                    .label(world.aggregates[written].info.span, "written by both")
                    .help("let the commands refuse an instance that another saga holds; or write it behind the pivot");
                report.add(saga.info.span, found);
            }
            seen.push((written, id, step));
        }
    }
}
