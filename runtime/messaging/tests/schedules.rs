//! Schedules: once at each due time, however many instances there are.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests hold the clock")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use support::faulty::{Fault, Faulty};
use support::*;
use svckit_core::broker::Broker;
use svckit_core::message::Every;
use svckit_core::server::Worked;
use svckit_messaging::{Handle, Messaging};
use svckit_transport_inproc::MemoryBroker;

type Times = Arc<Mutex<Vec<Timestamp>>>;

fn ticks() -> (Times, Arc<dyn Handle>) {
    let times = Times::default();
    let seen = times.clone();
    let handle = by(move |delivery| {
        seen.lock().unwrap().push(delivery.envelope.time);
        async { Ok(Worked::Done) }
    });
    (times, handle)
}

async fn instance(
    clock: &Arc<TestClock>,
    broker: &Arc<dyn Broker>,
    every: Every,
    handle: &Arc<dyn Handle>,
    seed: u64,
) -> Messaging {
    start(&env(clock, seed), broker, vec![group(scheduled(every), handle.clone())], vec![]).await
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const MINUTE: Every = Every::Interval(Duration::from_secs(60));

#[tokio::test(start_paused = true)]
async fn of_many_instances_one_runs_each_time() {
    let clock = TestClock::new();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let (times, handle) = ticks();
    let mut all = Vec::new();
    for seed in 0..3 {
        all.push(instance(&clock, &broker, MINUTE, &handle, seed).await);
    }
    tokio::time::sleep(Duration::from_secs(181)).await;
    let expected: Vec<_> =
        (0..4).map(|minute| at(&format!("2027-01-01T00:0{minute}:00Z"))).collect();
    assert_eq!(*times.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_run_once_for_an_interval_and_never_for_cron() {
    let clock = TestClock::new();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let (times, handle) = ticks();
    let first = instance(&clock, &broker, MINUTE, &handle, 1).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    drop(first);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let second = instance(&clock, &broker, MINUTE, &handle, 2).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    second.idle().await.unwrap();
    let expected = ["2027-01-01T00:00:00Z", "2027-01-01T00:01:00Z", "2027-01-01T00:11:00Z"];
    assert_eq!(*times.lock().unwrap(), expected.map(at));
    drop(second);
    // Started again within the same minute: that one was run.
    let third = instance(&clock, &broker, MINUTE, &handle, 3).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    third.idle().await.unwrap();
    assert_eq!(times.lock().unwrap().len(), 3);

    let (times, handle) = ticks();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let _cron = instance(&clock, &broker, Every::Cron("*/5 * * * *"), &handle, 4).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(*times.lock().unwrap(), [at("2027-01-01T00:15:00Z")]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_longer_skips_ticks_and_never_runs_beside_another() {
    let clock = TestClock::new();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let times = Times::default();
    let seen = times.clone();
    let handle = by(move |delivery| {
        seen.lock().unwrap().push(delivery.envelope.time);
        async {
            tokio::time::sleep(Duration::from_secs(150)).await;
            Ok(Worked::Done)
        }
    });
    let mut slow = scheduled(MINUTE);
    slow.timeout = Duration::from_secs(600);
    let messaging = start(&env(&clock, 1), &broker, vec![group(slow, handle)], vec![]).await;
    tokio::time::sleep(Duration::from_secs(310)).await;
    let expected = ["2027-01-01T00:00:00Z", "2027-01-01T00:02:00Z", "2027-01-01T00:05:00Z"];
    assert_eq!(*times.lock().unwrap(), expected.map(at));
    let counters = messaging.status().groups[0].clone();
    assert_eq!((counters.expired, counters.dead), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_runs_the_newest_and_none_twice() {
    let clock = TestClock::new();
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let (times, handle) = ticks();
    let _one = instance(&clock, &broker, MINUTE, &handle, 1).await;
    tokio::time::sleep(Duration::from_secs(70)).await;
    clock.jump(3_600_000);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let expected = ["2027-01-01T00:00:00Z", "2027-01-01T00:01:00Z", "2027-01-01T01:01:00Z"];
    assert_eq!(*times.lock().unwrap(), expected.map(at));
    clock.jump(-3_600_000);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let all = times.lock().unwrap().clone();
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), all.len(), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_for_a_moment_costs_no_tick() {
    let clock = TestClock::new();
    let faulty = Faulty::new(Arc::new(MemoryBroker::new()));
    let broker: Arc<dyn Broker> = faulty.clone();
    let (times, handle) = ticks();
    faulty.set(Fault::Publish, true);
    let _one = instance(&clock, &broker, MINUTE, &handle, 1).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    faulty.set(Fault::Publish, false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(*times.lock().unwrap(), [at("2027-01-01T00:00:00Z")]);
}
