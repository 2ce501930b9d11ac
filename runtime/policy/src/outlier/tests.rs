use proptest::prelude::*;

use super::*;

#[test]
fn a_tenth_of_the_endpoints_and_one_at_least() {
    for (endpoints, expected) in
        [(0, 0), (1, 0), (2, 1), (3, 1), (10, 1), (20, 2), (29, 2), (100, 10)]
    {
        assert_eq!(at_most(endpoints, 10), expected, "{endpoints}");
    }
    assert_eq!(at_most(4, 100), 3, "one always stays");
    assert_eq!(at_most(4, 0), 0);
}

#[test]
fn those_that_were_bad_first_are_left_out() {
    let bad = [Some(7), None, Some(3), Some(5), None, None, None, None, None, None];
    let out = left_out(&bad, 20);
    let at: Vec<_> = out.iter().enumerate().filter(|(_, out)| **out).map(|(at, _)| at).collect();
    assert_eq!(at, [2, 3]);
}

proptest! {
    #[test]
    fn never_more_than_may_and_never_one_that_is_well(
        bad in prop::collection::vec(prop::option::of(0..100_u8), 0..60),
        percent in 0..=100_u32,
    ) {
        let out = left_out(&bad, percent);
        let count = out.iter().filter(|out| **out).count();
        prop_assert!(count <= at_most(bad.len(), percent));
        prop_assert!(out.iter().zip(&bad).all(|(out, bad)| !out || bad.is_some()));
        let all = bad.iter().flatten().count();
        prop_assert_eq!(count, all.min(at_most(bad.len(), percent)));
    }
}
