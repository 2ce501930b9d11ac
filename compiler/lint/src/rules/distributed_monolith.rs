use std::collections::{BTreeMap, BTreeSet};

use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Service, World};

use crate::analysis::calls::{Calls, Edge, components, is_hop};
use crate::rule::rule;
use crate::text::{caller, listed, operation, service};
use crate::{Analysis, Report};

rule! {
    /// Services that can't do without each other.
    ///
    /// ## What it does
    /// Finds sets of services of which each calls, through however many, each other one and waits for the answer:
    /// though no operation calls itself, for which there is `sync-cycle`. Calls that are `optional`, or have a `fallback`,
    /// or are queued, do not bind.
    ///
    /// ## Why is this bad
    /// None of them can be deployed, tested, or started after an outage without the others: they are one program, with
    /// a network in between. Who changes one has to know all.
    ///
    /// Reads: `calls`, `optional`, `fallback`
    ///
    /// ## Example
    /// ```svc
    /// service Orders  { command Place()  calls Stock.Reserve   query Get() -> string }
    /// service Stock   { command Reserve()   command Recount()  calls Orders.Get }
    /// ```
    ///
    /// ## Use instead
    /// Decide who is above whom. Upwards, tell by events; or make one service of them.
    pub RULE = Warning "distributed-monolith" in Topology;
}

type Graph<'a> = BTreeMap<Id<Service>, BTreeMap<Id<Service>, &'a Edge>>;

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    let graph = graph(world, calls);
    let components = components(world.services.len(), |service| {
        let id = world.services.id(service);
        id.and_then(|id| graph.get(&id)).into_iter().flatten().map(|(to, _)| to.index())
    });
    let mut sets: BTreeMap<usize, BTreeSet<Id<Service>>> = BTreeMap::new();
    for id in world.services.ids() {
        sets.entry(components[id.index()]).or_default().insert(id);
    }
    for together in sets.values().filter(|set| set.len() > 1) {
        judge(world, &graph, together, report);
    }
}

/// Between services, one of the calls that bind them.
fn graph<'a>(world: &World, calls: &'a Calls) -> Graph<'a> {
    let mut graph = Graph::new();
    for edge in calls.edges().iter().filter(|e| e.waits && !e.optional && is_hop(world, e)) {
        let callee = &world.operations[edge.to];
        if callee.promises.fallback.is_none() && !calls.closes_circle(edge) {
            let from = edge.from.service(world);
            graph.entry(from).or_default().entry(callee.service).or_insert(edge);
        }
    }
    graph
}

fn judge(world: &World, graph: &Graph<'_>, all: &BTreeSet<Id<Service>>, report: &mut Report) {
    let Some(first) = all.iter().min_by_key(|id| world.services[**id].info.span).copied() else {
        return;
    };
    let names: Vec<&str> = all.iter().map(|id| service(world, *id)).collect();
    let text = format!("{} can't do without each other", listed(&names));
    let info = &world.services[first].info;
    let mut found =
        Diagnostic::new(RULE.code, info.span, text).here("waits for the others, and they for it");
    let within = all.iter().flat_map(|from| graph.get(from).into_iter().flatten());
    for (_, edge) in within.filter(|(to, _)| all.contains(to)).take(6) {
        let text =
            format!("`{}` waits for `{}`", caller(world, edge.from), operation(world, edge.to));
        found = found.label(edge.span, text);
    }
    report.add(info.span, found.help("decide who is above whom, and let the lower one tell the upper one by events; or make one service of them"));
}
