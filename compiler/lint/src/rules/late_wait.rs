use svckit_diagnostics::Diagnostic;
use svckit_model::SagaExpr;

use crate::analysis::saga::{roots, steps, waits};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A wait that matches on what a step answered.
    ///
    /// ## What it does
    /// Finds `wait … where FIELD == VALUE` whose value comes from the answer of a step.
    ///
    /// ## Why is this bad
    /// Waits are open from the start of the saga, so that an event which comes early is kept. What the step answers is
    /// not known then: an event that overtakes the answer can't be told to belong to this saga. A parameter, or
    /// `key(STEP)`, is known from the start.
    ///
    /// Reads: `wait`, `where`, `key(STEP)`
    ///
    /// ## Example
    /// ```svc
    /// step ask: Ask { order: order }
    /// wait told: Answered where request == ask.request within 2d else abort
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// step ask: Ask { order: order }
    /// wait told: Answered where order == order within 2d else abort
    /// ```
    pub RULE = Warning "late-wait" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, saga) in analysis.world.sagas.iter() {
        let steps = steps(saga);
        for (wait, _) in waits(saga) {
            let Some(SagaExpr::Equal(_, value)) = &wait.filter else { continue };
            let used = roots(value);
            let Some(step) = steps.iter().map(|p| p.step).find(|s| used.contains(&s.name.as_str()))
            else {
                continue;
            };
            let text = format!("wait `{}` matches on what step `{}` answers", wait.name, step.name);
            let found = Diagnostic::new(RULE.code, wait.span, text)
                .here("an event may come before that is known")
                .label(step.span, "answers only now")
                .help(format!("match on a parameter of the saga, or on `key({})`", step.name));
            report.add(wait.span, found);
        }
    }
}
