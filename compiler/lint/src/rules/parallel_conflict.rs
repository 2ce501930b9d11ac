use svckit_diagnostics::Diagnostic;
use svckit_model::{Aggregate, Id, StepCall, World};

use crate::analysis::saga::steps;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// Steps at once that write one aggregate.
    ///
    /// ## What it does
    /// Finds steps of one `parallel { … }` whose commands say that they `write` the same aggregate.
    ///
    /// ## Why is this bad
    /// The order in which they come is chance. Where they mean the same instance, one of them finds a version that the
    /// other has just changed, and their undos run in any order, too.
    ///
    /// Reads: `parallel`, `writes`
    ///
    /// ## Example
    /// ```svc
    /// parallel {
    ///   step reserve: Reserve { order: order }    // writes Shelf by order
    ///   step take: Take { order: order }          // writes Shelf by order
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// step reserve: Reserve { order: order }
    /// step take: Take { order: order }
    /// ```
    pub RULE = Warning "parallel-conflict" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, saga) in world.sagas.iter() {
        let steps = steps(saga);
        for (at, second) in steps.iter().enumerate() {
            let Some(group) = second.group else { continue };
            let Some(written) = writes(world, &second.step.call) else { continue };
            let before = steps[..at].iter().filter(|p| p.group == Some(group));
            let first = before.into_iter().find(|p| writes(world, &p.step.call) == Some(written));
            let Some(first) = first else { continue };
            let text = format!(
                "steps `{}` and `{}` write `{}` at once",
                first.step.name, second.step.name, world.aggregates[written].info.name
            );
            let found = Diagnostic::new(RULE.code, second.step.span, text)
                .here("in whatever order they come")
                .label(first.step.span, "the other one")
                .label(world.aggregates[written].info.span, "written by both")
                .help("run them one after the other, or write both changes with one command");
            report.add(second.step.span, found);
        }
    }
}

fn writes(world: &World, call: &StepCall) -> Option<Id<Aggregate>> {
    match call {
        StepCall::Operation(id, _) => world.operations[*id].promises.writes.map(|(id, _)| id),
        _ => None,
    }
}
