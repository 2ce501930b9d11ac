//! Messages are brought to those who want them.

use futures_util::FutureExt;

use super::super::say::{A, B, QUEUE};
use super::super::{Act, Say, Scenario, Setup, World};
use super::{KEYS, said, scenario};

const AREA: &str = "Delivery";

pub(super) const ALL: &[Scenario] = &[
    scenario(AREA, "each message of an outbox reaches each group once, keys in order", |w| {
        each_once(w).boxed_local()
    }),
    scenario(AREA, "two processes share a group, keys in order", |w| shared(w).boxed_local()),
    scenario(AREA, "two processes, one key: its order holds", |w| one_key(w).boxed_local()),
    scenario(AREA, "a message published twice is handled once", |w| twice(w).boxed_local()),
    scenario(AREA, "a group whose consumers are down gets all when they are up", |w| {
        down(w).boxed_local()
    }),
    scenario(AREA, "a group that is made later gets what is published from then on", |w| {
        late(w).boxed_local()
    }),
    scenario(AREA, "a failing handler is tried again; its key waits, others flow", |w| {
        again(w).boxed_local()
    }),
    scenario(AREA, "of a queue, urgent work comes first, and the rest is not starved", |w| {
        urgent(w).boxed_local()
    }),
    scenario(AREA, "queued work is shared by two processes, each once", |w| queue(w).boxed_local()),
    scenario(AREA, "1,000 messages through outbox, handler, outbox, handler", |w| {
        many(w).boxed_local()
    }),
];

async fn each_once(mut world: World) {
    let said = said(200, &KEYS);
    world.start(&Setup::default()).await;
    world.emit(&said).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn shared(mut world: World) {
    let said = said(200, &KEYS);
    world.start(&Setup::default()).await;
    world.start(&Setup::default()).await;
    world.emit(&said).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn one_key(mut world: World) {
    let said: Vec<_> = said(60, &["only"])
        .into_iter()
        .map(|s| if s.number % 9 == 0 { s.act(Act::Slow(20)) } else { s })
        .collect();
    world.start(&Setup::default()).await;
    world.start(&Setup::default()).await;
    world.say(&said).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn twice(mut world: World) {
    let said = said(50, &KEYS);
    world.start(&Setup::default()).await;
    world.say(&said).await;
    world.say(&said).await;
    world.settled().await;
    // Long settled, and published once more: from an outbox whose relay was killed.
    world.emit(&said).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn down(mut world: World) {
    let said = said(50, &KEYS);
    world.declare(&Setup::default()).await;
    world.say(&said).await;
    world.start(&Setup { services: vec![A.into()], ..Setup::default() }).await;
    world.until("A has done its part", || async { world.count(A, A).await == 50 }).await;
    assert_eq!(world.count(B, B).await, 0);
    world.start(&Setup { services: vec![B.into()], ..Setup::default() }).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn late(mut world: World) {
    let (before, after) = (said(20, &KEYS), said(40, &KEYS).split_off(20));
    world.start(&Setup { services: vec![A.into()], ..Setup::default() }).await;
    world.say(&before).await;
    world.settled().await;
    world.start(&Setup { services: vec![B.into()], ..Setup::default() }).await;
    world.say(&after).await;
    world.settled().await;
    world.once(A, A, &said(40, &KEYS)).await;
    world.once(B, B, &after).await;
}

async fn again(mut world: World) {
    let fails = |say: Say| {
        let times = say.number % 4;
        if say.number.is_multiple_of(5) { say.act(Act::Fail(times)) } else { say }
    };
    let said: Vec<_> = said(60, &KEYS).into_iter().map(fails).collect();
    world.start(&Setup::default()).await;
    world.say(&said).await;
    world.settled().await;
    world.all_once(&said).await;
    assert!(world.dead().await.is_empty());
    assert!(world.status(A).await.redelivered > 0);
}

async fn urgent(mut world: World) {
    let setup = Setup { concurrency: 1, ..Setup::default() };
    world.declare(&setup).await;
    let now = world.now();
    // All of one key: the list of its effects shows the order in which they were handled.
    let calm: Vec<_> = (0..40).map(|n| Say::new(n, "all")).collect();
    let urgent: Vec<_> = (100..140).map(|n| Say::new(n, "all")).collect();
    world.publish(calm.iter().map(|say| say.command(now, 0)).collect()).await;
    world.publish(urgent.iter().map(|say| say.command(now, 7)).collect()).await;
    world.start(&setup).await;
    world.settled().await;
    let order = world.effects(A, QUEUE).await.remove("all").expect("the effects of the queue");
    let place = |n: u32| order.iter().position(|number| *number == n).expect("it was handled");
    assert_eq!(order.len(), 80, "each once");
    let middle = |from: u32| (from..from + 40).map(place).sum::<usize>() / 40;
    assert!(middle(100) < middle(0), "urgent work comes first: {order:?}");
    let first_calm = (0..40).map(place).min();
    assert!(first_calm < Some(40), "the rest is not starved: {order:?}");
}

async fn queue(mut world: World) {
    let said = said(100, &[""]);
    let setup = Setup { concurrency: 4, ..Setup::default() };
    world.start(&setup).await;
    world.start(&setup).await;
    let now = world.now();
    world.publish(said.iter().map(|say| say.command(now, 3)).collect()).await;
    world.settled().await;
    world.once(A, QUEUE, &said).await;
}

async fn many(mut world: World) {
    let said = said(1000, &KEYS);
    world.start(&Setup { concurrency: 64, ..Setup::default() }).await;
    world.emit(&said).await;
    world.settled().await;
    world.all_once(&said).await;
}
