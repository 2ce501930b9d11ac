#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use proptest::prelude::*;
use svckit_core::operation::LimitPer;

use super::*;

const TEN: LimitConfig =
    LimitConfig { every: Duration::from_millis(100), burst: 5, per: LimitPer::Caller };

#[test]
fn a_burst_goes_through_and_then_the_rate() {
    let now = Instant::now();
    let mut share = TokenBucket::new(now);
    let took = (0..100).take_while(|_| share.take(&TEN, now).is_ok()).count();
    assert_eq!(took, 6, "one at the rate and five beyond it");
    let wait = share.take(&TEN, now).expect_err("used up");
    assert_eq!(wait, Duration::from_millis(100));
    assert!(share.take(&TEN, now + wait).is_ok(), "what it said holds");
    assert!(share.take(&TEN, now + wait).is_err());
}

#[test]
fn each_caller_has_a_share_of_its_own() {
    let now = Instant::now();
    let mut limiter = Limiter::new(TEN, now);
    let took = |limiter: &mut Limiter, who| {
        (0..100).take_while(|_| limiter.take(who, now).is_ok()).count()
    };
    assert_eq!(took(&mut limiter, Some("a")), 6);
    assert_eq!(took(&mut limiter, Some("b")), 6);
    assert_eq!(took(&mut limiter, Some("a")), 0);
    assert_eq!(took(&mut limiter, None), 6);
}

#[test]
fn a_million_callers_take_no_more_room_than_ten_thousand() {
    let now = Instant::now();
    let mut limiter = Limiter::new(TEN, now);
    for n in 0..50_000_u32 {
        let _ = limiter.take(Some(&n.to_string()), now);
    }
    assert!(limiter.each.len() <= SHARES);
    let later = now + Duration::from_secs(10);
    assert!(limiter.take(Some("new"), later).is_ok());
    assert_eq!(limiter.each.len(), 1, "those who are gone are forgotten");
}

proptest! {
    #[test]
    fn never_more_than_rate_and_burst(
        steps in prop::collection::vec(0..300_u64, 1..500),
        every in 1..500_u64,
        burst in 0..50_u32,
    ) {
        let config = LimitConfig { every: Duration::from_millis(every), burst, per: LimitPer::All };
        let start = Instant::now();
        let (mut now, mut share, mut took) = (start, TokenBucket::new(start), 0_u64);
        for step in steps {
            now += Duration::from_millis(step);
            match share.take(&config, now) {
                Ok(()) => took += 1,
                Err(wait) => {
                    let mut soon = share;
                    prop_assert!(soon.take(&config, now + wait).is_ok());
                    let mut sooner = share;
                    prop_assert!(sooner.take(&config, now + wait - Duration::from_nanos(1)).is_err());
                }
            }
            let passed = u64::try_from((now - start).as_millis()).expect("short");
            prop_assert!(took <= passed / every + u64::from(burst) + 1);
        }
    }
}

fn crowd(limiter: &mut Limiter, prefix: &str, now: Instant) {
    for n in 0..SHARES {
        assert!(limiter.take(Some(&format!("{prefix}{n}")), now).is_ok());
    }
}

#[test]
fn whose_share_is_used_is_not_forgotten_for_others() {
    let now = Instant::now();
    let once = LimitConfig { burst: 0, ..TEN };
    let mut limiter = Limiter::new(once, now);
    crowd(&mut limiter, "a", now);
    assert!(limiter.take(Some("one more"), now).is_ok(), "from the share for everybody");
    assert!(limiter.take(Some("yet one more"), now).is_err(), "which is used up");
    assert!(limiter.take(Some("a0"), now).is_err());
}

#[test]
fn shares_are_gone_through_now_and_then_and_not_before() {
    let start = Instant::now();
    let once = LimitConfig { burst: 0, ..TEN };
    let mut limiter = Limiter::new(once, start);
    crowd(&mut limiter, "a", start);
    let first = start + Duration::from_secs(10);
    assert!(limiter.take(Some("b"), first).is_ok(), "the first sweep makes room");
    for n in 1..SHARES {
        assert!(limiter.take(Some(&format!("b{n}")), first).is_ok());
    }
    // All of them are full again, but nobody has looked.
    for (later, room) in [(500, false), (1_000, true)] {
        let now = first + Duration::from_millis(later);
        assert!(limiter.take(None, now).is_ok());
        assert_eq!(limiter.take(Some("new"), now).is_ok(), room, "{later} ms");
    }
}

#[test]
fn other_numbers_hold_at_once_and_what_was_used_stays_used() {
    let now = Instant::now();
    let mut limiter = Limiter::new(TEN, now);
    while limiter.take(Some("a"), now).is_ok() {}
    limiter.configure(LimitConfig { burst: TEN.burst + 2, ..TEN });
    let more = (0..100).take_while(|_| limiter.take(Some("a"), now).is_ok()).count();
    assert_eq!(more, 2);
}
