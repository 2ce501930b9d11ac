//! Processes that stop as they should.

use futures_util::FutureExt;

use super::super::say::A;
use super::super::{Act, Label, Say, Scenario, Setup, World};
use super::{KEYS, said, scenario};

const AREA: &str = "Drained";

pub(super) const ALL: &[Scenario] = &[
    scenario(AREA, "under load: what is in hand ends, another process does the rest", |w| {
        under_load(w).boxed_local()
    }),
    scenario(
        AREA,
        "handlers that take too long are ended, their messages given back uncounted",
        |w| too_long(w).boxed_local(),
    ),
    scenario(AREA, "the outbox is emptied before the process goes", |w| emptied(w).boxed_local()),
    scenario(AREA, "killed in the drain", |w| killed(w).boxed_local()),
    scenario(AREA, "a rolling restart of two processes under load", |w| rolling(w).boxed_local()),
];

async fn under_load(mut world: World) {
    let said: Vec<_> = said(100, &KEYS).into_iter().map(|say| say.act(Act::Slow(10))).collect();
    let first = world.start(&Setup::default()).await;
    world.emit(&said).await;
    world.until("it has begun", || async { world.count(A, A).await > 10 }).await;
    assert!(world.drain(first, 10_000).await, "all that it had in hand ended");
    assert_eq!(world.status(A).await.in_flight, 0);
    world.start(&Setup::default()).await;
    world.settled().await;
    world.all_once(&said).await;
    assert_eq!(world.status(A).await.redelivered, 0);
}

async fn too_long(mut world: World) {
    let said = [
        Say::new(1, "a").act(Act::Slow(4_000)),
        Say::new(2, "b").act(Act::Slow(4_000)),
        Say::new(3, "c"),
    ];
    let first = world.start(&Setup::default()).await;
    world.say(&said).await;
    world.until("the quick one is done", || async { world.count(A, A).await == 1 }).await;
    assert!(!world.drain(first, 200).await);
    let status = world.status(A).await;
    assert_eq!((status.in_flight, status.waiting), (0, 2), "given back");
    // Two attempts at most: what was given back was none.
    world.start(&Setup { attempts: 1, ..Setup::default() }).await;
    world.settled().await;
    world.all_once(&said).await;
    assert!(world.dead().await.is_empty());
}

async fn emptied(mut world: World) {
    let said = said(300, &KEYS);
    let relay = Setup { services: vec![], ..Setup::default() };
    world.declare(&Setup::default()).await;
    let first = world.start(&relay).await;
    world.emit(&said).await;
    assert!(world.drain(first, 5_000).await);
    let p = world.store(super::super::say::P);
    assert_eq!(p.outbox_status().await.expect("the store reads").waiting, 0);
    world.start(&Setup::default()).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn killed(mut world: World) {
    let said: Vec<_> = said(60, &KEYS).into_iter().map(|say| say.act(Act::Slow(100))).collect();
    let doomed = world.doomed(&Setup::default(), Some((Label::AfterEffect, 4))).await;
    world.emit(&said).await;
    world.until("it has begun", || async { world.status(A).await.in_flight > 0 }).await;
    world.kill_in_drain(doomed, Label::AfterEffect).await;
    world.start(&Setup::default()).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn rolling(mut world: World) {
    let said: Vec<_> = said(200, &KEYS).into_iter().map(|say| say.act(Act::Slow(5))).collect();
    let mut workers = [world.start(&Setup::default()).await, world.start(&Setup::default()).await];
    for (round, part) in said.chunks(50).enumerate() {
        world.emit(part).await;
        let next = world.start(&Setup::default()).await;
        assert!(world.drain(std::mem::replace(&mut workers[round % 2], next), 10_000).await);
    }
    world.settled().await;
    world.all_once(&said).await;
    assert_eq!(world.status(A).await.redelivered, 0, "nobody fails in a rolling restart");
}
