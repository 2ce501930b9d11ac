//! Time: leases, clocks that jump, what comes too late, schedules.

use std::time::Duration;

use futures_util::FutureExt;

use super::super::say::{A, B, CLEAN};
use super::super::{Act, Label, Say, Scenario, Setup, World};
use super::{KEYS, said, scenario};

const AREA: &str = "Time";

pub(super) const ALL: &[Scenario] = &[
    scenario(AREA, "a handler that takes longer than its lease keeps it", |w| {
        slow(w).boxed_local()
    }),
    scenario(
        AREA,
        "a process that stands still longer than its lease, and goes on: no effect twice",
        |w| frozen(w).boxed_local(),
    ),
    scenario(AREA, "the clock jumps an hour ahead", |w| ahead(w).boxed_local()),
    scenario(AREA, "the clock is set back by an hour, with messages waiting and in hand", |w| {
        back(w).boxed_local()
    }),
    scenario(AREA, "the clocks of two processes differ by an hour", |w| differ(w).boxed_local()),
    scenario(AREA, "what came too late is a dead letter", |w| expired(w).boxed_local()),
    scenario(AREA, "three processes, one schedule: each time is run once", |w| {
        ticks(w).boxed_local()
    }),
    scenario(AREA, "killed in a tick: it is run again", |w| killed_tick(w).boxed_local()),
];

async fn slow(mut world: World) {
    let setup = Setup { lease: 2_000, ..Setup::default() };
    world.start(&setup).await;
    world.start(&setup).await;
    let said = [Say::new(1, "k").act(Act::Slow(5_000)), Say::new(2, "k"), Say::new(3, "")];
    world.say(&said).await;
    world.settled().await;
    world.all_once(&said).await;
    assert_eq!(world.status(A).await.redelivered, 0, "nobody else was given it");
}

async fn frozen(mut world: World) {
    let setup = Setup { lease: 500, ..Setup::default() };
    let first = world.start(&setup).await;
    let said: Vec<_> = said(20, &KEYS).into_iter().map(|say| say.act(Act::Slow(50))).collect();
    world.say(&said).await;
    world.until("some are in hand", || async { world.status(A).await.in_flight > 0 }).await;
    world.freeze(first).await;
    let held = world.status(A).await.in_flight;
    world.start(&setup).await;
    world.until("another has done them", || async { world.count(A, A).await == said.len() }).await;
    world.thaw(first);
    world.settled().await;
    world.all_once(&said).await;
    assert!(held > 0);
}

async fn ahead(mut world: World) {
    let said = said(60, &KEYS);
    world.start(&Setup::default()).await;
    world.start(&Setup::default()).await;
    world.emit(&said[..20]).await;
    world.jump(3_600_000);
    world.emit(&said[20..40]).await;
    world.settled().await;
    world.emit(&said[40..]).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn back(mut world: World) {
    let said: Vec<_> = said(60, &KEYS).into_iter().map(|say| say.act(Act::Slow(20))).collect();
    let setup = Setup { concurrency: 2, ..Setup::default() };
    world.start(&setup).await;
    world.emit(&said[..30]).await;
    world.until("it has begun", || async { world.count(A, A).await > 3 }).await;
    world.jump(-3_600_000);
    world.emit(&said[30..]).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn differ(mut world: World) {
    let mut all = said(60, &KEYS);
    // The process that gets it lives an hour ahead from then on.
    all[3] = all[3].clone().act(Act::Jump(3_600_000));
    world.start(&Setup::default()).await;
    world.start(&Setup::default()).await;
    world.say(&all).await;
    world.settled().await;
    world.all_once(&all).await;
}

async fn expired(mut world: World) {
    let said = said(10, &KEYS);
    let now = world.now();
    let mut envelopes: Vec<_> = said.iter().map(|say| say.event(now)).collect();
    envelopes[4].expires = Some(now);
    envelopes[5].expires = now.checked_add(Duration::from_secs(3600)).ok();
    world.start(&Setup::default()).await;
    world.publish(envelopes).await;
    world.settled().await;
    let good: Vec<_> = said.iter().filter(|say| say.number != 4).cloned().collect();
    world.all_once(&good).await;
    let dead = world.dead().await;
    assert_eq!((dead.len(), dead[0].failure.class.as_str()), (1, "expired"));
}

async fn ticks(mut world: World) {
    let setup = Setup { every: Some(250), services: vec![A.into()], ..Setup::default() };
    for _ in 0..3 {
        world.start(&setup).await;
    }
    world.until("it ran some times", || async { world.effects(A, CLEAN).await.len() >= 6 }).await;
    for number in 0..3 {
        world.kill(number);
    }
    for (time, runs) in world.effects(A, CLEAN).await {
        assert_eq!(runs.len(), 1, "{time} is run once");
        let time: jiff::Timestamp = time.parse().expect("a time");
        assert_eq!(time.as_millisecond() % 250, 0, "{time} is a multiple of the interval");
    }
}

async fn killed_tick(mut world: World) {
    let every = Some(20_000);
    let setup = Setup { every, services: vec![A.into()], lease: 300, ..Setup::default() };
    let doomed = world.doomed(&setup, Some((Label::BeforeEffect, 1))).await;
    world.dies(doomed, Label::BeforeEffect).await;
    assert!(world.effects(A, CLEAN).await.is_empty());
    assert_eq!(world.count(B, B).await, 0);
    world.start(&setup).await;
    world.until("it is run", || async { !world.effects(A, CLEAN).await.is_empty() }).await;
    assert!(world.effects(A, CLEAN).await.values().all(|runs| runs.len() == 1));
}
