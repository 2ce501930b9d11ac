use svckit_diagnostics::Diagnostic;
use svckit_model::{Id, Service, World};

use crate::analysis::calls::{Caller, Edge};
use crate::rule::rule;
use crate::text::{caller, service};
use crate::{Analysis, Report};

rule! {
    /// One service that asks another again and again for one request.
    ///
    /// ## What it does
    /// Adds up, per operation, `on` or schedule, the calls of each other service: more than 20 are a warning. Queued
    /// commands, which cost no round trip, do not count; nor do calls within a service.
    ///
    /// ## Why is this bad
    /// Each call costs a round trip, whatever little it asks for. Twenty of 5 ms one after the other are a tenth of a
    /// second, and twenty times the load of one question about all.
    ///
    /// Reads: `calls`, `x20`
    ///
    /// ## Example
    /// ```svc
    /// command PlaceOrder(id @1: uuid)
    ///   calls Stock.Level x50
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// query Levels(skus @1: list<string>) -> map<string, u32>     // of Stock
    ///
    /// command PlaceOrder(id @1: uuid)
    ///   calls Stock.Levels
    /// ```
    pub RULE = Warning "chatty" in Topology;
}

/// As many as this are still fine.
pub(super) const MOST: u64 = 20;

/// What one caller asks of one service.
pub(super) struct Pair<'a> {
    service: Id<Service>,
    edges: Vec<&'a Edge>,
    /// How often, all together.
    pub(super) calls: u64,
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (who, edges) in calls.callers(world).filter(|(c, _)| !matches!(c, Caller::Saga(_))) {
        for pair in pairs(world, edges).filter(|pair| pair.calls > MOST) {
            if pair.service != who.service(world) {
                report.add(who.span(world), judge(world, who, &pair));
            }
        }
    }
}

/// The calls of one caller by service, in the order of the services.
pub(super) fn pairs<'a>(
    world: &World,
    edges: &'a [Edge],
) -> impl Iterator<Item = Pair<'a>> + use<'a> {
    let mut by_service: std::collections::BTreeMap<Id<Service>, Pair<'a>> = Default::default();
    for edge in edges.iter().filter(|e| e.waits) {
        let service = world.operations[edge.to].service;
        let pair =
            by_service.entry(service).or_insert(Pair { service, edges: Vec::new(), calls: 0 });
        pair.edges.push(edge);
        pair.calls += u64::from(edge.times);
    }
    by_service.into_values()
}

fn judge(world: &World, who: Caller, pair: &Pair<'_>) -> Diagnostic {
    let (name, other) = (caller(world, who), service(world, pair.service));
    let text = format!("each `{name}` asks `{other}` {} times", pair.calls);
    let mut edges = pair.edges.clone();
    edges.sort_by_key(|e| std::cmp::Reverse(e.times));
    let (first, rest) = (edges[0], &edges[1..]);
    let mut found = Diagnostic::new(RULE.code, first.span, text)
        .here(crate::text::counted(first.times.into(), "round trip"));
    for edge in rest.iter().take(4) {
        found = found.label(edge.span, crate::text::counted(edge.times.into(), "round trip"));
    }
    if edges.len() > 1 {
        let terms: Vec<String> = edges.iter().take(24).map(|e| e.times.to_string()).collect();
        found = found.note(format!("calls = {} = {}", terms.join(" + "), pair.calls));
    }
    let help = format!(
        "let `{other}` answer for many with one call: a list in the request, a map or a list in the answer"
    );
    found.help(help)
}
