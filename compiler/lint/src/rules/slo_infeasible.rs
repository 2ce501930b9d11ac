use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Operation, World};

use crate::analysis::availability::{Dependency, critical, unavailability};
use crate::rule::rule;
use crate::text::{operation, percent};
use crate::{Analysis, Report};

rule! {
    /// An availability that the services below do not allow.
    ///
    /// ## What it does
    /// Adds up how often the operations fail that this one can't do without, each once, by what their own `slo`s
    /// promise, and compares the sum with what this one may fail. What promises nothing counts for what it depends on
    /// itself; what is `optional`, has a `fallback` or is queued does not count; nor does this service's own failing,
    /// of which the contract says nothing.
    ///
    /// ## Why is this bad
    /// The promise can't be kept, however well this service is run. Whoever builds on it builds on a number that was
    /// never worked out.
    ///
    /// Reads: `slo availability`, `calls`, `optional`, `fallback`
    ///
    /// ## Example
    /// ```svc
    /// query Home() -> string
    ///   slo   availability 99.9%
    ///   calls Stock.Level, Prices.Get        // 99.9 % each: both are up for 99.8 %
    /// ```
    ///
    /// ## Use instead
    /// Promise less, ask more of those below, or survive their failure: `optional`, `fallback cached 5m`.
    pub RULE = Error "slo-infeasible" in Topology;
}

/// What two numbers of one contract may differ by and still be the same.
const SAME: f64 = 1e-9;

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (id, op) in world.operations.iter() {
        let Some(promise) = op.slo.availability else { continue };
        let dependencies = critical(world, calls, id);
        if is_infeasible(promise, &dependencies) {
            report.add(op.info.span, judge(world, (id, promise), &dependencies));
        }
    }
}

/// Whether the dependencies alone use up more than the promise leaves.
pub(super) fn is_infeasible(promise: f64, dependencies: &[Dependency<'_>]) -> bool {
    unavailability(dependencies) > 100.0 - promise + SAME
}

fn judge(
    world: &World,
    (id, promise): (Id<Operation>, f64),
    dependencies: &[Dependency<'_>],
) -> Diagnostic {
    let (name, failing) = (operation(world, id), unavailability(dependencies));
    let text = format!(
        "`{name}` promises {}, and what it depends on allows {}",
        percent(promise),
        percent((100.0 - failing).max(0.0))
    );
    let place = world.operations[id].info.place("slo");
    let mut found = Diagnostic::new(RULE.code, place, text).here("can't be kept");
    let mut worst: Vec<&Dependency<'_>> = dependencies.iter().collect();
    worst.sort_by(|a, b| a.availability.total_cmp(&b.availability));
    for dependency in worst.iter().take(5) {
        let other = &world.operations[dependency.operation].info;
        let text = format!("`{}` promises {}", other.name, percent(dependency.availability));
        found =
            found.label(other.place("slo"), text).label(dependency.via.span, "can't do without it");
    }
    let terms: Vec<String> =
        worst.iter().take(12).map(|d| percent(100.0 - d.availability)).collect();
    let more = if worst.len() > 12 { " + …" } else { "" };
    found
        .note(format!(
            "unavailable = {}{more} = {}, and {} − {} leaves {}",
            terms.join(" + "),
            percent(failing),
            percent(100.0),
            percent(promise),
            percent(100.0 - promise)
        ))
        .help("promise less, ask more of those below, or survive their failure: `optional` here, `fallback` there")
}
