use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use svckit_core::broker::{Envelope, Group, Token};
use svckit_core::call::Metadata;
use svckit_core::operation::Backoff;
use uuid::Uuid;

use super::*;

struct Dice(u64);

impl Rng for Dice {
    fn next_u64(&self) -> u64 {
        self.0
    }
}

fn now() -> Timestamp {
    "2027-03-01T00:00:00Z".parse().unwrap()
}

fn consumer() -> Consumer {
    Consumer {
        group: Group { name: "t.v1.T".into(), wants: vec!["t.v1.T.E".into()], ordered: true },
        service: "t.v1.T",
        concurrency: 1,
        attempts: 5,
        pauses: BTreeMap::new(),
        dead_letters: true,
        at_most_once: BTreeSet::new(),
        timeout: Duration::from_secs(3),
        every: None,
    }
}

fn delivery(attempt: u32) -> Delivery {
    let envelope = Envelope {
        id: Uuid::nil(),
        kind: Kind::Event,
        source: "t.v1.T".into(),
        name: "t.v1.T.E".into(),
        version: 1,
        readable_since: 1,
        key: "".into(),
        time: now(),
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: vec![1, 2, 3].into(),
        expires: None,
        priority: 0,
        retain: Duration::ZERO,
    };
    let token = Token { group: "t.v1.T".into(), position: 1, fence: 1 };
    Delivery { token, envelope, attempt, replay: 0, first: now() }
}

fn trouble(error: Error, permanent: bool) -> Failed {
    let class = error.code().name();
    Failed::Trouble(Trouble { handler: "OnE".into(), class, permanent, error })
}

fn pause_ms(attempt: u32, failed: &Failed, dice: u64) -> i64 {
    let consumer = Consumer { attempts: 100, ..consumer() };
    match after(&consumer, &delivery(attempt), failed, now(), &Dice(dice)) {
        Settlement::Retry { at } => at.as_millisecond() - now().as_millisecond(),
        other => panic!("{other:?}"),
    }
}

fn class_of(before: Before) -> String {
    match before {
        Before::Dead(failure) => failure.class,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pauses_double_up_to_the_cap_with_full_jitter() {
    let down = trouble(Error::unavailable("down"), false);
    let longest: Vec<_> = (1..=11).map(|attempt| pause_ms(attempt, &down, u64::MAX)).collect();
    assert_eq!(
        longest,
        [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]
    );
    assert_eq!(pause_ms(9, &down, 0), 0);
    assert_eq!(pause_ms(1, &Failed::Panic("oh".into()), u64::MAX), 200);
    assert_eq!(pause_ms(1, &Failed::Timeout(Duration::ZERO), u64::MAX), 200);
    let throttled = trouble(Error::resource_exhausted("slow down"), false);
    assert_eq!(pause_ms(1, &throttled, u64::MAX), 1_000);
}

#[test]
fn a_wait_that_the_handler_asks_for_is_kept_and_spread() {
    let busy = |after| trouble(Error::unavailable("busy").with_retry_after(after), false);
    assert_eq!(pause_ms(1, &busy(Duration::from_secs(20)), 0), 20_000);
    assert_eq!(pause_ms(1, &busy(Duration::from_secs(20)), u64::MAX), 25_000);
    assert_eq!(pause_ms(1, &busy(Duration::from_millis(200)), u64::MAX), 400);
}

#[test]
fn no_pause_is_longer_than_what_the_compiler_counted_on() {
    let busy = |after| trouble(Error::unavailable("busy").with_retry_after(after), false);
    for (asked, dice, waits) in [
        (Duration::from_secs(28), u64::MAX, 30_000),
        (Duration::from_secs(30), u64::MAX, 30_000),
        (Duration::from_secs(60), 0, 30_000),
        (Duration::from_secs(60), u64::MAX, 25_000),
        (Duration::MAX, 0, 30_000),
    ] {
        assert_eq!(pause_ms(1, &busy(asked), dice), waits, "{asked:?}");
    }
}

#[test]
fn a_handler_may_have_pauses_of_its_own() {
    let throttled = trouble(Error::resource_exhausted("slow down"), false);
    let down = trouble(Error::unavailable("down"), false);
    let judged = |backoff, attempt, failed: &Failed| {
        let (base, cap) = (Duration::from_secs(2), Duration::from_secs(7));
        let pauses = [("t.v1.T.E".to_owned(), Pauses { backoff, base, cap })].into();
        let consumer = Consumer { pauses, attempts: 100, ..consumer() };
        match after(&consumer, &delivery(attempt), failed, now(), &Dice(u64::MAX)) {
            Settlement::Retry { at } => at.as_second() - now().as_second(),
            other => panic!("{other:?}"),
        }
    };
    let grown = |backoff| [1, 2, 3, 4].map(|attempt| judged(backoff, attempt, &down));
    assert_eq!(grown(Backoff::Exponential), [2, 4, 7, 7]);
    assert_eq!(grown(Backoff::Linear), [2, 4, 6, 7]);
    assert_eq!(grown(Backoff::Constant), [2, 2, 2, 2]);
    assert_eq!(judged(Backoff::Constant, 1, &throttled), 2);
}

#[test]
fn the_last_attempt_and_what_no_try_could_mend_are_dead() {
    let down = trouble(Error::unavailable("down"), false);
    let judged =
        |attempt, failed: &Failed| after(&consumer(), &delivery(attempt), failed, now(), &Dice(0));
    assert!(matches!(judged(4, &down), Settlement::Retry { .. }));
    let Settlement::Dead(failure) = judged(5, &down) else { panic!("not dead") };
    assert_eq!((failure.handler.as_str(), failure.class.as_str()), ("OnE", "unavailable"));
    assert_eq!((failure.reason.as_str(), failure.at), ("down", now()));
    let bad = trouble(Error::invalid_argument("no such form"), true);
    assert!(matches!(judged(1, &bad), Settlement::Dead(_)));
    let Settlement::Dead(failure) = judged(5, &Failed::Panic("index 3".into())) else { panic!() };
    assert_eq!(
        (failure.class.as_str(), failure.reason.as_str()),
        ("panic", "the handler panicked: index 3")
    );
}

#[derive(Debug)]
struct Cause(u32);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cause {} {}", self.0, "ä".repeat(500))
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        static CAUSES: [Cause; 30] = {
            let mut all = [const { Cause(0) }; 30];
            let mut at = 0;
            while at < 30 {
                all[at] = Cause(at as u32 + 1);
                at += 1;
            }
            all
        };
        CAUSES.get(self.0 as usize).map(|cause| cause as _)
    }
}

#[test]
fn the_stack_names_causes_and_is_bounded() {
    let error = Error::internal("broken").with_source(Cause(0));
    let Settlement::Dead(failure) =
        after(&consumer(), &delivery(5), &trouble(error, false), now(), &Dice(0))
    else {
        panic!("not dead")
    };
    assert!(failure.stack.starts_with("internal: broken\ncaused by: cause 0 ä"));
    assert!(failure.stack.contains("\ncaused by: cause 3 "));
    assert!(failure.stack.len() <= STACK && failure.stack.len() > STACK - 4);
    let long = trouble(Error::internal("x".repeat(100_000)), false);
    let Settlement::Dead(failure) = after(&consumer(), &delivery(5), &long, now(), &Dice(0)) else {
        panic!("not dead")
    };
    assert_eq!((failure.reason.len(), failure.stack.len()), (REASON, STACK));
}

#[test]
fn what_came_too_late_is_dead_and_a_tick_of_no_use() {
    let mut late = delivery(1);
    late.envelope.expires = Some(now());
    assert_eq!(class_of(before(&consumer(), &late, now())), "expired");
    late.envelope.kind = Kind::Tick;
    assert_eq!(before(&consumer(), &late, now()), Before::Skip);
    late.envelope.expires = Some(later(now(), Duration::from_millis(1)));
    assert_eq!(before(&consumer(), &late, now()), Before::Run);
}

#[test]
fn what_is_foreign_or_too_large_is_malformed() {
    let mut foreign = delivery(1);
    foreign.envelope.content_type = ContentType::parse("text/xml\u{7}");
    let Before::Dead(failure) = before(&consumer(), &foreign, now()) else { panic!("not dead") };
    assert_eq!(failure.class, "malformed");
    assert!(failure.reason.contains(r"text/xml\u{7}"), "{}", failure.reason);
    let mut large = delivery(1);
    large.envelope.payload = vec![0; LARGEST + 1].into();
    assert_eq!(class_of(before(&consumer(), &large, now())), "malformed");
}

#[test]
fn what_nobody_here_handles_is_held_back() {
    let mut other = delivery(1);
    other.envelope.name = "t.v1.T.Newer".into();
    assert!(
        matches!(before(&consumer(), &other, now()), Before::Hold(why) if why.contains("t.v1.T.Newer"))
    );
}

#[test]
fn what_never_came_back_is_run_alone_and_then_given_up() {
    for (attempt, expected) in [(5, false), (6, true), (8, true), (9, true)] {
        assert_eq!(suspect(&consumer(), &delivery(attempt)), expected, "{attempt}");
    }
    assert_eq!(before(&consumer(), &delivery(8), now()), Before::Run);
    let Before::Dead(failure) = before(&consumer(), &delivery(9), now()) else {
        panic!("not dead")
    };
    assert_eq!(failure.class, "crash");
    assert!(failure.reason.contains("handed out 8 times"), "{}", failure.reason);
}
