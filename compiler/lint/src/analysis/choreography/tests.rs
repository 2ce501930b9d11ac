//! Choreographies against a simulator that tries every order of everything, and that shares nothing with the net.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;
use svckit_diagnostics::Diagnostic;
use svckit_model::{Choreography, Event, Id, Service, Subscription, Type, World};

use super::{FAILED, Fault, Flow, SUCCEEDED};
use crate::analysis::Analysis;
use crate::{Options, RULES, lint_by};

fn world(text: &str) -> World {
    let parsed = svckit_syntax::parse(svckit_diagnostics::FileId(0), text);
    assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
    let source = svckit_model::Source { file: &parsed.file, external: false };
    let resolved = svckit_model::resolve(&[source]);
    let error = resolved.diagnostics.iter().find(|d| d.is_error());
    assert!(error.is_none(), "{text}\n{error:?}");
    resolved.world
}

/// What may come of a choreography.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    stuck: bool,
    both: bool,
    /// Handlers whose work nobody undoes on some way to a failure.
    stays: BTreeSet<String>,
    /// Handlers whose work may be undone before it is done.
    early: BTreeSet<String>,
}

fn verdict(world: &World) -> Verdict {
    let analysis = Analysis::new(world);
    let flow = &analysis.flows()[0];
    let mut verdict = Verdict::default();
    for (_, explored) in flow.explored(world) {
        assert!(!explored.stopped);
        verdict.stuck |= explored.ends().any(|(end, _)| end.marks == 0);
        verdict.both |= explored.ends().any(|(end, _)| end.marks == SUCCEEDED | FAILED);
    }
    let name = |d: &Diagnostic| {
        world
            .subscriptions
            .iter()
            .find(|(_, on)| on.info.span == d.span())
            .map(|(_, on)| on.info.name.clone())
    };
    for found in by_rule(&analysis, "unclosed-failure") {
        if found.message.contains("is not undone") {
            verdict.stays.extend(name(&found));
        } else if found.message.contains("before it is done") {
            verdict.early.extend(name(&found));
        }
    }
    verdict
}

fn by_rule(analysis: &Analysis<'_>, slug: &str) -> Vec<Diagnostic> {
    let rules: Vec<_> = RULES.iter().copied().filter(|r| r.code.slug == slug).collect();
    lint_by(analysis, &rules, &Options::default())
}

/// A message at a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Message {
    on: Id<Subscription>,
    /// The same for its duplicates.
    id: u32,
    /// It waits for somebody who can read its version, and holds back those behind it.
    held: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Run {
    /// In the order of publication.
    queue: Vec<Message>,
    next: u32,
    handled: BTreeSet<u32>,
    /// Who handled something, and whether it published.
    fired: BTreeSet<(Id<Subscription>, bool)>,
    knows: BTreeSet<Id<Service>>,
    marks: u8,
    /// What was done and is not undone.
    open: BTreeSet<(Id<Subscription>, Option<Id<Event>>)>,
    undone: BTreeSet<(Id<Service>, Id<Event>)>,
    duplicates: u8,
    holds: u8,
}

/// Every order, every choice, a duplicate and a version that is held back, over the contract itself.
struct Simulator<'w> {
    world: &'w World,
    flow: &'w Choreography,
    faults: bool,
    verdict: Verdict,
}

impl Simulator<'_> {
    fn run(mut self, most: usize) -> Option<Verdict> {
        let mut first = Run::default();
        self.publish(&mut first, self.flow.starts[0]);
        let (mut seen, mut todo) = (HashSet::new(), vec![first]);
        while let Some(run) = todo.pop() {
            if !seen.insert(run.clone()) {
                continue;
            }
            if seen.len() > most {
                return None;
            }
            if run.queue.is_empty() {
                self.end(&run);
            }
            for at in 0..run.queue.len() {
                self.moves(&run, at, &mut todo);
            }
        }
        Some(self.verdict)
    }

    fn moves(&self, run: &Run, at: usize, todo: &mut Vec<Run>) {
        let message = run.queue[at];
        if message.held {
            let mut next = run.clone();
            next.queue[at].held = false;
            return todo.push(next);
        }
        let channel = |m: &Message| {
            let on = &self.world.subscriptions[m.on];
            let event = &self.world.events[on.event];
            let key = event.key.map(|k| &self.world.records[event.payload].fields[k].ty);
            (key == Some(&Type::Scalar(self.flow.by))).then_some((event.service, on.service))
        };
        let mine = channel(&message);
        if mine.is_some() && run.queue[..at].iter().any(|m| channel(m) == mine) {
            return;
        }
        if self.faults && run.duplicates == 0 {
            let mut next = run.clone();
            next.duplicates = 1;
            next.queue.push(message);
            todo.push(next);
        }
        if self.faults && run.holds == 0 {
            let mut next = run.clone();
            next.holds = 1;
            next.queue[at].held = true;
            todo.push(next);
        }
        let mut left = run.clone();
        left.queue.remove(at);
        if left.handled.contains(&message.id) {
            return todo.push(left);
        }
        left.handled.insert(message.id);
        for event in self.choices(&left, message.on) {
            let mut next = left.clone();
            self.handle(&mut next, message.on, event);
            todo.push(next);
        }
    }

    fn publishes(&self, on: Id<Subscription>) -> &[Id<Event>] {
        self.world.subscriptions[on].emits.first().map_or(&[], |e| &e.events)
    }

    fn is_guarded(&self, on: Id<Subscription>) -> bool {
        self.world.subscriptions[on].emits.first().is_some_and(|e| e.or_nothing)
    }

    fn choices(&self, run: &Run, on: Id<Subscription>) -> Vec<Option<Id<Event>>> {
        let loud: Vec<Option<Id<Event>>> = self.publishes(on).iter().copied().map(Some).collect();
        if !self.is_guarded(on) {
            return if loud.is_empty() { vec![None] } else { loud };
        }
        let service = self.world.subscriptions[on].service;
        let partner = |other: Id<Subscription>| {
            other != on
                && self.world.subscriptions[other].service == service
                && self.is_guarded(other)
                && self.publishes(other).iter().any(|e| self.publishes(on).contains(e))
        };
        let group = |other: Id<Subscription>| other == on || partner(other);
        if run.knows.contains(&service)
            || run.fired.iter().any(|(other, published)| *published && group(*other))
        {
            return vec![None];
        }
        let partners: Vec<Id<Subscription>> =
            self.known().into_iter().filter(|o| partner(*o)).collect();
        let shares = |e: &Id<Event>| partners.iter().any(|p| self.publishes(*p).contains(e));
        let waits = self
            .publishes(on)
            .iter()
            .any(|e| shares(e) && self.reached(*e).contains(&self.flow.succeeds[0]));
        let may_come = partners.iter().any(|p| {
            let event = self.world.subscriptions[*p].event;
            let fired = run.fired.iter().any(|(other, _)| other == p);
            // A duplicate of what was handled brings nothing.
            let fresh = run.queue.iter().filter(|m| !run.handled.contains(&m.id));
            let comes = |m: &Message| {
                m.on == *p || self.publishes(m.on).iter().any(|e| self.reached(*e).contains(&event))
            };
            !fired && fresh.into_iter().any(comes)
        });
        if waits && may_come {
            return vec![None];
        }
        if run.marks != 0 {
            return loud.into_iter().chain([None]).collect();
        }
        loud
    }

    /// All handlers of the flow.
    fn known(&self) -> Vec<Id<Subscription>> {
        let events = self.reached(self.flow.starts[0]);
        let all = self.world.subscriptions.iter();
        all.filter(|(_, on)| events.contains(&on.event)).map(|(id, _)| id).collect()
    }

    /// The events that may follow from one, itself included.
    fn reached(&self, event: Id<Event>) -> BTreeSet<Id<Event>> {
        let mut known = BTreeSet::from([event]);
        loop {
            let before = known.len();
            for (id, on) in self.world.subscriptions.iter() {
                if known.contains(&on.event) {
                    known.extend(self.publishes(id));
                }
            }
            if known.len() == before {
                return known;
            }
        }
    }

    fn handle(&self, run: &mut Run, id: Id<Subscription>, event: Option<Id<Event>>) {
        let on = &self.world.subscriptions[id];
        run.fired.insert((id, event.is_some()));
        if self.ends(on.event) != 0 {
            run.knows.insert(on.service);
        }
        if let Some(undone) = on.undoes {
            run.undone.insert((on.service, undone));
            run.open.retain(|(other, published)| {
                let other = &self.world.subscriptions[*other];
                let closed = other.event == undone || *published == Some(undone);
                !(other.service == on.service && closed)
            });
        }
        let leads = |event: Id<Event>, to: Id<Event>| self.reached(event).contains(&to);
        let good = |e: Id<Event>| leads(e, self.flow.succeeds[0]);
        let refused = event.is_some_and(|e| !good(e) && leads(e, self.flow.fails[0]));
        let quiet = event.is_none() && self.is_guarded(id);
        if on.undoes.is_none() && on.leaves.is_none() && !refused && !quiet && good(on.event) {
            run.open.insert((id, event));
        }
        if let Some(event) = event {
            if self.ends(event) != 0 {
                run.knows.insert(self.world.events[event].service);
            }
            self.publish(run, event);
        }
    }

    fn ends(&self, event: Id<Event>) -> u8 {
        (u8::from(self.flow.succeeds.contains(&event)) * SUCCEEDED)
            | (u8::from(self.flow.fails.contains(&event)) * FAILED)
    }

    fn publish(&self, run: &mut Run, event: Id<Event>) {
        run.marks |= self.ends(event);
        for (id, _) in self.world.subscriptions.iter().filter(|(_, on)| on.event == event) {
            run.queue.push(Message { on: id, id: run.next, held: false });
            run.next += 1;
        }
    }

    fn end(&mut self, run: &Run) {
        self.verdict.stuck |= run.marks == 0;
        self.verdict.both |= run.marks == SUCCEEDED | FAILED;
        if run.marks != FAILED {
            return;
        }
        for (id, published) in &run.open {
            let on = &self.world.subscriptions[*id];
            let came = run.undone.iter().any(|(service, event)| {
                *service == on.service && (*event == on.event || Some(*event) == *published)
            });
            let name = on.info.name.clone();
            if !came {
                self.verdict.stays.insert(name);
            } else if !self.is_guarded(*id) {
                self.verdict.early.insert(name);
            }
        }
    }
}

/// None where there are more states than can be tried in a test.
fn simulated(world: &World, faults: bool) -> Option<Verdict> {
    let flow = world.choreographies.iter().next().expect("there is one").1;
    Simulator { world, flow, faults, verdict: Verdict::default() }.run(3_000)
}

/// One handler: of which event, in which service, which later events of its own it may publish, whether it may publish
/// nothing, what it undoes, and whether it says why it leaves things.
type On = (usize, usize, Vec<usize>, bool, Option<usize>, bool);

/// Events by their services, and whether each has the key; handlers; the end that is good, and the bad one.
type Made = (Vec<(usize, bool)>, Vec<On>, usize, usize);

/// Each event has a handler or two that go on with later ones, and some handlers are undone by others of their service.
fn made() -> impl Strategy<Value = Made> {
    (4..8_usize)
        .prop_flat_map(|count| {
            let event = (0..3_usize, prop::bool::weighted(0.8));
            let emits = prop::collection::vec(1..4_usize, 0..3);
            let quiet = prop::bool::weighted(0.3);
            let on = (0..count, 0..3_usize, emits, quiet, prop::bool::weighted(0.1));
            let undo = (any::<prop::sample::Index>(), 0..count);
            (
                prop::collection::vec(event, count),
                prop::collection::vec(on, count..2 * count),
                prop::collection::vec(undo, 0..4),
                1..count,
                1..count,
            )
        })
        .prop_map(|(mut events, ons, undos, good, bad)| {
            events[0].1 = true;
            let on = |(at, (any, service, emits, quiet, leaves)): (
                usize,
                (usize, usize, Vec<usize>, bool, bool),
            )| {
                let event = if at + 1 < events.len() { at } else { any };
                let own =
                    emits.first().and_then(|e| events.get(event + e)).map_or(service, |e| e.0);
                (event, own, emits, quiet, None, leaves)
            };
            let mut ons: Vec<On> = ons.into_iter().enumerate().map(on).collect();
            for (index, event) in undos {
                let (done, service, ..) = *index.get(&ons);
                ons.push((event, service, Vec::new(), false, Some(done), false));
            }
            (events, ons, good, bad)
        })
}

fn text((events, ons, good, bad): &Made) -> String {
    let name = |at: usize| format!("S{}.E{at}", events[at].0);
    let mut text = String::from("package a.v1\nscalar K = uuid\nscalar L = uuid\n");
    for service in 0..3 {
        text += &format!("service S{service} {{\n auth none because \"made up\"\n");
        if service == events[0].0 {
            text +=
                " command Go(id @1: K) idempotent by id  emits E0  leaves \"it was asked for\"\n";
        }
        for (at, (_, keyed)) in events.iter().enumerate().filter(|(_, (s, _))| *s == service) {
            let key = if *keyed { "id" } else { "other" };
            text += &format!(" event E{at} {{ id @1: K  other @2: L }} key {key}\n");
        }
        let mut there = BTreeMap::new();
        for (event, _, emits, quiet, undoes, leaves) in ons.iter().filter(|on| on.1 == service) {
            if there.insert(event, ()).is_some() {
                continue;
            }
            let mut published: Vec<usize> = emits.iter().map(|e| event + e).collect();
            published.retain(|e| events.get(*e).is_some_and(|(s, _)| *s == service));
            published.sort_unstable();
            published.dedup();
            let names: Vec<String> = published.iter().map(|e| format!("E{e}")).collect();
            text += &format!(" on {} do H{service}x{event}", name(*event));
            if !names.is_empty() {
                let nothing = if *quiet { " | nothing" } else { "" };
                text += &format!("  emits {}{nothing}", names.join(" | "));
            }
            if let Some(undone) = undoes {
                text += &format!("  undoes {}", name(*undone));
            }
            text += if *leaves { "  leaves \"it stays\"\n" } else { "\n" };
        }
        text += "}\n";
    }
    let (good, bad) = (name(*good), name(*bad));
    text + &format!(
        "choreography C by K of S0 {{\n starts {}\n succeeds {good}\n fails {bad}\n within 1h\n}}\n",
        name(0)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_nets_verdict_is_the_simulators(made in made()) {
        prop_assume!(made.2 != made.3);
        let text = text(&made);
        let world = world(&text);
        if let Some(expected) = simulated(&world, false) {
            prop_assert_eq!(verdict(&world), expected, "{}", text);
        }
    }

    #[test]
    fn duplicates_and_versions_that_are_held_back_end_where_the_others_end(made in made()) {
        prop_assume!(made.2 != made.3);
        let world = world(&text(&made));
        if let Some(expected) = simulated(&world, true) {
            prop_assert_eq!(simulated(&world, false), Some(expected));
        }
    }
}

const SHOP: &str = "package a.v1
scalar K = uuid
service Orders {
 command Place(id @1: K) idempotent by id  emits Placed  leaves \"a note\"
 event Placed { id @1: K } key id
 event Done { id @1: K } key id
 event Off { id @1: K } key id
 on Bank.Paid do Finish  emits Done
 on Bank.Refused do Cancel  emits Off  undoes Placed
}
service Bank {
 event Paid { id @1: K } key id
 event Refused { id @1: K } key id
 on Orders.Placed do Charge  emits Paid | Refused
}
service Depot {
 on Orders.Placed do Pack
 UNDO
}
choreography C by K of Orders { starts Orders.Placed  succeeds Orders.Done  fails Orders.Off  within 1h }
";

fn shop(undo: &str) -> World {
    world(&SHOP.replace("UNDO", undo))
}

#[test]
fn by_hand_two_ways_and_what_is_undone_in_them() {
    // Placed, then Charge with Paid or Refused, then Finish or Cancel; Pack at any time. By one order of them there are
    // six states: Placed at two handlers, one handled, then two ways of two more.
    let world = shop("on Orders.Off do Unpack  undoes Orders.Placed");
    let flow = Flow::new(
        &world,
        Analysis::new(&world).flow(),
        world.choreographies.ids().next().expect("one"),
    );
    let (_, explored) = &flow.explored(&world)[0];
    let ends: Vec<u8> = explored.ends().map(|(end, _)| end.marks).collect();
    assert_eq!(ends, [SUCCEEDED, FAILED]);
    assert_eq!(verdict(&world), Verdict::default(), "one service, one key: in order");
}

#[test]
fn by_hand_an_undo_of_another_service_may_come_first() {
    let early = verdict(&shop("on Bank.Refused do Unpack  undoes Orders.Placed"));
    assert_eq!(early.early, BTreeSet::from(["Pack".to_owned()]));
    let stays = verdict(&shop("on Bank.Paid do Look  leaves \"it looks on\""));
    assert_eq!(stays.stays, BTreeSet::from(["Pack".to_owned()]));
}

#[test]
fn by_hand_each_fault_has_its_way() {
    let kept = "on Orders.Placed do Charge  emits Paid | Refused";
    let undo = "on Orders.Off do Unpack  undoes Orders.Placed";
    let faulty = |more: &str, fault: Fault| {
        let text = SHOP.replace("UNDO", undo).replace(kept, &format!("{kept}{more}"));
        let world = world(&text);
        let analysis = Analysis::new(&world);
        let flow = &analysis.flows()[0];
        let stuck =
            flow.faulty(&world, fault).iter().any(|(_, e)| e.ends().any(|(end, _)| end.marks == 0));
        (stuck, verdict(&world).stuck)
    };
    assert_eq!(faulty("", Fault::GivesUp), (false, false));
    assert_eq!(faulty(" dead_letter none because \"b\"", Fault::GivesUp), (true, false));
    assert_eq!(faulty(" delivery at_most_once", Fault::Loses), (true, false));
    assert_eq!(faulty(" | nothing", Fault::Swallows), (true, false));
}

#[test]
fn more_ways_than_can_be_followed_are_told_of() {
    let clauses: Vec<String> = (0..13).map(|n| format!("(A{n} | B{n})")).collect();
    let events: String = (0..13)
        .flat_map(|n| [format!("A{n}"), format!("B{n}")])
        .map(|name| format!(" event {name} {{ id @1: K }} key id\n"))
        .collect();
    let text = format!(
        "package a.v1\nscalar K = uuid\nservice S {{\n auth none because \"x\"\n command Go(id @1: K) idempotent by id emits Start leaves \"y\"\n event Start {{ id @1: K }} key id\n event End {{ id @1: K }} key id\n{events}\n on Start do All emits {}\n on A0 do Last emits End\n}}\nchoreography C by K of S {{ starts Start  succeeds End  within 1h }}\n",
        clauses.join(", ")
    );
    let world = world(&text);
    let analysis = Analysis::new(&world);
    assert_eq!(analysis.flows()[0].cut().len(), 1);
    let found = by_rule(&analysis, "improper-completion");
    assert!(
        found.iter().any(|d| d.message.contains("more ways than can be followed")),
        "{found:?}"
    );
}
