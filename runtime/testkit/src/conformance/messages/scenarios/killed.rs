//! Processes are killed, at each point of a message's way.

use futures_util::FutureExt;

use super::super::say::A;
use super::super::{Act, Label, Say, Scenario, Setup, World};
use super::{KEYS, said, scenario};

const AREA: &str = "Killed";

macro_rules! killed {
    ($($name:literal at $label:ident;)*) => {
        pub(super) const ALL: &[Scenario] = &[
            $(scenario(AREA, $name, |w| at(w, Label::$label).boxed_local()),)*
            scenario(AREA, "three times at one message, once more each time", |w| thrice(w).boxed_local()),
            scenario(AREA, "ten times at any moment, two processes, under load", |w| anywhere(w).boxed_local()),
            scenario(AREA, "while handlers of one key fail and are tried again", |w| failing(w).boxed_local()),
            scenario(AREA, "the only relay: another goes on within 5 s", |w| relay(w).boxed_local()),
        ];
    };
}

killed! {
    "with messages fetched, before any handler began" at AfterFetch;
    "in the handler, before the effect" at BeforeEffect;
    "while the effect is committed" at DuringEffect;
    "after the effect" at AfterEffect;
    "before the ack" at BeforeAck;
    "after the ack" at AfterAck;
    "before another attempt is asked for" at BeforeRetry;
    "after another attempt was asked for" at AfterRetry;
    "before the dead letter is written" at BeforeBury;
    "after the dead letter was written" at AfterBury;
    "before the outbox is published" at BeforePublish;
    "after it is published, before it leaves the outbox" at AfterPublish;
    "after it left the outbox" at AfterRemove;
}

/// A few of them fail, one for good: so every point is reached.
fn mixed() -> Vec<Say> {
    let act = |say: Say| match say.number {
        7 => say.act(Act::Refuse),
        n if n % 11 == 3 => say.act(Act::Fail(1)),
        _ => say,
    };
    said(60, &KEYS).into_iter().map(act).collect()
}

/// What has an effect.
fn good(said: &[Say]) -> Vec<Say> {
    said.iter().filter(|say| say.act != Act::Refuse).cloned().collect()
}

async fn judged(world: &World, said: &[Say]) {
    world.settled().await;
    world.all_once(&good(said)).await;
    let dead: Vec<_> = world.dead().await.iter().map(|letter| letter.envelope.id).collect();
    let refused = said.iter().filter(|say| say.act == Act::Refuse);
    let refused: Vec<_> = refused.map(|say| say.event(world.now()).id).collect();
    assert_eq!(dead, refused, "each refused message is one dead letter");
}

async fn at(mut world: World, label: Label) {
    let said = mixed();
    let nth = if matches!(label, Label::BeforeBury | Label::AfterBury) { 1 } else { 2 };
    world.declare(&Setup::default()).await;
    // All of it is there when the worker comes, in two parts: so each point is reached twice.
    world.emit(&said[..40]).await;
    let doomed = world.doomed(&Setup::default(), Some((label, nth))).await;
    world.emit(&said[40..]).await;
    world.dies(doomed, label).await;
    world.start(&Setup::default()).await;
    judged(&world, &said).await;
}

async fn thrice(mut world: World) {
    let said = said(20, &["k"]);
    world.declare(&Setup::default()).await;
    world.say(&said).await;
    let one = Setup { concurrency: 1, ..Setup::default() };
    for label in [Label::BeforeEffect, Label::AfterEffect, Label::BeforeAck] {
        let doomed = world.doomed(&one, Some((label, 1))).await;
        world.dies(doomed, label).await;
    }
    world.start(&one).await;
    world.settled().await;
    world.all_once(&said).await;
}

async fn anywhere(mut world: World) {
    let said: Vec<_> = said(400, &KEYS).into_iter().map(|say| say.act(Act::Slow(2))).collect();
    let mut workers = [world.start(&Setup::default()).await, world.start(&Setup::default()).await];
    for (round, part) in said.chunks(40).enumerate() {
        world.emit(part).await;
        let done = u64::from(part[0].number) + 10 + round as u64 * 3;
        world
            .until("it goes on", || async { world.status(A).await.handled >= done.min(380) })
            .await;
        let victim = round % 2;
        world.kill(workers[victim]);
        workers[victim] = world.start(&Setup::default()).await;
    }
    judged(&world, &said).await;
}

async fn failing(mut world: World) {
    let said: Vec<_> =
        said(30, &["k1", "k2"]).into_iter().map(|say| say.act(Act::Fail(1))).collect();
    world.declare(&Setup::default()).await;
    world.say(&said).await;
    for label in [Label::AfterRetry, Label::BeforeRetry, Label::BeforeEffect] {
        let doomed = world.doomed(&Setup::default(), Some((label, 2))).await;
        world.dies(doomed, label).await;
    }
    world.start(&Setup::default()).await;
    judged(&world, &said).await;
}

async fn relay(mut world: World) {
    let said = said(30, &KEYS);
    let doomed = world.doomed(&Setup::default(), Some((Label::AfterPublish, 1))).await;
    let other = Setup { services: vec![], ..Setup::default() };
    world.start(&other).await;
    world.emit(&said[..10]).await;
    // Whichever of the two relays: in the end the doomed one is gone, and the other does it.
    world.kill(doomed);
    world.emit(&said[10..]).await;
    let p = world.store(super::super::say::P).clone();
    let empty = async {
        while p.outbox_status().await.is_ok_and(|status| status.waiting > 0) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let within = tokio::time::timeout(std::time::Duration::from_secs(5), empty).await;
    assert!(within.is_ok(), "the other relays within 5 s");
    world.start(&Setup::default()).await;
    judged(&world, &said).await;
}
