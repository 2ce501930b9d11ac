//! What surely comes before what, on one way through a choreography.

use std::collections::VecDeque;

use svckit_model::{Event, Id, Service, World};

use super::Flow;
use crate::analysis::petri::Move;

/// Ways that are longer are not looked at.
const LONGEST: usize = 512;

/// Which moves of a way surely come before which: by cause and effect, and by the order of one service's events of one
/// key at one reader. All others may come the other way round.
#[derive(Debug)]
pub struct Order {
    /// By move: bits of those before it, the first publication being the first.
    before: Vec<Vec<u64>>,
}

/// A message that waits.
struct Message {
    handler: usize,
    /// Who published it, and which of all publications it was.
    by: usize,
    number: usize,
}

/// A message that was taken.
struct Taken {
    channel: Option<(Id<Service>, Id<Service>)>,
    by: usize,
    number: usize,
}

impl Order {
    /// Reads it off a way; none where that is too long. The message of one move may be redriven from the dead letters:
    /// then nothing waits for that.
    #[must_use]
    pub fn of(
        world: &World,
        flow: &Flow,
        start: Id<Event>,
        way: &[Move],
        redriven: Option<usize>,
    ) -> Option<Self> {
        if way.len() > LONGEST {
            return None;
        }
        let words = (way.len() + 1).div_ceil(64);
        let mut order = Self { before: vec![vec![0; words]] };
        let mut waiting = VecDeque::new();
        let mut published = 0;
        publish(flow, &flow.first(start), 0, &mut published, &mut waiting);
        let mut taken: Vec<Taken> = Vec::new();
        for (at, (handler, chosen)) in way.iter().enumerate() {
            let place = waiting.iter().position(|m: &Message| m.handler == *handler)?;
            let message = waiting.remove(place)?;
            let (id, ways) = flow.ways().get(*handler)?;
            let on = &world.subscriptions[*id];
            let event = &world.events[on.event];
            let channel = flow.is_ordered(world, on.event).then_some((event.service, on.service));
            let mut row = order.with(message.by);
            for (earlier, other) in taken.iter().enumerate() {
                let ordered = other.channel.is_some() && other.channel == channel;
                let first = (other.by == message.by && other.number < message.number)
                    || order.has(message.by, other.by);
                if ordered && first && redriven != Some(earlier) {
                    merge(&mut row, &order.with(earlier + 1));
                }
            }
            order.before.push(row);
            taken.push(Taken { channel, by: message.by, number: message.number });
            publish(flow, &ways.get(*chosen)?.events, at + 1, &mut published, &mut waiting);
        }
        Some(order)
    }

    /// Whether the first of two moves of the way surely comes before the second.
    #[must_use]
    pub fn is_before(&self, first: usize, second: usize) -> bool {
        self.has(second + 1, first + 1)
    }

    /// All moves of the way, by their places, in an order that is possible, too: that one as late as may be.
    #[must_use]
    pub fn latest(&self, late: usize) -> Vec<usize> {
        let all = (0..self.before.len() - 1).filter(|at| *at != late);
        let (mut order, after): (Vec<usize>, Vec<usize>) =
            all.partition(|at| !self.is_before(late, *at));
        order.push(late);
        order.extend(after);
        order
    }

    fn has(&self, of: usize, bit: usize) -> bool {
        self.before[of][bit / 64] >> (bit % 64) & 1 == 1
    }

    /// What is before one, and that one.
    fn with(&self, one: usize) -> Vec<u64> {
        let mut row = self.before[one].clone();
        row[one / 64] |= 1 << (one % 64);
        row
    }
}

fn merge(row: &mut [u64], other: &[u64]) {
    for (word, more) in row.iter_mut().zip(other) {
        *word |= more;
    }
}

fn publish(
    flow: &Flow,
    events: &[Id<Event>],
    by: usize,
    published: &mut usize,
    waiting: &mut VecDeque<Message>,
) {
    for event in events {
        for handler in flow.handlers_of(*event) {
            // As in the net: two stand for more.
            if waiting.iter().filter(|m| m.handler == *handler).count() < 2 {
                waiting.push_back(Message { handler: *handler, by, number: *published });
                *published += 1;
            }
        }
    }
}
