//! The choice among endpoints, with clock and dice in hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use svckit_core::clock::Rng;
use svckit_core::observe::BreakerState;
use svckit_core::operation::{BreakerConfig, PolicyConfig};
use svckit_policy::breaker::{IN_A_ROW, Outcome};

use super::{Change, FAILED, Load, Nobody, Picked, Pool, Rules, Said, WARM};
use crate::Endpoint;

const KEY: usize = 7;
const MS: Duration = Duration::from_millis(1);

/// Dice from a seed (splitmix64).
struct Dice(Mutex<u64>);

impl Dice {
    fn below(&self, count: u64) -> u64 {
        self.next_u64() % count
    }
}

impl Rng for Dice {
    fn next_u64(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn set(count: u16) -> Vec<Endpoint> {
    (0..count).map(|at| Endpoint::new(format!("e{at:03}:1"))).collect()
}

struct Game {
    pool: Pool<String>,
    dice: Dice,
    now: Instant,
}

impl Game {
    fn new(set: Vec<Endpoint>, seed: u64) -> Self {
        let (dice, now) = (Dice(Mutex::new(seed)), Instant::now());
        let mut game = Self { pool: Pool::default(), dice, now };
        game.set(set);
        game.pool.configure(KEY, Rules::of(&PolicyConfig::STANDARD), 0, now);
        game
    }

    fn set(&mut self, set: Vec<Endpoint>) {
        self.pool.update(set, self.now, |endpoint| endpoint.address.to_string());
    }

    fn pick(&mut self) -> Result<Picked<String>, Nobody> {
        self.pool.pick(KEY, |_| false, self.now, &self.dice)
    }

    fn end(&mut self, picked: Picked<String>, outcome: Outcome, elapsed: Duration) -> Vec<Change> {
        let said = Said { outcome, elapsed, retry_after: None };
        let (id, permit) = (picked.id, picked.permit);
        let changes = self.pool.answered(id, KEY, permit, said, self.now, &self.dice);
        self.pool.ended(id);
        changes
    }

    /// A call that is answered at once; where it went.
    fn call(&mut self, outcome: Outcome) -> Result<String, Nobody> {
        let picked = self.pick()?;
        let way = picked.way.clone();
        self.end(picked, outcome, MS);
        Ok(way)
    }

    /// Lets one endpoint fail until its breaker opens.
    fn fail(&mut self, address: &str) -> Vec<Change> {
        let (mut changes, mut failures) = (Vec::new(), 0);
        for _ in 0..10_000 {
            let Ok(picked) = self.pick() else { continue };
            // The others are made to look as slow, so that this one is asked at all.
            changes.extend(if picked.way == address {
                failures += 1;
                self.end(picked, Outcome::Failure, MS)
            } else {
                self.end(picked, Outcome::Success, FAILED)
            });
            if failures == IN_A_ROW {
                return changes;
            }
        }
        panic!("{address} was asked {failures} times");
    }

    /// Where calls go that are answered one after the other.
    fn counts(&mut self, calls: u32, took: impl Fn(&str) -> Duration) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for _ in 0..calls {
            self.now += MS;
            let picked = self.pick().unwrap();
            *counts.entry(picked.way.clone()).or_default() += 1;
            let elapsed = took(&picked.way);
            self.end(picked, Outcome::Success, elapsed);
        }
        counts
    }

    /// Where calls go of which none is answered.
    fn unanswered(&mut self, calls: u32) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for _ in 0..calls {
            *counts.entry(self.pick().unwrap().way).or_default() += 1;
        }
        counts
    }

    fn left_out(&self) -> Vec<String> {
        self.pool.left_out(KEY).map(|endpoint| endpoint.address.to_string()).collect()
    }
}

#[test]
fn a_peak_counts_at_once_and_is_forgotten_slowly() {
    let start = Instant::now();
    let mut load = Load::new(MS, start);
    load.observe(MS * 100, start + MS);
    assert!((load.at(start + MS) - 1e8).abs() < 1e6, "{}", load.at(start + MS));
    load.observe(MS, start + MS * 2);
    assert!(load.at(start + MS * 2) > 9.9e7, "one good answer forgives nothing");
    let later = load.at(start + Duration::from_secs(30));
    assert!((4e6..6e6).contains(&later), "three times the decay leaves a twentieth: {later}");
}

/// An endpoint that fails at once would look like the quickest of all, and draw all calls to it.
#[test]
fn who_fails_quickly_is_not_taken_for_quick() {
    let mut game = Game::new(set(2), 3);
    game.counts(100, |_| MS);
    while game.call(Outcome::Failure).unwrap() != "e000:1" {}
    game.counts(1, |_| MS);
    let counts = game.counts(200, |_| MS * 50);
    assert!(counts["e001:1"] > 150, "{counts:?}");
}

/// Who gave up knows how long it took at least: that makes an endpoint no faster than it was thought to be.
#[test]
fn what_was_given_up_counts_for_as_long_as_it_was_waited_for() {
    let now = Instant::now();
    let mut load = Load::new(MS * 100, now);
    let before = load.at(now);
    load.observe_at_least(MS, now + MS);
    assert!(load.at(now) >= before, "{} after {before}", load.at(now));
    load.observe_at_least(MS * 5_000, now);
    assert!(load.at(now) >= before * 50.0, "{} after {before}", load.at(now));
}

#[test]
fn equal_endpoints_share_the_calls() {
    for seed in 0..20 {
        let counts = Game::new(set(5), seed).counts(5_000, |_| MS * 5);
        assert_eq!(counts.len(), 5, "{counts:?}");
        assert!(counts.values().all(|n| (600..=1_500).contains(n)), "seed {seed}: {counts:?}");
    }
}

#[test]
fn a_slow_endpoint_gets_less() {
    for seed in 0..20 {
        let took = |at: &str| if at == "e000:1" { MS * 200 } else { MS * 5 };
        let counts = Game::new(set(5), seed).counts(5_000, took);
        let slow = counts.get("e000:1").copied().unwrap_or_default();
        assert!(slow < 100, "seed {seed}: {counts:?}");
    }
}

#[test]
fn what_is_not_answered_yet_counts_as_load() {
    let held = Game::new(set(4), 3).unanswered(400);
    assert!(held.values().all(|n| (90..=110).contains(n)), "{held:?}");
}

#[test]
fn a_heavier_endpoint_gets_more() {
    let mut endpoints = set(2);
    endpoints[1] = endpoints[1].clone().weight(300);
    let held = Game::new(endpoints, 5).unanswered(400);
    assert!((290..=310).contains(&held["e001:1"]), "{held:?}");
}

#[test]
fn who_has_just_come_begins_with_little() {
    let mut game = Game::new(set(4), 11);
    game.counts(2_000, |_| MS * 5);
    game.set(set(5));
    let first = game.unanswered(400).get("e004:1").copied().unwrap_or_default();
    assert!((2..=20).contains(&first), "a tenth of a share of about 100: {first}");
    game.now += WARM;
    let later = game.unanswered(400).get("e004:1").copied().unwrap_or_default();
    assert!(later > 100, "it is warm and has the least to do: {later}");
}

#[test]
fn a_second_attempt_goes_elsewhere() {
    let mut game = Game::new(set(3), 1);
    for _ in 0..100 {
        let one = game.pick().unwrap();
        let Game { pool, dice, now } = &mut game;
        let two = pool.pick(KEY, |id| id == one.id, *now, dice).unwrap();
        assert_ne!(one.way, two.way);
        let three = pool.pick(KEY, |id| id == one.id || id == two.id, *now, dice).unwrap();
        assert!(![one.way, two.way].contains(&three.way));
    }
    let all = game.pool.pick(KEY, |_| true, game.now, &game.dice);
    assert!(all.is_ok(), "where all were tried, one is tried again");
}

#[test]
fn a_higher_priority_is_a_reserve() {
    let mut endpoints = set(2);
    endpoints[1].priority = 1;
    let mut game = Game::new(endpoints, 1);
    assert_eq!(game.counts(100, |_| MS).keys().collect::<Vec<_>>(), ["e000:1"]);
    game.fail("e000:1");
    assert_eq!(game.call(Outcome::Success).unwrap(), "e001:1");
}

#[test]
fn a_broken_endpoint_is_left_out_probed_and_taken_back() {
    let mut game = Game::new(set(4), 2);
    let address: Arc<str> = "e002:1".into();
    let opened = Change::Breaker(address.clone(), BreakerState::Open);
    assert_eq!(game.fail("e002:1"), [opened, Change::Ejected(address)]);
    assert_eq!(game.left_out(), ["e002:1"]);
    for _ in 0..200 {
        assert_ne!(game.call(Outcome::Success).unwrap(), "e002:1");
    }
    game.now += Duration::from_secs(6);
    let probe = game.pick().unwrap();
    assert_eq!((&*probe.way, &*probe.address, probe.probes), ("e002:1", "e002:1", true));
    let others = game.unanswered(50);
    assert!(!others.contains_key("e002:1"), "one probe at a time: {others:?}");
    game.end(probe, Outcome::Success, MS);
    for _ in 0..2 {
        assert_eq!(game.call(Outcome::Success).unwrap(), "e002:1");
    }
    assert!(game.left_out().is_empty(), "three probes were answered");
}

#[test]
fn a_probe_that_is_given_up_gives_its_place_back() {
    let mut game = Game::new(set(4), 2);
    game.fail("e002:1");
    game.now += Duration::from_secs(6);
    for _ in 0..5 {
        let at = game.call(Outcome::Nothing).unwrap();
        assert_eq!(at, "e002:1", "nobody saw it answer, so the next one looks");
    }
}

#[test]
fn where_most_are_broken_none_is_left_out_and_breakers_refuse() {
    let mut game = Game::new(set(4), 2);
    for address in ["e000:1", "e001:1", "e002:1"] {
        game.fail(address);
    }
    assert!(game.left_out().is_empty(), "{:?}", game.left_out());
    let mut refused = 0;
    for _ in 0..1_000 {
        match game.call(Outcome::Success) {
            Ok(at) => assert_eq!(at, "e003:1", "a broken one is never asked"),
            Err(Nobody::Broken(after)) => {
                assert!(after > Duration::ZERO);
                refused += 1;
            }
            Err(nobody) => panic!("{nobody:?}"),
        }
    }
    assert!(refused < 100, "five draws mostly find the one that works: {refused}");
    game.fail("e003:1");
    let all = game.call(Outcome::Success);
    assert!(matches!(all, Err(Nobody::Broken(_))), "{all:?}");
}

/// With outliers alone nobody is refused; with breakers alone nobody is left out; with neither, nothing is held against anybody.
#[test]
fn a_policy_without_breakers_refuses_nobody_and_one_without_outliers_leaves_nobody_out() {
    const ALL: PolicyConfig = PolicyConfig::STANDARD;
    let table = [
        (PolicyConfig { breaker: None, outlier: Some(10), ..ALL }, true, true, false),
        (PolicyConfig { outlier: None, ..ALL }, true, false, true),
        (PolicyConfig { breaker: None, outlier: None, ..ALL }, false, false, false),
    ];
    for (policy, breaks, out, refuses) in table {
        let mut game = Game::new(set(4), 2);
        game.pool.configure(KEY, Rules::of(&policy), 1, game.now);
        let broken = |change: &Change| matches!(change, Change::Breaker(_, BreakerState::Open));
        assert_eq!(game.fail("e002:1").iter().any(broken), breaks, "{policy:?}");
        assert_eq!(game.left_out().len(), usize::from(out), "{policy:?}");
        for address in ["e000:1", "e001:1", "e003:1"] {
            game.fail(address);
        }
        assert_eq!(game.call(Outcome::Success).is_err(), refuses, "{policy:?}");
    }
}

#[test]
fn who_has_been_broken_for_longest_stays_out_while_it_is() {
    let mut game = Game::new(set(4), 2);
    game.fail("e002:1");
    game.now += Duration::from_secs(1);
    game.fail("e000:1");
    assert_eq!(game.left_out(), ["e002:1"], "one of four may be");
    game.now += Duration::from_secs(6);
    while game.call(Outcome::Failure).unwrap() != "e002:1" {}
    assert_eq!(game.left_out(), ["e002:1"], "its probe failed: it is broken still");
}

#[test]
fn other_numbers_hold_for_endpoints_that_are_known() {
    let mut game = Game::new(set(4), 2);
    game.counts(100, |_| MS);
    let longer = BreakerConfig {
        open_min: Duration::from_secs(60),
        open_max: Duration::from_secs(60),
        ..BreakerConfig::STANDARD
    };
    let policy = PolicyConfig { breaker: Some(longer), ..PolicyConfig::STANDARD };
    game.pool.configure(KEY, Rules::of(&policy), 1, game.now);
    game.fail("e002:1");
    game.now += Duration::from_secs(50);
    assert!(!game.counts(200, |_| MS).contains_key("e002:1"), "it is open for a minute");
    game.now += Duration::from_secs(20);
    assert_eq!(game.call(Outcome::Success).unwrap(), "e002:1");
}

#[test]
fn why_nobody_is_asked_is_said() {
    let mut game = Game::new(Vec::new(), 1);
    assert_eq!(game.call(Outcome::Success), Err(Nobody::Empty));
    game.set(set(2).into_iter().map(Endpoint::draining).collect());
    assert_eq!(game.call(Outcome::Success), Err(Nobody::Draining));
}

#[test]
fn who_stays_keeps_what_is_known_and_who_left_is_let_go() {
    let mut game = Game::new(set(4), 2);
    game.fail("e002:1");
    let (gone, _) = game.pool.update(set(3), game.now, |_| panic!("nobody is new"));
    assert_eq!(gone, ["e003:1"]);
    assert_eq!(game.left_out(), ["e002:1"]);
}

impl Game {
    fn other_set(&mut self, count: u16) {
        let mut new = set(count);
        new.retain(|_| self.dice.below(10) > 0);
        for endpoint in &mut new {
            endpoint.draining = self.dice.below(5) == 0;
        }
        self.set(new);
    }

    fn any_outcome(&self) -> Outcome {
        match self.dice.below(4) {
            0 => Outcome::Success,
            1 => Outcome::Nothing,
            _ => Outcome::Failure,
        }
    }

    /// How many take calls, and how many of these are left out.
    fn out_of(&self) -> (usize, usize) {
        let taking = self.pool.endpoints().filter(|(endpoint, _)| !endpoint.draining).count();
        let out = self.pool.left_out(KEY).filter(|endpoint| !endpoint.draining).count();
        (out, taking)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rules_hold_in_any_order_of_events(seed: u64, count in 1_u16..24, steps in 50_usize..400) {
        let mut game = Game::new(set(count), seed);
        let mut flying: Vec<Picked<String>> = Vec::new();
        for _ in 0..steps {
            game.now += Duration::from_millis(game.dice.below(700));
            match game.dice.below(8) {
                0 => game.other_set(count),
                1..=3 if !flying.is_empty() => {
                    let at = usize::try_from(game.dice.below(flying.len() as u64)).unwrap();
                    let outcome = game.any_outcome();
                    game.end(flying.swap_remove(at), outcome, MS * 5);
                }
                _ => {
                    let Ok(picked) = game.pick() else { continue };
                    let mut all = game.pool.endpoints();
                    let (endpoint, pending) =
                        all.find(|(endpoint, _)| *endpoint.address == *picked.way).unwrap();
                    prop_assert!(!endpoint.draining, "{} drains", endpoint.address);
                    prop_assert!(pending > 0);
                    drop(all);
                    flying.push(picked);
                }
            }
            let (out, taking) = game.out_of();
            prop_assert!(out <= (taking / 10).max(1) && out < taking.max(1), "{out} of {taking}");
        }
        for picked in flying {
            game.end(picked, Outcome::Nothing, MS);
        }
        prop_assert!(game.pool.endpoints().all(|(_, pending)| pending == 0), "all is given back");
    }
}

/// However the dice fall: one that works is found among those that do not.
#[test]
fn the_last_one_that_works_is_found() {
    let none = PolicyConfig { outlier: None, ..PolicyConfig::STANDARD };
    for seed in 0..20 {
        let mut game = Game::new(set(10), seed);
        game.pool.configure(KEY, Rules::of(&none), 1, game.now);
        for at in 0..9 {
            game.fail(&format!("e{at:03}:1"));
        }
        for _ in 0..50 {
            assert_eq!(game.call(Outcome::Success).as_deref(), Ok("e009:1"));
        }
    }
}
