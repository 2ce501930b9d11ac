//! A net of handlers and the messages that wait for them, explored breadth-first.
//!
//! A message that is published waits at each handler of it by itself, so that handlers never take each other's: in which
//! order those of different handlers are taken makes no difference to where it ends, and neither do duplicates, which
//! the inbox drops. Each state is therefore left by one handler alone, over all of its alternatives. What is left is
//! every combination of decisions, not every interleaving.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

/// What a handler may do with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alternative {
    /// The handlers at which a message waits then.
    pub gives: Vec<usize>,
    /// Bits that are set from then on.
    pub marks: u8,
    /// It is taken only where a mark is set already.
    pub late: bool,
}

/// A handler.
#[derive(Debug, Clone, Default)]
pub struct Handler {
    /// Exactly one of these, each time.
    pub alternatives: Vec<Alternative>,
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
    /// How many messages wait at each handler; two stand for more.
    pub waiting: Box<[u8]>,
    /// Which alternatives were taken, by handler: a bit each.
    pub taken: Box<[u64]>,
    /// All marks so far.
    pub marks: u8,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Explored {
    nodes: Vec<(State, usize, Move)>,
    ends: Vec<usize>,
    /// It was too much: this is not all.
    pub stopped: bool,
}

impl Explored {
    /// How many states were seen.
    #[must_use]
    pub fn states(&self) -> usize {
        self.nodes.len()
    }

    /// The states in which nothing waits any more, each with the way there; the nearest first.
    pub fn ends(&self) -> impl Iterator<Item = (&State, Vec<Move>)> {
        self.ends.iter().map(|at| (&self.nodes[*at].0, self.way(*at)))
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

impl Net {
    /// Follows everything from a first publication, up to `bound` states; memory is bounded by that times the number of
    /// handlers.
    #[must_use]
    pub fn explore(&self, first: &Alternative, bound: usize) -> Explored {
        let start = State {
            waiting: vec![0; self.handlers.len()].into(),
            taken: vec![0; self.handlers.len()].into(),
            marks: 0,
        };
        let start = given(start, first);
        let mut explored = Explored::default();
        let mut seen = HashSet::from([start.clone()]);
        explored.nodes.push((start, 0, (0, 0)));
        let mut at = 0;
        while at < explored.nodes.len() {
            let state = explored.nodes[at].0.clone();
            match self.next(&state) {
                None => explored.ends.push(at),
                Some(handler) => {
                    for (chosen, next) in self.after(&state, handler) {
                        if seen.contains(&next) {
                            continue;
                        }
                        if explored.nodes.len() >= bound {
                            explored.stopped = true;
                            return explored;
                        }
                        seen.insert(next.clone());
                        explored.nodes.push((next, at, (handler, chosen)));
                    }
                }
            }
            at += 1;
        }
        explored
    }

    /// The handler that is next: one that need not look at what the others do, if there is one.
    fn next(&self, state: &State) -> Option<usize> {
        let waiting = || (0..self.handlers.len()).filter(|h| state.waiting[*h] > 0);
        let free = |h: &usize| !self.handlers[*h].alternatives.iter().any(|a| a.late);
        waiting().find(free).or_else(|| waiting().next())
    }

    /// What comes of a message at a handler, by alternatives. Where none can be taken the message is done with.
    pub(crate) fn after(&self, state: &State, handler: usize) -> Vec<(usize, State)> {
        let mut state = state.clone();
        state.waiting[handler] -= 1;
        let all = self.handlers[handler].alternatives.iter().enumerate();
        let open = all.filter(|(_, a)| !a.late || state.marks != 0);
        let next: Vec<(usize, State)> = open
            .map(|(chosen, alternative)| {
                let mut next = given(state.clone(), alternative);
                next.taken[handler] |= 1 << chosen.min(63);
                (chosen, next)
            })
            .collect();
        if next.is_empty() { vec![(0, state)] } else { next }
    }
}

pub(crate) fn given(mut state: State, alternative: &Alternative) -> State {
    for handler in &alternative.gives {
        state.waiting[*handler] = (state.waiting[*handler] + 1).min(2);
    }
    state.marks |= alternative.marks;
    state
}
