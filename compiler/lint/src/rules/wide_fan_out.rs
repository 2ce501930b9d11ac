use svckit_diagnostics::Diagnostic;
use svckit_model::World;

use super::chatty;
use crate::analysis::calls::{Caller, Edge};
use crate::rule::rule;
use crate::text::caller;
use crate::{Analysis, Report};

rule! {
    /// One request that becomes very many.
    ///
    /// ## What it does
    /// Adds up the calls that an operation, an `on` or a schedule makes and can't do without: more than 20 are a
    /// warning. `x5` counts five; what is `optional` or queued does not count; where one service alone gets more than 20
    /// of them, `chatty` says so instead.
    ///
    /// ## Why is this bad
    /// The whole is as slow as the slowest of all, and fails when one of them does: of twenty calls that are each slow
    /// once in a hundred times, one is slow in a fifth of all requests. And the load on those below is twenty times
    /// that on the one above.
    ///
    /// Reads: `calls`, `x20`, `optional`
    ///
    /// ## Example
    /// ```svc
    /// query Home() -> string
    ///   calls Stock.Level x10, Prices.Get x10, Reviews.Top x10
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// query Home() -> string
    ///   calls parallel { Stock.Levels, Prices.OfMany, Reviews.TopOfMany optional }
    /// ```
    pub RULE = Warning "wide-fan-out" in Topology;
}

const MOST: u64 = 20;

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (who, edges) in calls.callers(world).filter(|(c, _)| !matches!(c, Caller::Saga(_))) {
        let needed: Vec<&Edge> = edges.iter().filter(|e| e.waits && !e.optional).collect();
        let all: u64 = needed.iter().map(|e| u64::from(e.times)).sum();
        if all > MOST && chatty::pairs(world, edges).all(|pair| pair.calls <= chatty::MOST) {
            report.add(who.span(world), judge(world, who, &needed, all));
        }
    }
}

fn judge(world: &World, who: Caller, edges: &[&Edge], all: u64) -> Diagnostic {
    let name = caller(world, who);
    let text = format!("each `{name}` makes {all} calls, and needs the answers to all of them");
    let mut found = Diagnostic::new(RULE.code, who.span(world), text).here(format!("{all} calls"));
    let mut most: Vec<&&Edge> = edges.iter().collect();
    most.sort_by_key(|e| std::cmp::Reverse(e.times));
    for edge in most.iter().take(4) {
        found = found.label(edge.span, crate::text::counted(edge.times.into(), "call"));
    }
    let terms: Vec<String> = edges.iter().take(24).map(|e| e.times.to_string()).collect();
    let more = if edges.len() > 24 { " + …" } else { "" };
    found
        .note(format!("calls = {}{more} = {all}, and {MOST} are many", terms.join(" + ")))
        .help("ask for many with one call, survive without some (`optional`), or keep what is read as a projection")
}
