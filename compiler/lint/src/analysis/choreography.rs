//! The flow of a choreography: what its first event sets going, over all services.

use std::cell::OnceCell;
use std::collections::VecDeque;

use svckit_model::{CallUse, Choreography, Emit, Event, Id, Subscription, World};

use super::petri::{Alternative, Explored, Handler, Move, Net};

/// States that are looked at, at most.
pub const BOUND: usize = 20_000;
/// The mark of a flow that succeeded.
pub const SUCCEEDED: u8 = 1;
/// The mark of a flow that failed.
pub const FAILED: u8 = 2;
/// Ways to publish of one handler that are told apart, at most.
const WAYS: usize = 60;

/// What a handler publishes, in one of its ways; late where it publishes nothing though it might.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The events.
    pub events: Vec<Id<Event>>,
    /// `| nothing`: taken where the flow has come to an end already.
    pub late: bool,
}

/// A choreography and what belongs to it.
#[derive(Debug)]
pub struct Flow {
    /// Which one.
    pub of: Id<Choreography>,
    handlers: Vec<(Id<Subscription>, Vec<Way>)>,
    events: Vec<Id<Event>>,
    good: Vec<bool>,
    ending: Vec<bool>,
    explored: OnceCell<Vec<(Id<Event>, Explored)>>,
}

impl Flow {
    /// Follows the events from the start, in time linear in subscriptions times events.
    #[must_use]
    pub fn new(world: &World, of: Id<Choreography>) -> Self {
        let choreography = &world.choreographies[of];
        let mut known = vec![false; world.events.len()];
        let mut todo: VecDeque<Id<Event>> = choreography.starts.iter().copied().collect();
        let (mut events, mut handlers) = (Vec::new(), Vec::new());
        while let Some(event) = todo.pop_front() {
            if std::mem::replace(&mut known[event.index()], true) {
                continue;
            }
            events.push(event);
            for (id, on) in world.subscriptions.iter().filter(|(_, on)| on.event == event) {
                let ways = ways(world, &on.emits, &on.calls);
                todo.extend(ways.iter().flat_map(|w| w.events.iter().copied()));
                handlers.push((id, ways));
            }
        }
        let mut flow = Self {
            of,
            handlers,
            events,
            good: Vec::new(),
            ending: Vec::new(),
            explored: OnceCell::new(),
        };
        flow.good = flow.leads_to(world, &choreography.succeeds);
        let ends: Vec<_> =
            choreography.succeeds.iter().chain(&choreography.fails).copied().collect();
        flow.ending = flow.leads_to(world, &ends);
        flow
    }

    /// From which events one of some others may come, themselves included.
    fn leads_to(&self, world: &World, ends: &[Id<Event>]) -> Vec<bool> {
        let mut leads = vec![false; world.events.len()];
        ends.iter().for_each(|e| leads[e.index()] = true);
        loop {
            let mut changed = false;
            for (on, ways) in &self.handlers {
                let event = world.subscriptions[*on].event.index();
                let next = ways.iter().flat_map(|w| &w.events).any(|e| leads[e.index()]);
                changed |= next && !std::mem::replace(&mut leads[event], true);
            }
            if !changed {
                return leads;
            }
        }
    }

    /// The handlers that take part: of events that may come to an end of the flow.
    #[must_use]
    pub fn handlers(&self, world: &World) -> Vec<Id<Subscription>> {
        let part = |id: &Id<Subscription>| self.ending[world.subscriptions[*id].event.index()];
        self.handlers.iter().map(|(id, _)| *id).filter(part).collect()
    }

    /// In which ways each handler of the flow publishes.
    #[must_use]
    pub fn ways(&self) -> &[(Id<Subscription>, Vec<Way>)] {
        &self.handlers
    }

    /// The events that lead to an end, the ends included, as far as they may come.
    #[must_use]
    pub fn events(&self) -> Vec<Id<Event>> {
        self.events.iter().copied().filter(|e| self.ending[e.index()]).collect()
    }

    /// Whether an event may come.
    #[must_use]
    pub fn reaches(&self, event: Id<Event>) -> bool {
        self.events.contains(&event)
    }

    /// Whether success may still come of an event.
    #[must_use]
    pub fn is_good(&self, event: Id<Event>) -> bool {
        self.good[event.index()]
    }

    /// Every way through, by the event that starts it.
    pub fn explored(&self, world: &World) -> &[(Id<Event>, Explored)] {
        self.explored.get_or_init(|| {
            let net = self.net(world);
            let starts = world.choreographies[self.of].starts.iter();
            starts.map(|e| (*e, net.explore(&self.given(world, &[*e], false), BOUND))).collect()
        })
    }

    fn net(&self, world: &World) -> Net {
        let handler = |ways: &Vec<Way>| Handler {
            alternatives: ways.iter().map(|w| self.given(world, &w.events, w.late)).collect(),
        };
        Net { handlers: self.handlers.iter().map(|(_, ways)| handler(ways)).collect() }
    }

    fn given(&self, world: &World, events: &[Id<Event>], late: bool) -> Alternative {
        let choreography = &world.choreographies[self.of];
        let mut given = Alternative { late, ..Alternative::default() };
        for event in events {
            let at = |(at, (id, _)): (usize, &(Id<Subscription>, Vec<Way>))| {
                (world.subscriptions[*id].event == *event).then_some(at)
            };
            given.gives.extend(self.handlers.iter().enumerate().filter_map(at));
            if choreography.succeeds.contains(event) {
                given.marks |= SUCCEEDED;
            }
            if choreography.fails.contains(event) {
                given.marks |= FAILED;
            }
        }
        given
    }
}

/// Every choreography of a world.
#[must_use]
pub fn flows(world: &World) -> Vec<Flow> {
    world.choreographies.ids().map(|id| Flow::new(world, id)).collect()
}

/// What is published: by a handler itself, and by the commands that it calls.
fn ways(world: &World, emits: &[Emit], calls: &[CallUse]) -> Vec<Way> {
    let mut ways = vec![Way { events: Vec::new(), late: false }];
    for emit in emits {
        let mut choices: Vec<Option<Id<Event>>> = emit.events.iter().copied().map(Some).collect();
        if emit.or_nothing || emit.many {
            choices.push(None);
        }
        combine(&mut ways, &choices);
    }
    for call in calls {
        for emit in &world.operations[call.operation].emits {
            let mut choices: Vec<Option<Id<Event>>> =
                emit.events.iter().copied().map(Some).collect();
            if emit.or_nothing || emit.many || call.optional {
                choices.push(None);
            }
            combine(&mut ways, &choices);
        }
    }
    for way in &mut ways {
        way.late &= way.events.is_empty();
    }
    ways
}

fn combine(ways: &mut Vec<Way>, choices: &[Option<Id<Event>>]) {
    let mut next = Vec::new();
    for way in ways.iter() {
        for choice in choices {
            let mut way = way.clone();
            match choice {
                Some(event) => way.events.push(*event),
                None => way.late = true,
            }
            next.push(way);
        }
    }
    next.truncate(WAYS);
    *ways = next;
}

/// `way: Placed → Depot.Pack → Missing → Orders.Cancel → Cancelled`: who published what, one after the other.
#[must_use]
pub fn told_way(world: &World, flow: &Flow, start: Id<Event>, way: &[Move]) -> String {
    const SHOWN: usize = 16;
    let mut parts = vec![world.events[start].info.name.clone()];
    for (handler, chosen) in way.iter().take(SHOWN) {
        let Some((id, ways)) = flow.ways().get(*handler) else { continue };
        let on = &world.subscriptions[*id];
        let service = &world.services[on.service].info.name;
        let names = ways.get(*chosen).into_iter().flat_map(|w| &w.events);
        let names: Vec<&str> = names.map(|e| world.events[*e].info.name.as_str()).collect();
        let published = if names.is_empty() { "nothing".to_owned() } else { names.join(" and ") };
        parts.push(format!("`{service}.{}` publishes {published}", on.info.name));
    }
    if way.len() > SHOWN {
        parts.push(format!("… {} more", way.len() - SHOWN));
    }
    format!("way: {}", parts.join("; "))
}
