#![allow(clippy::disallowed_methods, reason = "tests begin at any instant")]

use super::*;

fn asked(who: &str, request: u32) -> Asked {
    let request = request.to_be_bytes().to_vec().into();
    Asked { who: who.into(), request, format: Format::Wire }
}

const AGE: Duration = Duration::from_secs(60);

#[test]
fn an_answer_is_given_to_the_same_request_of_the_same_tenant_until_it_is_old() {
    let now = Instant::now();
    let mut answers = Answers::default();
    answers.keep(asked("a", 1), Bytes::from_static(b"one"), now);
    assert_eq!(answers.get(&asked("a", 1), AGE, now + AGE).as_deref(), Some(&b"one"[..]));
    assert_eq!(answers.get(&asked("a", 2), AGE, now), None);
    assert_eq!(answers.get(&asked("b", 1), AGE, now), None, "never to another tenant");
    assert_eq!(answers.get(&asked("a", 1), AGE, now + AGE + Duration::from_nanos(1)), None);
}

#[test]
fn the_oldest_goes_first_and_what_is_kept_is_bounded() {
    let now = Instant::now();
    let mut answers = Answers::default();
    for n in 0..5_000 {
        answers.keep(asked("a", n), Bytes::from_static(b"x"), now);
        answers.keep(asked("a", 4_999), Bytes::from_static(b"y"), now);
        assert!(answers.kept.len() <= ANSWERS && answers.order.len() <= 2 * ANSWERS);
    }
    assert!(answers.get(&asked("a", 0), AGE, now).is_none());
    assert!(answers.get(&asked("a", 4_998), AGE, now).is_some());
    assert!(answers.get(&asked("a", 4_999), AGE, now).is_some());
    let large = Bytes::from(vec![0; BYTES / 3]);
    (0..10).for_each(|n| answers.keep(asked("b", n), large.clone(), now));
    assert!(answers.bytes <= BYTES);
    let counted: usize = answers.kept.iter().map(|(asked, kept)| size(asked, &kept.answer)).sum();
    assert_eq!(answers.bytes, counted);
    answers.keep(asked("c", 1), Bytes::from(vec![0; BYTES + 1]), now);
    assert!(answers.get(&asked("c", 1), AGE, now).is_none(), "too large to be kept");
}

#[test]
fn only_for_a_callee_that_was_not_there() {
    assert!(stands_in(&Error::unavailable("gone")));
    assert!(stands_in(&Error::deadline_exceeded("late")));
    assert!(!stands_in(&Error::not_found("none")));
    assert!(!stands_in(&Error::unavailable("declared").with_domain("a.v1.Down", Bytes::new())));
}

#[test]
fn exactly_as_much_as_may_be_is_kept() {
    let now = Instant::now();
    let (mut answers, beside) = (Answers::default(), "ten".len() + 4);
    answers.keep(asked("ten", 1), Bytes::from(vec![0; BYTES - beside]), now);
    assert!(answers.get(&asked("ten", 1), AGE, now).is_some());
    answers.keep(asked("ten", 2), Bytes::from(vec![0; BYTES - beside + 1]), now);
    assert!(answers.get(&asked("ten", 2), AGE, now).is_none());
    assert!(
        answers.get(&asked("ten", 1), AGE, now).is_some(),
        "what is too large drives nothing out"
    );
    answers.keep(asked("ten", 3), Bytes::new(), now);
    assert!(answers.get(&asked("ten", 1), AGE, now).is_none(), "nor is a byte more");
}

#[test]
fn as_many_as_may_be_are_kept_however_often_one_is_replaced() {
    let (now, mut answers) = (Instant::now(), Answers::default());
    let most = u32::try_from(ANSWERS).expect("it is small");
    (0..most).for_each(|n| answers.keep(asked("a", n), Bytes::new(), now));
    (0..most).for_each(|_| answers.keep(asked("a", 7), Bytes::new(), now));
    (0..most).for_each(|n| assert!(answers.get(&asked("a", n), AGE, now).is_some(), "{n}"));
    answers.keep(asked("a", 7), Bytes::new(), now);
    assert!(answers.get(&asked("a", 0), AGE, now).is_none(), "the order has no more room");
    assert!(answers.get(&asked("a", 1), AGE, now).is_some());
}
