//! A net of handlers and the messages that wait for them, explored breadth-first.
//!
//! A message that is published waits at each handler of it by itself, so that handlers never take each other's. Messages
//! of one channel (one publishing service, one key, one reader) are taken in the order of their publication, all others
//! in any order. Where no handler looks at what the others do, the order makes no difference to where it ends: each state
//! is then left by one handler alone, over all of its alternatives. A handler with a [`Guard`] does look; before and
//! while one may come, every order is tried.
//!
//! Moves of the environment that end where another order or another alternative ends, too, are not told apart:
//! a duplicate that the inbox drops changes nothing, a crash before the commit leaves the message where it was, and a
//! dead letter that is taken up again, or a version that is held back until there is somebody who can read it, comes
//! later. What a crash or a letter that nobody keeps takes away is an alternative of its own.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a handler may do with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alternative {
    /// The handlers at which a message waits then, in the order of publication.
    pub gives: Vec<usize>,
    /// Bits that are set from then on.
    pub marks: u8,
    /// `| nothing`: judged by the handler's [`Guard`].
    pub quiet: bool,
    /// The services whose own event has set the marks.
    pub ended_by: Vec<usize>,
    /// It is not taken in this exploration.
    pub closed: bool,
}

/// A handler that may publish nothing looks first at how things stand. A service that knows of the end, having published
/// or handled it, publishes nothing; so does one that has published already what this handler and its partners share, and
/// one that waits for another partner which may still come. Where the flow is over without the service knowing, it may do
/// either; else it publishes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// Other handlers of the service with a guard, which share an event with this one.
    pub partners: Vec<usize>,
    /// What they share leads to success: the last one to come publishes it. Else the first one does.
    pub waits: bool,
    /// It may publish nothing whenever it likes: what a swallowed flow comes to is looked for.
    pub swallows: bool,
}

/// A handler.
#[derive(Debug, Clone, Default)]
pub struct Handler {
    /// Exactly one of these, each time.
    pub alternatives: Vec<Alternative>,
    /// Its service.
    pub service: usize,
    /// Messages of one channel are taken in the order of publication. Handlers without order have one each.
    pub channel: usize,
    /// What it handles is an end of the flow.
    pub hears_end: bool,
    /// What it looks at before it publishes nothing.
    pub guard: Option<Guard>,
}

/// Handlers; a message at a handler is told by its number.
#[derive(Debug, Clone, Default)]
pub struct Net {
    /// All of them.
    pub handlers: Vec<Handler>,
}

/// What was done: a handler and its alternative.
pub type Move = (usize, usize);

/// Where things stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    /// The messages, each by its handler, by channels and in the order of publication; two of one stand for more.
    pub waiting: Box<[u32]>,
    /// Which alternatives were taken, by handler; each once, sorted.
    pub taken: Box<[(u32, u32)]>,
    /// All marks so far.
    pub marks: u8,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// States.
    pub states: usize,
    /// Bytes that they take, all together.
    pub bytes: usize,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Explored {
    nodes: Vec<(State, usize, Move)>,
    ends: Vec<usize>,
    /// It was too much: this is not all.
    pub stopped: bool,
    /// By handler: there was a reason, somewhere, to publish nothing.
    pub excused: Vec<bool>,
    bytes: usize,
}

/// What a guard lets through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    All,
    Quiet,
    Loud,
}

impl Explored {
    /// How many states were seen.
    #[must_use]
    pub fn states(&self) -> usize {
        self.nodes.len()
    }

    /// How many bytes they take, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The states in which nothing waits any more, each with the way there; the nearest first.
    pub fn ends(&self) -> impl Iterator<Item = (&State, Vec<Move>)> {
        self.ends.iter().map(|at| (&self.nodes[*at].0, self.way(*at)))
    }

    /// The way to the state that was found last: where the exploration stopped.
    #[must_use]
    pub fn last(&self) -> Vec<Move> {
        self.way(self.nodes.len().saturating_sub(1))
    }

    fn way(&self, mut at: usize) -> Vec<Move> {
        let mut way = Vec::new();
        while at != 0 {
            way.push(self.nodes[at].2);
            at = self.nodes[at].1;
        }
        way.reverse();
        way
    }
}

/// A net, and what is asked of it over and over.
struct Search<'n> {
    net: &'n Net,
    /// By handler: whether a guard may come of a message there.
    to_guard: Vec<bool>,
    /// By handler with partners: from where it may come.
    to: HashMap<usize, Vec<bool>>,
    /// By handler: nobody looks at what it does.
    silent: Vec<bool>,
    /// Numbers of nodes by the hash of their state.
    seen: HashMap<u64, Vec<u32>>,
    explored: Explored,
}

impl Net {
    /// Follows everything from a first publication, as far as the bound lets it.
    #[must_use]
    pub fn explore(&self, first: &Alternative, bound: Bound) -> Explored {
        let mut search = Search::new(self);
        let none = State { waiting: [].into(), taken: [].into(), marks: 0 };
        search.add(self.given(none, first), 0, (0, 0));
        let mut at = 0;
        while at < search.explored.nodes.len() {
            let state = search.explored.nodes[at].0.clone();
            let heads = search.heads(&state);
            if heads.is_empty() {
                search.explored.ends.push(at);
            }
            for place in heads {
                let handler = state.waiting[place] as usize;
                for (chosen, next) in search.after(&state, place) {
                    if search.is_known(&next) {
                        continue;
                    }
                    let explored = &search.explored;
                    if explored.nodes.len() >= bound.states || explored.bytes >= bound.bytes {
                        search.explored.stopped = true;
                        return search.explored;
                    }
                    search.add(next, at, (handler, chosen));
                }
            }
            at += 1;
        }
        search.explored
    }

    /// What stands after a publication.
    pub(crate) fn given(&self, mut state: State, alternative: &Alternative) -> State {
        let mut waiting = state.waiting.to_vec();
        for handler in &alternative.gives {
            let number = number(*handler);
            if waiting.iter().filter(|w| **w == number).count() < 2 {
                let channel = self.handlers[*handler].channel;
                let channel_of = |w: &u32| self.handlers[*w as usize].channel;
                let place = waiting.partition_point(|w| channel_of(w) <= channel);
                waiting.insert(place, number);
            }
        }
        state.waiting = waiting.into();
        state.marks |= alternative.marks;
        state
    }

    /// From where a message may come to one of some handlers, themselves included.
    fn leads_to(&self, wanted: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut causes = vec![Vec::new(); self.handlers.len()];
        for (at, handler) in self.handlers.iter().enumerate() {
            for next in handler.alternatives.iter().flat_map(|a| &a.gives) {
                causes[*next].push(at);
            }
        }
        let mut todo: Vec<usize> = (0..self.handlers.len()).filter(|h| wanted(*h)).collect();
        let mut leads = vec![false; self.handlers.len()];
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut leads[at], true) {
                todo.extend(&causes[at]);
            }
        }
        leads
    }
}

fn number(handler: usize) -> u32 {
    u32::try_from(handler).unwrap_or(u32::MAX)
}

impl<'n> Search<'n> {
    fn new(net: &'n Net) -> Self {
        let guarded: Vec<usize> =
            (0..net.handlers.len()).filter(|h| net.handlers[*h].guard.is_some()).collect();
        let mut watched: Vec<usize> = guarded.iter().map(|h| net.handlers[*h].service).collect();
        watched.sort_unstable();
        watched.dedup();
        let silent = |h: &Handler| {
            let quiet = h.alternatives.iter().all(|a| a.gives.is_empty() && a.marks == 0);
            let told = h.hears_end && watched.binary_search(&h.service).is_ok();
            quiet && !told && h.guard.is_none()
        };
        let guards = net.handlers.iter().filter_map(|h| h.guard.as_ref()).filter(|g| g.waits);
        let mut partners: Vec<usize> = guards.flat_map(|g| g.partners.iter().copied()).collect();
        partners.sort_unstable();
        partners.dedup();
        Self {
            net,
            to_guard: net.leads_to(|h| net.handlers[h].guard.is_some()),
            to: partners.into_iter().map(|p| (p, net.leads_to(|h| h == p))).collect(),
            silent: net.handlers.iter().map(silent).collect(),
            seen: HashMap::new(),
            explored: Explored { excused: vec![false; net.handlers.len()], ..Explored::default() },
        }
    }

    fn add(&mut self, state: State, from: usize, by: Move) {
        let size = size_of::<(State, usize, Move)>() + size_of::<(u64, Vec<u32>, u32)>();
        self.explored.bytes += size + state.waiting.len() * 4 + state.taken.len() * 8;
        let number = number(self.explored.nodes.len());
        self.seen.entry(hash(&state)).or_default().push(number);
        self.explored.nodes.push((state, from, by));
    }

    fn is_known(&self, state: &State) -> bool {
        let same = |at: &u32| self.explored.nodes[*at as usize].0 == *state;
        self.seen.get(&hash(state)).is_some_and(|all| all.iter().any(same))
    }

    /// The messages that are taken next, by their places: one alone where the order makes no difference.
    fn heads(&self, state: &State) -> Vec<usize> {
        let channel = |at: usize| self.net.handlers[state.waiting[at] as usize].channel;
        let first = |at: &usize| *at == 0 || channel(*at) != channel(*at - 1);
        let mut heads: Vec<usize> = (0..state.waiting.len()).filter(first).collect();
        let guarded = state.waiting.iter().any(|h| self.to_guard[*h as usize]);
        let silent = heads.iter().copied().find(|at| self.silent[state.waiting[*at] as usize]);
        match (guarded, silent) {
            (_, Some(silent)) => vec![silent],
            (false, None) => {
                heads.truncate(1);
                heads
            }
            (true, None) => heads,
        }
    }

    /// What comes of a message, by alternatives.
    fn after(&mut self, state: &State, place: usize) -> Vec<(usize, State)> {
        let handler = state.waiting[place] as usize;
        let mut left = state.clone();
        let mut waiting = left.waiting.to_vec();
        waiting.remove(place);
        left.waiting = waiting.into();
        let (open, excused) = self.open(&left, handler);
        self.explored.excused[handler] |= excused;
        let all = self.net.handlers[handler].alternatives.iter().enumerate();
        let taken = all.filter(|(_, a)| !a.closed).filter(|(_, a)| match open {
            Open::All => true,
            Open::Quiet => a.quiet,
            Open::Loud => !a.quiet,
        });
        taken
            .map(|(chosen, alternative)| {
                let mut next = self.net.given(left.clone(), alternative);
                let done = (number(handler), number(chosen));
                if let Err(at) = next.taken.binary_search(&done) {
                    let mut taken = next.taken.to_vec();
                    taken.insert(at, done);
                    next.taken = taken.into();
                }
                (chosen, next)
            })
            .collect()
    }

    /// What a handler may do, and whether there is a reason to publish nothing.
    fn open(&self, state: &State, handler: usize) -> (Open, bool) {
        let Some(guard) = &self.net.handlers[handler].guard else { return (Open::All, false) };
        let group = |h: usize| h == handler || guard.partners.contains(&h);
        let alternative =
            |h: &u32, a: &u32| &self.net.handlers[*h as usize].alternatives[*a as usize];
        let published = state.taken.iter().any(|(h, a)| {
            group(*h as usize) && !alternative(h, a).quiet && !alternative(h, a).gives_nothing()
        });
        if published || self.knows(state, self.net.handlers[handler].service) {
            return (Open::Quiet, true);
        }
        if guard.waits && self.may_come(state, guard) {
            return (Open::Quiet, true);
        }
        match (state.marks != 0, guard.swallows) {
            (true, _) => (Open::All, true),
            (false, true) => (Open::All, false),
            (false, false) => (Open::Loud, false),
        }
    }

    /// Whether a service has published or handled an end.
    fn knows(&self, state: &State, service: usize) -> bool {
        state.taken.iter().any(|(h, a)| {
            let handler = &self.net.handlers[*h as usize];
            let heard = handler.hears_end && handler.service == service;
            heard || handler.alternatives[*a as usize].ended_by.contains(&service)
        })
    }

    /// Whether a partner that was not there yet may come of what waits.
    fn may_come(&self, state: &State, guard: &Guard) -> bool {
        let fresh = |p: &&usize| !state.taken.iter().any(|(h, _)| *h as usize == **p);
        guard.partners.iter().filter(fresh).any(|p| {
            let leads = |h: &u32| self.to.get(p).is_some_and(|to| to[*h as usize]);
            state.waiting.iter().any(leads)
        })
    }
}

impl Alternative {
    /// Whether nothing follows from it.
    #[must_use]
    pub fn gives_nothing(&self) -> bool {
        self.gives.is_empty() && self.marks == 0
    }
}

fn hash(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}
