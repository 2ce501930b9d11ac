use std::collections::{HashMap, HashSet};

use svckit_diagnostics::{Diagnostic, Severity, Span};
use svckit_model::redelivery::Redelivery;
use svckit_model::timing::{Times, Timing};
use svckit_model::{CallUse, Event, Id, Operation, Policy, Subscription, World};

use crate::analysis::choreography::Flow;
use crate::rule::rule;
use crate::text::{literal, operation, time};
use crate::{Analysis, Report};

rule! {
    /// A choreography whose handlers may take longer than `within`.
    ///
    /// ## What it does
    /// Adds up, along the longest way from the event that starts it to one that ends it, how long each handler may need: as
    /// many deliveries as there may be, each for the handler's `total`, and the longest pauses between; likewise for commands
    /// that are put into a queue on the way. A warning where that is more than `within`; an error where even one delivery each
    /// is. A flow that may go round is `unbounded-cycle`'s.
    ///
    /// ## Why is this bad
    /// When `within` is over the flow counts as stuck, and somebody is called, or starts it once more by hand; and then a
    /// message is delivered for the eighth time, handled at last, and all goes on as if nothing had happened. A handler that
    /// is slow or tried again is what the time is for.
    ///
    /// Reads: `choreography … within`, `on … policy`, `timeout { total }`, `retry { backoff }`, `queue { attempts expires }`,
    /// `delivery`
    ///
    /// ## Example
    /// ```svc
    /// choreography Sale by OrderId of Shop {
    ///   starts   Ordered                      // on Ordered do Pack  emits Packed
    ///   succeeds Packed
    ///   within   1m                           // 10 deliveries · 3s + 9 pauses of up to 30s = 5m
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// choreography Sale by OrderId of Shop {
    ///   starts   Ordered
    ///   succeeds Packed
    ///   within   10m
    /// }
    /// ```
    pub RULE = Warning | Error "within-overrun" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    let timing = &analysis.calls().timing;
    for flow in analysis.flows().iter().filter(|flow| flow.circle().is_none()) {
        let Some(within) = world.choreographies[flow.of].within else { continue };
        let once = longest(world, timing, flow, Hop::once);
        let (way, severity) = match sum(&once, Hop::once) > within {
            true => (once, Severity::Error),
            false => (longest(world, timing, flow, Hop::worst), Severity::Warning),
        };
        let takes = if severity == Severity::Error { Hop::once } else { Hop::worst };
        if sum(&way, takes) > within {
            judge(world, flow, (within, &way), (severity, takes), report);
        }
    }
}

/// A handler on the way, or a command in a queue.
#[derive(Debug, Clone)]
struct Hop {
    name: String,
    place: Span,
    /// How long one delivery may take.
    total: u64,
    /// Nothing for what is delivered once.
    again: Option<Redelivery>,
    /// It is worth nothing any more after that.
    expires: Option<u64>,
}

impl Hop {
    fn on(world: &World, timing: &Timing, on: &Subscription) -> Self {
        let service = &world.services[on.service].info.name;
        Self {
            name: format!("{service}.{}", on.info.name),
            place: on.info.span,
            total: total(world, timing, (on.policy, &on.calls)),
            again: Redelivery::of_subscription(world, timing, on),
            expires: None,
        }
    }

    fn queued(world: &World, timing: &Timing, (id, place): (Id<Operation>, Span)) -> Self {
        let op = &world.operations[id];
        Self {
            name: operation(world, id),
            place,
            total: timing.of(id).total,
            again: Redelivery::of_queued(world, timing, id),
            expires: op.queue.as_ref().and_then(|queue| queue.expires),
        }
    }

    fn once(&self) -> u64 {
        self.again.map_or(self.total, |again| again.total)
    }

    fn worst(&self) -> u64 {
        let over = self.again.map_or(self.total, |again| again.over());
        // The last delivery begins before it has expired.
        self.expires.map_or(over, |expires| over.min(expires.saturating_add(self.total)))
    }
}

fn total(world: &World, timing: &Timing, (policy, calls): (Id<Policy>, &[CallUse])) -> u64 {
    Times::of(&world.policies[policy].numbers, timing.needs(world, calls)).total
}

fn sum(way: &[Hop], takes: fn(&Hop) -> u64) -> u64 {
    way.iter().fold(0, |sum: u64, hop| sum.saturating_add(takes(hop)))
}

/// The longest way from an event to an end, and its first hops.
#[derive(Default)]
struct Best {
    nanos: u64,
    by: Option<(Vec<Hop>, Id<Event>)>,
}

/// The longest way to an end, by what each hop takes. There is no circle; each event is looked at once.
fn longest(world: &World, timing: &Timing, flow: &Flow, takes: fn(&Hop) -> u64) -> Vec<Hop> {
    let mut known: HashMap<Id<Event>, Best> = HashMap::new();
    let mut entered: HashSet<Id<Event>> = HashSet::new();
    let starts = &world.choreographies[flow.of].starts;
    let mut todo: Vec<Id<Event>> = starts.iter().flat_map(|start| flow.first(*start)).collect();
    while let Some(event) = todo.last().copied() {
        if known.contains_key(&event) {
            todo.pop();
            continue;
        }
        let next = nexts(world, timing, flow, event);
        if entered.insert(event) {
            let new = next.iter().map(|(_, next)| *next).filter(|e| !entered.contains(e));
            todo.extend(new.collect::<Vec<_>>());
            continue;
        }
        let mut best = Best::default();
        for (hops, next) in next {
            let rest = known.get(&next).map_or(0, |best| best.nanos);
            let nanos = sum(&hops, takes).saturating_add(rest);
            if nanos > best.nanos {
                best = Best { nanos, by: Some((hops, next)) };
            }
        }
        known.insert(event, best);
    }
    let firsts = starts.iter().flat_map(|start| {
        flow.first(*start).into_iter().map(|event| (started(world, timing, *start, event), event))
    });
    let length = |(queued, event): &(Option<Hop>, Id<Event>)| {
        let before = queued.as_ref().map_or(0, takes);
        before.saturating_add(known.get(event).map_or(0, |best| best.nanos))
    };
    let Some((queued, mut at)) = firsts.max_by_key(length) else { return Vec::new() };
    let mut way: Vec<Hop> = queued.into_iter().collect();
    while let Some(Best { by: Some((hops, next)), .. }) = known.remove(&at) {
        way.extend(hops);
        at = next;
    }
    way
}

/// What may follow an event, if it does not end the flow: over which hops, to which event.
fn nexts(
    world: &World,
    timing: &Timing,
    flow: &Flow,
    event: Id<Event>,
) -> Vec<(Vec<Hop>, Id<Event>)> {
    let choreography = &world.choreographies[flow.of];
    let mut all: Vec<(Vec<Hop>, Id<Event>)> = Vec::new();
    if choreography.succeeds.contains(&event) || choreography.fails.contains(&event) {
        return all;
    }
    for at in flow.handlers_of(event) {
        let Some((id, ways)) = flow.ways().get(*at) else { continue };
        let on = &world.subscriptions[*id];
        let mut seen: Vec<Id<Event>> = Vec::new();
        for next in ways.iter().flat_map(|w| &w.events).filter(|e| flow.is_ending(**e)) {
            if seen.contains(next) || *next == event {
                continue;
            }
            seen.push(*next);
            let mut hops = vec![Hop::on(world, timing, on)];
            if !on.emits.iter().any(|e| e.events.contains(next)) {
                hops.extend(by_queue(world, timing, (&on.calls, *next)));
            }
            all.push((hops, *next));
        }
    }
    all
}

/// The queued command among the calls that publishes an event.
fn by_queue(
    world: &World,
    timing: &Timing,
    (calls, event): (&[CallUse], Id<Event>),
) -> Option<Hop> {
    let publishes = |call: &&CallUse| {
        let op = &world.operations[call.operation];
        op.queue.is_some() && op.emits.iter().any(|e| e.events.contains(&event))
    };
    let call = calls.iter().find(publishes)?;
    Some(Hop::queued(world, timing, (call.operation, call.span)))
}

/// The queue through which an event comes that the command behind the first event brings about.
fn started(world: &World, timing: &Timing, start: Id<Event>, event: Id<Event>) -> Option<Hop> {
    let operations = &world.services[world.events[start].service].operations;
    let mut operations = operations.iter().map(|id| &world.operations[*id]);
    let publishes =
        |op: &&Operation| start != event && op.emits.iter().any(|e| e.events.contains(&start));
    let op = operations.find(publishes)?;
    by_queue(world, timing, (&op.calls, event))
}

/// Hops that are shown.
const SHOWN: usize = 8;

fn judge(
    world: &World,
    flow: &Flow,
    (within, way): (u64, &[Hop]),
    (severity, takes): (Severity, fn(&Hop) -> u64),
    report: &mut Report,
) {
    let info = &world.choreographies[flow.of].info;
    let all = sum(way, takes);
    let how = match severity {
        Severity::Error => "even if each message is handled at once",
        _ => "if messages are delivered again",
    };
    let text = format!(
        "`{}` may take {}, {how}, and counts as stuck after {}",
        info.name,
        time(all),
        time(within)
    );
    let place = info.place("within");
    let mut found = Diagnostic::new(RULE.code, place, text).here("too soon");
    for hop in way.iter().take(SHOWN) {
        found = found.label(hop.place, format!("up to {}", time(takes(hop))));
    }
    let terms: Vec<String> =
        way.iter().take(SHOWN).map(|hop| format!("{} {}", hop.name, time(takes(hop)))).collect();
    let more = if way.len() > SHOWN { " + …" } else { "" };
    found = found.note(format!("{}{more} = {}", terms.join(" + "), time(all)));
    let again = way.iter().filter_map(|hop| Some((hop, hop.again.as_ref()?)));
    if severity == Severity::Warning
        && let Some((hop, again)) = again.max_by_key(|(hop, _)| hop.worst())
    {
        let explained = crate::analysis::redelivery::explained(again);
        found = found.note(format!("{}: {explained}", hop.name));
    }
    if info.places.get("within").is_some() {
        found = found.fix("give it as long", place, literal(rounded(all))).unsafe_fix();
    }
    let mut found = found.help("give it longer, or a handler that may not take so long a policy with a shorter `total` and `backoff`");
    found.severity = severity;
    report.add(info.span, found);
}

/// Up to the next full minute.
fn rounded(nanos: u64) -> u64 {
    const MINUTE: u64 = 60_000_000_000;
    nanos.div_ceil(MINUTE).saturating_mul(MINUTE)
}
