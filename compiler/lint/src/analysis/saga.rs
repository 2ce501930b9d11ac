//! What happens in a saga, in the order of the text: which steps may be undone, and how long all of it takes.

#[cfg(test)]
mod tests;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{
    ErrorRetry, Field, Id, Record, RecordKind, Saga, SagaExpr, SagaStep, StatusCode, Step,
    StepCall, Type, Wait, World,
};

use super::calls::Calls;

/// For how long a step whose outcome is unknown is asked again where it does not say: 10 m in nanoseconds.
pub const RETRY_FOR: u64 = 600_000_000_000;

/// A step and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'w> {
    /// The step.
    pub step: &'w Step,
    /// The number of the `parallel { … }` around it.
    pub group: Option<usize>,
    /// It comes after the point of no return.
    pub after: bool,
}

/// Every step, in the order of the text, groups opened.
#[must_use]
pub fn steps(saga: &Saga) -> Vec<Placed<'_>> {
    let mut out = Vec::new();
    let mut after = false;
    for (number, part) in saga.steps.iter().enumerate() {
        match part {
            SagaStep::Step(step) => {
                out.push(Placed { step, group: None, after });
                after |= step.pivot;
            }
            SagaStep::Parallel(group) => {
                let inner = group.iter().filter_map(|part| match part {
                    SagaStep::Step(step) => Some(&**step),
                    _ => None,
                });
                out.extend(inner.map(|step| Placed { step, group: Some(number), after }));
            }
            SagaStep::Pivot(_) => after = true,
            SagaStep::Wait(_) | SagaStep::Sleep(_) => {}
        }
    }
    out
}

/// Every wait, and whether it comes after the point of no return.
pub fn waits(saga: &Saga) -> impl Iterator<Item = (&Wait, bool)> {
    let mut after = false;
    saga.steps.iter().filter_map(move |part| match part {
        SagaStep::Wait(wait) => Some((wait, after)),
        SagaStep::Pivot(_) => {
            after = true;
            None
        }
        SagaStep::Step(step) => {
            after |= step.pivot;
            None
        }
        _ => None,
    })
}

/// Where the points of no return stand.
#[must_use]
pub fn pivots(saga: &Saga) -> Vec<Span> {
    let pivot = |part: &SagaStep| match part {
        SagaStep::Pivot(span) => Some(*span),
        SagaStep::Step(step) if step.pivot => Some(step.span),
        _ => None,
    };
    saga.steps.iter().filter_map(pivot).collect()
}

/// With a fix that writes another keyword before a step's name, where the old one stands right there.
#[must_use]
pub fn keyworded(step: &Step, found: Diagnostic, old: &str, new: &str) -> Diagnostic {
    let start = step.whole.start;
    if usize::try_from(step.span.start - start) != Ok(old.len()) {
        return found;
    }
    let place = Span { end: step.span.start - 1, ..step.whole };
    found.fix(format!("write `{new}`"), place, new).unsafe_fix()
}

/// The names that an expression takes values from.
#[must_use]
pub fn roots(expr: &SagaExpr) -> Vec<&str> {
    let mut out = Vec::new();
    let mut todo = vec![expr];
    while let Some(expr) = todo.pop() {
        match expr {
            SagaExpr::Path(path) | SagaExpr::Not(path) => {
                out.extend(path.first().map(String::as_str));
            }
            SagaExpr::Construct(_, fields) => todo.extend(fields.iter().map(|(_, e)| e)),
            SagaExpr::List(items) => todo.extend(items),
            SagaExpr::Equal(a, b) => todo.extend([&**b, &**a]),
            SagaExpr::Value(_) | SagaExpr::Key(_) => {}
        }
    }
    out
}

/// The paths that an expression takes values from.
#[must_use]
pub fn paths(expr: &SagaExpr) -> Vec<&[String]> {
    let mut out = Vec::new();
    let mut todo = vec![expr];
    while let Some(expr) = todo.pop() {
        match expr {
            SagaExpr::Path(path) | SagaExpr::Not(path) => out.push(path.as_slice()),
            SagaExpr::Construct(_, fields) => todo.extend(fields.iter().map(|(_, e)| e)),
            SagaExpr::List(items) => todo.extend(items),
            SagaExpr::Equal(a, b) => todo.extend([&**b, &**a]),
            SagaExpr::Value(_) | SagaExpr::Key(_) => {}
        }
    }
    out
}

/// The fields that a path goes through: of a parameter, of what a step answers, or of an event that was waited for.
#[must_use]
pub fn fields<'w>(world: &'w World, saga: &'w Saga, path: &[String]) -> Vec<&'w Field> {
    let [root, rest @ ..] = path else { return Vec::new() };
    let mut out: Vec<&Field> = saga.params.iter().filter(|p| p.info.name == *root).collect();
    let step = steps(saga).into_iter().map(|p| p.step).find(|s| s.name == *root);
    let wait = waits(saga).map(|(wait, _)| wait).find(|w| w.name == *root);
    let mut record = match (out.first(), step, wait) {
        (Some(field), ..) => record_of(&field.ty),
        (_, Some(step), _) => step.result.as_ref().and_then(record_of),
        (.., Some(wait)) => Some(world.events[wait.event].payload),
        _ => None,
    };
    for part in rest {
        let all = record.map(|id| &world.records[id].fields);
        let Some(field) = all.and_then(|all| all.iter().find(|f| f.info.name == *part)) else {
            break;
        };
        out.push(field);
        record = record_of(&field.ty);
    }
    out
}

fn record_of(ty: &Type) -> Option<Id<Record>> {
    match ty {
        Type::Record(id) => Some(*id),
        _ => None,
    }
}

/// What a call is made with.
#[must_use]
pub fn arguments(call: &StepCall) -> Vec<&SagaExpr> {
    match call {
        StepCall::Operation(_, args) | StepCall::Saga(_, args) => {
            args.iter().map(|(_, e)| e).collect()
        }
        StepCall::Local(_, args) => args.iter().collect(),
    }
}

/// The errors that a call may fail with.
#[must_use]
pub fn errors(world: &World, step: &Step, call: &StepCall) -> Vec<Id<Record>> {
    match call {
        StepCall::Operation(id, _) => {
            world.operations[*id].errors.iter().map(|e| e.error).collect()
        }
        StepCall::Local(..) => step.errors.clone(),
        StepCall::Saga(..) => Vec::new(),
    }
}

/// Whether a saga may come to `aborted` by itself, whoever is reached: by a declared error that does not pass and that
/// nothing handles, or by a wait that comes to nothing.
#[must_use]
pub fn may_abort(world: &World, id: Id<Saga>) -> bool {
    let mut seen = vec![false; world.sagas.len()];
    let mut todo = vec![id];
    while let Some(id) = todo.pop() {
        if std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        let saga = &world.sagas[id];
        if waits(saga).any(|(wait, after)| !after && !wait.skip && wait.within.is_some()) {
            return true;
        }
        for step in steps(saga).iter().filter(|p| !p.after && !p.step.best_effort).map(|p| p.step) {
            let handled = |e: &Id<Record>| step.on_errors.iter().any(|on| on.error == *e);
            let fatal = |e: &Id<Record>| !passes(world, *e) && !handled(e);
            if errors(world, step, &step.call).iter().any(fatal) {
                return true;
            }
            if let StepCall::Saga(next, _) = &step.call {
                todo.push(*next);
            }
        }
    }
    false
}

/// Whether an error may go away by itself.
#[must_use]
pub fn passes(world: &World, error: Id<Record>) -> bool {
    use StatusCode::{Aborted, DeadlineExceeded, ResourceExhausted, Unavailable};
    match &world.records[error].kind {
        RecordKind::Error(kind) => {
            kind.retry != ErrorRetry::ByCode
                || matches!(kind.code, Aborted | DeadlineExceeded | ResourceExhausted | Unavailable)
        }
        _ => false,
    }
}

/// One line of a saga in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Option<Span>,
    /// How long it takes at worst, nanoseconds.
    pub takes: u64,
    /// Of that, for how long it is asked again.
    pub again: u64,
    /// How long its undo takes at worst.
    pub undo: u64,
    /// Parts of one group run at once.
    pub group: Option<usize>,
    /// It is never undone: after the point of no return.
    pub after: bool,
}

/// The longest way through a saga.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worst {
    /// Nanoseconds, back included.
    pub total: u64,
    /// How many parts it goes forward.
    pub parts: usize,
    /// Of the total, the time of the undos.
    pub undos: u64,
}

/// The lines of a saga with their times.
#[must_use]
pub fn parts(world: &World, calls: &Calls, saga: &Saga) -> Vec<Part> {
    let mut out = Vec::new();
    let mut after = false;
    for (number, part) in saga.steps.iter().enumerate() {
        let line = |name: &str, span, takes| Part {
            name: name.to_owned(),
            span,
            takes,
            again: 0,
            undo: 0,
            group: None,
            after,
        };
        match part {
            SagaStep::Step(step) => out.push(step_part(world, calls, step, (None, after))),
            SagaStep::Parallel(group) => {
                for part in group {
                    if let SagaStep::Step(step) = part {
                        out.push(step_part(world, calls, step, (Some(number), after)));
                    }
                }
            }
            SagaStep::Wait(wait) => {
                out.push(line(&wait.name, Some(wait.span), wait.within.unwrap_or(0)));
            }
            SagaStep::Sleep(nanos) => out.push(line("sleep", None, *nanos)),
            SagaStep::Pivot(_) => {}
        }
        after |= matches!(part, SagaStep::Pivot(_))
            || matches!(part, SagaStep::Step(step) if step.pivot);
    }
    out
}

fn step_part(
    world: &World,
    calls: &Calls,
    step: &Step,
    (group, after): (Option<usize>, bool),
) -> Part {
    let once = |call: &StepCall| match call {
        StepCall::Operation(id, _) => calls.timing.call(world, *id, None).worst,
        StepCall::Local(..) => calls.timing.needs(world, &step.calls),
        StepCall::Saga(id, _) => world.sagas[*id].deadline.unwrap_or(0),
    };
    let asked = match &step.call {
        StepCall::Operation(..) if !after => step.retry_for.unwrap_or(RETRY_FOR),
        _ => step.retry_for.unwrap_or(0),
    };
    let repeated = step.on_errors.iter().filter_map(|e| e.retry_for).fold(asked, u64::max);
    Part {
        name: step.name.clone(),
        span: Some(step.span),
        takes: once(&step.call).saturating_add(repeated),
        again: repeated,
        undo: step.undo.as_ref().filter(|_| !after && !step.pivot).map_or(0, once),
        group,
        after,
    }
}

/// `max over k of Σ_{i≤k} W(step i) + Σ_{j≤k} W(undo j)`: what is done or unknown when part k fails is undone, part k
/// included. Behind the pivot nothing is. Of a group the longest counts, forward and back.
#[must_use]
pub fn worst(parts: &[Part]) -> Worst {
    let mut worst = Worst { total: 0, parts: 0, undos: 0 };
    let (mut forward, mut back) = (0_u64, 0_u64);
    let mut at = 0;
    while at < parts.len() {
        let group = parts[at].group;
        let end = match group {
            None => at + 1,
            Some(_) => at + parts[at..].iter().take_while(|p| p.group == group).count(),
        };
        let longest = |time: fn(&Part) -> u64| parts[at..end].iter().map(time).max().unwrap_or(0);
        forward = forward.saturating_add(longest(|p| p.takes));
        back = back.saturating_add(longest(|p| p.undo));
        let undos = if parts[at].after { 0 } else { back };
        let total = forward.saturating_add(undos);
        if total > worst.total {
            worst = Worst { total, parts: end, undos };
        }
        at = end;
    }
    worst
}
