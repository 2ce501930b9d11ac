use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Operation, World};

use super::slo_infeasible::is_infeasible;
use crate::analysis::availability::{Dependency, critical};
use crate::rule::rule;
use crate::text::{operation, percent};
use crate::{Analysis, Report};

rule! {
    /// A dependency that is hardly better than what is promised on top of it.
    ///
    /// ## What it does
    /// Finds operations that depend on one which fails more than a tenth as often as they may themselves: below 99.9 %,
    /// each should have 99.99 %. Where even the sum is too much, `slo-infeasible` says so instead.
    ///
    /// ## Why is this bad
    /// It leaves no room for the service's own failures, its deployments, and the next dependency: "the rule of the
    /// extra nine" (The Calculus of Service Availability, ACM Queue 2017).
    ///
    /// Reads: `slo availability`, `calls`, `optional`, `fallback`
    ///
    /// ## Example
    /// ```svc
    /// query Home() -> string
    ///   slo   availability 99.9%
    ///   calls Stock.Level                    // slo availability 99.95%
    /// ```
    ///
    /// ## Use instead
    /// A dependency with 99.99 %, a promise of 99.5 %, or a way to do without it: `optional`, `fallback cached 5m`.
    pub RULE = Warning "extra-nine" in Topology;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (id, op) in world.operations.iter() {
        let Some(promise) = op.slo.availability else { continue };
        let dependencies = critical(world, calls, id);
        if is_infeasible(promise, &dependencies) {
            continue;
        }
        let most = (100.0 - promise) / 10.0;
        let weak: Vec<&Dependency<'_>> =
            dependencies.iter().filter(|d| 100.0 - d.availability > most + 1e-9).collect();
        if !weak.is_empty() {
            report.add(op.info.span, judge(world, (id, promise), &weak));
        }
    }
}

fn judge(
    world: &World,
    (id, promise): (Id<Operation>, f64),
    weak: &[&Dependency<'_>],
) -> Diagnostic {
    let wanted = percent(100.0 - (100.0 - promise) / 10.0);
    let (name, promise) = (operation(world, id), percent(promise));
    let others = match weak {
        [one] => format!(
            "`{}`, which promises {}",
            operation(world, one.operation),
            percent(one.availability)
        ),
        all => format!("{} operations that promise less than {wanted}", all.len()),
    };
    let text = format!("`{name}` promises {promise}, on top of {others}");
    let place = world.operations[id].info.place("slo");
    let mut found =
        Diagnostic::new(RULE.code, place, text).here("leaves no room for failures of its own");
    for dependency in weak.iter().take(5) {
        let other = &world.operations[dependency.operation].info;
        let text = format!("{}, and {wanted} is wanted", percent(dependency.availability));
        found =
            found.label(other.place("slo"), text).label(dependency.via.span, "can't do without it");
    }
    found
        .note(format!("wanted of each = 100% − (100% − {promise}) / 10 = {wanted}"))
        .help("promise less, ask one nine more of those below, or survive their failure: `optional` here, `fallback` there")
}
