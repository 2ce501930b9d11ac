#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use std::time::Duration;

use super::*;

fn spend(budget: &mut Budget, at: Instant) -> usize {
    (0..10_000).take_while(|_| budget.retry(at)).count()
}

#[test]
fn a_quiet_client_has_the_floor() {
    let now = Instant::now();
    assert_eq!(spend(&mut Budget::new(20, 10, now), now), 100);
}

#[test]
fn calls_add_their_share() {
    let now = Instant::now();
    let mut budget = Budget::new(20, 10, now);
    (0..1_000).for_each(|_| budget.call(now));
    assert_eq!(spend(&mut budget, now), 300);
    assert!(!budget.retry(now + Duration::from_secs(9)));
}

#[test]
fn what_is_older_than_the_window_counts_no_more() {
    let now = Instant::now();
    let mut budget = Budget::new(20, 10, now);
    (0..1_000).for_each(|_| budget.call(now));
    assert_eq!(spend(&mut budget, now), 300);
    assert_eq!(spend(&mut budget, now + Duration::from_secs(10)), 100);
    assert_eq!(spend(&mut budget, now + Duration::from_secs(1_000_000)), 100);
}

#[test]
fn buckets_leave_one_by_one() {
    let now = Instant::now();
    let mut budget = Budget::new(100, 0, now);
    for second in 0..10 {
        budget.call(now + Duration::from_secs(second));
    }
    assert_eq!(spend(&mut budget, now + Duration::from_secs(9)), 10);
    budget.call(now + Duration::from_secs(15));
    // Of the calls the seconds 6 to 9 are left and the new one; the ten retries of second 9 are too.
    assert!(!budget.retry(now + Duration::from_secs(15)));
    assert_eq!(spend(&mut budget, now + Duration::from_secs(19)), 1);
}

#[test]
fn none_is_none_and_a_clock_that_stands_still_is_fine() {
    let now = Instant::now();
    let mut budget = Budget::new(0, 0, now + Duration::from_secs(5));
    budget.call(now);
    assert!(!budget.retry(now));
}
