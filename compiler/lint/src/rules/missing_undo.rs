use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Operation, StepCall, World};

use crate::analysis::saga::steps;
use crate::text::operation;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A step before the pivot that changes something, and has no undo.
    ///
    /// ## What it does
    /// Finds steps and nested sagas before the point of no return that call a command without `undo`. A query, a
    /// `local`, a command with `leaves "…"` and one that is `irrevocable` are not meant; the last is told of by
    /// `irrevocable-before-pivot`. A saga without a pivot may fail at every step.
    ///
    /// ## Why is this bad
    /// When a later step fails, the steps before it are undone, last first. What has no undo stays as it is: a seat
    /// that nobody sits in, money that nobody gives back.
    ///
    /// Reads: `saga`, `step`, `undo`, `pivot`, `leaves`, `irrevocable`
    ///
    /// ## Example
    /// ```svc
    /// saga Buy of Shop (order @1: uuid) {
    ///   deadline 1d
    ///   step reserve: Reserve { order: order }
    ///   pivot pay: Pay { order: order }
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// saga Buy of Shop (order @1: uuid) {
    ///   deadline 1d
    ///   step reserve: Reserve { order: order }
    ///     undo Release { reserved_by: key(reserve) }
    ///   pivot pay: Pay { order: order }
    /// }
    /// ```
    pub RULE = Error "missing-undo" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, saga) in world.sagas.iter() {
        for placed in steps(saga).iter().filter(|p| !p.after) {
            let step = placed.step;
            if step.pivot || step.undo.is_some() {
                continue;
            }
            let callee = match &step.call {
                StepCall::Operation(id, _) => {
                    let op = &world.operations[*id];
                    if op.is_query() || op.irrevocable || op.promises.leaves.is_some() {
                        continue;
                    }
                    operation(world, *id)
                }
                StepCall::Saga(id, _) => world.sagas[*id].info.name.clone(),
                StepCall::Local(..) => continue,
            };
            let text = format!("nothing undoes step `{}`", step.name);
            let mut found = Diagnostic::new(RULE.code, step.span, text)
                .here("stays done when a later step fails")
                .label(step.call_span, format!("`{callee}` changes something"));
            if let StepCall::Operation(id, _) = &step.call {
                found = match undo_of(world, *id) {
                    Some((name, field)) => found.help(format!(
                        "add `undo {name} {{ {field}: key({}) }}` below the step",
                        step.name
                    )),
                    None => found.help(format!(
                        "declare a command that `undoes {callee} by …`, or make the step the `pivot`"
                    )),
                };
            }
            let found =
                found.help("if it need not be undone, say why at the command: `leaves \"…\"`");
            report.add(step.span, found);
        }
    }
}

/// The command that undoes another one, and the field that names it.
fn undo_of(world: &World, id: Id<Operation>) -> Option<(String, &str)> {
    let undoes = |op: &Operation| op.undoes.as_ref().filter(|u| u.operation == id).map(|u| u.by);
    let (undo, by) = world.operations.iter().find_map(|(o, op)| undoes(op).map(|by| (o, by)))?;
    let record = world.request_record(undo)?;
    Some((operation(world, undo), &world.records[record].fields[by].info.name))
}
