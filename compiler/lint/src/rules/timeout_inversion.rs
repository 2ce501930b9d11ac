use svckit_diagnostics::{Diagnostic, Severity, Span};
use svckit_model::{Id, Operation, Policy, World};

use crate::analysis::calls::Calls;
use crate::rule::rule;
use crate::text::{operation, percent, time};
use crate::{Analysis, Report, policies};

rule! {
    /// An attempt that ends before the callee can have answered.
    ///
    /// ## What it does
    /// Compares how long an attempt may take with how long the callee takes: less than the latency that its `slo`
    /// promises is an error, less than the worst case of what it calls a warning. The numbers are those of the callee's
    /// policy, or of the one after `with`. Where the worst case is longer than even the total, `deadline-overrun` says
    /// so instead.
    ///
    /// ## Why is this bad
    /// The caller gives up, and perhaps asks again, while the callee is still at work and would have answered: the work
    /// is done twice, and its answer is thrown away. And a callee that retries has not told yet that it did, so that
    /// its caller retries as well.
    ///
    /// Reads: `timeout { attempt }`, `slo latency`, `calls`, `with`
    ///
    /// ## Example
    /// ```svc
    /// policy Hasty { timeout { attempt 200ms  total 1s } }
    /// query Level(sku @1: string) -> u32
    ///   policy Hasty
    ///   slo    latency p99 300ms
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// policy Quick { timeout { attempt 400ms  total 1s } }
    /// query Level(sku @1: string) -> u32
    ///   policy Quick
    ///   slo    latency p99 300ms
    /// ```
    pub RULE = Warning | Error "timeout-inversion" in Calls;
}

/// An attempt at an operation, and what says how long it may take.
struct Attempt {
    operation: Id<Operation>,
    policy: Id<Policy>,
    nanos: u64,
    total: u64,
    /// Where the message is shown.
    place: Span,
    /// Who is judged.
    subject: Span,
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (id, op) in world.operations.iter() {
        let times = calls.timing.of(id);
        let attempt = Attempt {
            operation: id,
            policy: op.policy,
            nanos: times.attempt,
            total: times.total,
            place: op.info.place("policy"),
            subject: op.info.span,
        };
        judge(world, calls, &attempt, report);
    }
    for edge in calls.edges() {
        // The callee's own is judged where the callee is.
        let own = world.operations[edge.to].policy;
        let Some(policy) = edge.with.filter(|policy| *policy != own) else { continue };
        let attempt = Attempt {
            operation: edge.to,
            policy,
            nanos: edge.time.times.attempt,
            total: u64::MAX,
            place: edge.span,
            subject: edge.from.span(world),
        };
        judge(world, calls, &attempt, report);
    }
}

fn judge(world: &World, calls: &Calls, attempt: &Attempt, report: &mut Report) {
    let op = &world.operations[attempt.operation];
    if op.queue.is_some() || op.streams_in(world) || op.streams_out() {
        return;
    }
    let latency = latency(world, attempt.operation);
    let needs = calls.timing.needs_of(attempt.operation);
    let name = operation(world, attempt.operation);
    let mut needed = needs;
    let found = if let Some((percentile, nanos)) = latency.filter(|(_, l)| *l > attempt.nanos) {
        let text = format!(
            "an attempt at `{name}` ends after {}, before the {} that it promises",
            time(attempt.nanos),
            time(nanos)
        );
        let promise = format!("p{} is {}", percent(percentile).trim_end_matches('%'), time(nanos));
        let mut found = Diagnostic::new(RULE.code, attempt.place, text);
        found.severity = Severity::Error;
        needed = nanos.saturating_add(1_000_000);
        found.label(op.info.place("slo"), promise).help(format!(
            "give an attempt more than {}, or promise less than {}",
            time(nanos),
            time(attempt.nanos)
        ))
    } else if needs > attempt.nanos && needs <= attempt.total {
        let text = format!(
            "an attempt at `{name}` ends after {}, and what it calls may take {}",
            time(attempt.nanos),
            time(needs)
        );
        let found = Diagnostic::new(RULE.code, attempt.place, text);
        explain(world, calls, attempt.operation, found).help(format!(
            "give an attempt {} or more, or the calls less: a tighter policy `with` them, fewer attempts, `parallel {{ … }}`",
            time(needs)
        ))
    } else {
        return;
    };
    report.add(attempt.subject, longer(world, attempt, placed(world, attempt, found), needed));
}

/// With a fix that gives the attempt more time, where the policy says how much it has and the total leaves as much.
fn longer(world: &World, attempt: &Attempt, found: Diagnostic, needed: u64) -> Diagnostic {
    let total = policies::timeout(world, attempt.policy).and_then(|t| t.total).unwrap_or(u64::MAX);
    match world.policies[attempt.policy].info.places.get("timeout.attempt") {
        Some(place) if needed <= total => {
            let text = format!("attempt {}", crate::text::literal(needed));
            found.fix("give an attempt as long", place, text).unsafe_fix()
        }
        _ => found,
    }
}

/// With the place of the attempt's number.
fn placed(world: &World, attempt: &Attempt, found: Diagnostic) -> Diagnostic {
    let ends = format!("an attempt ends after {}", time(attempt.nanos));
    match policies::written(world, attempt.policy, "timeout.attempt") {
        Some((place, _)) => found.here("this policy").label(place, ends),
        None => found.here(ends),
    }
}

/// Adds what each call takes, and the sum.
pub(super) fn explain(
    world: &World,
    calls: &Calls,
    id: Id<Operation>,
    mut found: Diagnostic,
) -> Diagnostic {
    for edge in calls.from(id).iter().filter(|e| e.time.worst > 0).take(5) {
        found = found.note(edge.explained(world));
    }
    found.notes.extend(crate::text::sum(calls.from(id), calls.timing.needs_of(id)));
    found
}

/// The highest percentile up to p99 that an operation promises, else the lowest above.
fn latency(world: &World, id: Id<Operation>) -> Option<(f64, u64)> {
    let all = &world.operations[id].slo.latency;
    let up_to = all.iter().filter(|(p, _)| *p <= 99.0).max_by(|a, b| a.0.total_cmp(&b.0));
    up_to.or_else(|| all.iter().min_by(|a, b| a.0.total_cmp(&b.0))).copied()
}
