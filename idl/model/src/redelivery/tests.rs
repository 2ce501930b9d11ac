//! Numbers that can be worked out by hand.

use super::*;
use crate::timing::tests::world;

const S: u64 = 1_000_000_000;

fn of_on(text: &str, handler: &str) -> Option<Redelivery> {
    let events = "service A { command Go(id @1: uuid) emits E  event E { id @1: uuid } key id }";
    let world = world(&format!("{events} {text}"));
    let timing = Timing::new(&world);
    let on = world.subscriptions.iter().find(|(_, on)| on.info.name == handler);
    Redelivery::of_subscription(&world, &timing, on.expect("a handler of that name").1)
}

fn of_queue(text: &str) -> Option<Redelivery> {
    let world = world(text);
    let queued = world.operations.iter().find(|(_, op)| op.queue.is_some());
    Redelivery::of_queued(&world, &Timing::new(&world), queued.expect("a queued command").0)
}

#[test]
fn unwritten_it_is_ten_times_and_half_a_minute() {
    let again = of_on("service B { on E do Note }", "Note").unwrap();
    assert_eq!((again.deliveries, again.total, again.pauses), (10, 3 * S, Pauses::STANDARD));
    // Nobody asks for a wait: 200, 400, 800 ms before the fourth.
    assert_eq!(again.begin(4), 3 * 3 * S + 1_400_000_000);
    assert_eq!(again.over(), 10 * 3 * S + 9 * 30 * S);
}

#[test]
fn handlers_of_one_event_take_their_turns() {
    let policy = "policy Slow { timeout { attempt 5s total 7s } }";
    let again =
        of_on(&format!("{policy} service B {{ on E do Note  on E do Keep policy Slow }}"), "Note");
    assert_eq!(again.map(|again| again.total), Some(10 * S));
}

#[test]
fn a_service_is_eager_and_a_handler_that_names_a_policy_means_it() {
    let policy =
        "policy Eager { retry { attempts 2 backoff linear 1s..3s } } policy Own extends Eager { }";
    let of = |on: &str| of_on(&format!("{policy} service B {{ {on} }}"), "Note").unwrap();
    let linear = Pauses { backoff: Backoff::Linear, base: S, cap: 3 * S };
    assert_eq!(of("policy Eager on E do Note").pauses, Pauses::STANDARD);
    assert_eq!(of("on E do Note policy Eager").pauses, linear);
    assert_eq!(of("on E do Note policy Own").pauses, linear);
    assert_eq!(of("on E do Note policy Own").deliveries, 10);
}

#[test]
fn a_wait_that_a_callee_may_ask_for_is_room_for_it() {
    let text = "error Busy is unavailable retryable after 2m
      service B { on E do Note calls Press }
      service C { command Press(id @1: uuid) errors { Busy } idempotent by id }";
    // Two minutes, and five seconds to spread those who come again.
    let text = text.replace("calls Press }", "calls C.Press }");
    assert_eq!(of_on(&text, "Note").unwrap().pauses.cap, 125 * S);
}

#[test]
fn a_queue_says_how_often() {
    let of = |queue: &str| of_queue(&format!("service A {{ command Go(id @1: uuid) {queue} }}"));
    assert_eq!(of("queue { attempts 4 }").map(|again| again.over()), Some((4 * 3 + 3 * 30) * S));
    assert_eq!(of("queue { concurrency 2 }").map(|again| again.deliveries), Some(10));
    let once = of("queue { attempts 1 }").unwrap();
    assert_eq!((once.longest_pause(), once.over()), (0, 3 * S));
    assert_eq!(of("queue { attempts 4 } delivery at_most_once"), None);
}
