use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Operation, Saga, Step, StepCall, World};

use crate::analysis::calls::{Caller, Kind};
use crate::analysis::exposure::{Target, exposed};
use crate::analysis::saga::{steps, waits};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A saga that may never end.
    ///
    /// ## What it does
    /// Finds waits without `within` in a saga without `deadline`; waits for what only a later step of the same saga brings
    /// about: its command, which nobody else calls and nobody may call from outside, is all that publishes the event;
    /// and sagas that run themselves as a step, directly or through others, where no `when` and no `best_effort` stands
    /// in between.
    ///
    /// ## Why is this bad
    /// A saga ends completed, aborted or parked, never in silence. One that waits for what need not come, or starts
    /// itself without end, does none of these.
    ///
    /// Reads: `saga`, `wait … within`, `deadline`, `step`, `when`, `emits`, `calls`, `auth`, `http`
    ///
    /// ## Example
    /// ```svc
    /// saga Buy of Shop (order @1: uuid) {
    ///   wait paid: Paid where order == order
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// saga Buy of Shop (order @1: uuid) {
    ///   deadline 3d
    ///   wait paid: Paid where order == order within 2d else abort
    /// }
    /// ```
    pub RULE = Error "unreachable-end" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    let outside: Vec<Target> = exposed(world).into_iter().map(|e| e.target).collect();
    for (id, saga) in world.sagas.iter() {
        too_early(analysis, (id, saga), &outside, report);
        if saga.deadline.is_none()
            && let Some((wait, _)) = waits(saga).find(|(w, _)| w.within.is_none())
        {
            let text = format!("saga `{}` may wait for ever", saga.info.name);
            let event = &world.events[wait.event].info;
            let found = Diagnostic::new(RULE.code, wait.span, text)
                .here("ends when the event comes, and not before")
                .label(event.span, format!("nothing says that `{}` must come", event.name))
                .help("say for how long: `within 2d else abort`; or give the saga a `deadline`");
            report.add(saga.info.span, found);
        }
        if let Some(step) = runs_itself(world, id) {
            let text = format!("saga `{}` runs itself again, without end", saga.info.name);
            let found = Diagnostic::new(RULE.code, step.span, text)
                .here("each run starts the next one")
                .label(saga.info.span, "never gets to its end")
                .help("take the step out, or run it only `when` there is more to do");
            report.add(saga.info.span, found);
        }
    }
}

/// Waits that stand before the step on which they depend.
fn too_early(
    analysis: &Analysis<'_>,
    (id, saga): (Id<Saga>, &Saga),
    outside: &[Target],
    report: &mut Report,
) {
    let (world, flow, calls) = (analysis.world, analysis.flow(), analysis.calls());
    let all = steps(saga);
    let mine = |op: Id<Operation>| {
        let peers_only = world.services[world.operations[op].service].auth.is_none();
        peers_only
            && !outside.contains(&Target::Operation(op))
            && calls.into(op).all(|e| e.from == Caller::Saga(id) && matches!(e.kind, Kind::Step(_)))
    };
    for (wait, _) in waits(saga) {
        let mut later = None;
        let waits_for_later = flow.publishers(wait.event).iter().all(|(who, _)| {
            let Caller::Operation(op) = who else { return false };
            let step = all.iter().map(|p| p.step).find(|s| calls_it(s, *op));
            later = later.or(step);
            mine(*op) && step.is_some_and(|s| s.span.start > wait.span.start)
        });
        let Some(step) = later.filter(|_| waits_for_later) else { continue };
        let event = &world.events[wait.event].info.name;
        let text =
            format!("wait `{}` stands before step `{}`, which it waits for", wait.name, step.name);
        let found = Diagnostic::new(RULE.code, wait.span, text)
            .here(format!("`{event}` can't come yet"))
            .label(step.call_span, format!("this is all that publishes `{event}`"))
            .help(format!("put the wait behind step `{}`", step.name));
        report.add(wait.span, found);
    }
}

fn calls_it(step: &Step, op: Id<Operation>) -> bool {
    matches!(&step.call, StepCall::Operation(id, _) if *id == op)
}

/// The step by which a saga gets back to itself, if it always does.
fn runs_itself(world: &World, start: Id<Saga>) -> Option<&Step> {
    let mut seen = vec![false; world.sagas.len()];
    let mut todo = vec![(start, None)];
    while let Some((id, first)) = todo.pop() {
        for step in steps(&world.sagas[id]).into_iter().map(|p| p.step) {
            let StepCall::Saga(next, _) = &step.call else { continue };
            if step.when.is_some() || step.best_effort {
                continue;
            }
            let first = first.or(Some(step));
            if *next == start {
                return first;
            }
            if !std::mem::replace(&mut seen[next.index()], true) {
                todo.push((*next, first));
            }
        }
    }
    None
}
