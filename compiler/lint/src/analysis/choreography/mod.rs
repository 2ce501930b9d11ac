//! The flow of a choreography: what its first event sets going, over all services.

mod circle;
mod order;
mod told;
mod ways;

#[cfg(test)]
mod tests;

pub use order::Order;
pub use told::tell_way;
pub use ways::{Doing, WAYS, Way};

use std::cell::OnceCell;
use std::collections::{HashMap, VecDeque};

use svckit_model::{Choreography, Event, Id, Subscription, Type, World};

use super::flow::Flow as Paths;
use super::petri::{Alternative, Bound, Explored, Guard, Handler, Net};

/// How much of a choreography is looked at, from each event that starts it.
pub const BOUND: Bound = Bound { states: 50_000, bytes: 64 << 20 };
/// The mark of a flow that succeeded.
pub const SUCCEEDED: u8 = 1;
/// The mark of a flow that failed.
pub const FAILED: u8 = 2;

/// What the environment, or a handler, may do in an exploration beyond what each must be ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A handler that has no reason to publish nothing does so.
    Swallows,
    /// A message can't be handled, and there are no dead letters.
    GivesUp,
    /// A message that is delivered at most once is lost.
    Loses,
    /// What is called without a key is called again after a crash.
    Again,
}

/// Every way through, by the event that starts it.
type All = Vec<(Id<Event>, Explored)>;

/// A choreography and what belongs to it.
#[derive(Debug)]
pub struct Flow {
    /// Which one.
    pub of: Id<Choreography>,
    handlers: Vec<(Id<Subscription>, Vec<Way>)>,
    cut: Vec<Id<Subscription>>,
    events: Vec<Id<Event>>,
    at: HashMap<Id<Event>, usize>,
    /// By event: its handlers.
    of_event: Vec<Vec<usize>>,
    /// By event that starts it: in which ways it comes.
    first: Vec<(Id<Event>, Vec<Way>)>,
    good: Vec<bool>,
    ending: Vec<bool>,
    circle: OnceCell<Option<Vec<Id<Subscription>>>>,
    explored: OnceCell<All>,
    faulty: [OnceCell<All>; 4],
}

impl Flow {
    /// Follows the events from the start, in time linear in what is found.
    #[must_use]
    pub fn new(world: &World, paths: &Paths, of: Id<Choreography>) -> Self {
        let choreography = &world.choreographies[of];
        let mut flow = Self {
            of,
            handlers: Vec::new(),
            cut: Vec::new(),
            events: Vec::new(),
            at: HashMap::new(),
            of_event: Vec::new(),
            first: choreography.starts.iter().map(|e| (*e, ways::first(world, *e))).collect(),
            good: Vec::new(),
            ending: Vec::new(),
            circle: OnceCell::new(),
            explored: OnceCell::new(),
            faulty: Default::default(),
        };
        let first = flow.first.iter().flat_map(|(_, ways)| ways);
        let mut todo: VecDeque<Id<Event>> = first.flat_map(|w| w.events.iter().copied()).collect();
        while let Some(event) = todo.pop_front() {
            if flow.at.contains_key(&event) {
                continue;
            }
            flow.at.insert(event, flow.events.len());
            flow.events.push(event);
            flow.of_event.push(Vec::new());
            for id in paths.subscriptions(event) {
                let (ways, whole) = ways::ways(world, &world.subscriptions[id]);
                flow.cut.extend((!whole).then_some(id));
                todo.extend(ways.iter().flat_map(|w| w.events.iter().copied()));
                flow.of_event[flow.at[&event]].push(flow.handlers.len());
                flow.handlers.push((id, ways));
            }
        }
        flow.good = flow.leads_to(world, &choreography.succeeds);
        let ends = [&choreography.succeeds[..], &choreography.fails[..]].concat();
        flow.ending = flow.leads_to(world, &ends);
        flow
    }

    /// From which events, by their place, one of some others may come, themselves included.
    fn leads_to(&self, world: &World, ends: &[Id<Event>]) -> Vec<bool> {
        let mut causes = vec![Vec::new(); self.events.len()];
        for (on, ways) in &self.handlers {
            let event = self.at[&world.subscriptions[*on].event];
            for next in ways.iter().flat_map(|w| &w.events) {
                causes[self.at[next]].push(event);
            }
        }
        let mut leads = vec![false; self.events.len()];
        let mut todo: Vec<usize> = ends.iter().filter_map(|e| self.at.get(e)).copied().collect();
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut leads[at], true) {
                todo.append(&mut causes[at]);
            }
        }
        leads
    }

    /// The handlers that take part: of events that may come to an end of the flow.
    #[must_use]
    pub fn handlers(&self, world: &World) -> Vec<Id<Subscription>> {
        let part = |id: &Id<Subscription>| self.has(&self.ending, world.subscriptions[*id].event);
        self.handlers.iter().map(|(id, _)| *id).filter(part).collect()
    }

    fn has(&self, of: &[bool], event: Id<Event>) -> bool {
        self.at.get(&event).is_some_and(|at| of[*at])
    }

    /// In which ways each handler of the flow leaves a message.
    #[must_use]
    pub fn ways(&self) -> &[(Id<Subscription>, Vec<Way>)] {
        &self.handlers
    }

    /// The handlers with more ways than [`WAYS`]: those beyond are not followed.
    #[must_use]
    pub fn cut(&self) -> &[Id<Subscription>] {
        &self.cut
    }

    /// What may come with the event that starts it, that event first: of what its command calls.
    #[must_use]
    pub fn first(&self, start: Id<Event>) -> Vec<Id<Event>> {
        let ways = self.first.iter().filter(|(e, _)| *e == start).flat_map(|(_, ways)| ways);
        let mut events = vec![start];
        for event in ways.flat_map(|w| &w.events) {
            if !events.contains(event) {
                events.push(*event);
            }
        }
        events
    }

    /// The handlers of an event, by their numbers.
    #[must_use]
    pub fn handlers_of(&self, event: Id<Event>) -> &[usize] {
        self.at.get(&event).map_or(&[], |at| &self.of_event[*at])
    }

    /// The handlers to which something may come from one of these, by their numbers; a handler may be there twice.
    pub fn after(&self, handler: usize) -> impl Iterator<Item = usize> {
        let events = self.handlers[handler].1.iter().flat_map(|w| &w.events);
        events.flat_map(|e| self.handlers_of(*e)).copied()
    }

    /// The events that lead to an end, the ends included, as far as they may come.
    #[must_use]
    pub fn events(&self) -> Vec<Id<Event>> {
        self.events.iter().copied().filter(|e| self.has(&self.ending, *e)).collect()
    }

    /// Whether an event may come.
    #[must_use]
    pub fn reaches(&self, event: Id<Event>) -> bool {
        self.at.contains_key(&event)
    }

    /// Whether success may still come of an event.
    #[must_use]
    pub fn is_good(&self, event: Id<Event>) -> bool {
        self.has(&self.good, event)
    }

    /// The shortest circle of handlers, from the first one that is on one: the flow may go round without end.
    pub fn circle(&self) -> Option<&[Id<Subscription>]> {
        self.circle.get_or_init(|| circle::circle(self)).as_deref()
    }

    /// The events that should end the flow, and that nothing publishes.
    #[must_use]
    pub fn never_ends(&self, world: &World) -> Vec<Id<Event>> {
        let choreography = &world.choreographies[self.of];
        let ends = choreography.succeeds.iter().chain(&choreography.fails).copied();
        ends.filter(|e| !self.reaches(*e) && !self.by_others(world, *e)).collect()
    }

    /// Whether some end may still come of an event.
    #[must_use]
    pub fn is_ending(&self, event: Id<Event>) -> bool {
        self.has(&self.ending, event)
    }

    /// Every way through, by the event that starts it.
    pub fn explored(&self, world: &World) -> &[(Id<Event>, Explored)] {
        self.explored.get_or_init(|| self.explore(world, None))
    }

    /// Every way through where a fault may happen, too; nothing where it can't.
    pub fn faulty(&self, world: &World, fault: Fault) -> &[(Id<Event>, Explored)] {
        let can = match fault {
            Fault::Swallows => !self.swallowing(world).is_empty(),
            _ => self.handlers.iter().any(|(_, ways)| ways.iter().any(|w| fault.takes(w.doing))),
        };
        if can {
            self.faulty[fault as usize].get_or_init(|| self.explore(world, Some(fault)))
        } else {
            &[]
        }
    }

    /// How many states were looked at up to now.
    #[must_use]
    pub fn states(&self) -> usize {
        let all =
            self.explored.get().into_iter().chain(self.faulty.iter().filter_map(OnceCell::get));
        all.flatten().map(|(_, explored)| explored.states()).sum()
    }

    fn explore(&self, world: &World, fault: Option<Fault>) -> All {
        let net = self.net(world, fault);
        let first = self.first.iter().flat_map(|(e, ways)| ways.iter().map(move |w| (*e, w)));
        first.map(|(e, way)| (e, net.explore(&self.given(world, way, None), BOUND))).collect()
    }

    /// The net, with the alternatives that a fault opens.
    pub(crate) fn net(&self, world: &World, fault: Option<Fault>) -> Net {
        let mut channels: HashMap<(usize, usize), usize> = HashMap::new();
        let mut handlers: Vec<Handler> = Vec::new();
        for (at, (id, ways)) in self.handlers.iter().enumerate() {
            let on = &world.subscriptions[*id];
            let event = &world.events[on.event];
            let channel = match self.is_ordered(world, on.event) {
                true => *channels.entry((event.service.index(), on.service.index())).or_insert(at),
                false => at,
            };
            let choreography = &world.choreographies[self.of];
            let ends = choreography.succeeds.iter().chain(&choreography.fails);
            handlers.push(Handler {
                alternatives: ways.iter().map(|w| self.given(world, w, fault)).collect(),
                service: on.service.index(),
                channel,
                hears_end: ends.into_iter().any(|e| *e == on.event),
                guard: None,
            });
        }
        let excused = (fault == Some(Fault::Swallows)).then(|| self.excused(world));
        for (at, handler) in handlers.iter_mut().enumerate() {
            let swallows = excused.as_ref().is_some_and(|e| !e[at]);
            handler.guard = self.guard(world, at, swallows);
        }
        Net { handlers }
    }

    /// Whether events of one service come in the order of publication: by the scalar of the flow.
    #[must_use]
    pub fn is_ordered(&self, world: &World, event: Id<Event>) -> bool {
        let event = &world.events[event];
        let field = event.key.and_then(|at| world.records[event.payload].fields.get(at));
        field.is_some_and(|f| f.ty == Type::Scalar(world.choreographies[self.of].by))
    }

    fn given(&self, world: &World, way: &Way, fault: Option<Fault>) -> Alternative {
        let choreography = &world.choreographies[self.of];
        let mut given = Alternative {
            quiet: way.doing == Doing::Nothing,
            closed: match way.doing {
                Doing::Publishes | Doing::Nothing => false,
                doing => !fault.is_some_and(|f| f.takes(doing)),
            },
            ..Alternative::default()
        };
        for event in &way.events {
            given.gives.extend(self.handlers_of(*event));
            let mut marks = 0;
            if choreography.succeeds.contains(event) {
                marks |= SUCCEEDED;
            }
            if choreography.fails.contains(event) {
                marks |= FAILED;
            }
            if marks != 0 {
                given.marks |= marks;
                given.ended_by.push(world.events[*event].service.index());
            }
        }
        given
    }

    /// What a handler with `| nothing` looks at.
    fn guard(&self, world: &World, at: usize, swallows: bool) -> Option<Guard> {
        let loud = |at: usize| {
            let ways = self.handlers[at].1.iter().filter(|w| w.doing == Doing::Publishes);
            ways.flat_map(|w| w.events.iter().copied())
        };
        let is_guarded = |at: usize| self.handlers[at].1.iter().any(|w| w.doing == Doing::Nothing);
        if !is_guarded(at) {
            return None;
        }
        let service = world.subscriptions[self.handlers[at].0].service;
        let mine: Vec<Id<Event>> = loud(at).collect();
        let siblings = (0..self.handlers.len())
            .filter(|h| *h != at && world.subscriptions[self.handlers[*h].0].service == service);
        let partners: Vec<usize> =
            siblings.filter(|h| is_guarded(*h) && loud(*h).any(|e| mine.contains(&e))).collect();
        let shared = |e: &&Id<Event>| partners.iter().any(|p| loud(*p).any(|o| o == **e));
        let waits = mine.iter().filter(shared).any(|e| self.is_good(*e));
        Some(Guard { partners, waits, swallows })
    }

    /// The handlers that may publish nothing and have no reason to, by their numbers.
    #[must_use]
    pub fn swallowing(&self, world: &World) -> Vec<usize> {
        let excused = self.excused(world);
        let quiet = |h: &usize| self.handlers[*h].1.iter().any(|w| w.doing == Doing::Nothing);
        (0..self.handlers.len()).filter(|h| !excused[*h]).filter(quiet).collect()
    }

    /// By handler: whether there is a reason to publish nothing, be it some way in which it comes too late, or an end that
    /// may come from outside; or it is not known, for not all was looked at.
    fn excused(&self, world: &World) -> Vec<bool> {
        let explored = self.explored(world);
        let all = explored.iter().any(|(_, e)| e.stopped) || self.ends_from_outside(world);
        (0..self.handlers.len())
            .map(|at| all || explored.iter().any(|(_, e)| e.excused[at]))
            .collect()
    }

    /// Whether something that is no part of the flow may end it: a command, a schedule, a saga.
    #[must_use]
    pub fn ends_from_outside(&self, world: &World) -> bool {
        let choreography = &world.choreographies[self.of];
        choreography.succeeds.iter().chain(&choreography.fails).any(|e| self.by_others(world, *e))
    }

    /// Whether an event is published by what no handler of the flow calls.
    fn by_others(&self, world: &World, event: Id<Event>) -> bool {
        let has = |emits: &[svckit_model::Emit]| emits.iter().any(|e| e.events.contains(&event));
        let called = |id: Id<svckit_model::Operation>| {
            let calls = self.handlers.iter().flat_map(|(on, _)| &world.subscriptions[*on].calls);
            calls.into_iter().any(|c| c.operation == id)
        };
        let service = &world.services[world.events[event].service];
        let operations = service.operations.iter().any(|id| {
            let op = &world.operations[*id];
            (has(&op.emits) || op.errors.iter().any(|e| has(&e.emits))) && !called(*id)
        });
        let schedules = service.schedules.iter().any(|s| has(&s.emits));
        let sagas = world.sagas.iter();
        let mut emits = sagas.flat_map(|(_, s)| s.completed.iter().chain(&s.aborted));
        operations || schedules || emits.any(|e| e.event == event)
    }
}

impl Fault {
    fn takes(self, doing: Doing) -> bool {
        matches!(
            (self, doing),
            (Self::GivesUp, Doing::GivesUp)
                | (Self::Loses, Doing::Loses)
                | (Self::Again, Doing::Again)
        )
    }
}

/// Every choreography of a world.
#[must_use]
pub fn flows(world: &World, paths: &Paths) -> Vec<Flow> {
    world.choreographies.ids().map(|id| Flow::new(world, paths, id)).collect()
}
