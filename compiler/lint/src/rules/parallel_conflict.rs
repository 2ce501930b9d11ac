use svckit_diagnostics::Diagnostic;
use svckit_model::{Aggregate, Id, SagaExpr, StepCall, World};

use crate::analysis::saga::steps;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// Steps at once that write one aggregate.
    ///
    /// ## What it does
    /// Finds steps of one `parallel { … }` whose commands say that they `write` the same aggregate, by keys
    /// that come from one place. Keys that come from two (`order.from`, `order.to`) are taken for those of two instances.
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
            let first = before.into_iter().find(|p| {
                writes(world, &p.step.call).is_some_and(|other| conflict(other, written))
            });
            let Some(first) = first else { continue };
            let text = format!(
                "steps `{}` and `{}` write `{}` at once",
                first.step.name, second.step.name, world.aggregates[written.0].info.name
            );
            let found = Diagnostic::new(RULE.code, second.step.span, text)
                .here("in whatever order they come")
                .label(first.step.span, "the other one")
                .label(world.aggregates[written.0].info.span, "written by both")
                .help("run them one after the other, or write both changes with one command");
            report.add(second.step.span, found);
        }
    }
}

/// The aggregate that is written, and which of them.
type Written<'w> = (Id<Aggregate>, Option<&'w SagaExpr>);

/// Of one kind, and not told apart by where their keys come from.
fn conflict(one: Written<'_>, other: Written<'_>) -> bool {
    let apart = match (one.1, other.1) {
        (Some(SagaExpr::Path(one)), Some(SagaExpr::Path(other))) => one != other,
        (Some(SagaExpr::Value(one)), Some(SagaExpr::Value(other))) => one != other,
        _ => false,
    };
    one.0 == other.0 && !apart
}

fn writes<'w>(world: &'w World, call: &'w StepCall) -> Option<Written<'w>> {
    let StepCall::Operation(id, given) = call else { return None };
    let (aggregate, at) = world.operations[*id].promises.writes?;
    let fields = world.request_record(*id).map(|r| &world.records[r].fields);
    let name = fields.and_then(|f| f.get(at)).map(|f| &f.info.name);
    let key = given.iter().find(|(field, _)| Some(field) == name).map(|(_, value)| value);
    Some((aggregate, key))
}
