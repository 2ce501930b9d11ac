//! The endpoints of one service and the choice among them: no clock, no chance, no lock of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use svckit_core::clock::Rng;
use svckit_core::observe::BreakerState;
use svckit_policy::breaker::{Outcome, Permit, Phase};
use svckit_policy::outlier;

use super::guard::{Guard, Rules, Said};
use super::load::{FAILED, Load, UNKNOWN};
use crate::Endpoint;

/// How long an endpoint that has just come is spared: its share grows until then.
pub const WARM: Duration = Duration::from_secs(10);
/// The share that it begins with.
const COLD: f64 = 0.1;
/// How often two are taken by chance before each is asked.
const DRAWS: u32 = 5;

/// The endpoints of one service, each with a way to it.
#[derive(Debug)]
pub struct Pool<T> {
    members: Vec<Member<T>>,
    /// What is known of operations, by a number of their own.
    rules: HashMap<usize, Rules>,
    /// Which generation of its numbers is known of each operation.
    generations: HashMap<usize, u64>,
    next: u64,
    /// Whether there was a set before: those that come later are new among old ones.
    filled: bool,
    /// Kept from choice to choice, so that none allocates.
    candidates: Vec<usize>,
}

#[derive(Debug)]
struct Member<T> {
    id: u64,
    endpoint: Endpoint,
    way: T,
    load: Load,
    pending: u32,
    /// Since when it has been warming up.
    warming: Option<Instant>,
    guards: HashMap<usize, Guard>,
}

/// An endpoint that a call goes to. It is to be given back by [`Pool::answered`], if it is answered, and [`Pool::ended`].
#[derive(Debug)]
pub struct Picked<T> {
    /// The endpoint's number.
    pub id: u64,
    /// The way to it.
    pub way: T,
    /// Where it is.
    pub address: Arc<str>,
    /// Its breaker's permit.
    pub permit: Option<Permit>,
    /// Whether this is the first look at an endpoint that was broken.
    pub probes: bool,
}

/// Why no endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nobody {
    /// There is none.
    Empty,
    /// All drain.
    Draining,
    /// They are broken; after that long one of them may be asked again.
    Broken(Duration),
}

/// What is different from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An endpoint's breaker, of the operation that was answered.
    Breaker(Arc<str>, BreakerState),
    /// An endpoint came.
    Joined(Arc<str>),
    /// It went, and what was known of it.
    Left(Arc<str>),
    /// An endpoint is left out of the choice.
    Ejected(Arc<str>),
    /// It takes part again.
    Restored(Arc<str>),
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            rules: HashMap::new(),
            generations: HashMap::new(),
            next: 0,
            filled: false,
            candidates: Vec::new(),
        }
    }
}

impl<T: Clone> Pool<T> {
    /// Takes up a whole set. Who stays keeps what is known of it; the ways to those that left come back, to be dropped
    /// where no lock is held.
    pub fn update(
        &mut self,
        mut set: Vec<Endpoint>,
        now: Instant,
        mut way: impl FnMut(&Endpoint) -> T,
    ) -> (Vec<T>, Vec<Change>) {
        set.sort_unstable();
        set.dedup_by(|later, kept| later.address == kept.address);
        let (usual, warming) = (self.usual(now), self.filled.then_some(now));
        let mut changes = Vec::new();
        let mut before: HashMap<Arc<str>, Member<T>> =
            self.members.drain(..).map(|old| (old.endpoint.address.clone(), old)).collect();
        for endpoint in set {
            let member = match before.remove(&endpoint.address) {
                Some(old) => Member { endpoint, ..old },
                None => {
                    changes.push(Change::Joined(endpoint.address.clone()));
                    self.next += 1;
                    let way = way(&endpoint);
                    let (load, guards) = (Load::new(usual, now), HashMap::new());
                    Member { id: self.next, endpoint, way, load, pending: 0, warming, guards }
                }
            };
            self.members.push(member);
        }
        self.filled |= !self.members.is_empty();
        let keys: Vec<usize> = self.rules.keys().copied().collect();
        let mut left: Vec<_> = before.keys().cloned().collect();
        left.sort_unstable();
        changes.extend(left.into_iter().map(Change::Left));
        changes.extend(keys.into_iter().flat_map(|key| self.leave_out(key)));
        (before.into_values().map(|gone| gone.way).collect(), changes)
    }

    /// Takes up the numbers of an operation, under a number that stands for it; no numbers: none is ever given up.
    pub fn configure(&mut self, key: usize, rules: Option<Rules>, generation: u64, now: Instant) {
        self.generations.insert(key, generation);
        let Some(rules) = rules else {
            self.rules.remove(&key);
            for member in &mut self.members {
                member.guards.remove(&key);
            }
            return;
        };
        if self.rules.insert(key, rules) == Some(rules) {
            return;
        }
        for guard in self.members.iter_mut().filter_map(|member| member.guards.get_mut(&key)) {
            guard.configure(&rules, now);
        }
    }

    /// Whether this generation of the operation's numbers is known already.
    #[must_use]
    pub fn knows(&self, key: usize, generation: u64) -> bool {
        self.generations.get(&key) == Some(&generation)
    }

    /// Chooses where a call of an operation goes, rather not where it was `tried`.
    ///
    /// # Errors
    /// Why it can go nowhere.
    pub fn pick(
        &mut self,
        key: usize,
        tried: impl Fn(u64) -> bool,
        now: Instant,
        rng: &dyn Rng,
    ) -> Result<Picked<T>, Nobody> {
        if let Some(probe) = self.probe(key, &tried, now) {
            return Ok(probe);
        }
        self.find(key, &tried, now)?;
        let mut patience = None;
        for _ in 0..DRAWS {
            let at = self.better_of_two(key, now, rng.next_u64());
            match self.acquire(at, key, now) {
                Ok(permit) => return Ok(self.gone_to(at, permit)),
                Err(after) => patience = patience.into_iter().chain([after]).min(),
            }
        }
        // Chance has met broken ones alone: whoever else takes it has it, before a call is refused.
        for turn in 0..self.candidates.len() {
            let at = self.candidates[turn];
            if let Ok(permit) = self.acquire(at, key, now) {
                return Ok(self.gone_to(at, permit));
            }
        }
        Err(Nobody::Broken(patience.unwrap_or_default()))
    }

    /// Takes in how a call was answered, and tells what that changes.
    pub fn answered(
        &mut self,
        id: u64,
        key: usize,
        permit: Option<Permit>,
        said: Said,
        now: Instant,
        rng: &dyn Rng,
    ) -> Vec<Change> {
        let usual = self.usual(now);
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else {
            return Vec::new();
        };
        match said.outcome {
            Outcome::Success | Outcome::Answered => member.load.observe(said.elapsed, now),
            Outcome::Failure => member.load.observe(said.elapsed.max(FAILED), now),
            Outcome::Nothing => member.load.observe_at_least(said.elapsed, now),
        }
        let guard = member.guards.get_mut(&key).zip(permit);
        let changed = guard.and_then(|(guard, permit)| guard.record(permit, said, now, rng));
        let state = match changed {
            Some(Phase::Open) => BreakerState::Open,
            Some(Phase::Closed) => {
                // What it was like while it was broken says nothing of it now.
                (member.load, member.warming) = (Load::new(usual, now), Some(now));
                BreakerState::Closed
            }
            Some(Phase::HalfOpen) | None => return Vec::new(),
        };
        let mut changes = vec![Change::Breaker(member.endpoint.address.clone(), state)];
        changes.extend(self.leave_out(key));
        changes
    }

    /// A call is over, with all that it streamed.
    pub fn ended(&mut self, id: u64) {
        if let Some(member) = self.members.iter_mut().find(|member| member.id == id) {
            member.pending = member.pending.saturating_sub(1);
        }
    }

    /// The endpoints, and how many calls each has not answered yet.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Endpoint, u32)> {
        self.members.iter().map(|member| (&member.endpoint, member.pending))
    }

    /// Those that an operation leaves out.
    pub fn left_out(&self, key: usize) -> impl Iterator<Item = &Endpoint> {
        let out = move |member: &&Member<T>| member.guards.get(&key).is_some_and(|guard| guard.out);
        self.members.iter().filter(out).map(|member| &member.endpoint)
    }

    /// What an endpoint of which nothing is known is taken to need: what the others do.
    fn usual(&self, now: Instant) -> Duration {
        let known: Vec<f64> = self
            .members
            .iter()
            .filter(|member| !member.guards.values().any(|guard| guard.broken.is_some()))
            .map(|member| member.load.at(now))
            .collect();
        let count = u32::try_from(known.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return UNKNOWN;
        }
        Duration::from_secs_f64(known.iter().sum::<f64>() / f64::from(count) / 1e9)
    }

    /// An endpoint that was broken for long enough, to see whether it still is.
    fn probe(
        &mut self,
        key: usize,
        tried: &impl Fn(u64) -> bool,
        now: Instant,
    ) -> Option<Picked<T>> {
        let wanted = |member: &Member<T>| {
            !member.endpoint.draining
                && member.guards.get(&key).is_some_and(|guard| guard.wants_probe(now))
                && !tried(member.id)
        };
        let at = self.members.iter().position(wanted)?;
        let permit = self.acquire(at, key, now).ok()?;
        let mut picked = self.gone_to(at, permit);
        picked.probes = true;
        Some(picked)
    }

    /// Finds the endpoints that may be chosen from.
    ///
    /// # Errors
    /// Why there are none.
    fn find(
        &mut self,
        key: usize,
        tried: &impl Fn(u64) -> bool,
        now: Instant,
    ) -> Result<(), Nobody> {
        let Self { members, candidates, .. } = self;
        candidates.clear();
        let guard = |member: &Member<T>| {
            let guard = member.guards.get(&key);
            guard.map_or((false, false), |guard| (guard.out, guard.is_open(now)))
        };
        let takes = |member: &&Member<T>| !member.endpoint.draining && !guard(member).0;
        let whole = |member: &&Member<T>| takes(member) && !guard(member).1;
        let priority = |member: &Member<T>| member.endpoint.priority;
        // A second attempt goes elsewhere where that makes sense at all: if need be to those of the next priority.
        let other = |member: &&Member<T>| whole(member) && !tried(member.id);
        let least = |who: &dyn Fn(&&Member<T>) -> bool| {
            members.iter().filter(|member| who(member)).map(priority).min()
        };
        let Some(first) = least(&other).or_else(|| least(&whole)).or_else(|| least(&takes)) else {
            return Err(if members.is_empty() { Nobody::Empty } else { Nobody::Draining });
        };
        let others = members.iter().any(|member| priority(member) == first && other(&member));
        let may = |(_, member): &(usize, &Member<T>)| {
            priority(member) == first && takes(member) && (!others || !tried(member.id))
        };
        candidates.extend(members.iter().enumerate().filter(may).map(|(at, _)| at));
        Ok(())
    }

    /// Two of the candidates by chance; the one with less to do.
    fn better_of_two(&self, key: usize, now: Instant, chance: u64) -> usize {
        let count = self.candidates.len();
        let one = scaled(chance >> 32, count);
        if count < 2 {
            return self.candidates[one];
        }
        let other = scaled(chance & u64::from(u32::MAX), count - 1);
        let other = if other >= one { other + 1 } else { other };
        let (one, other) = (self.candidates[one], self.candidates[other]);
        let cost = |at: usize| self.members[at].cost(key, now);
        if cost(other) < cost(one) { other } else { one }
    }

    /// # Errors
    /// After how long it makes sense to ask again.
    fn acquire(&mut self, at: usize, key: usize, now: Instant) -> Result<Option<Permit>, Duration> {
        let Some(rules) = self.rules.get(&key) else { return Ok(None) };
        let guards = &mut self.members[at].guards;
        let guard = guards.entry(key).or_insert_with(|| Guard::new(rules, now));
        guard.acquire(now).map_err(|open| open.after)
    }

    fn gone_to(&mut self, at: usize, permit: Option<Permit>) -> Picked<T> {
        let member = &mut self.members[at];
        member.pending = member.pending.saturating_add(1);
        let (way, address) = (member.way.clone(), member.endpoint.address.clone());
        Picked { id: member.id, way, address, permit, probes: false }
    }

    /// Judges anew who is left out: those that have been broken for longest, as many as may; nobody where most are.
    fn leave_out(&mut self, key: usize) -> Vec<Change> {
        let Some(percent) = self.rules.get(&key).map(|rules| rules.outlier) else {
            return Vec::new();
        };
        let mut taking: Vec<&mut Member<T>> =
            self.members.iter_mut().filter(|member| !member.endpoint.draining).collect();
        let broken: Vec<Option<Instant>> = taking
            .iter()
            .map(|member| member.guards.get(&key).and_then(|guard| guard.broken))
            .collect();
        let most = broken.iter().flatten().count() * 2 > broken.len();
        let out = outlier::left_out(&broken, if most { 0 } else { percent });
        let mut changes = Vec::new();
        for (member, out) in taking.iter_mut().zip(out) {
            let Some(guard) = member.guards.get_mut(&key) else { continue };
            if guard.out != out {
                guard.out = out;
                let address = member.endpoint.address.clone();
                changes.push(if out {
                    Change::Ejected(address)
                } else {
                    Change::Restored(address)
                });
            }
        }
        changes
    }
}

impl<T> Member<T> {
    /// What a call more would wait for; whoever is broken comes after all who are not.
    fn cost(&self, key: usize, now: Instant) -> (bool, f64) {
        let broken = self.guards.get(&key).is_some_and(|guard| guard.is_open(now));
        let share = f64::from(self.endpoint.weight.max(1)) * self.warmth(now);
        (broken, self.load.at(now) * (f64::from(self.pending) + 1.0) / share)
    }

    fn warmth(&self, now: Instant) -> f64 {
        let Some(since) = self.warming else { return 1.0 };
        let grown = now.saturating_duration_since(since).as_secs_f64() / WARM.as_secs_f64();
        grown.clamp(COLD, 1.0)
    }
}

/// 32 random bits as an index below `count`.
fn scaled(bits: u64, count: usize) -> usize {
    let wide = u128::from(bits) * u128::try_from(count).unwrap_or(1);
    usize::try_from(wide >> 32).unwrap_or_default()
}
