use std::collections::HashSet;

use svckit_diagnostics::{Diagnostic, Severity, Span};
use svckit_model::{Delivery, Emit, Event, Id, Service, Subscription, World};

use crate::analysis::choreography::{Doing, FAILED, Fault, Flow, Order, Way, tell_way};
use crate::analysis::petri::{Explored, Move};
use crate::text::service;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A failure that leaves something not undone.
    ///
    /// ## What it does
    /// Follows every way through a choreography to a failed end, and holds each handler that did something on that way
    /// against the handlers of its service that ran, too: one of them must say that it `undoes` the event which was
    /// handled or published. A handler with `leaves "…"`, one that undoes, and one that published what can
    /// only lead to a failure has nothing to be undone. The command or handler behind the first event is judged in the same way.
    ///
    /// The undo must come after what it undoes. It surely does where it follows from it, and where both are set off by
    /// events of one service and one key, which keep their order. Else it may come first, find nothing, and what is done
    /// afterwards stays; unless the handler may say `| nothing`, for its service knows by then. A handler that undoes and
    /// has no dead letters (`dead_letter none`) may give up. A dead letter that is redriven comes after what follows it:
    /// where that alone would turn the order round, a note says so.
    ///
    /// ## Why is this bad
    /// There is nobody in charge. What a service does not undo of its own accord, when it hears of the failure, stays
    /// done.
    ///
    /// Reads: `choreography`, `on`, `emits`, `undoes`, `leaves`, `key`, `dead_letter`, `delivery`
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
    pub RULE = Error | Note "unclosed-failure" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    // What goes round is told by `unbounded-cycle`, and what follows from it can't be.
    for flow in analysis.flows().iter().filter(|flow| flow.circle().is_none()) {
        let mut told = Told::default();
        for (start, explored) in flow.explored(world) {
            failed(world, flow, (*start, explored), &mut told, report);
        }
        for (start, explored) in flow.faulty(world, Fault::GivesUp) {
            failed(world, flow, (*start, explored), &mut told, report);
        }
    }
}

/// The handlers of which it is told already, by what is wrong.
#[derive(Default)]
struct Told {
    stays: HashSet<usize>,
    early: HashSet<usize>,
    redriven: HashSet<usize>,
}

/// A way to a failed end.
struct Failed<'a> {
    world: &'a World,
    flow: &'a Flow,
    start: Id<Event>,
    way: &'a [Move],
    /// Who undoes what, and by which move.
    undone: Vec<(Id<Service>, Id<Event>, usize)>,
}

fn failed(
    world: &World,
    flow: &Flow,
    (start, explored): (Id<Event>, &Explored),
    told: &mut Told,
    report: &mut Report,
) {
    for (_, way) in explored.ends().filter(|(end, _)| end.marks == FAILED) {
        let undone =
            way.iter().enumerate().filter_map(|(at, taken)| undoes(world, flow, *taken, at));
        let failed = Failed { world, flow, start, way: &way, undone: undone.collect() };
        // Only where something hangs on it.
        let mut order = None;
        for at in 0..way.len() {
            let Some(closers) = failed.closers(at) else { continue };
            if closers.is_empty() {
                if told.stays.insert(way[at].0) {
                    failed.stays(at, report);
                }
            } else if !told.early.contains(&way[at].0) {
                let order = order.get_or_insert_with(|| Order::of(world, flow, start, &way, None));
                failed.late(at, &closers, order.as_ref(), told, report);
            }
        }
        first(&failed, told, report);
    }
}

fn undoes(
    world: &World,
    flow: &Flow,
    (handler, chosen): Move,
    at: usize,
) -> Option<(Id<Service>, Id<Event>, usize)> {
    let (id, ways) = flow.ways().get(handler)?;
    let on = &world.subscriptions[*id];
    let done = !matches!(ways.get(chosen)?.doing, Doing::GivesUp | Doing::Loses);
    on.undoes.filter(|_| done).map(|event| (on.service, event, at))
}

impl Failed<'_> {
    fn on(&self, at: usize) -> Option<(&Subscription, &Way)> {
        let (id, ways) = self.flow.ways().get(self.way[at].0)?;
        Some((&self.world.subscriptions[*id], ways.get(self.way[at].1)?))
    }

    /// If a move has done something that must be undone: the moves that undo it.
    fn closers(&self, at: usize) -> Option<Vec<usize>> {
        let (on, way) = self.on(at)?;
        let done = matches!(way.doing, Doing::Publishes | Doing::Again);
        let leads_to =
            |of: fn(&Flow, Id<Event>) -> bool| way.events.iter().any(|e| of(self.flow, *e));
        let refused = leads_to(Flow::is_ending) && !leads_to(Flow::is_good);
        let settled = !done
            || refused
            || on.leaves.is_some()
            || on.undoes.is_some()
            || !self.flow.is_good(on.event);
        let closes = |(service, event, _): &&(Id<Service>, Id<Event>, usize)| {
            *service == on.service && (*event == on.event || way.events.contains(event))
        };
        (!settled).then(|| self.undone.iter().filter(closes).map(|(_, _, by)| *by).collect())
    }

    /// It is undone, but perhaps before it is done.
    fn late(
        &self,
        at: usize,
        closers: &[usize],
        order: Option<&Order>,
        told: &mut Told,
        report: &mut Report,
    ) {
        let handler = self.way[at].0;
        let guarded = |(_, ways): &(_, Vec<Way>)| ways.iter().any(|w| w.doing == Doing::Nothing);
        let Some(order) = order.filter(|_| !self.flow.ways().get(handler).is_some_and(guarded))
        else {
            return;
        };
        let is_after = |order: &Order| closers.iter().any(|by| order.is_before(at, *by));
        if !is_after(order) {
            if told.early.insert(handler) {
                self.early(at, closers[0], order, report);
            }
            return;
        }
        let kept = self.on(at).is_some_and(|(on, _)| {
            on.delivery != Delivery::AtMostOnce && on.no_dead_letter.is_none()
        });
        if !kept || told.redriven.contains(&handler) {
            return;
        }
        let redriven = Order::of(self.world, self.flow, self.start, self.way, Some(at));
        if let Some(redriven) = redriven.filter(|order| !is_after(order)) {
            told.redriven.insert(handler);
            self.redriven(at, closers[0], &redriven, report);
        }
    }

    fn found(&self, at: usize, text: &str) -> Option<(Span, Diagnostic)> {
        let (on, _) = self.on(at)?;
        let service = &self.world.services[on.service].info.name;
        let text = format!("what `{service}.{}` does {text}", on.info.name);
        Some((on.info.span, Diagnostic::new(RULE.code, on.info.span, text)))
    }

    fn name(&self) -> &str {
        &self.world.choreographies[self.flow.of].info.name
    }

    fn stays(&self, at: usize, report: &mut Report) {
        let text = format!("is not undone when `{}` fails", self.name());
        let (Some((subject, found)), Some((on, way))) = (self.found(at, &text), self.on(at)) else {
            return;
        };
        let done = way.events.first().copied().unwrap_or(on.event);
        let mut found = found.here("stays done");
        if let Some((last, _)) = self.way.len().checked_sub(1).and_then(|last| self.on(last)) {
            found = found.label(last.info.place("emits"), "and here it has failed");
        }
        let (world, flow) = (self.world, self.flow);
        let found = tell_way(found, world, flow, self.start, self.way, Some(at)).help(format!(
            "let `{}` hear of the failure: `on … do …  undoes {}`; or say why it may stay: `leaves \"…\"`",
            service(world, on.service),
            world.events[done].info.name
        ));
        report.add(subject, found);
    }

    fn early(&self, at: usize, by: usize, order: &Order, report: &mut Report) {
        let text =
            format!("may be undone before it is done, and stays, when `{}` fails", self.name());
        let Some((subject, found)) = self.found(at, &text) else { return };
        let Some((undo, _)) = self.on(by) else { return };
        let found = found
            .here("may come last")
            .label(undo.info.span, "may come first, and finds nothing to undo");
        let found = self.turned(found, at, order)
            .note("events of two services, or of two keys, come in any order; those of one service and one key in that of their publication")
            .help("undo on an event that follows from what is undone, or on one of the service that set it off, by the same key; or let the handler say `| nothing` where it comes too late");
        report.add(subject, found);
    }

    fn redriven(&self, at: usize, by: usize, order: &Order, report: &mut Report) {
        let text =
            format!("stays done if its dead letter is redriven after `{}` has failed", self.name());
        let Some((subject, found)) = self.found(at, &text) else { return };
        let Some((undo, _)) = self.on(by) else { return };
        let found = found
            .here("redriven, it comes last")
            .label(undo.info.span, "has found nothing to undo");
        let mut found = self.turned(found, at, order).help(
            "let the handler say `| nothing` where it comes too late; or look at the flow before such a letter is redriven",
        );
        found.severity = Severity::Note;
        report.add(subject, found);
    }

    /// The way with what is done as late as may be.
    fn turned(&self, found: Diagnostic, at: usize, order: &Order) -> Diagnostic {
        let places = order.latest(at);
        let way: Vec<Move> = places.iter().map(|place| self.way[*place]).collect();
        let important = places.iter().position(|place| *place == at);
        tell_way(found, self.world, self.flow, self.start, &way, important)
    }
}

/// What the command did that published the first event.
fn first(failed: &Failed<'_>, told: &Told, report: &mut Report) {
    let (world, flow, start) = (failed.world, failed.flow, failed.start);
    let event = &world.events[start];
    let own = failed.undone.iter().any(|(service, e, _)| (*service, *e) == (event.service, start));
    if own || told.stays.len() > 50 {
        return;
    }
    let service = &world.services[event.service];
    let has = |emits: &[Emit]| emits.iter().any(|e| e.events.contains(&start));
    let mut operations = service.operations.iter().map(|id| &world.operations[*id]);
    let mut ons = service.subscriptions.iter().map(|id| &world.subscriptions[*id]);
    let leaves = operations.any(|op| op.promises.leaves.is_some() && has(&op.emits))
        || ons.any(|on| on.leaves.is_some() && has(&on.emits));
    let already = report
        .findings
        .iter()
        .any(|f| f.subject == event.info.span && f.diagnostic.code.slug == RULE.code.slug);
    if leaves || already {
        return;
    }
    let name = &event.info.name;
    let text = format!("`{name}` is not undone when `{}` fails", failed.name());
    let found = Diagnostic::new(RULE.code, event.info.span, text)
        .here("stays true")
        .label(world.choreographies[flow.of].info.span, "may fail");
    let found = tell_way(found, world, flow, start, failed.way, None)
        .help(format!("let its own service hear of the failure: `on … do …  undoes {name}`; or say at the command why it may stay: `leaves \"…\"`"));
    report.add(event.info.span, found);
}
