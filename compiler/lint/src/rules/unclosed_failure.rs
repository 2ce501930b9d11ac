use svckit_diagnostics::Diagnostic;
use svckit_model::{Event, Id, Service, Subscription, World};

use crate::analysis::choreography::{FAILED, Flow, told_way};
use crate::analysis::petri::Move;
use crate::text::service;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A failure that leaves something not undone.
    ///
    /// ## What it does
    /// Follows every way through a choreography to a failed end, and holds each handler that did something on that way
    /// against the handlers of its service that ran, too: one of them must say that it `undoes` the event which was
    /// handled or published. A handler with `leaves "…"`, one that undoes, and one that published only what can't lead
    /// to success any more has nothing to be undone. The command behind the first event is judged in the same way.
    ///
    /// ## Why is this bad
    /// There is nobody in charge. What a service does not undo of its own accord, when it hears of the failure, stays
    /// done.
    ///
    /// Reads: `choreography`, `on`, `emits`, `undoes`, `leaves`
    ///
    /// ## Example
    /// ```svc
    /// service Depot {
    ///   on orders.Placed do Pack  emits Packed | Missing
    /// }                                      // and nothing on `payments.Refused`
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Depot {
    ///   on orders.Placed do Pack  emits Packed | Missing
    ///   on payments.Refused do Unpack  undoes Packed
    /// }
    /// ```
    pub RULE = Error "unclosed-failure" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let mut told = Vec::new();
        for (start, explored) in flow.explored(world) {
            for (end, way) in explored.ends().filter(|(end, _)| end.marks == FAILED) {
                let undone: Vec<(Id<Service>, Id<Event>)> =
                    way.iter().filter_map(|(h, _)| undoes(world, flow, *h)).collect();
                for (at, (handler, chosen)) in way.iter().enumerate() {
                    let Some(open) = open(world, flow, (*handler, *chosen), &undone) else {
                        continue;
                    };
                    if end.taken[*handler] == 0 || told.contains(&open) {
                        continue;
                    }
                    told.push(open);
                    tell(world, flow, (*start, &way, at), report);
                }
                first(world, flow, (*start, &way), &undone, &told, report);
            }
        }
    }
}

fn undoes(world: &World, flow: &Flow, handler: usize) -> Option<(Id<Service>, Id<Event>)> {
    let on = &world.subscriptions[flow.ways().get(handler)?.0];
    on.undoes.map(|event| (on.service, event))
}

/// The handler, if what it did on this way is not undone.
fn open(
    world: &World,
    flow: &Flow,
    (handler, chosen): (usize, usize),
    undone: &[(Id<Service>, Id<Event>)],
) -> Option<Id<Subscription>> {
    let (id, ways) = flow.ways().get(handler)?;
    let on = &world.subscriptions[*id];
    let published = &ways.get(chosen)?.events;
    let refused = !published.is_empty() && !published.iter().any(|e| flow.is_good(*e));
    let closed = |e: &Id<Event>| undone.contains(&(on.service, *e));
    let settled = on.leaves.is_some()
        || on.undoes.is_some()
        || refused
        || ways[chosen].late
        || !flow.is_good(on.event)
        || closed(&on.event)
        || published.iter().any(closed);
    (!settled).then_some(*id)
}

fn tell(
    world: &World,
    flow: &Flow,
    (start, way, at): (Id<Event>, &[Move], usize),
    report: &mut Report,
) {
    let Some((id, ways)) = flow.ways().get(way[at].0) else { return };
    let on = &world.subscriptions[*id];
    let done = ways.get(way[at].1).and_then(|w| w.events.first()).copied().unwrap_or(on.event);
    let service = service(world, on.service);
    let text = format!(
        "what `{service}.{}` does is not undone when `{}` fails",
        on.info.name, world.choreographies[flow.of].info.name
    );
    let mut found = Diagnostic::new(RULE.code, on.info.span, text).here("stays done");
    if let Some((last, _)) = way.last().and_then(|(h, _)| flow.ways().get(*h)) {
        found =
            found.label(world.subscriptions[*last].info.place("emits"), "and here it has failed");
    }
    let found = found
        .note(told_way(world, flow, start, way))
        .help(format!(
            "let `{service}` hear of the failure: `on … do …  undoes {}`; or say why it may stay: `leaves \"…\"`",
            world.events[done].info.name
        ));
    report.add(on.info.span, found);
}

/// What the command did that published the first event.
fn first(
    world: &World,
    flow: &Flow,
    (start, way): (Id<Event>, &[Move]),
    undone: &[(Id<Service>, Id<Event>)],
    told: &[Id<Subscription>],
    report: &mut Report,
) {
    let event = &world.events[start];
    let leaves = world.operations.iter().any(|(_, op)| {
        op.promises.leaves.is_some() && op.emits.iter().any(|e| e.events.contains(&start))
    });
    let own = undone.contains(&(event.service, start));
    let already = report
        .findings
        .iter()
        .any(|f| f.subject == event.info.span && f.diagnostic.code.slug == RULE.code.slug);
    if own || leaves || already || told.len() > 50 {
        return;
    }
    let name = &event.info.name;
    let text =
        format!("`{name}` is not undone when `{}` fails", world.choreographies[flow.of].info.name);
    let found = Diagnostic::new(RULE.code, event.info.span, text)
        .here("stays true")
        .label(world.choreographies[flow.of].info.span, "may fail")
        .note(told_way(world, flow, start, way))
        .help(format!("let its own service hear of the failure: `on … do …  undoes {name}`; or say at the command why it may stay: `leaves \"…\"`"));
    report.add(event.info.span, found);
}
