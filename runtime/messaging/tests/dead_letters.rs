//! What operators do with dead letters.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests hold the clock")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use support::*;
use svckit_core::broker::{Broker, DeadFilter};
use svckit_core::error::{Code, Error};
use svckit_messaging::dead_letter::{self, Done, Redrive};
use svckit_transport_inproc::MemoryBroker;

/// A broker with so many dead letters; every third is malformed.
async fn graveyard(clock: &Arc<TestClock>, count: u32) -> Arc<dyn Broker> {
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let handle = by(|delivery| async move {
        let malformed = number(&delivery).is_multiple_of(3);
        Err(trouble(if malformed {
            Error::invalid_argument("bad")
        } else {
            Error::internal("broken")
        }))
    });
    let mut once = consumer();
    once.attempts = 1;
    let messaging = start(&env(clock, 3), &broker, vec![group(once, handle)], vec![]).await;
    let all = (0..count).map(|n| event(n, "")).collect();
    broker.publish(all, clock.timestamp()).await.unwrap();
    messaging.idle().await.unwrap();
    broker
}

fn malformed() -> DeadFilter {
    DeadFilter { class: Some("malformed".into()), ..DeadFilter::default() }
}

async fn waiting(broker: &Arc<dyn Broker>) -> u64 {
    broker.status().await.unwrap()[0].waiting
}

#[tokio::test(start_paused = true)]
async fn they_are_listed_page_by_page_and_shown_one_by_one() {
    let clock = TestClock::new();
    let broker = graveyard(&clock, 900).await;
    let all = dead_letter::list(&*broker, &DeadFilter::default()).await.unwrap();
    assert_eq!(all.len(), 900, "more than one page");
    assert!(all.is_sorted_by_key(|letter| letter.number));
    assert_eq!(dead_letter::list(&*broker, &malformed()).await.unwrap().len(), 300);
    let some = DeadFilter { limit: 257, ..malformed() };
    assert_eq!(dead_letter::list(&*broker, &some).await.unwrap().len(), 257);
    let one = dead_letter::show(&*broker, all[7].number).await.unwrap();
    assert_eq!(one, all[7]);
    let none = dead_letter::show(&*broker, 100_000).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let clock = TestClock::new();
    let broker = graveyard(&clock, 30).await;
    let what = Redrive { filter: malformed(), dry_run: true, rate: None };
    let done = dead_letter::redrive(&*broker, &env(&clock, 1), &what, |_| {}).await.unwrap();
    assert_eq!(done, Done { found: 10, done: 0 });
    assert_eq!(dead_letter::drop(&*broker, &malformed(), true).await.unwrap(), done);
    assert_eq!(dead_letter::list(&*broker, &DeadFilter::default()).await.unwrap().len(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_keeps_its_rate_and_its_filter() {
    let clock = TestClock::new();
    let broker = graveyard(&clock, 600).await;
    let env = env(&clock, 1);
    for (rate, most) in [(50, 5), (3, 1)] {
        let filter = DeadFilter { limit: 60, ..malformed() };
        let what = Redrive { filter, rate: Some(rate), dry_run: false };
        let (began, mut steps) = (env.clock.now(), Vec::new());
        let done = dead_letter::redrive(&*broker, &env, &what, |step| steps.push(step.done)).await;
        assert_eq!(done.unwrap(), Done { found: 60, done: 60 });
        let took = (env.clock.now() - began).as_secs_f64();
        let expected = 60.0 / f64::from(rate);
        assert!((took - expected).abs() < expected * 0.1 + 0.5, "{took} s at {rate}/s");
        assert!(steps.windows(2).all(|pair| pair[1] - pair[0] <= most), "{steps:?}");
    }
    assert_eq!(waiting(&broker).await, 120);
    let left = dead_letter::list(&*broker, &DeadFilter::default()).await.unwrap();
    assert_eq!(left.len(), 480);
}

#[tokio::test(start_paused = true)]
async fn what_dies_again_meanwhile_is_not_taken_twice() {
    let clock = TestClock::new();
    let broker = graveyard(&clock, 20).await;
    let handle = by(|_| async { Err(trouble(Error::invalid_argument("still bad"))) });
    let messaging = start(&env(&clock, 5), &broker, vec![group(consumer(), handle)], vec![]).await;
    let what = Redrive { rate: Some(10), ..Redrive::default() };
    let done = dead_letter::redrive(&*broker, &env(&clock, 1), &what, |_| {}).await.unwrap();
    assert_eq!(done, Done { found: 20, done: 20 });
    messaging.idle().await.unwrap();
    let again = dead_letter::list(&*broker, &DeadFilter::default()).await.unwrap();
    assert_eq!(again.len(), 20);
    assert!(
        again.iter().all(|letter| letter.failure.reason == "still bad" && letter.attempts == 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_gone() {
    let clock = TestClock::new();
    let broker = graveyard(&clock, 30).await;
    let done = dead_letter::drop(&*broker, &malformed(), false).await.unwrap();
    assert_eq!(done, Done { found: 10, done: 10 });
    assert!(dead_letter::list(&*broker, &malformed()).await.unwrap().is_empty());
    assert_eq!(dead_letter::list(&*broker, &DeadFilter::default()).await.unwrap().len(), 20);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(waiting(&broker).await, 0);
}

fn letter() -> svckit_core::broker::DeadLetter {
    let mut envelope = event(7, "order-1");
    envelope.name = "shop.orders.v1.Orders.OrderPlaced".into();
    envelope.meta.set("x-tenant", "secret-org");
    svckit_core::broker::DeadLetter {
        number: 17,
        group: "shop.shipping.v1.Shipping".into(),
        position: 3,
        envelope,
        attempts: 5,
        first: jiff::Timestamp::UNIX_EPOCH,
        failure: svckit_core::broker::Failure {
            handler: "ShipOrder".into(),
            reason: "broken\n*/ fn main() {}".into(),
            class: "internal".into(),
            stack: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        },
    }
}

/// The message that a test's text holds.
fn message(text: &str) -> svckit_core::broker::Envelope {
    let begin = text.find("r#").unwrap();
    let open = text[begin..].find("\"\n").unwrap() + begin;
    let close = format!("\n\"{}", "#".repeat(open - begin - 1));
    let end = text[open + 2..].find(&close).unwrap() + open + 2;
    svckit_core::broker::Envelope::from_json(&text[open + 2..end]).unwrap()
}

#[test]
fn a_dead_letter_becomes_a_test_without_what_is_sensitive() {
    let letter = letter();
    let text =
        dead_letter::as_test(&letter, |_| Ok(r###"{"card":"x","note":"\"## \"#"}"###.into()));
    let text = text.unwrap();
    assert!(text.contains("async fn ship_order_of_order_placed_"), "{text}");
    assert!(
        text.lines().all(|line| !line.starts_with("*/")),
        "a reason stays in its comment: {text}"
    );
    assert!(!text.contains("secret-org"));
    let again = message(&text);
    assert_eq!(
        (again.id, &again.name, &again.key),
        (letter.envelope.id, &letter.envelope.name, &letter.envelope.key)
    );
    assert_eq!(again.payload, r###"{"card":"x","note":"\"## \"#"}"###);
}

#[test]
fn what_cannot_be_read_is_not_shown() {
    let refused = dead_letter::as_test(&letter(), |_| Err(Error::invalid_argument("unreadable")));
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
}
