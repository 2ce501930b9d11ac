#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use super::*;
use svckit_core::operation::Idempotency;

static QUERY: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
static UNKEYED: Operation =
    Operation::command("s.v1.S", "U", "/s.v1.S/U").idempotency(Idempotency::None);
static COMMAND: Operation = Operation::command("t.v1.T", "Put", "/t.v1.T/Put");
static NATURAL: Operation =
    Operation::command("t.v1.T", "Set", "/t.v1.T/Set").idempotency(Idempotency::Natural);

struct Dice(u64);

impl Rng for Dice {
    fn next_u64(&self) -> u64 {
        self.0
    }
}

fn failed<'a>(operation: &'a Operation, attempts: u32, error: &'a Error) -> Failed<'a> {
    Failed { operation, attempts, error, now: Instant::now(), deadline: None }
}

fn verdict(operation: &Operation, attempts: u32, error: &Error) -> Verdict {
    judge(&RetryConfig::STANDARD, &failed(operation, attempts, error), &Dice(u64::MAX))
}

#[test]
fn the_pause_doubles_up_to_the_cap() {
    let error = Error::unavailable("down");
    let config = RetryConfig { attempts: 100, ..RetryConfig::STANDARD };
    let pauses: Vec<_> = (1..=12)
        .map(|attempts| judge(&config, &failed(&QUERY, attempts, &error), &Dice(u64::MAX)))
        .collect();
    let millis = [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000, 20_000];
    assert_eq!(pauses, millis.map(|millis| Verdict::Again(Duration::from_millis(millis))));
}

#[test]
fn jitter_is_full() {
    let error = Error::unavailable("down");
    let at = |dice| judge(&RetryConfig::STANDARD, &failed(&QUERY, 1, &error), &Dice(dice));
    assert_eq!(at(0), Verdict::Again(Duration::ZERO));
    assert_eq!(at(u64::MAX / 2), Verdict::Again(Duration::from_millis(25)));
}

#[test]
fn only_what_may_be_repeated_is() {
    let reached = Error::unavailable("broken pipe");
    let unreached = Error::unavailable("refused").with_unreached();
    // Its callee knows it by its key.
    assert!(matches!(verdict(&COMMAND, 1, &reached), Verdict::Again(_)));
    assert_eq!(verdict(&UNKEYED, 1, &reached), Verdict::Stop(Stop::NotIdempotent));
    assert!(matches!(verdict(&UNKEYED, 1, &unreached), Verdict::Again(_)));
    assert!(matches!(verdict(&NATURAL, 1, &reached), Verdict::Again(_)));
    assert!(matches!(verdict(&QUERY, 1, &reached), Verdict::Again(_)));
}

#[test]
fn one_layer_alone_retries() {
    let error = Error::unavailable("down").with_retried_below();
    assert_eq!(verdict(&QUERY, 1, &error), Verdict::Stop(Stop::RetriedBelow));
    let config = RetryConfig { even_if_retried: true, ..RetryConfig::STANDARD };
    assert!(matches!(judge(&config, &failed(&QUERY, 1, &error), &Dice(0)), Verdict::Again(_)));
}

#[test]
fn it_ends() {
    assert_eq!(verdict(&QUERY, 3, &Error::unavailable("down")), Verdict::Stop(Stop::Attempts));
    assert_eq!(verdict(&QUERY, 1, &Error::not_found("no")), Verdict::Stop(Stop::Code));
    assert_eq!(verdict(&QUERY, 1, &Error::cancelled("gone")), Verdict::Stop(Stop::Code));
}

#[test]
fn the_callee_is_heard_and_its_callers_are_spread() {
    let error = Error::unavailable("busy").with_retry_after(Duration::from_secs(2));
    assert_eq!(verdict(&QUERY, 1, &error), Verdict::Again(Duration::from_secs(7)));
    let soonest = judge(&RetryConfig::STANDARD, &failed(&QUERY, 1, &error), &Dice(0));
    assert_eq!(soonest, Verdict::Again(Duration::from_secs(2)));
    let throttled = Error::resource_exhausted("slow down");
    assert_eq!(verdict(&QUERY, 1, &throttled), Verdict::Again(Duration::from_secs(1)));
}

#[test]
fn no_pause_outlasts_the_deadline() {
    let error = Error::unavailable("down");
    let now = Instant::now();
    let deadline = Some(now + Duration::from_millis(50));
    let failed = Failed { now, deadline, ..failed(&QUERY, 1, &error) };
    assert_eq!(
        judge(&RetryConfig::STANDARD, &failed, &Dice(u64::MAX)),
        Verdict::Stop(Stop::Deadline)
    );
    assert!(matches!(judge(&RetryConfig::STANDARD, &failed, &Dice(0)), Verdict::Again(_)));
}

#[test]
fn each_jitter_has_its_bounds() {
    let error = Error::unavailable("gone");
    let base = Duration::from_millis(100);
    let near =
        |found: Duration, wanted: Duration| found.abs_diff(wanted) <= Duration::from_micros(1);
    let full = Duration::ZERO..=base;
    for (jitter, bounds) in
        [(Jitter::Full, full), (Jitter::Equal, base / 2..=base), (Jitter::None, base..=base)]
    {
        let config = RetryConfig { jitter, base, ..RetryConfig::STANDARD };
        let least = pause(&config, &failed(&QUERY, 1, &error), &Dice(0));
        let most = pause(&config, &failed(&QUERY, 1, &error), &Dice(u64::MAX));
        assert!(near(least, *bounds.start()), "{jitter:?} {least:?}");
        assert!(near(most, *bounds.end()), "{jitter:?} {most:?}");
    }
}
