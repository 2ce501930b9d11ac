use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Saga, SagaExpr, Step};

use crate::analysis::saga::{Placed, arguments, roots, steps, waits};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// The answer of a step that may not have run.
    ///
    /// ## What it does
    /// Finds `aborted emit` that takes values from a step, and steps, undos and ends that take values from a step or
    /// wait that may be passed over: `when`, `best_effort`, `on ERROR skip`, `else skip`. A step with the very same
    /// `when` may use it. A step is used by its answer, and, in what another step is called with, by `key(STEP)`. Answers of
    /// what stands later in the text are an error of the language already; keys of it are found here.
    ///
    /// ## Why is this bad
    /// Where the step was passed over, or the saga failed before it, there is no value to take.
    ///
    /// Reads: `step`, `when`, `best_effort`, `on ERROR skip`, `else skip`, `key(STEP)`, `aborted emit`,
    /// `complete`
    ///
    /// ## Example
    /// ```svc
    /// step gift: Wrap { order: order } when wants_gift
    /// step ship: Ship { box: gift.box }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// step box: local choose(order) -> Box
    /// step ship: Ship { box: box }
    /// ```
    pub RULE = Error "use-before-step" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, saga) in analysis.world.sagas.iter() {
        let placed = steps(saga);
        for (at, one) in placed.iter().enumerate() {
            ahead(&placed[at + 1..], one, &placed[..at], report);
        }
        let steps: Vec<&Step> = placed.iter().map(|p| p.step).collect();
        let loose = loose(saga, &steps);
        for step in &steps {
            let calls = std::iter::once(&step.call).chain(&step.undo);
            let mut used: Vec<&str> = calls.flat_map(arguments).flat_map(roots).collect();
            // What names a step by its key counts on its having run; an undo may be of nothing.
            used.extend(arguments(&step.call).into_iter().flat_map(keys));
            let same = |l: &&Loose<'_>| {
                l.name == step.name || (l.when.is_some() && l.when == step.when.as_ref())
            };
            for loose in loose.iter().filter(|l| used.contains(&l.name) && !same(l)) {
                tell(loose, step.span, step.span, report);
            }
        }
        let ends = saga
            .completed
            .iter()
            .map(|e| (e.span, e.fields.iter().flat_map(|(_, e)| roots(e)).collect()));
        let complete = saga.complete.iter().map(|e| (saga.info.span, roots(e)));
        for (span, used) in ends.chain(complete) {
            let used: Vec<&str> = used;
            for loose in loose.iter().filter(|l| used.contains(&l.name)) {
                tell(loose, span, saga.info.span, report);
            }
        }
        for emit in &saga.aborted {
            let used: Vec<&str> = emit.fields.iter().flat_map(|(_, e)| roots(e)).collect();
            let named = steps.iter().map(|s| (s.name.as_str(), s.span));
            let all = named.chain(waits(saga).map(|(w, _)| (w.name.as_str(), w.span)));
            for (name, span) in all.filter(|(name, _)| used.contains(name)) {
                let why = "a saga may fail before it";
                let loose = Loose { name, span, when: None, why };
                tell(&loose, emit.span, saga.info.span, report);
            }
        }
    }
}

/// A step that is called with the key of one that has not run: of a later one, or of one beside it.
fn ahead(later: &[Placed<'_>], one: &Placed<'_>, before: &[Placed<'_>], report: &mut Report) {
    let named: Vec<&str> = arguments(&one.step.call).into_iter().flat_map(keys).collect();
    let beside = before.iter().filter(|p| one.group.is_some() && p.group == one.group);
    for other in later.iter().chain(beside).filter(|p| named.contains(&p.step.name.as_str())) {
        let why = if other.group.is_some() && other.group == one.group {
            "runs at the same time"
        } else {
            "runs later"
        };
        let text = format!("step `{}` has not run when its key is used", other.step.name);
        let found = Diagnostic::new(RULE.code, one.step.span, text)
            .here(format!("is called with `key({})`", other.step.name))
            .label(other.step.span, why)
            .help(format!("put the step behind step `{}`", other.step.name));
        report.add(one.step.span, found);
    }
}

/// The steps whose keys an expression names.
fn keys(expr: &SagaExpr) -> Vec<&str> {
    match expr {
        SagaExpr::Key(step) => vec![step],
        SagaExpr::Construct(_, fields) => fields.iter().flat_map(|(_, e)| keys(e)).collect(),
        SagaExpr::List(items) => items.iter().flat_map(keys).collect(),
        SagaExpr::Equal(a, b) => [&**a, &**b].into_iter().flat_map(keys).collect(),
        SagaExpr::Path(_) | SagaExpr::Not(_) | SagaExpr::Value(_) => Vec::new(),
    }
}

/// What may be passed over.
struct Loose<'a> {
    name: &'a str,
    span: Span,
    when: Option<&'a SagaExpr>,
    why: &'static str,
}

fn loose<'a>(saga: &'a Saga, steps: &[&'a Step]) -> Vec<Loose<'a>> {
    let mut out = Vec::new();
    for step in steps {
        let skipped = step.on_errors.iter().any(|e| e.retry_for.is_none());
        let why = match (&step.when, step.best_effort, skipped) {
            (Some(_), ..) => "runs only `when` that holds",
            (_, true, _) => "may fail, and the saga goes on",
            (.., true) => "is passed over on an error",
            _ => continue,
        };
        let when = step.when.as_ref().filter(|_| !step.best_effort && !skipped);
        out.push(Loose { name: &step.name, span: step.span, when, why });
    }
    let skipped = waits(saga).filter(|(w, _)| w.skip).map(|(w, _)| w);
    out.extend(skipped.map(|w| Loose {
        name: &w.name,
        span: w.span,
        when: None,
        why: "may end without the event",
    }));
    out
}

fn tell(loose: &Loose<'_>, place: Span, subject: Span, report: &mut Report) {
    let text = format!("`{}` may have no value here", loose.name);
    let found = Diagnostic::new(RULE.code, place, text)
        .here("is used here")
        .label(loose.span, loose.why)
        .help("take the value from a parameter or a step that always runs; or give both the same `when`");
    report.add(subject, found);
}
