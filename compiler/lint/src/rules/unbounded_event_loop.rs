use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Event, Id, World};

use crate::analysis::flow::Flow;
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// Events that follow from each other for ever.
    ///
    /// ## What it does
    /// Finds events from which there is no end: each is taken by an `on` that must publish another one of them, whichever
    /// of its alternatives it takes. A handler with `| nothing`, with `A*`, or with an alternative that leads out of the
    /// circle, can end it.
    ///
    /// ## Why is this bad
    /// One event is enough: it goes round as fast as the brokers carry it, until somebody takes a service down, and each
    /// further one adds another that goes round.
    ///
    /// Reads: `on`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// service Desk  { on Radar.Shown do Move  emits Moved   event Moved { id @1: uuid } key id }
    /// service Radar { on Desk.Moved  do Show  emits Shown   event Shown { id @1: uuid } key id }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Desk  { on Radar.Shown do Move  emits Moved | nothing   event Moved { id @1: uuid } key id }
    /// ```
    pub RULE = Error "unbounded-event-loop" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    let endless = endless(world, flow);
    let mut told = vec![false; world.events.len()];
    for start in world.events.ids().filter(|id| endless[id.index()]) {
        let mut way: Vec<(Id<Event>, Span)> = Vec::new();
        let mut at = start;
        // Walks until it comes back to where it was, or to what has been told.
        while !std::mem::replace(&mut told[at.index()], true) {
            let Some((next, place)) = forced(world, flow, &endless, at) else { break };
            way.push((at, place));
            at = next;
        }
        if let Some(begin) = way.iter().position(|(event, _)| *event == at) {
            judge(world, &way[begin..], report);
        }
    }
}

/// What must follow from an event, among those without end, and where that is said.
fn forced(
    world: &World,
    flow: &Flow,
    endless: &[bool],
    event: Id<Event>,
) -> Option<(Id<Event>, Span)> {
    flow.subscriptions(event).flat_map(|on| &world.subscriptions[on].emits).find_map(|emit| {
        let must = !emit.or_nothing && !emit.many && !emit.events.is_empty();
        let all = must && emit.events.iter().all(|e| endless[e.index()]);
        all.then(|| (emit.events[0], emit.span))
    })
}

/// The greatest set of events from each of which another of the set must follow: those that lead out are taken away
/// until nothing changes. An event is looked at again only when one that follows from it was taken away.
fn endless(world: &World, flow: &Flow) -> Vec<bool> {
    let mut endless = vec![true; world.events.len()];
    let mut causes: Vec<Vec<Id<Event>>> = vec![Vec::new(); world.events.len()];
    for (_, on) in world.subscriptions.iter() {
        for event in on.emits.iter().flat_map(|e| &e.events) {
            causes[event.index()].push(on.event);
        }
    }
    let mut todo: Vec<Id<Event>> = world.events.ids().collect();
    while let Some(event) = todo.pop() {
        if endless[event.index()] && forced(world, flow, &endless, event).is_none() {
            endless[event.index()] = false;
            todo.extend(&causes[event.index()]);
        }
    }
    endless
}

fn judge(world: &World, way: &[(Id<Event>, Span)], report: &mut Report) {
    let Some((first, place)) = way.first() else { return };
    let name = |event: &Id<Event>| world.events[*event].info.name.as_str();
    let mut names: Vec<&str> = way.iter().take(12).map(|(event, _)| name(event)).collect();
    if way.len() > 12 {
        names.push("…");
    }
    names.push(name(first));
    let text = format!("these events follow from each other for ever: {}", names.join(" → "));
    let mut found = Diagnostic::new(RULE.code, *place, text)
        .here(format!("must be published after each `{}`", name(first)));
    for (event, place) in way.iter().skip(1).take(11) {
        found = found.label(*place, format!("after each `{}`", name(event)));
    }
    let found = found.help("let one of the handlers end it: `emits … | nothing`");
    report.add(world.events[*first].info.span, found);
}
