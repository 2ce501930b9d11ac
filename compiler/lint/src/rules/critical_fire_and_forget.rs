use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Choreography, Delivery, Id, Saga, StepCall, Subscription, World};

use crate::analysis::choreography::{Doing, Fault, Flow as Process, tell_way};
use crate::analysis::flow::waits;
use crate::analysis::petri::Move;
use crate::analysis::saga::steps;
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An event that may get lost, and that a process waits for.
    ///
    /// ## What it does
    /// Finds `delivery at_most_once` of events that a saga waits for, of events that end a choreography, of
    /// subscriptions that are a step of one or start a saga, and of queued commands that are a step of a saga, unless
    /// that is `best_effort`.
    ///
    /// ## Why is this bad
    /// `at_most_once` says: if it gets lost, so be it. The saga then waits until its time is over and aborts; the
    /// choreography stands still until its deadline: for a message that was published, and that nobody sends again.
    ///
    /// Reads: `delivery`, `wait`, `choreography`, `on … starts`, `step`
    ///
    /// ## Example
    /// ```svc
    /// event Cleared { order_id @1: OrderId } key order_id  delivery at_most_once
    /// ```
    /// with `wait cleared: Cleared where order_id == order.id within 2d else abort` in a saga.
    ///
    /// ## Use instead
    /// Leave out `delivery`: it is `at_least_once`, and the inbox drops what comes twice.
    pub RULE = Error "critical-fire-and-forget" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (_, saga) in world.sagas.iter() {
        sagas(world, saga, report);
        queued_steps(world, saga, report);
    }
    for (_, on) in world.subscriptions.iter().filter(|(_, on)| on.delivery == Delivery::AtMostOnce)
    {
        starts(world, on, report);
    }
    // A subscription may be a step of several choreographies: told once.
    let mut told = vec![false; world.subscriptions.len()];
    for (id, choreography) in world.choreographies.iter() {
        ends(world, choreography, report);
        let process = analysis.flows().get(id.index());
        for event in flow.of_choreography(world, choreography) {
            if choreography.succeeds.contains(&event) {
                continue;
            }
            for on in flow.subscriptions(event) {
                queued(world, choreography, on, report);
                if !std::mem::replace(&mut told[on.index()], true) {
                    step(world, (choreography, process), on, report);
                }
            }
        }
    }
}

fn sagas(world: &World, saga: &Saga, report: &mut Report) {
    for wait in waits(&saga.steps) {
        let event = &world.events[wait.event];
        if event.delivery == Delivery::AtMostOnce {
            let what = format!("saga `{}` waits for `{}`", saga.info.name, event.info.name);
            let place = event.info.place("delivery");
            report.add(event.info.span, lost(&what, place, (wait.span, "waits here")));
        }
    }
}

/// What is put into a queue, and counts as done then.
fn queued_steps(world: &World, saga: &Saga, report: &mut Report) {
    for step in steps(saga).iter().map(|p| p.step).filter(|s| !s.best_effort) {
        let StepCall::Operation(id, _) = &step.call else { continue };
        let op = &world.operations[*id];
        if op.queue.is_none() || op.promises.delivery != Delivery::AtMostOnce {
            continue;
        }
        let name = crate::text::operation(world, *id);
        let what = format!("step `{}` of saga `{}` sends `{name}`", step.name, saga.info.name);
        let place = op.info.place("delivery");
        let other = (step.call_span, "counts as done once it is sent");
        report.add(op.info.span, lost(&what, place, other));
    }
}

fn starts(world: &World, on: &Subscription, report: &mut Report) {
    let Some(saga) = on.starts else { return };
    let event = &world.events[on.event].info;
    let place = on.info.places.get("delivery").or_else(|| event.places.get("delivery"));
    let what = format!("saga `{}` starts with `{}`", world.sagas[saga].info.name, event.name);
    let other = (on.info.place("starts"), "never starts without it");
    report.add(on.info.span, lost(&what, place.unwrap_or(on.info.span), other));
}

fn ends(world: &World, choreography: &Choreography, report: &mut Report) {
    for id in choreography.succeeds.iter().chain(&choreography.fails) {
        let event = &world.events[*id];
        if event.delivery == Delivery::AtMostOnce {
            let name = &choreography.info.name;
            let what = format!("choreography `{name}` ends with `{}`", event.info.name);
            let place = event.info.place("delivery");
            report.add(event.info.span, lost(&what, place, (choreography.info.span, "ends by it")));
        }
    }
}

/// What a handler of the flow puts into a queue, and what goes on with it.
fn queued(world: &World, choreography: &Choreography, on: Id<Subscription>, report: &mut Report) {
    for call in &world.subscriptions[on].calls {
        let op = &world.operations[call.operation];
        let lossy = op.queue.is_some() && op.promises.delivery == Delivery::AtMostOnce;
        let known = report.findings.iter().any(|f| f.subject == op.info.span);
        if !lossy || op.emits.is_empty() || known {
            continue;
        }
        let name = crate::text::operation(world, call.operation);
        let what = format!("choreography `{}` goes on with `{name}`", choreography.info.name);
        let found = lost(&what, op.info.place("delivery"), (call.span, "sent from here"));
        report.add(op.info.span, found);
    }
}

fn step(
    world: &World,
    (choreography, process): (&Choreography, Option<&Process>),
    id: Id<Subscription>,
    report: &mut Report,
) {
    let on = &world.subscriptions[id];
    // What only looks on, and neither publishes nor undoes, is no step.
    if on.delivery != Delivery::AtMostOnce || (on.emits.is_empty() && on.undoes.is_none()) {
        return;
    }
    let event = &world.events[on.event].info;
    let place = on.info.places.get("delivery").or_else(|| event.places.get("delivery"));
    let what = format!(
        "choreography `{}` goes on in `{}` with `{}`",
        choreography.info.name, on.info.name, event.name
    );
    let other = (choreography.info.span, "stands still without it");
    let found = lost(&what, place.unwrap_or(on.info.span), other);
    let found = match process {
        Some(process) => without(found, world, process, id),
        None => found,
    };
    report.add(on.info.span, found);
}

/// Adds the shortest way on which that handler loses its message, and the flow comes to no end.
fn without(
    found: Diagnostic,
    world: &World,
    process: &Process,
    handler: Id<Subscription>,
) -> Diagnostic {
    let loses = |(at, chosen): &Move| {
        let (id, ways) = &process.ways()[*at];
        *id == handler && ways[*chosen].doing == Doing::Loses
    };
    for (start, explored) in process.faulty(world, Fault::Loses) {
        let mut open = explored.ends().filter(|(end, _)| end.marks == 0);
        if let Some((_, way)) = open.find(|(_, way)| way.iter().any(loses)) {
            return tell_way(found, world, process, *start, &way, None);
        }
    }
    found
}

fn lost(what: &str, place: Span, (other, label): (Span, &str)) -> Diagnostic {
    Diagnostic::new(RULE.code, place, format!("{what}, which may get lost"))
        .here("sent once, and forgotten")
        .label(other, label)
        .fix("deliver it for sure", place, "delivery at_least_once")
}
