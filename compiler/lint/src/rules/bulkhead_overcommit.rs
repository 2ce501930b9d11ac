use std::collections::BTreeMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Block, Bulkhead, Deployment, Id, Operation, Placement, Policy, World};

use crate::analysis::calls::{Calls, Edge};
use crate::rule::rule;
use crate::text::{caller, operation, time};
use crate::{Analysis, Report, policies};

rule! {
    /// A bulkhead that is too small for the load that is declared.
    ///
    /// ## What it does
    /// Little's law: as many calls are under way at once as come in a second, times how long one takes. Where a
    /// deployment declares a service's `load`, each replica's share of it is compared with the `concurrent` of the
    /// bulkhead under which an operation of the service is handled, and of those under which it calls others. How long
    /// one takes is what its `slo` promises (the highest percentile), else an attempt of its policy.
    ///
    /// ## Why is this bad
    /// The bulkhead refuses calls on a day on which nothing is wrong; and when callees are slow, the queue in front of
    /// it fills up with calls whose callers have left.
    ///
    /// Reads: `load`, `replicas`, `bulkhead { concurrent }`, `slo latency`, `timeout { attempt }`, `calls`
    ///
    /// ## Example
    /// ```svc
    /// policy Small { timeout { attempt 500ms  total 2s }  bulkhead { concurrent 16 } }
    /// service Stock { query Level() -> u32  policy Small }
    /// deployment production { stock.Stock { load 300/s  replicas 2 } }   // 150/s · 0.5 s = 75 at once
    /// ```
    ///
    /// ## Use instead
    /// A larger bulkhead, more replicas, or a shorter attempt: `bulkhead { concurrent 80 }`.
    pub RULE = Warning "bulkhead-overcommit" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (_, deployment) in world.deployments.iter() {
        for placement in &deployment.services {
            let Some(load) = placement.load else { continue };
            let share = load / f64::from(placement.replicas.unwrap_or(1).max(1));
            let at = Loaded { world, calls, deployment, placement, load, share };
            at.handled(report);
            for operation in &world.services[placement.service].operations {
                calls.from(*operation).iter().for_each(|edge| at.called(edge, report));
            }
        }
    }
}

/// An operation with too little room.
struct Crowded {
    operation: Id<Operation>,
    /// How long a call takes, nanoseconds, and what says so.
    takes: u64,
    why: &'static str,
    at_once: f64,
}

/// A service under load.
struct Loaded<'a> {
    world: &'a World,
    calls: &'a Calls,
    deployment: &'a Deployment,
    placement: &'a Placement,
    /// Calls a second, of all replicas.
    load: f64,
    /// Of one.
    share: f64,
}

impl Loaded<'_> {
    /// The server's bulkheads: for each policy, the operation that needs most, and the others.
    fn handled(&self, report: &mut Report) {
        let mut crowded: BTreeMap<Id<Policy>, Vec<Crowded>> = BTreeMap::new();
        for id in &self.world.services[self.placement.service].operations {
            let op = &self.world.operations[*id];
            let Some(bulkhead) = bulkhead(self.world, op.policy).filter(|_| op.queue.is_none())
            else {
                continue;
            };
            let (takes, why) = self.takes(*id, self.calls.timing.of(*id).attempt);
            if let Some(at_once) = self.too_many(1, takes, bulkhead) {
                let one = Crowded { operation: *id, takes, why, at_once };
                crowded.entry(op.policy).or_default().push(one);
            }
        }
        for (policy, all) in crowded {
            self.crowded(policy, &all, report);
        }
    }

    fn crowded(&self, policy: Id<Policy>, all: &[Crowded], report: &mut Report) {
        let worst = all.iter().rev().max_by(|a, b| a.at_once.total_cmp(&b.at_once));
        let (Some(worst), Some(bulkhead)) = (worst, bulkhead(self.world, policy)) else { return };
        let at_once = worst.at_once;
        let text = format!(
            "`{}` has room for {} calls, and {at_once} are under way at once",
            operation(self.world, worst.operation),
            bulkhead.concurrent
        );
        let span = self.world.operations[worst.operation].info.span;
        let mut found = self.found(text, span, (1, worst.takes, worst.why, at_once));
        for other in all.iter().filter(|o| o.operation != worst.operation).take(5) {
            let place = self.world.operations[other.operation].info.span;
            found = found.label(place, format!("needs room for {}", other.at_once));
        }
        report.add(span, self.with_bulkhead(found, policy, at_once));
    }

    /// The client's bulkhead, of a caller under load.
    fn called(&self, edge: &Edge, report: &mut Report) {
        let Some(policy) = edge.with else { return };
        let Some(bulkhead) = bulkhead(self.world, policy) else { return };
        let (takes, why) = self.takes(edge.to, edge.time.attempt);
        if let Some(at_once) = self.too_many(edge.times, takes, bulkhead) {
            let (from, to) = (caller(self.world, edge.from), operation(self.world, edge.to));
            let text = format!(
                "`{from}` may have {} calls of `{to}` under way, and needs {at_once}",
                bulkhead.concurrent
            );
            let found = self.found(text, edge.span, (edge.times, takes, why, at_once));
            report.add(edge.from.span(self.world), self.with_bulkhead(found, policy, at_once));
        }
    }

    /// How long a call takes, and what says so.
    fn takes(&self, id: Id<Operation>, attempt: u64) -> (u64, &'static str) {
        let latency = &self.world.operations[id].slo.latency;
        let promised = latency.iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, nanos)| *nanos);
        promised
            .map_or((attempt, "an attempt"), |nanos| (nanos.min(attempt), "the promised latency"))
    }

    /// Calls at once, if they are more than the bulkhead holds.
    fn too_many(&self, times: u32, takes: u64, bulkhead: &Bulkhead) -> Option<f64> {
        let at_once = self.on_average(times, takes).ceil();
        (at_once > f64::from(bulkhead.concurrent)).then_some(at_once)
    }

    /// Little's law.
    fn on_average(&self, times: u32, takes: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a time is told to the millisecond")]
        let seconds = takes as f64 / 1e9;
        self.share * f64::from(times) * seconds
    }

    fn found(
        &self,
        text: String,
        place: Span,
        (times, takes, why, at_once): (u32, u64, &str, f64),
    ) -> Diagnostic {
        let replicas = self.placement.replicas.unwrap_or(1).max(1);
        let exact = self.on_average(times, takes);
        let rounded =
            if exact < at_once { format!("{exact:.2}, rounded up") } else { exact.to_string() };
        let times = if times == 1 { String::new() } else { format!(" · {times} calls") };
        let formula = format!(
            "at once, in one replica: {}/s ÷ {replicas}{times} · {} ({why}) = {rounded}",
            self.load,
            time(takes)
        );
        let load = self.placement.places.get("load").unwrap_or(self.placement.span);
        let name = &self.deployment.info.name;
        Diagnostic::new(RULE.code, place, text)
            .here("more than its bulkhead holds")
            .label(load, format!("the load in `{name}`"))
            .note(formula)
            .help(format!("make room for {at_once}, add replicas, or answer sooner"))
    }

    fn with_bulkhead(&self, found: Diagnostic, policy: Id<Policy>, at_once: f64) -> Diagnostic {
        match policies::written(self.world, policy, "bulkhead.concurrent") {
            Some((place, name)) => {
                let room = format!("concurrent {at_once}");
                let found = found.label(place, format!("the bulkhead of `{name}`"));
                found.fix("make room", place, room).unsafe_fix()
            }
            None => found,
        }
    }
}

fn bulkhead(world: &World, policy: Id<Policy>) -> Option<&Bulkhead> {
    match &world.policies[policy].numbers.bulkhead {
        Block::On(bulkhead) => Some(bulkhead),
        Block::Off(_) => None,
    }
}
