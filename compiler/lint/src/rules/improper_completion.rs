use svckit_diagnostics::{Diagnostic, Severity};
use svckit_model::{Event, Id, Subscription, World};

use crate::analysis::choreography::{Doing, FAILED, Fault, Flow, SUCCEEDED, WAYS, tell_way};
use crate::analysis::petri::{Explored, Move, State};
use crate::text::listed;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A way through a choreography that ends nowhere, or twice.
    ///
    /// ## What it does
    /// Follows every combination of what handlers may publish, in every order in which messages may come, until none
    /// waits any more. Each must have come to an event that `succeeds` or `fails`, and not to both.
    ///
    /// `| nothing` is taken for the answer of a handler to what has come to an end already, or waits for another
    /// message; where neither can be, it swallows the flow. So does a handler that gives up, where `dead_letter none`
    /// keeps no letter. What a handler calls without a key (`idempotent none`) is published twice if it crashes in
    /// between. A duplicate that the inbox drops, a dead letter that is redriven, and a version that is held back lead
    /// nowhere else: they are the same messages, later.
    ///
    /// Beyond 50000 states, or 64 MiB of them, from one start, and beyond 4096 ways of one handler, it gives up, and
    /// says where.
    ///
    /// ## Why is this bad
    /// A flow that ends nowhere is stuck until `within` is over, and nobody is told before. One that ends twice has
    /// both sent the parcel and given back the money.
    ///
    /// Reads: `choreography`, `starts`, `succeeds`, `fails`, `on`, `emits`, `calls`, `key`, `dead_letter`, `idempotent none`
    ///
    /// ## Example
    /// ```svc
    /// on depot.Missing do Note                // and there the flow ends
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// on depot.Missing do Cancel  emits Cancelled  undoes Placed
    /// ```
    pub RULE = Error | Warning "improper-completion" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        for handler in flow.cut() {
            cut(world, flow, *handler, report);
        }
        for (start, explored) in flow.explored(world) {
            if explored.stopped {
                stopped(world, flow, *start, explored, report);
            }
            let stuck = nearest(explored, |end| end.marks == 0);
            let both = nearest(explored, |end| end.marks == SUCCEEDED | FAILED);
            match &stuck {
                // An end that can't come is told by `orphan-wait`.
                Some(_) if !flow.never_ends(world).is_empty() => {}
                Some(way) => tell(world, flow, (*start, way, None), &NOWHERE, report),
                None if swallowed(world, flow, *start, report) => {}
                None => {
                    faulty(world, flow, *start, Fault::GivesUp, &GIVEN_UP, report);
                }
            }
            match &both {
                Some(way) => tell(world, flow, (*start, way, None), &TWICE, report),
                None => {
                    faulty(world, flow, *start, Fault::Again, &TWICE, report);
                }
            }
        }
    }
}

/// What is said of a way.
struct Words {
    marks: u8,
    what: &'static str,
    here: &'static str,
    help: &'static str,
}

const NOWHERE: Words = Words {
    marks: 0,
    what: "may come to no end",
    here: "neither succeeded nor failed",
    help: "let each way publish one of the events that end the flow, and one handler alone decide between them",
};
const TWICE: Words = Words {
    marks: SUCCEEDED | FAILED,
    what: "may both succeed and fail",
    here: "succeeded as well as failed",
    help: "let each way publish one of the events that end the flow, and one service alone decide between them: of its handlers, those that may come too late say `| nothing`",
};
const SWALLOWED: Words = Words {
    here: "may publish nothing here, and nothing else is on its way",
    help: "leave out `| nothing`: nothing can have ended the flow before, and there is nothing else to wait for; or name the event that ends the flow then",
    ..NOWHERE
};
const GIVEN_UP: Words = Words {
    here: "the message is thrown away when it can't be handled",
    help: "leave out `dead_letter none`: a letter that is kept is redriven, and the flow goes on",
    ..NOWHERE
};

/// The shortest way to an end.
fn nearest(explored: &Explored, wanted: impl Fn(&State) -> bool) -> Option<Vec<Move>> {
    explored.ends().find(|(end, _)| wanted(end)).map(|(_, way)| way)
}

/// Tells of each handler that alone may swallow the flow; whether one does.
fn swallowed(world: &World, flow: &Flow, start: Id<Event>, report: &mut Report) -> bool {
    let swallowing = flow.swallowing(world);
    let mut told: Vec<usize> = Vec::new();
    let all = flow.faulty(world, Fault::Swallows).iter().filter(|(event, _)| *event == start);
    for (_, way) in all.flat_map(|(_, e)| e.ends()).filter(|(end, _)| end.marks == 0) {
        let quiet =
            |(h, a): &Move| swallowing.contains(h) && flow.ways()[*h].1[*a].doing == Doing::Nothing;
        let mut places = way.iter().enumerate().filter(|(_, taken)| quiet(taken));
        let (Some((at, (handler, _))), None) = (places.next(), places.next()) else { continue };
        if !told.contains(handler) {
            told.push(*handler);
            tell(world, flow, (start, &way, Some(at)), &SWALLOWED, report);
        }
    }
    !told.is_empty()
}

/// What comes of a fault, by the shortest way.
fn faulty(
    world: &World,
    flow: &Flow,
    start: Id<Event>,
    fault: Fault,
    words: &Words,
    report: &mut Report,
) {
    let doing = match fault {
        Fault::Swallows => Doing::Nothing,
        Fault::GivesUp => Doing::GivesUp,
        Fault::Loses => Doing::Loses,
        Fault::Again => Doing::Again,
    };
    let mut explored = flow.faulty(world, fault).iter().filter(|(event, _)| *event == start);
    let way = explored.find_map(|(_, e)| nearest(e, |end| end.marks == words.marks));
    let Some(way) = way else { return };
    let by = |(h, a): &Move| flow.ways().get(*h).is_some_and(|(_, w)| w[*a].doing == doing);
    let important = way.iter().rposition(by);
    tell(world, flow, (start, &way, important), words, report);
}

fn cut(world: &World, flow: &Flow, handler: Id<Subscription>, report: &mut Report) {
    let (on, info) = (&world.subscriptions[handler], &world.choreographies[flow.of].info);
    let text = format!(
        "`{}` may publish in more ways than can be followed for `{}`",
        on.info.name, info.name
    );
    let mut found = Diagnostic::new(RULE.code, on.info.place("emits"), text)
        .here(format!("stopped after {WAYS} ways"))
        .label(info.span, "the flow")
        .note("ways = all combinations of what its `emits` and those of its calls allow; those that were followed are judged")
        .help("let each handler decide one thing, and publish what follows from it");
    found.severity = Severity::Warning;
    report.add(info.span, found);
}

fn stopped(world: &World, flow: &Flow, start: Id<Event>, explored: &Explored, report: &mut Report) {
    let info = &world.choreographies[flow.of].info;
    let text = format!("`{}` has too many ways to follow all of them", info.name);
    let mut found = Diagnostic::new(RULE.code, info.span, text)
        .here(format!(
            "stopped after {} states, {} MiB of them",
            explored.states(),
            explored.bytes() >> 20
        ))
        .note("states = all combinations of what handlers may publish, and orders where they make a difference; those that were followed are judged, and the way above is the last one")
        .help("split it into flows that follow one another, or leave fewer decisions to each handler");
    found.severity = Severity::Warning;
    let found = tell_way(found, world, flow, start, &explored.last(), None);
    report.add(info.span, found);
}

fn tell(
    world: &World,
    flow: &Flow,
    (start, way, important): (Id<Event>, &[Move], Option<usize>),
    words: &Words,
    report: &mut Report,
) {
    let info = &world.choreographies[flow.of].info;
    let handler = |at: usize| {
        let (id, ways) = flow.ways().get(way.get(at)?.0)?;
        Some((&world.subscriptions[*id], ways.get(way[at].1)?))
    };
    let last = important.or_else(|| way.len().checked_sub(1));
    let place = match last.and_then(handler) {
        None => world.events[start].info.span,
        Some((on, way)) if way.doing == Doing::GivesUp => on.info.place("dead_letter"),
        Some((on, _)) if important.is_some() => on.info.place("emits"),
        Some((on, _)) => on.info.span,
    };
    let mut found = Diagnostic::new(RULE.code, place, format!("`{}` {}", info.name, words.what))
        .here(words.here)
        .label(info.span, "the flow");
    let before = last.unwrap_or_default();
    for (on, taken) in (before.saturating_sub(3)..before).filter_map(handler) {
        let names: Vec<&str> =
            taken.events.iter().map(|e| world.events[*e].info.name.as_str()).collect();
        if !names.is_empty() {
            found = found.label(on.info.place("emits"), format!("publishes {}", listed(&names)));
        }
    }
    let found = tell_way(found, world, flow, start, way, important).help(words.help);
    report.add(info.span, found);
}
