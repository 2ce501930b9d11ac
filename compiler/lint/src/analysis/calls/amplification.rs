//! How often retries of several layers multiply (F1).
//!
//! A callee that fails after retries of its own says so, and its caller does not retry: of a row of layers, only the
//! lowest one that retries does. That holds unless a layer retries `even_if_retried`, or its attempt ends before the
//! callee has answered. Two cases are followed, and the worse counts: everything fails at once; and everything fails
//! by not answering, where of attempts that end too early as many are made as begin before the deadline.

use svckit_model::{
    Block, Delivery, Id, Idempotency, Operation, RecordKind, Response, Retry, StatusCode, World,
};

use super::{Caller, Calls, Edge};

/// One call on a [`Way`].
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// The call.
    pub edge: &'a Edge,
    /// How many attempts of it are made for each call of its caller's caller.
    pub attempts: u64,
}

/// The worst way to an operation: how many attempts at it come of one call that is meant.
#[derive(Debug)]
pub struct Way<'a> {
    /// Where it begins.
    pub start: Id<Operation>,
    /// Deliveries of the message that starts it; 1 for a call.
    pub deliveries: u64,
    /// The calls, the first one first.
    pub hops: Vec<Hop<'a>>,
    /// The product of all attempts and deliveries.
    pub product: u64,
    /// It is worst where callees don't answer, not where they fail at once.
    pub slow: bool,
}

impl Way<'_> {
    /// F1: calls of the last operation for one of the first along this way, those that are meant included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.hops.iter().fold(self.product, |all, hop| all.saturating_mul(hop.edge.times.into()))
    }
}

/// What a callee's failure looks like to the layer above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Nobody has retried.
    Plain,
    /// A layer below has retried already.
    Retried,
}

const MARKS: [Mark; 2] = [Mark::Plain, Mark::Retried];

/// One way to an operation: of those that could be worst, as few as are needed to tell.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    product: u64,
    /// How long the operation may work, in nanoseconds.
    available: u64,
    hops: usize,
    attempts: u64,
    /// The call that leads here, and the candidate of its caller.
    via: Option<(usize, Mark, usize)>,
    deliveries: u64,
}

/// Ways that are kept for one operation and mark.
const KEPT: usize = 8;

/// Per operation, candidates by what its failure must look like to the layer above.
type Candidates = Vec<[Vec<Candidate>; 2]>;

/// Worst ways to every operation, in both cases.
#[derive(Debug)]
pub(crate) struct Amplification {
    cases: [Candidates; 2],
}

impl Calls {
    /// Follows both cases over the whole graph, callers first; calls that close a circle are left out.
    pub(crate) fn amplification(&self, world: &World) -> Amplification {
        Amplification { cases: [false, true].map(|slow| self.case(world, slow)) }
    }

    fn case(&self, world: &World, slow: bool) -> Candidates {
        let mut all: Candidates =
            world.operations.ids().map(|_| [Vec::new(), Vec::new()]).collect();
        for at in self.order.callers_first() {
            let Some(id) = world.operations.id(at) else { continue };
            let entry = self.entry(world, id);
            for list in &mut all[at] {
                list.push(entry);
                keep_few(list, slow);
            }
            for edge in self.begins[at]..self.begins[at + 1] {
                if self.edges[edge].waits && !self.closes_circle(&self.edges[edge]) {
                    self.follow(world, edge, slow, at, &mut all);
                }
            }
        }
        all
    }

    /// Somebody calls the operation, or a message for it arrives.
    fn entry(&self, world: &World, id: Id<Operation>) -> Candidate {
        let deliveries = deliveries(world, id);
        let available = self.timing.of(id).total;
        Candidate { product: deliveries, available, hops: 0, attempts: 1, via: None, deliveries }
    }

    fn follow(&self, world: &World, at: usize, slow: bool, from: usize, all: &mut Candidates) {
        let edge = &self.edges[at];
        let retry = edge.retry(world).filter(|retry| is_retried(world, edge, &retry.on, slow));
        let even = retry.is_some_and(|r| r.even_if_retried);
        let uncovered = slow && !self.covers(edge);
        let tried = Tried { edge, retry, slow, uncovered };
        for below in MARKS {
            let may = match (uncovered || even, below) {
                (false, Mark::Retried) => 1,
                _ => retry.map_or(1, |r| r.attempts.into()),
            };
            for above in MARKS {
                for (place, caller) in all[from][above as usize].clone().iter().enumerate() {
                    for attempts in tried.made(may, caller.available) {
                        let retried = attempts > 1 || (below == Mark::Retried && !uncovered);
                        if retried == (above == Mark::Retried) {
                            let via = Some((at, above, place));
                            let candidate = self.next(edge, caller, attempts, via);
                            all[edge.to.index()][below as usize].push(candidate);
                        }
                    }
                }
            }
        }
    }

    fn next(
        &self,
        edge: &Edge,
        caller: &Candidate,
        attempts: u64,
        via: Option<(usize, Mark, usize)>,
    ) -> Candidate {
        let own = self.timing.of(edge.to).total;
        Candidate {
            product: caller.product.saturating_mul(attempts),
            available: edge.time.times.attempt.min(own).min(caller.available),
            hops: caller.hops + 1,
            attempts,
            via,
            deliveries: caller.deliveries,
        }
    }

    /// The worst ways to an operation where all fail at once, and where nobody answers: for questions about one; the
    /// whole graph is followed for it.
    #[must_use]
    pub fn worst_ways(&self, world: &World, to: Id<Operation>) -> [Option<Way<'_>>; 2] {
        let all = self.amplification(world);
        [0, 1].map(|case| self.way(&all, case, to))
    }

    /// The worst way to an operation.
    pub(crate) fn worst_way(&self, all: &Amplification, to: Id<Operation>) -> Option<Way<'_>> {
        let (fast, slow) = (self.way(all, 0, to)?, self.way(all, 1, to)?);
        Some(if slow.product > fast.product { slow } else { fast })
    }

    fn way(&self, all: &Amplification, case: usize, to: Id<Operation>) -> Option<Way<'_>> {
        let list = &all.cases[case][to.index()][Mark::Plain as usize];
        let place = (0..list.len()).min_by_key(|i| worst_first(&list[*i]))?;
        let product = list[place].product;
        let mut way = Way { start: to, deliveries: 1, hops: Vec::new(), product, slow: case == 1 };
        let (mut operation, mut mark, mut place) = (to, Mark::Plain, place);
        loop {
            let candidate = &all.cases[case][operation.index()][mark as usize][place];
            let Some((edge, above, caller)) = candidate.via else {
                way.deliveries = candidate.deliveries;
                break;
            };
            let edge = &self.edges[edge];
            way.hops.push(Hop { edge, attempts: candidate.attempts });
            let Caller::Operation(from) = edge.from else { break };
            (operation, mark, place) = (from, above, caller);
        }
        way.start = operation;
        way.hops.reverse();
        Some(way)
    }
}

fn worst_first(candidate: &Candidate) -> (std::cmp::Reverse<u64>, usize) {
    (std::cmp::Reverse(candidate.product), candidate.hops)
}

/// Keeps those that are worst, or leave more time than the ones worse than they.
fn keep_few(list: &mut Vec<Candidate>, slow: bool) {
    list.sort_by_key(worst_first);
    let mut most = 0;
    let mut first = true;
    list.retain(|candidate| {
        let keep = first || (slow && candidate.available > most);
        most = most.max(candidate.available);
        first = false;
        keep
    });
    // The last one leaves the most time.
    let last = list.len().checked_sub(1).filter(|last| *last >= KEPT);
    if let Some(last) = last {
        list.swap(KEPT - 1, last);
        list.truncate(KEPT);
    }
}

/// An edge under a policy, as a caller has time for it.
#[derive(Debug, Clone, Copy)]
struct Tried<'a> {
    edge: &'a Edge,
    retry: Option<&'a Retry>,
    slow: bool,
    uncovered: bool,
}

impl Tried<'_> {
    /// How many of the attempts that may be are made: of those that end too early, as many as begin before the
    /// deadline; all, where the callee answers in time, for that may be at once; and one, if it can take all the time
    /// there is.
    fn made(self, may: u64, available: u64) -> impl Iterator<Item = u64> {
        let time = self.edge.time.times.total.min(available);
        let first = match self.slow && self.uncovered {
            true => may.min(that_begin(self.edge, available)),
            false => may,
        };
        let pause = self.retry.map_or(0, |retry| retry.pause(1));
        let only = self.slow && self.edge.time.attempt.saturating_add(pause) >= time;
        std::iter::once(first).chain((only && first > 1).then_some(1))
    }
}

/// Attempts that begin before the deadline where none of them is answered.
fn that_begin(edge: &Edge, available: u64) -> u64 {
    let time = edge.time.times.total.min(available);
    time.div_ceil(edge.time.attempt.max(1)).max(1)
}

/// How often the message of a queued command may be delivered; what the contract does not say is not counted.
fn deliveries(world: &World, id: Id<Operation>) -> u64 {
    let operation = &world.operations[id];
    let repeated = operation.promises.delivery != Delivery::AtMostOnce;
    match &operation.queue {
        Some(queue) if repeated => queue.attempts.unwrap_or(1).max(1).into(),
        _ => 1,
    }
}

/// Whether one of the codes that a caller retries can come of this call. Whoever is called may be out of reach; else
/// it is what the callee declares, and what svckit answers for it.
fn is_retried(world: &World, edge: &Edge, on: &[StatusCode], slow: bool) -> bool {
    if on.contains(&StatusCode::Unavailable) {
        return true;
    }
    if slow {
        return false;
    }
    let callee = &world.operations[edge.to];
    let numbers = &world.policies[callee.policy].numbers;
    let limits = matches!(numbers.limit, Block::On(_))
        || matches!(numbers.bulkhead, Block::On(_))
        || callee.promises.limit.is_some()
        || callee.promises.shed.is_some();
    let keyed = matches!(callee.idempotency, Idempotency::ByField(_) | Idempotency::ByCaller);
    let own = [(StatusCode::Aborted, keyed), (StatusCode::ResourceExhausted, limits)];
    let declared = callee.errors.iter().filter_map(|e| match &world.records[e.error].kind {
        RecordKind::Error(kind) => Some(kind.code),
        _ => None,
    });
    own.iter().any(|(code, can)| *can && on.contains(code))
        || declared.into_iter().any(|code| on.contains(&code))
        || (callee.response == Response::Queued && on.contains(&StatusCode::ResourceExhausted))
}
