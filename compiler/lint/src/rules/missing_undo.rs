use svckit_diagnostics::Diagnostic;
use svckit_model::{Builtin, Id, Idempotency, Operation, SagaExpr, Step, StepCall, Type, World};

use crate::analysis::saga::{pivots, steps};
use crate::text::operation;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A step before the pivot that changes something, and that nothing undoes.
    ///
    /// ## What it does
    /// Finds steps and nested sagas before the point of no return that call a command without `undo`. A query, a
    /// `local`, a command with `leaves "…"` and one that is `irrevocable` are not meant; the last is told of by
    /// `irrevocable-before-pivot`, which, where there is no pivot, speaks for the steps behind it, too. A saga without a pivot may fail at every
    /// step. An undo that is declared to undo another command, or that is told the key of another step, is none.
    ///
    /// ## Why is this bad
    /// When a later step fails, the steps before it are undone, last first. What has no undo stays as it is: a seat
    /// that nobody sits in, money that nobody gives back.
    ///
    /// Reads: `saga`, `step`, `undo`, `pivot`, `leaves`, `irrevocable`, `undoes … by`, `key(STEP)`
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
        let steps = steps(saga);
        // Behind what can't be undone there is no way back: that it is not the pivot is all there is to say.
        let pivot = match pivots(saga).is_empty() {
            true => steps.iter().position(|p| is_irrevocable(world, p.step)),
            false => None,
        };
        let ends = pivot.unwrap_or(steps.len());
        for placed in &steps {
            wrong_undo(world, placed.step, report);
        }
        for placed in steps.iter().take(ends).filter(|p| !p.after) {
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
                    Some((name, field, _)) => {
                        let undo = format!("undo {name} {{ {field}: {} }}", own_key(world, step, *id));
                        let found = found.help(format!("add `{undo}` below the step"));
                        // In another package nobody knows by which name it goes here.
                        match world.operations[*id].info.package == saga.info.package {
                            true => {
                                let text = format!("\n    {undo}");
                                found.fix("undo it", step.whole.at_end(), text).unsafe_fix()
                            }
                            false => found,
                        }
                    }
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

fn is_irrevocable(world: &World, step: &Step) -> bool {
    matches!(&step.call, StepCall::Operation(id, _) if world.operations[*id].irrevocable)
}

/// An undo that is somebody else's.
fn wrong_undo(world: &World, step: &Step, report: &mut Report) {
    let (StepCall::Operation(id, given), Some(StepCall::Operation(undo, arguments))) =
        (&step.call, &step.undo)
    else {
        return;
    };
    let Some(undone) = &world.operations[*undo].undoes else { return };
    let place = step.undo_span.unwrap_or(step.span);
    let (callee, name) = (operation(world, *id), operation(world, *undo));
    if undone.operation != *id {
        let text = format!("nothing undoes step `{}`: its undo is of another command", step.name);
        let other = operation(world, undone.operation);
        let found = Diagnostic::new(RULE.code, place, text)
            .here(format!("`{name}` undoes `{other}`"))
            .label(step.call_span, format!("and this is `{callee}`"));
        let found = match undo_of(world, *id) {
            Some((undo, field, _)) => {
                let key = own_key(world, step, *id);
                found.help(format!("write `undo {undo} {{ {field}: {key} }}`"))
            }
            None => found.help(format!("declare a command that `undoes {callee} by …`")),
        };
        return report.add(step.span, found);
    }
    let by = world.request_record(*undo).map(|r| &world.records[r].fields[undone.by].info.name);
    let Some(by) = by else { return };
    let told = arguments.iter().find(|(field, _)| field == by).map(|(_, value)| value);
    let Some(what) = told.and_then(|told| other_key(world, step, (*id, given), told)) else {
        return;
    };
    let text = format!("nothing undoes step `{}`: its undo names {what}", step.name);
    let found = Diagnostic::new(RULE.code, place, text)
        .here(format!("`{by}` is what `{name}` finds it by"))
        .label(step.call_span, "stays done when a later step fails")
        .help(format!("name the step's own key: `{by}: {}`", own_key(world, step, *id)));
    report.add(step.span, found);
}

/// How a step's undo names it: by the value that the command is known by where that is no text, else by `key(STEP)`.
fn own_key(world: &World, step: &Step, id: Id<Operation>) -> String {
    let made = match (&step.call, undo_of(world, id)) {
        (StepCall::Operation(_, given), Some((_, _, ty)))
            if ty != Type::Builtin(Builtin::String) =>
        {
            known_by(world, id, given).and_then(|value| match value {
                SagaExpr::Path(path) => Some(path.join(".")),
                _ => None,
            })
        }
        _ => None,
    };
    made.unwrap_or_else(|| format!("key({})", step.name))
}

/// What a command that is `idempotent by FIELD` is known by.
fn known_by<'a>(
    world: &World,
    id: Id<Operation>,
    given: &'a [(String, SagaExpr)],
) -> Option<&'a SagaExpr> {
    let Idempotency::ByField(at) = world.operations[id].idempotency else { return None };
    let field = &world.records[world.request_record(id)?].fields[at].info.name;
    given.iter().find(|(name, _)| name == field).map(|(_, value)| value)
}

/// What is named in place of the step's key: the key of another one, or a value that the command is not known by.
fn other_key(
    world: &World,
    step: &Step,
    (id, given): (Id<Operation>, &[(String, SagaExpr)]),
    told: &SagaExpr,
) -> Option<String> {
    let path = match told {
        SagaExpr::Key(other) if *other != step.name => {
            return Some(format!("the key of step `{other}`"));
        }
        // Its own answer: `undo-needs-lost-result`.
        SagaExpr::Path(path) if path.first() != Some(&step.name) => path,
        _ => return None,
    };
    let shown = format!("`{}`", path.join("."));
    match world.operations[id].idempotency {
        Idempotency::ByCaller => Some(format!("{shown}, which is not its key")),
        Idempotency::ByField(_) => {
            let known = matches!(known_by(world, id, given)?, SagaExpr::Path(own) if own != path);
            known.then(|| format!("{shown}, and it is known by another value"))
        }
        Idempotency::Natural | Idempotency::None(_) => None,
    }
}

/// The command that undoes another one, and the field that names it.
fn undo_of(world: &World, id: Id<Operation>) -> Option<(String, &str, Type)> {
    let undoes = |op: &Operation| op.undoes.as_ref().filter(|u| u.operation == id).map(|u| u.by);
    let (undo, by) = world.operations.iter().find_map(|(o, op)| undoes(op).map(|by| (o, by)))?;
    let record = world.request_record(undo)?;
    let field = &world.records[record].fields[by];
    Some((operation(world, undo), &field.info.name, field.ty.clone()))
}
