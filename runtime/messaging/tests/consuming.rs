//! Consumers: each promise of theirs, by a paused clock.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests hold the clock")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use support::faulty::{Fault, Faulty};
use support::*;
use svckit_core::broker::{Broker, DeadFilter, Envelope, Group};
use svckit_core::error::Error;
use svckit_core::server::{Consumer, Worked};
use svckit_messaging::GroupCounters;
use svckit_transport_inproc::MemoryBroker;
use tokio::sync::Semaphore;

struct Bench {
    clock: Arc<TestClock>,
    env: svckit_core::clock::Env,
    faulty: Arc<Faulty>,
    broker: Arc<dyn Broker>,
}

fn bench() -> Bench {
    let clock = TestClock::new();
    let faulty = Faulty::new(Arc::new(MemoryBroker::new()));
    Bench { env: env(&clock, 7), clock, broker: faulty.clone(), faulty }
}

impl Bench {
    async fn publish(&self, messages: Vec<Envelope>) {
        self.broker.publish(messages, self.clock.timestamp()).await.unwrap();
    }

    async fn dead(&self) -> Vec<svckit_core::broker::DeadLetter> {
        self.broker.dead(DeadFilter::default()).await.unwrap()
    }
}

fn of(messaging: &svckit_messaging::Messaging) -> GroupCounters {
    messaging.status().groups[0].clone()
}

#[tokio::test(start_paused = true)]
async fn every_message_is_handled_once_and_in_order_of_its_key() {
    let bench = bench();
    let log = Log::default();
    let (seen, clock) = (log.clone(), bench.env.clock.clone());
    let handle = by(move |delivery| {
        let (seen, clock) = (seen.clone(), clock.clone());
        async move {
            let ms = u64::from(number(&delivery) * 7 % 5);
            clock.sleep_until(clock.now() + Duration::from_millis(ms)).await;
            seen.add(&delivery);
            Ok(Worked::Done)
        }
    });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    let keys = ["a", "b", "c"];
    bench.publish((0..300).map(|n| event(n, keys[n as usize % 3])).collect()).await;
    messaging.idle().await.unwrap();
    for (at, key) in keys.iter().enumerate() {
        let expected: Vec<u32> = (0..300).filter(|n| *n as usize % 3 == at).collect();
        assert_eq!(log.by_key()[*key], expected);
    }
    assert_eq!(of(&messaging).handled, 300);
    assert_eq!(of(&messaging).redelivered + of(&messaging).in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_are_in_hand_than_permits() {
    let bench = bench();
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (in_hand, seen) = (now.clone(), most.clone());
    let handle = by(move |_| {
        let (now, most) = (in_hand.clone(), seen.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Worked::Done)
        }
    });
    let three = Consumer { concurrency: 3, ..consumer() };
    let messaging = start(&bench.env, &bench.broker, vec![group(three, handle)], vec![]).await;
    bench.publish((0..50).map(|n| event(n, "")).collect()).await;
    until("three are in hand", || now.load(Ordering::SeqCst) == 3).await;
    let status = bench.broker.status().await.unwrap();
    assert_eq!(status[0].in_flight, 3, "the broker is asked only for what can be handled");
    messaging.idle().await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_and_its_neighbours_flow() {
    let bench = bench();
    let log = Log::default();
    let seen = log.clone();
    let handle = by(move |delivery| {
        let seen = seen.clone();
        async move {
            if number(&delivery) == 3 && delivery.attempt < 3 {
                return Err(trouble(Error::unavailable("not yet")));
            }
            seen.add(&delivery);
            Ok(Worked::Done)
        }
    });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench
        .publish((0..10).map(|n| event(n, if n % 2 == 1 { "odd" } else { "even" })).collect())
        .await;
    messaging.idle().await.unwrap();
    assert_eq!(log.by_key()["odd"], [1, 3, 5, 7, 9], "a key waits for its head");
    assert_eq!(log.by_key()["even"], [0, 2, 4, 6, 8]);
    let counters = of(&messaging);
    assert_eq!(
        (counters.handled, counters.retried, counters.redelivered, counters.dead),
        (10, 2, 2, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_keeps_failing_is_dead_with_its_reason_and_untouched() {
    let bench = bench();
    let handle = by(|_| async {
        Err(trouble(
            Error::failed_precondition("no such order").with_source(std::io::Error::other("row 7")),
        ))
    });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    let message = event(1, "k");
    bench.publish(vec![message.clone()]).await;
    messaging.idle().await.unwrap();
    let dead = bench.dead().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].envelope, message);
    assert_eq!(dead[0].attempts, 3);
    let failure = &dead[0].failure;
    assert_eq!(
        (failure.handler.as_str(), failure.class.as_str()),
        ("OnHappened", "failed_precondition")
    );
    assert_eq!(failure.stack, "failed_precondition: no such order\ncaused by: row 7");
    assert_eq!((of(&messaging).dead, of(&messaging).retried), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_no_try_could_mend_is_dead_at_once() {
    let bench = bench();
    let handle = by(|_| async { Err(trouble(Error::invalid_argument("unreadable"))) });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    messaging.idle().await.unwrap();
    assert_eq!(bench.dead().await[0].attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn without_dead_letters_it_is_told_and_forgotten() {
    let bench = bench();
    let handle = by(|_| async { Err(trouble(Error::unavailable("down"))) });
    let none = Consumer { dead_letters: false, ..consumer() };
    let messaging = start(&bench.env, &bench.broker, vec![group(none, handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    messaging.idle().await.unwrap();
    assert!(bench.dead().await.is_empty());
    assert_eq!((of(&messaging).dropped, of(&messaging).dead), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_hang_harm_nobody_else() {
    let bench = bench();
    let log = Log::default();
    let seen = log.clone();
    let handle = by(move |delivery| {
        let seen = seen.clone();
        async move {
            match number(&delivery) {
                2 => panic!("oh no, it is {}", 2),
                5 => std::future::pending().await,
                _ => {}
            }
            seen.add(&delivery);
            Ok(Worked::Done)
        }
    });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench.publish((0..8).map(|n| event(n, &n.to_string())).collect()).await;
    messaging.idle().await.unwrap();
    let mut handled = log.numbers();
    handled.sort_unstable();
    assert_eq!(handled, [0, 1, 3, 4, 6, 7]);
    let dead = bench.dead().await;
    let classes: Vec<_> = dead.iter().map(|letter| letter.failure.class.as_str()).collect();
    assert_eq!(classes, ["panic", "deadline_exceeded"]);
    assert!(dead[0].failure.reason.contains("oh no, it is 2"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_extended_while_the_handler_works() {
    let bench = bench();
    let runs = Arc::new(AtomicU32::new(0));
    let count = runs.clone();
    let handle = by(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_secs(200)).await;
            Ok(Worked::Done)
        }
    });
    let slow = Consumer { timeout: Duration::from_secs(300), ..consumer() };
    let messaging = start(&bench.env, &bench.broker, vec![group(slow, handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    messaging.idle().await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1, "six leases long, handed out once");
    assert_eq!(of(&messaging).handled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_handler_and_settles_nothing() {
    let bench = bench();
    let (runs, ended) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (count, over) = (runs.clone(), ended.clone());
    let handle = by(move |delivery| {
        count.fetch_add(1, Ordering::SeqCst);
        let over = over.clone();
        async move {
            let _guard = scopeguard(over);
            if delivery.attempt == 1 {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            Ok(Worked::Done)
        }
    });
    let slow = Consumer { timeout: Duration::from_secs(7200), ..consumer() };
    let messaging = start(&bench.env, &bench.broker, vec![group(slow, handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    until("it runs", || runs.load(Ordering::SeqCst) == 1).await;
    bench.faulty.set(Fault::Fenced, true);
    until("the handler is ended", || ended.load(Ordering::SeqCst) == 1).await;
    bench.faulty.set(Fault::Fenced, false);
    messaging.idle().await.unwrap();
    assert_eq!(
        (of(&messaging).fenced, of(&messaging).handled, runs.load(Ordering::SeqCst)),
        (1, 1, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_could_not_be_extended_in_time_is_lost_by_our_own_clock() {
    let bench = bench();
    let ended = Arc::new(AtomicU32::new(0));
    let over = ended.clone();
    let handle = by(move |delivery| {
        let over = over.clone();
        async move {
            let _guard = scopeguard(over);
            if delivery.attempt == 1 {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            Ok(Worked::Done)
        }
    });
    let slow = Consumer { timeout: Duration::from_secs(7200), ..consumer() };
    let messaging = start(&bench.env, &bench.broker, vec![group(slow, handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    until("it runs", || of(&messaging).in_flight == 1).await;
    let began = bench.env.clock.now();
    bench.faulty.set(Fault::Extend, true);
    until("the handler is ended", || ended.load(Ordering::SeqCst) == 1).await;
    assert_eq!(of(&messaging).redelivered, 0, "before another has the message");
    let took = bench.env.clock.now() - began;
    assert!(took <= Duration::from_secs(40) && took >= Duration::from_secs(20), "{took:?}");
    bench.faulty.set(Fault::Extend, false);
    messaging.idle().await.unwrap();
    assert_eq!(of(&messaging).fenced, 1);
}

/// Counts when it is dropped.
fn scopeguard(count: Arc<AtomicU32>) -> impl Drop {
    struct Guard(Arc<AtomicU32>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    Guard(count)
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_is_waited_for() {
    let bench = bench();
    let log = Log::default();
    let seen = log.clone();
    let handle = by(move |delivery| {
        seen.add(&delivery);
        async { Ok(Worked::Done) }
    });
    bench.faulty.set(Fault::Fetch, true);
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench.publish(vec![event(1, ""), event(2, "")]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(log.numbers().is_empty());
    bench.faulty.set(Fault::Settle, true);
    bench.faulty.set(Fault::Fetch, false);
    until("they are handled", || log.numbers().len() == 2).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(of(&messaging).handled, 0, "nothing counts before it is settled");
    bench.faulty.set(Fault::Settle, false);
    messaging.idle().await.unwrap();
    assert_eq!((of(&messaging).handled, log.numbers().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn poison_whose_dead_letter_cannot_be_written_stays_and_harms_nobody() {
    let bench = bench();
    let log = Log::default();
    let seen = log.clone();
    let handle = by(move |delivery| {
        let seen = seen.clone();
        async move {
            if number(&delivery).is_multiple_of(2) {
                return Err(trouble(Error::invalid_argument("poison")));
            }
            seen.add(&delivery);
            Ok(Worked::Done)
        }
    });
    bench.faulty.set(Fault::Bury, true);
    let two = Consumer { concurrency: 2, ..consumer() };
    let messaging = start(&bench.env, &bench.broker, vec![group(two, handle)], vec![]).await;
    bench.publish((0..20).map(|n| event(n, "")).collect()).await;
    until("all good ones are handled", || log.numbers().len() == 10).await;
    assert!(bench.dead().await.is_empty());
    bench.faulty.set(Fault::Bury, false);
    messaging.idle().await.unwrap();
    assert_eq!(bench.dead().await.len(), 10, "none was lost meanwhile");
    assert_eq!(log.numbers().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_fell_silent_is_asked_anew() {
    let bench = bench();
    let handle = by(|_| async { Ok(Worked::Done) });
    bench.faulty.set(Fault::Silence, true);
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    bench.faulty.set(Fault::Silence, false);
    messaging.idle().await.unwrap();
    assert_eq!((of(&messaging).handled, of(&messaging).silent), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_group_is_no_silence() {
    let bench = bench();
    let handle = by(|_| async { Ok(Worked::Done) });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(of(&messaging).silent, 0);
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_handlers_end_and_gives_the_rest_back() {
    let bench = bench();
    let gate = Arc::new(Semaphore::new(0));
    let (began, open) = (Arc::new(AtomicU32::new(0)), gate.clone());
    let count = began.clone();
    let handle = by(move |delivery| {
        let (open, count) = (open.clone(), count.clone());
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            let wait = if number(&delivery) < 2 { 2 } else { 3600 };
            tokio::select! {
                _ = open.acquire() => {}
                () = tokio::time::sleep(Duration::from_secs(wait)) => {}
            }
            Ok(Worked::Done)
        }
    });
    let four = Consumer { concurrency: 4, timeout: Duration::from_secs(7200), ..consumer() };
    let groups = || vec![group(four.clone(), handle.clone())];
    let messaging = start(&bench.env, &bench.broker, groups(), vec![]).await;
    bench.publish((0..10).map(|n| event(n, "")).collect()).await;
    until("four are in hand", || began.load(Ordering::SeqCst) == 4).await;
    assert!(!messaging.drain(Duration::from_secs(10)).await);
    let status = bench.broker.status().await.unwrap().remove(0);
    assert_eq!((status.handled, status.in_flight, status.waiting), (2, 0, 8));
    gate.add_permits(100);
    let messaging = start(&bench.env, &bench.broker, groups(), vec![]).await;
    messaging.idle().await.unwrap();
    let counters = of(&messaging);
    assert_eq!(
        (counters.handled, counters.redelivered),
        (8, 0),
        "what was given back does not count"
    );
    assert!(messaging.drain(Duration::from_secs(10)).await);
}

#[tokio::test(start_paused = true)]
async fn at_most_once_is_settled_first_and_never_tried_again() {
    let bench = bench();
    let runs = Arc::new(AtomicU32::new(0));
    let count = runs.clone();
    let handle = by(move |delivery| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            // Longer than three leases: there is none to lose.
            tokio::time::sleep(Duration::from_secs(100)).await;
            if number(&delivery) == 1 {
                Err(trouble(Error::unavailable("down")))
            } else {
                Ok(Worked::Done)
            }
        }
    });
    let once = Consumer {
        at_most_once: [EVENT.to_owned()].into(),
        timeout: Duration::from_secs(200),
        ..consumer()
    };
    let messaging = start(&bench.env, &bench.broker, vec![group(once, handle)], vec![]).await;
    bench.publish(vec![event(0, ""), event(1, "")]).await;
    until("both began", || runs.load(Ordering::SeqCst) == 2).await;
    let status = bench.broker.status().await.unwrap().remove(0);
    assert_eq!(
        (status.handled, status.in_flight, status.waiting),
        (2, 0, 0),
        "settled before it is handled"
    );
    until("both ended", || of(&messaging).in_flight == 0).await;
    let counters = of(&messaging);
    assert_eq!((counters.handled, counters.dropped, counters.fenced), (1, 1, 0));
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert!(bench.dead().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_delivered_once_stands_beside_what_is_tried_again() {
    let bench = bench();
    let runs = Log::default();
    let seen = runs.clone();
    let handle = by(move |delivery| {
        let log = seen.clone();
        async move {
            log.0.lock().unwrap().push((delivery.envelope.name.to_string(), delivery.attempt));
            Err(trouble(Error::unavailable("down")))
        }
    });
    let other = "t.v1.T.Shown";
    let mixed = Consumer {
        group: Group {
            name: SERVICE.into(),
            wants: vec![EVENT.into(), other.into()],
            ordered: true,
        },
        at_most_once: [other.to_owned()].into(),
        attempts: 2,
        ..consumer()
    };
    let messaging = start(&bench.env, &bench.broker, vec![group(mixed, handle)], vec![]).await;
    let shown = Envelope { name: other.into(), ..event(1, "b") };
    bench.publish(vec![event(0, "a"), shown]).await;
    until("all is said", || of(&messaging).dropped == 1 && of(&messaging).dead == 1).await;
    let mut runs = runs.0.lock().unwrap().clone();
    runs.sort();
    assert_eq!(runs, [(EVENT.to_owned(), 1), (EVENT.to_owned(), 2), (other.to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_known_is_held_back_until_somebody_knows_it() {
    let bench = bench();
    let knows = Arc::new(AtomicBool::new(false));
    let new = knows.clone();
    let handle = by(move |delivery| {
        let new = new.load(Ordering::SeqCst);
        async move {
            let version = delivery.envelope.version;
            Ok(if version > 1 && !new {
                Worked::TooNew { version, known: 1 }
            } else {
                Worked::Done
            })
        }
    });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    let mut newer = event(1, "a");
    (newer.version, newer.readable_since) = (2, 2);
    bench.publish(vec![newer, event(2, "a"), event(3, "b")]).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let counters = of(&messaging);
    assert!(counters.held >= 9, "it is looked at again: {counters:?}");
    assert_eq!((counters.handled, counters.dead), (1, 0), "its key waits, others flow");
    knows.store(true, Ordering::SeqCst);
    messaging.idle().await.unwrap();
    assert_eq!((of(&messaging).handled, of(&messaging).redelivered), (3, 0));
    assert!(bench.dead().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_came_too_late_is_dead() {
    let bench = bench();
    let handle = by(|_| async { Ok(Worked::Done) });
    let mut late = event(1, "");
    late.expires = Some(bench.clock.timestamp());
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench.publish(vec![late, event(2, "")]).await;
    messaging.idle().await.unwrap();
    assert_eq!(bench.dead().await[0].failure.class, "expired");
    assert_eq!((of(&messaging).expired, of(&messaging).handled), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_inbox_knows_is_a_duplicate() {
    let bench = bench();
    let handle = by(|_| async { Ok(Worked::Duplicate) });
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    bench.publish(vec![event(1, "")]).await;
    messaging.idle().await.unwrap();
    assert_eq!((of(&messaging).duplicates, of(&messaging).handled), (1, 0));
}

/// What takes the process down: the consumers are dropped on the spot, their leases end.
#[tokio::test(start_paused = true)]
async fn what_takes_the_process_down_is_run_alone_and_given_up_and_its_neighbours_survive() {
    let bench = bench();
    let log = Log::default();
    let crash = Arc::new(tokio::sync::Notify::new());
    let (seen, down) = (log.clone(), crash.clone());
    let handle = by(move |delivery| {
        let (seen, down) = (seen.clone(), down.clone());
        async move {
            if number(&delivery) == 5 {
                down.notify_one();
                std::future::pending::<()>().await;
            }
            // The neighbours are in hand at each crash unless the poison is run alone.
            tokio::time::sleep(Duration::from_secs(1)).await;
            seen.add(&delivery);
            Ok(Worked::Done)
        }
    });
    bench.broker.declare(consumer().group).await.unwrap();
    bench.publish((0..8).map(|n| event(n, "")).collect()).await;
    for _ in 0..consumer().attempts + svckit_messaging::consumer::ALONE {
        // A process of its own, that is gone as a whole: nothing is settled.
        let groups = vec![group(consumer(), handle.clone())];
        let silent = Faulty::new(bench.broker.clone());
        let broker: Arc<dyn Broker> = silent.clone();
        let messaging = start(&bench.env, &broker, groups, vec![]).await;
        crash.notified().await;
        silent.set(Fault::Settle, true);
        silent.set(Fault::Extend, true);
        drop(messaging);
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let messaging = start(&bench.env, &bench.broker, vec![group(consumer(), handle)], vec![]).await;
    messaging.idle().await.unwrap();
    let dead = bench.dead().await;
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((dead[0].envelope.id, dead[0].failure.class.as_str()), (event(5, "").id, "crash"));
    let mut handled = log.numbers();
    handled.sort_unstable();
    assert_eq!(handled, [0, 1, 2, 3, 4, 6, 7], "each once: nothing of what died was settled");
}
