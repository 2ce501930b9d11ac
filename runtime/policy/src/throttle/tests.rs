use super::*;

/// The AWS SDKs' standard retry mode: its token bucket, step by step.
#[test]
fn the_bucket_of_the_standard_retry_mode() {
    let mut bucket = Throttle::default();
    assert_eq!(bucket.retry(false), Some(14));
    assert_eq!(bucket.tokens(), 486);
    bucket.succeeded(Some(14));
    assert_eq!(bucket.tokens(), 500);
    assert_eq!(bucket.retry(true), Some(5));
    bucket.succeeded(None);
    assert_eq!(bucket.tokens(), 496);
}

#[test]
fn a_run_of_failures_ends_retries_whatever_their_number() {
    let mut bucket = Throttle::default();
    let paid = (0..10_000).filter(|_| bucket.retry(false).is_some()).count();
    assert_eq!(paid, 35, "500 / 14");
    assert_eq!(bucket.tokens(), 10);
    (0..4).for_each(|_| bucket.succeeded(None));
    assert!(bucket.retry(false).is_some(), "successes make room again");
}

#[test]
fn it_never_holds_more_than_it_can() {
    let mut bucket = Throttle::default();
    (0..100).for_each(|_| bucket.succeeded(Some(RETRY)));
    assert_eq!(bucket.tokens(), CAPACITY);
}
