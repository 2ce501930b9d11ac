#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

/// Always the least.
struct Low;

impl svckit_core::clock::Rng for Low {
    fn next_u64(&self) -> u64 {
        0
    }
}

const LEASE: Duration = Duration::from_secs(1);
const QUICK: Duration = Duration::from_millis(1);

struct Play {
    breaker: Breaker,
    now: Instant,
}

impl Play {
    fn new() -> Self {
        let now = Instant::now();
        Self { breaker: Breaker::new(BreakerConfig::STANDARD, LEASE, now), now }
    }

    fn call(&mut self, outcome: Outcome) -> bool {
        self.took(outcome, QUICK)
    }

    fn took(&mut self, outcome: Outcome, elapsed: Duration) -> bool {
        let Ok(permit) = self.breaker.acquire(self.now) else { return false };
        self.record(permit, outcome, elapsed);
        true
    }

    fn record(&mut self, permit: Permit, outcome: Outcome, elapsed: Duration) -> Option<Phase> {
        self.breaker.record(permit, outcome, elapsed, None, self.now, &Low)
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn phase(&self) -> Phase {
        self.breaker.phase(self.now)
    }

    fn open() -> Self {
        let mut play = Self::new();
        (0..IN_A_ROW).for_each(|_| assert!(play.call(Outcome::Failure)));
        assert_eq!(play.phase(), Phase::Open);
        play
    }
}

#[test]
fn five_failures_in_a_row_open_it_and_four_do_not() {
    let mut play = Play::new();
    (0..4).for_each(|_| assert!(play.call(Outcome::Failure)));
    assert!(play.call(Outcome::Success));
    (0..4).for_each(|_| assert!(play.call(Outcome::Failure)));
    assert_eq!(play.phase(), Phase::Closed);
    assert!(play.call(Outcome::Failure));
    assert_eq!(play.phase(), Phase::Open);
    assert!(!play.call(Outcome::Success), "nothing goes through while it is open");
}

#[test]
fn half_of_twenty_open_it_and_of_nineteen_do_not() {
    let mut play = Play::new();
    for call in 0..19 {
        let outcome = if call % 2 == 0 { Outcome::Failure } else { Outcome::Success };
        assert!(play.call(outcome), "call {call}");
    }
    assert_eq!(play.phase(), Phase::Closed);
    assert!(play.call(Outcome::Failure));
    assert_eq!(play.phase(), Phase::Open);
}

#[test]
fn what_is_older_than_the_window_counts_no_more() {
    let mut play = Play::new();
    for _ in 0..9 {
        play.call(Outcome::Failure);
        play.call(Outcome::Success);
    }
    play.pass(Duration::from_secs(11));
    (0..4).for_each(|_| assert!(play.call(Outcome::Failure)));
    assert_eq!(play.phase(), Phase::Closed);
}

#[test]
fn slow_calls_open_it_though_they_succeed() {
    let mut play = Play::new();
    for _ in 0..100 {
        play.took(Outcome::Success, BreakerConfig::STANDARD.slow_call);
    }
    assert_eq!(play.phase(), Phase::Closed, "as long as may be is not slow");
    let mut play = Play::new();
    for call in 0..25 {
        let late = if call % 5 < 4 { Duration::from_nanos(1) } else { Duration::ZERO };
        assert_eq!(play.phase(), Phase::Closed, "call {call}");
        play.took(Outcome::Success, BreakerConfig::STANDARD.slow_call + late);
        if play.phase() == Phase::Open {
            assert_eq!(call, 20, "the first slow one after twenty, four fifths of which are");
            return;
        }
    }
    panic!("it never opened");
}

#[test]
fn a_callers_cancel_and_a_declared_error_count_for_nothing() {
    let mut play = Play::new();
    for _ in 0..4 {
        play.call(Outcome::Failure);
        (0..100).for_each(|_| assert!(play.call(Outcome::Answered) && play.call(Outcome::Nothing)));
    }
    assert_eq!(play.phase(), Phase::Closed);
    play.call(Outcome::Failure);
    assert_eq!(play.phase(), Phase::Open, "they do not stand between failures either");
}

#[test]
fn it_stays_open_for_twice_as_long_each_time_up_to_a_minute() {
    let mut play = Play::open();
    for seconds in [5, 10, 20, 40, 60, 60] {
        play.pass(Duration::from_secs(seconds) - Duration::from_nanos(1));
        assert_eq!(play.phase(), Phase::Open, "{seconds}");
        play.pass(Duration::from_nanos(1));
        assert_eq!(play.phase(), Phase::HalfOpen, "{seconds}");
        assert!(play.call(Outcome::Failure), "{seconds}: a probe goes through");
    }
}

#[test]
fn a_callee_that_asks_for_longer_gets_it() {
    let mut play = Play::new();
    for _ in 0..IN_A_ROW {
        let permit = play.breaker.acquire(play.now).expect("closed");
        let after = Some(Duration::from_secs(30));
        play.breaker.record(permit, Outcome::Failure, QUICK, after, play.now, &Low);
    }
    assert_eq!(play.breaker.acquire(play.now), Err(Open { after: Duration::from_secs(30) }));
}

/// "A half-open stampede."
#[test]
fn no_stampede_follows_a_pause() {
    let mut play = Play::open();
    play.pass(Duration::from_secs(5));
    let let_through: Vec<_> =
        (0..1_000).filter_map(|_| play.breaker.acquire(play.now).ok()).collect();
    assert_eq!(let_through.len(), 3);
    for permit in let_through {
        play.record(permit, Outcome::Success, QUICK);
    }
    assert_eq!(play.phase(), Phase::Closed);
}

/// "A breaker wedged by a leaked probe permit."
#[test]
fn a_leaked_probe_does_not_wedge_it() {
    let mut play = Play::open();
    play.pass(Duration::from_secs(5));
    let leaked: Vec<_> = (0..3).map(|_| play.breaker.acquire(play.now).expect("a probe")).collect();
    assert!(play.breaker.acquire(play.now).is_err());
    play.pass(LEASE);
    let fresh = play.breaker.acquire(play.now).expect("the lease is over");
    // What leaked comes back late: it takes nobody's place, and counts for nothing.
    assert_eq!(play.record(leaked[0], Outcome::Failure, LEASE), None);
    assert_eq!(play.breaker.probes(), 1);
    play.record(fresh, Outcome::Success, QUICK);
    assert_eq!(play.phase(), Phase::HalfOpen, "one of three");
}

#[test]
fn a_probe_that_is_given_back_makes_room() {
    let mut play = Play::open();
    play.pass(Duration::from_secs(5));
    for _ in 0..100 {
        let permit = play.breaker.acquire(play.now).expect("a probe");
        play.breaker.release(permit);
    }
    assert_eq!(play.breaker.probes(), 0);
}

#[test]
fn a_late_failure_from_before_does_not_reopen_it() {
    let mut play = Play::new();
    let old = play.breaker.acquire(play.now).expect("closed");
    (0..IN_A_ROW).for_each(|_| assert!(play.call(Outcome::Failure)));
    play.pass(Duration::from_secs(5));
    let probe = play.breaker.acquire(play.now).expect("a probe");
    assert_eq!(play.record(old, Outcome::Failure, QUICK), None);
    play.record(probe, Outcome::Success, QUICK);
    assert_eq!(play.phase(), Phase::HalfOpen);
}

#[test]
fn other_numbers_are_taken_up_where_it_stands() {
    let mut play = Play::open();
    let numbers = BreakerConfig { half_open: 1, ..BreakerConfig::STANDARD };
    play.breaker.configure(numbers, LEASE, play.now);
    assert_eq!(play.phase(), Phase::Open);
    play.pass(Duration::from_secs(5));
    assert!(play.call(Outcome::Success));
    assert_eq!(play.phase(), Phase::Closed);
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Ask,
    End(usize, u8),
    Drop(usize),
    Leak(usize),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => Just(Move::Ask),
        4 => (0..8_usize, 0..4_u8).prop_map(|(at, how)| Move::End(at, how)),
        1 => (0..8_usize).prop_map(Move::Drop),
        1 => (0..8_usize).prop_map(Move::Leak),
        2 => (0..8_000_u64).prop_map(Move::Pass),
    ];
    prop::collection::vec(one, 1..400)
}

proptest! {
    #[test]
    fn probes_never_exceed_their_number_and_it_always_comes_back(moves in moves()) {
        let mut play = Play::new();
        let places = usize::try_from(BreakerConfig::STANDARD.half_open).expect("few");
        let mut held = Vec::new();
        for one in moves {
            match one {
                Move::Ask => held.extend(play.breaker.acquire(play.now).ok()),
                Move::End(at, how) if !held.is_empty() => {
                    let permit = held.swap_remove(at % held.len());
                    let outcome = [Outcome::Success, Outcome::Failure, Outcome::Answered, Outcome::Nothing];
                    play.record(permit, outcome[usize::from(how)], QUICK);
                }
                Move::Drop(at) if !held.is_empty() => {
                    let permit = held.swap_remove(at % held.len());
                    play.breaker.release(permit);
                }
                Move::Leak(at) if !held.is_empty() => drop(held.swap_remove(at % held.len())),
                Move::Pass(millis) => play.pass(Duration::from_millis(millis)),
                _ => {}
            }
            prop_assert!(play.breaker.probes() <= places);
        }
        // Whatever happened: left alone for the longest time, it lets probes through, and closes when they are answered.
        play.pass(BreakerConfig::STANDARD.open_max * 2);
        for _ in 0..places {
            prop_assert!(play.call(Outcome::Success));
        }
        prop_assert_eq!(play.phase(), Phase::Closed);
    }
}

#[test]
fn errors_say_what_they_say_of_the_callee() {
    use svckit_core::error::Refused;
    let table = [
        (Error::unavailable("gone"), Outcome::Failure),
        (Error::deadline_exceeded("late"), Outcome::Failure),
        (Error::internal("a bug"), Outcome::Failure),
        (Error::cancelled("by its caller"), Outcome::Nothing),
        (Error::unavailable("ours").with_refused(Refused::Bulkhead), Outcome::Nothing),
        (Error::not_found("none"), Outcome::Answered),
        (Error::resource_exhausted("throttled"), Outcome::Answered),
        (
            Error::internal("declared").with_domain("a.v1.Broken", Vec::new().into()),
            Outcome::Answered,
        ),
    ];
    for (error, outcome) in table {
        assert_eq!(Outcome::of(&error), outcome, "{error}");
    }
}

#[test]
fn fewer_than_half_do_not_open_it() {
    let mut play = Play::new();
    for call in 0..200 {
        assert!(play.call(Outcome::Success), "call {call}");
        if call % 3 == 2 {
            assert!(play.call(Outcome::Failure), "call {call}");
        }
    }
    assert_eq!(play.phase(), Phase::Closed);
}

#[test]
fn what_led_to_it_is_forgotten_once_it_closes() {
    let mut play = Play::open();
    play.pass(Duration::from_secs(5));
    (0..3).for_each(|_| assert!(play.call(Outcome::Success)));
    assert_eq!(play.phase(), Phase::Closed);
    (0..4).for_each(|_| assert!(play.call(Outcome::Failure)));
    assert_eq!(play.phase(), Phase::Closed);
}

#[test]
fn another_window_begins_anew_and_the_same_one_goes_on() {
    let longer = Duration::from_secs(20);
    for (window, phase) in [(BreakerConfig::STANDARD.window, Phase::Open), (longer, Phase::Closed)]
    {
        let mut play = Play::new();
        for call in 0..19 {
            play.call(if call % 2 == 0 { Outcome::Failure } else { Outcome::Success });
        }
        let config = BreakerConfig { window, ..BreakerConfig::STANDARD };
        play.breaker.configure(config, LEASE, play.now);
        play.call(Outcome::Failure);
        assert_eq!(play.phase(), phase, "{window:?}");
    }
}

proptest! {
    /// The window of ten parts, beside a list of all that came.
    #[test]
    fn it_opens_when_half_of_the_last_ten_seconds_failed(
        calls in prop::collection::vec((prop_oneof![Just(0), 1..3_000_u64, Just(1_000), 9_000..12_000_u64], 0..3_u8), 1..120),
    ) {
        let config = BreakerConfig { min_calls: 4, ..BreakerConfig::STANDARD };
        let start = Instant::now();
        let mut play = Play { breaker: Breaker::new(config, LEASE, start), now: start };
        let (mut seen, mut in_a_row) = (Vec::new(), 0);
        for (pause, luck) in calls {
            play.pass(Duration::from_millis(pause));
            let part = (play.now - start).as_secs();
            let failed = luck == 0;
            in_a_row = if failed { in_a_row + 1 } else { 0 };
            seen.push((part, failed));
            seen.retain(|(at, _)| at + 10 > part);
            let failures = seen.iter().filter(|(_, failed)| *failed).count();
            let opens = failed && (in_a_row >= 5 || seen.len() >= 4 && failures * 2 >= seen.len());
            let outcome = if failed { Outcome::Failure } else { Outcome::Success };
            prop_assert!(play.call(outcome));
            prop_assert_eq!(play.phase() == Phase::Open, opens, "{:?}", seen);
            if opens {
                break;
            }
        }
    }
}
