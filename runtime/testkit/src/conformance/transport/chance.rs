//! What no scenario thought of: random operations on a broker and on one in memory, which must answer alike.
//!
//! Times are multiples of `UNIT`, but for the ends of leases, which lie between two of them, each another: a machine may
//! be slow by some seconds without any answer being another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use svckit_core::broker::{
    Broker, DeadFilter, DeadLetter, Delivery, Envelope, Fetch, Group, Kind, ReplayFrom, Settlement,
    Token,
};

use super::Subject;
use super::make::{HELD, at, failure, id, mark, mark_name, message};
use crate::conformance::scenario::games;

/// Seconds.
const UNIT: i64 = 20;
const GROUPS: u8 = 3;
const NAMES: [&str; 4] = ["a.v1.A.One", "a.v1.A.Two", "a.v1.A.Do", "a.v1.A.Undo"];

/// One operation. Small numbers choose among few, so that operations meet, and among what was seen before.
#[derive(Clone, Debug)]
enum Step {
    Declare {
        group: u8,
        wants: u8,
    },
    Publish(Vec<Message>),
    /// `most` of 0: all that there are.
    Fetch {
        group: u8,
        most: u8,
        lease: u8,
    },
    Settle(Vec<(u8, How)>),
    Extend {
        hand: u8,
        lease: u8,
    },
    Redrive(u8),
    Drop(u8),
    Replay {
        group: u8,
        from: Option<i64>,
        letter: u8,
    },
    Sweep,
    Clock(i64),
    Reopen,
}

#[derive(Clone, Debug)]
struct Message {
    id: u8,
    name: u8,
    key: u8,
    source: u8,
    priority: u8,
    retain: u8,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Ack,
    Retry(u8),
    GiveBack(u8),
    Dead,
}

fn messages() -> impl Strategy<Value = Step> {
    let one = (0..40_u8, 0..4_u8, 0..4_u8, 0..8_u8, 0..10_u8, 0..4_u8);
    let one = one.prop_map(|(id, name, key, source, priority, retain)| Message {
        id,
        name,
        key,
        source: source / 7,
        priority,
        retain,
    });
    proptest::collection::vec(one, 0..6).prop_map(Step::Publish)
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        3 => Just(How::Ack),
        2 => (0..4_u8).prop_map(How::Retry),
        1 => (0..3_u8).prop_map(How::GiveBack),
        1 => Just(How::Dead),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..GROUPS, 0..16_u8).prop_map(|(group, wants)| Step::Declare { group, wants }),
        8 => messages(),
        8 => (0..GROUPS, 0..6_u8, 0..5_u8)
            .prop_map(|(group, most, lease)| Step::Fetch { group, most, lease }),
        8 => proptest::collection::vec((any::<u8>(), how()), 1..5).prop_map(Step::Settle),
        2 => (any::<u8>(), 0..5_u8).prop_map(|(hand, lease)| Step::Extend { hand, lease }),
        1 => any::<u8>().prop_map(Step::Redrive),
        1 => any::<u8>().prop_map(Step::Drop),
        1 => (0..GROUPS, proptest::option::of(-2..10_i64), any::<u8>())
            .prop_map(|(group, from, letter)| Step::Replay { group, from, letter }),
        1 => Just(Step::Sweep),
        3 => prop_oneof![6 => 0..4_i64, 1 => -50..0_i64, 1 => 50..100_i64].prop_map(Step::Clock),
        1 => Just(Step::Reopen),
    ]
}

struct Game {
    subject: Subject,
    brokers: [Arc<dyn Broker>; 2],
    /// In units.
    now: i64,
    declared: BTreeSet<u8>,
    hands: Vec<[Token; 2]>,
    /// Ends of leases, in units, that no other lease may have.
    ends: BTreeSet<i64>,
    /// A broker that was opened anew does not know whose turn it is among priorities.
    reopens: bool,
}

/// Plays `cases` games of up to `steps` operations, each on a new pair of brokers.
///
/// # Panics
/// Where the two answer differently; with the fewest operations that show it.
pub fn play(cases: u32, steps: usize, oracle: impl Fn() -> Subject, subject: impl Fn() -> Subject) {
    games(cases, steps, step(), async |steps| {
        let subject = subject();
        let brokers = [oracle().open(), subject.open()];
        let reopens = steps.iter().any(|step| matches!(step, Step::Reopen));
        Game::new(subject, brokers, reopens).all(steps).await
    });
}

type Played = Result<(), TestCaseError>;

impl Game {
    fn new(subject: Subject, brokers: [Arc<dyn Broker>; 2], reopens: bool) -> Self {
        let (declared, hands, ends) = Default::default();
        Self { subject, brokers, now: 0, declared, hands, ends, reopens }
    }

    async fn all(mut self, steps: Vec<Step>) -> Played {
        for step in steps {
            self.step(step).await?;
            self.state().await?;
        }
        // All that is left, and nothing else, comes in the end.
        self.now += 1_000;
        for group in self.declared.clone() {
            for _ in 0..50 {
                let count = self.fetch(group, 0, 1).await?;
                for back in 0..count {
                    let hand = u8::try_from(back).unwrap_or(u8::MAX);
                    self.settle(vec![(hand, How::Ack)]).await?;
                }
            }
        }
        self.state().await
    }

    async fn step(&mut self, step: Step) -> Played {
        match step {
            Step::Declare { group, wants } => self.declare(group, wants).await,
            Step::Publish(batch) => self.publish(&batch).await,
            Step::Fetch { group, most, lease } => {
                self.fetch(group, usize::from(most), i64::from(lease)).await.map(drop)
            }
            Step::Settle(all) => self.settle(all).await,
            Step::Extend { hand, lease } => self.extend(hand, i64::from(lease)).await,
            Step::Redrive(letter) => self.letter(letter, true).await,
            Step::Drop(letter) => self.letter(letter, false).await,
            Step::Replay { group, from, letter } => self.replay(group, from, letter).await,
            Step::Sweep => {
                let now = self.time();
                self.same(async |broker, _| broker.sweep(now).await.expect(HELD)).await
            }
            Step::Clock(units) => self.clock(units).await,
            Step::Reopen => {
                self.give_all_back().await?;
                // Closed first: a broker that is open twice would show less.
                self.brokers[1] = self.brokers[0].clone();
                self.brokers[1] = self.subject.open();
                Ok(())
            }
        }
    }

    fn time(&self) -> jiff::Timestamp {
        at(self.now * UNIT)
    }

    /// Asks both, and compares their answers.
    async fn same<T: std::fmt::Debug>(&self, ask: impl AsyncFn(&dyn Broker, usize) -> T) -> Played {
        let [oracle, broker] = &self.brokers;
        let oracle = format!("{:?}", ask(&**oracle, 0).await);
        prop_assert_eq!(oracle, format!("{:?}", ask(&**broker, 1).await), "oracle, broker");
        Ok(())
    }

    async fn declare(&mut self, group: u8, wants: u8) -> Played {
        let bits = NAMES.iter().enumerate().filter(|(bit, _)| wants & (1 << bit) != 0);
        let name = name(group);
        let mut wants: Vec<String> = bits.map(|(_, name)| (*name).to_owned()).collect();
        wants.push(mark_name(&name));
        let group_of = || Group { name: name.clone(), wants: wants.clone(), ordered: group != 1 };
        self.declared.insert(group);
        self.same(async |broker, _| broker.declare(group_of()).await.expect(HELD)).await
    }

    async fn publish(&self, batch: &[Message]) -> Played {
        let batch: Vec<Envelope> = batch.iter().map(|message| self.envelope(message)).collect();
        let now = self.time();
        self.same(async |broker, _| broker.publish(batch.clone(), now).await.expect(HELD)).await
    }

    fn envelope(&self, sent: &Message) -> Envelope {
        let keyed = message(u128::from(sent.id) + 1, ["", "k", "l", "m"][usize::from(sent.key)]);
        let kind = if sent.name < 2 { Kind::Event } else { Kind::Command };
        Envelope {
            kind,
            name: NAMES[usize::from(sent.name)].into(),
            source: ["s", "t"][usize::from(sent.source)].into(),
            priority: if self.reopens { 0 } else { sent.priority },
            retain: Duration::from_secs(u64::from(sent.retain) * 40),
            ..keyed
        }
    }

    /// The end of a lease that no other has: half a unit after it.
    fn end(&mut self, units: i64) -> Duration {
        let mut end = self.now + units;
        while !self.ends.insert(end) {
            end += 1;
        }
        Duration::from_secs(((end - self.now) * UNIT + UNIT / 2).unsigned_abs())
    }

    /// How many came, marks left out. They come in the same order, but for priorities' turns, which most of 0 leaves out.
    async fn fetch(&mut self, group: u8, most: usize, lease: i64) -> Result<usize, TestCaseError> {
        if !self.declared.contains(&group) {
            return Ok(0);
        }
        let (now, lease, name) = (self.time(), self.end(lease), name(group));
        let mark = mark(&name);
        let mut found = Vec::new();
        for broker in &self.brokers {
            broker.publish(vec![mark.clone()], now).await.expect(HELD);
            let most = if most == 0 { 10_000 } else { most };
            let fetch = Fetch { group: name.clone(), most, now, lease, consumer: id(7) };
            let mut fetched = broker.fetch(fetch).await.expect(HELD);
            if most == 10_000 {
                fetched.sort_by_key(|delivery| (delivery.envelope.id, delivery.replay));
            }
            found.push(fetched);
        }
        let [oracle, broker] = [&found[0], &found[1]];
        prop_assert_eq!(told(oracle), told(broker), "oracle, broker");
        let (mut count, mut marks) = (0, Vec::new());
        for (oracle, broker) in oracle.iter().zip(broker) {
            let tokens = [oracle.token.clone(), broker.token.clone()];
            if oracle.envelope.name == mark.name {
                marks.push(tokens);
            } else {
                count += 1;
                self.hands.push(tokens);
            }
        }
        self.settled(&marks, &vec![How::Ack; marks.len()]).await?;
        Ok(count)
    }

    /// One that was handed out, more often a late one.
    fn hand(&self, n: u8) -> Option<[Token; 2]> {
        let back = usize::from(n) % 24;
        self.hands.len().checked_sub(1 + back).map(|place| self.hands[place].clone())
    }

    async fn settle(&self, all: Vec<(u8, How)>) -> Played {
        let all = all.into_iter().filter_map(|(hand, how)| Some((self.hand(hand)?, how)));
        let (hands, how): (Vec<_>, Vec<_>) = all.unzip();
        self.settled(&hands, &how).await
    }

    async fn settled(&self, hands: &[[Token; 2]], how: &[How]) -> Played {
        let (now, after) = (self.time(), |units: u8| at((self.now + i64::from(units)) * UNIT));
        let settlement = |how: &How| match *how {
            How::Ack => Settlement::Ack,
            How::Retry(units) => Settlement::Retry { at: after(units) },
            How::GiveBack(units) => Settlement::GiveBack { at: after(units) },
            How::Dead => Settlement::Dead(failure("internal")),
        };
        self.same(async |broker, n| {
            let tokens = hands.iter().map(|hand| hand[n].clone());
            let all = tokens.zip(how.iter().map(settlement)).collect();
            broker.settle(all, now).await.expect(HELD)
        })
        .await
    }

    /// As at a drain: what a closed broker holds would be another's at its next look, but nobody knows when that is.
    async fn give_all_back(&self) -> Played {
        self.settled(&self.hands, &vec![How::GiveBack(0); self.hands.len()]).await
    }

    async fn extend(&mut self, hand: u8, lease: i64) -> Played {
        let Some(hand) = self.hand(hand) else { return Ok(()) };
        let (now, lease) = (self.time(), self.end(lease));
        self.same(async |broker, n| {
            broker.extend(vec![hand[n].clone()], now, lease).await.expect(HELD)
        })
        .await
    }

    async fn letters(&self) -> Result<Vec<[DeadLetter; 2]>, TestCaseError> {
        let filter = || DeadFilter { limit: 10_000, ..DeadFilter::default() };
        let [oracle, broker] = &self.brokers;
        let oracle = oracle.dead(filter()).await.expect(HELD);
        let broker = broker.dead(filter()).await.expect(HELD);
        let told = |letters: &[DeadLetter]| letters.iter().map(letter_told).collect::<Vec<_>>();
        prop_assert_eq!(told(&oracle), told(&broker), "oracle, broker");
        Ok(oracle.into_iter().zip(broker).map(|(oracle, broker)| [oracle, broker]).collect())
    }

    async fn letter(&self, n: u8, redrive: bool) -> Played {
        let letters = self.letters().await?;
        let Some(letter) = letters.get(usize::from(n) % letters.len().max(1)) else {
            return Ok(());
        };
        let now = self.time();
        self.same(async |broker, n| {
            let numbers = vec![letter[n].number];
            if redrive {
                broker.redrive(numbers, now).await.expect(HELD)
            } else {
                broker.drop_dead(numbers).await.expect(HELD)
            }
        })
        .await
    }

    async fn replay(&self, group: u8, from: Option<i64>, letter: u8) -> Played {
        let letters = self.letters().await?;
        let place = letters.get(usize::from(letter) % letters.len().max(1));
        let now = self.time();
        self.same(async |broker, n| {
            let from = match (from, place) {
                (Some(units), _) => ReplayFrom::Time(at((self.now - units) * UNIT)),
                (None, Some(letter)) => ReplayFrom::Position(letter[n].position),
                (None, None) => ReplayFrom::Position(0),
            };
            broker.replay(name(group), from, now).await.map_err(|error| error.code())
        })
        .await
    }

    /// Both hear of it at once, and move what waits by as much.
    async fn clock(&mut self, units: i64) -> Played {
        self.now += units;
        let now = self.now;
        if units < 0 {
            let moved = |end: &i64| if *end >= now { *end + units } else { *end };
            self.ends = self.ends.iter().map(moved).collect();
        }
        let group = self.declared.first().copied();
        let Some(group) = group.filter(|_| units != 0) else { return Ok(()) };
        self.fetch(group, 0, 3).await.map(drop)
    }

    /// What each tells of itself.
    async fn state(&self) -> Played {
        self.letters().await?;
        self.same(async |broker, _| broker.status().await.expect(HELD)).await
    }
}

fn name(group: u8) -> String {
    ["g/one", "g/two", "g/three"][usize::from(group)].to_owned()
}

/// To the unit, for one broker may be slower than the other.
fn units(at: jiff::Timestamp) -> i64 {
    at.as_second().div_euclid(UNIT)
}

fn told(deliveries: &[Delivery]) -> Vec<(u128, u32, u32, i64, &Envelope)> {
    let one = |delivery: &'_ Delivery| {
        (delivery.envelope.id.as_u128(), delivery.attempt, delivery.replay, units(delivery.first))
    };
    let all = deliveries.iter().map(|delivery| (one(delivery), &delivery.envelope));
    all.map(|((id, attempt, replay, first), envelope)| (id, attempt, replay, first, envelope))
        .collect()
}

fn letter_told(letter: &DeadLetter) -> BTreeMap<&'static str, String> {
    let DeadLetter { group, envelope, attempts, first, failure, number: _, position: _ } = letter;
    BTreeMap::from([
        ("group", group.clone()),
        ("envelope", envelope.to_json()),
        ("attempts", attempts.to_string()),
        ("first", units(*first).to_string()),
        ("failure", format!("{failure:?}")),
    ])
}
