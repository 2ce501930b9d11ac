#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use proptest::prelude::*;

use super::*;

const P95: HedgeConfig = HedgeConfig { after: HedgeAfter::Permille(950), at_most: 1 };

#[test]
fn nothing_is_known_before_enough_was_seen() {
    let now = Instant::now();
    let mut seen = Latencies::new(now);
    for _ in 0..19 {
        seen.note(Duration::from_millis(5), now);
    }
    assert_eq!(pause(&P95, &mut seen, now), None);
    seen.note(Duration::from_millis(5), now);
    assert!(pause(&P95, &mut seen, now).is_some());
    let fixed = HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(7)), at_most: 1 };
    assert_eq!(pause(&fixed, &mut Latencies::new(now), now), Some(Duration::from_millis(7)));
}

#[test]
fn what_is_old_is_forgotten() {
    let now = Instant::now();
    let mut seen = Latencies::new(now);
    (0..100).for_each(|_| seen.note(Duration::from_secs(1), now));
    let next = now + AGE;
    (0..100).for_each(|_| seen.note(Duration::from_millis(1), next));
    assert!(seen.permille(950, next).expect("known") >= Duration::from_secs(1));
    let later = next + AGE;
    (0..20).for_each(|_| seen.note(Duration::from_millis(1), later));
    assert!(seen.permille(950, later).expect("known") < Duration::from_millis(2));
    assert_eq!(seen.permille(950, later + AGE * 2), None);
}

proptest! {
    #[test]
    fn percentiles_are_right_within_an_eighth(
        mut times in prop::collection::vec(1..10_000_000_u64, 20..400),
        permille in 1..=1000_u32,
    ) {
        let now = Instant::now();
        let mut seen = Latencies::new(now);
        times.iter().for_each(|micros| seen.note(Duration::from_micros(*micros), now));
        times.sort_unstable();
        let count = u32::try_from(times.len()).expect("few");
        let rank = usize::try_from((count * permille).div_ceil(1000)).expect("small").max(1);
        let exact = times[rank - 1];
        let said = u64::try_from(seen.permille(permille, now).expect("enough").as_micros()).expect("short");
        prop_assert!(said >= exact && said <= exact + exact.div_ceil(8) + 1, "{said} of {exact}");
    }
}

#[test]
fn a_half_is_over_when_its_time_is() {
    let now = Instant::now();
    let mut seen = Latencies::new(now);
    (0..100).for_each(|_| seen.note(Duration::from_secs(1), now));
    assert!(seen.permille(950, now + AGE).is_some());
    assert!(seen.permille(950, now + AGE * 2 - Duration::from_nanos(1)).is_some());
    assert!(seen.permille(950, now + AGE * 2).is_none());
}

#[test]
fn a_time_beyond_all_counts_as_the_longest() {
    let now = Instant::now();
    let mut seen = Latencies::new(now);
    (0..100).for_each(|_| seen.note(Duration::MAX, now));
    assert_eq!(seen.permille(500, now), Some(upper(BUCKETS - 1)));
}
