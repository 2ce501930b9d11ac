//! What operators do, and what consumers may ask for.

use futures_util::FutureExt;
use svckit_core::broker::{DeadFilter, ReplayFrom};
use svckit_core::clock::Env;
use svckit_messaging::dead_letter::{self, Redrive};

use super::super::say::{A, B};
use super::super::{Act, Label, Say, Scenario, Setup, World};
use super::{said, scenario};

const AREA: &str = "Operated";

pub(super) const ALL: &[Scenario] = &[
    scenario(AREA, "a redrive keeps the message's id, and what is mended is handled once", |w| {
        redriven(w).boxed_local()
    }),
    scenario(AREA, "a redrive of what had its effect already: the inbox leaves it out", |w| {
        known(w).boxed_local()
    }),
    scenario(AREA, "a replay is handled again, each message once", |w| replayed(w).boxed_local()),
    scenario(AREA, "dropped dead letters are gone, the others stay", |w| dropped(w).boxed_local()),
    scenario(AREA, "at most once: killed in the handler, never handled again", |w| {
        at_most_once(w).boxed_local()
    }),
    scenario(AREA, "lag and counters: what waits, is in hand, was handled, is dead", |w| {
        counted(w).boxed_local()
    }),
];

/// Gives all dead letters back; how many there were.
async fn redrive(world: &World) -> u64 {
    let (broker, env) = (world.broker(), Env::default());
    let done = dead_letter::redrive(&*broker, &env, &Redrive::default(), |_| {}).await;
    done.expect("the broker redrives").done
}

async fn redriven(mut world: World) {
    let said: Vec<_> = said(10, &[""]).into_iter().map(|say| say.act(Act::Fail(3))).collect();
    let broken = world.start(&Setup { attempts: 1, ..Setup::default() }).await;
    world.say(&said).await;
    world.settled().await;
    assert_eq!((world.dead().await.len(), world.count(A, A).await), (10, 0));
    assert!(world.drain(broken, 5_000).await);
    world.start(&Setup { attempts: 6, ..Setup::default() }).await;
    assert_eq!(redrive(&world).await, 10);
    world.settled().await;
    world.all_once(&said).await;
    assert!(world.dead().await.is_empty());
}

async fn known(mut world: World) {
    // Its effect is there, the process dies before the ack, and the next one gives it up.
    let said = [Say::new(1, "k")];
    let setup = Setup { attempts: 1, lease: 300, ..Setup::default() };
    world.declare(&setup).await;
    world.say(&said).await;
    let doomed = world.doomed(&setup, Some((Label::BeforeAck, 1))).await;
    world.dies(doomed, Label::BeforeAck).await;
    let mut bad = said[0].event(world.now());
    bad.id = uuid::Uuid::from_u128(77);
    bad.payload = "garbage".into();
    world.publish(vec![bad]).await;
    let second = world.start(&setup).await;
    world.settled().await;
    assert!(world.drain(second, 5_000).await);
    world.start(&setup).await;
    assert_eq!(redrive(&world).await, 1);
    world.settled().await;
    world.all_once(&said).await;
    assert_eq!(world.dead().await.len(), 1, "the garbage died again");
}

async fn replayed(mut world: World) {
    let said = said(20, &["a", "b"]);
    world.start(&Setup::default()).await;
    world.say(&said).await;
    world.settled().await;
    let again = world.broker().replay(A.into(), ReplayFrom::Position(0), world.now()).await;
    assert_eq!(again.expect("the broker replays"), 20);
    world.settled().await;
    let mut twice = said.clone();
    twice.extend(said.clone());
    world.once(A, A, &twice).await;
    // What A told of them the second time is the same messages: B leaves them out.
    world.once(B, B, &said).await;
}

async fn dropped(mut world: World) {
    let act = |say: Say| match say.number % 2 {
        0 => say.act(Act::Refuse),
        _ => say.act(Act::Panic),
    };
    let said: Vec<_> = said(10, &[""]).into_iter().map(act).collect();
    world.start(&Setup { attempts: 1, ..Setup::default() }).await;
    world.say(&said).await;
    world.settled().await;
    let filter = DeadFilter { class: Some("panic".into()), ..DeadFilter::default() };
    let done = dead_letter::drop(&*world.broker(), &filter, false).await.expect("a drop");
    assert_eq!((done.found, done.done), (5, 5));
    let left = world.dead().await;
    assert!(left.len() == 5 && left.iter().all(|letter| letter.failure.class == "malformed"));
}

async fn at_most_once(mut world: World) {
    let said = said(12, &[""]);
    let setup = Setup { at_most_once: true, services: vec![A.into()], ..Setup::default() };
    world.declare(&setup).await;
    world.say(&said).await;
    let doomed = world.doomed(&setup, Some((Label::BeforeEffect, 5))).await;
    world.dies(doomed, Label::BeforeEffect).await;
    let second = world.start(&setup).await;
    world.settled().await;
    // What is settled first is settled before it is done.
    assert!(world.drain(second, 5_000).await);
    let effects = world.effects(A, A).await;
    assert!(effects.values().all(|runs| runs.len() == 1), "none twice: {effects:?}");
    assert!((4..12).contains(&effects.len()), "what was in hand is lost: {effects:?}");
}

async fn counted(mut world: World) {
    let said: Vec<_> = [
        Say::new(1, ""),
        Say::new(2, "").act(Act::Fail(1)),
        Say::new(3, "").act(Act::Refuse),
        Say::new(4, "").act(Act::Slow(600_000)),
    ]
    .into();
    let setup = Setup { timeout: 1_000_000, concurrency: 4, ..Setup::default() };
    world.start(&setup).await;
    world.say(&said).await;
    world
        .until("three are settled", || async {
            let status = world.status(A).await;
            status.handled == 2 && status.dead == 1
        })
        .await;
    let status = world.status(A).await;
    assert_eq!((status.published, status.in_flight, status.waiting), (4, 1, 0));
    assert_eq!(status.redelivered, 1);
    assert!(status.oldest.is_some());
}
