//! Old and new versions side by side.

use futures_util::FutureExt;
use svckit_core::broker::Envelope;

use super::super::say::A;
use super::super::{Say, Scenario, Setup, World};
use super::{said, scenario};

const AREA: &str = "Versions";

pub(super) const ALL: &[Scenario] = &[
    scenario(
        AREA,
        "newer than what is known: held back until a newer process comes, never dead",
        |w| held(w).boxed_local(),
    ),
    scenario(AREA, "newer, and additive: read as what is known", |w| additive(w).boxed_local()),
    scenario(AREA, "an old process beside a new one: each takes what it can read", |w| {
        both(w).boxed_local()
    }),
    scenario(AREA, "an event that no handler here wants is not swallowed", |w| {
        unwanted(w).boxed_local()
    }),
];

fn newer(say: &Say, readable_since: u32, world: &World) -> Envelope {
    Envelope { version: 2, readable_since, ..say.event(world.now()) }
}

async fn held(mut world: World) {
    let said = said(12, &["a", "b"]);
    let old = world.start(&Setup::default()).await;
    let first = newer(&said[0], 2, &world);
    world.publish(vec![first]).await;
    world.say(&said[1..]).await;
    // Its key waits behind it; the other flows.
    world.until("the other key is done", || async { world.count(A, A).await == 6 }).await;
    assert!(world.dead().await.is_empty());
    assert_eq!(world.effects(A, A).await.keys().collect::<Vec<_>>(), ["b"]);
    assert!(world.drain(old, 5_000).await);
    world.start(&Setup { knows: 2, ..Setup::default() }).await;
    world.settled().await;
    world.all_once(&said).await;
    assert_eq!(world.status(A).await.redelivered, 0, "what is held back does not count");
}

async fn additive(mut world: World) {
    let said = said(6, &["a"]);
    world.start(&Setup::default()).await;
    world.publish(said.iter().map(|say| newer(say, 1, &world)).collect()).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn both(mut world: World) {
    let said = said(40, &["a", "b", "c", ""]);
    world.start(&Setup::default()).await;
    world.start(&Setup { knows: 2, ..Setup::default() }).await;
    let envelope = |say: &Say| {
        if say.number.is_multiple_of(3) { newer(say, 2, &world) } else { say.event(world.now()) }
    };
    world.publish(said.iter().map(envelope).collect()).await;
    world.settled().await;
    world.all_once(&said).await;
    assert!(world.dead().await.is_empty());
}

async fn unwanted(mut world: World) {
    use svckit_core::broker::Group;
    let more = Group {
        name: A.into(),
        wants: vec!["p.v1.P.Happened".into(), "p.v1.P.New".into()],
        ordered: true,
    };
    let old = world.start(&Setup::default()).await;
    // A newer instance has made itself known, and is gone for a moment.
    world.broker().declare(more).await.expect("the broker takes a group");
    let said = said(3, &["k"]);
    let mut new = said[0].event(world.now());
    new.name = "p.v1.P.New".into();
    world.publish(vec![new]).await;
    world.say(&said[1..]).await;
    world.until("it was handed out", || async { world.status(A).await.waiting >= 2 }).await;
    assert!(world.drain(old, 5_000).await);
    let status = world.status(A).await;
    assert_eq!((status.waiting, status.handled), (3, 0), "it waits, and its key behind it");
    assert!(world.dead().await.is_empty());
}
