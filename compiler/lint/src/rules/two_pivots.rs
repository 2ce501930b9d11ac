use svckit_diagnostics::Diagnostic;

use crate::analysis::saga::{keyworded, pivots, steps};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A saga with more than one point of no return.
    ///
    /// ## What it does
    /// Finds sagas with a second `pivot`, be it a line or a step.
    ///
    /// ## Why is this bad
    /// Behind the pivot nothing may fail for good and nothing is undone. A second one, which may fail, can then neither
    /// go on nor go back.
    ///
    /// Reads: `pivot`
    ///
    /// ## Example
    /// ```svc
    /// pivot pay: Pay { order: order }
    /// pivot ship: Ship { order: order }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// pivot pay: Pay { order: order }
    /// step ship: Ship { order: order }        // retried until it succeeds
    /// ```
    pub RULE = Error "two-pivots" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, saga) in analysis.world.sagas.iter() {
        let pivots = pivots(saga);
        let Some((first, more)) = pivots.split_first() else { continue };
        for second in more {
            let text = format!("saga `{}` has {} pivots", saga.info.name, pivots.len());
            let mut found = Diagnostic::new(RULE.code, *second, text)
                .here("there is no way back from here any more")
                .label(*first, "the point of no return")
                .help("what follows the first is retried until it succeeds: make this a `step`");
            let step = steps(saga).into_iter().map(|p| p.step).find(|s| s.span == *second);
            found = match step {
                Some(step) => keyworded(step, found, "pivot ", "step"),
                None => found.fix("remove this one", *second, "").unsafe_fix(),
            };
            report.add(saga.info.span, found);
        }
    }
}
