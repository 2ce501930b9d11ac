//! Messages that can't be handled, among good ones.

use futures_util::FutureExt;
use svckit_core::broker::{ContentType, Envelope};

use super::super::say::A;
use super::super::{Act, Label, Say, Scenario, Setup, World};
use super::{KEYS, said, scenario};

const AREA: &str = "Poison";

pub(super) const ALL: &[Scenario] = &[
    scenario(AREA, "refused at once: a dead letter, the others flow", |w| refused(w).boxed_local()),
    scenario(AREA, "a handler that panics each time", |w| panics(w).boxed_local()),
    scenario(AREA, "a handler that never ends", |w| hangs(w).boxed_local()),
    scenario(AREA, "at the head of its key: the key goes on behind it", |w| head(w).boxed_local()),
    scenario(
        AREA,
        "a handler that takes its process down: run alone, given up, its neighbours unharmed",
        |w| kills(w).boxed_local(),
    ),
    scenario(AREA, "payloads that are garbage, truncated, empty", |w| garbage(w).boxed_local()),
    scenario(AREA, "a content type that is foreign here", |w| foreign(w).boxed_local()),
    scenario(
        AREA,
        "the dead letters are out of reach: it stays in its queue, the others flow",
        |w| no_graves(w).boxed_local(),
    ),
    scenario(AREA, "without dead letters: given up and forgotten, the others flow", |w| {
        forgotten(w).boxed_local()
    }),
    scenario(AREA, "bytes and headers of a dead letter are as they came", |w| {
        untouched(w).boxed_local()
    }),
];

/// Every tenth does `act`; those keys of their own that the others need not wait.
fn with(act: Act) -> (Vec<Say>, Vec<Say>) {
    let bad = |say: Say| if say.number % 10 == 4 { say.act(act) } else { say };
    let all: Vec<_> = said(50, &KEYS).into_iter().map(bad).collect();
    let good = all.iter().filter(|say| say.act == Act::Work).cloned().collect();
    (all, good)
}

async fn dead_classes(world: &World) -> Vec<String> {
    world.dead().await.into_iter().map(|letter| letter.failure.class).collect()
}

async fn plays(mut world: World, act: Act, setup: Setup, class: &str) {
    let (all, good) = with(act);
    world.start(&setup).await;
    world.say(&all).await;
    world.settled().await;
    world.all_once(&good).await;
    assert_eq!(dead_classes(&world).await, vec![class; 5]);
}

async fn refused(world: World) {
    plays(world, Act::Refuse, Setup::default(), "malformed").await;
}

async fn panics(world: World) {
    let setup = Setup { attempts: 2, ..Setup::default() };
    plays(world, Act::Panic, setup, "panic").await;
}

async fn hangs(world: World) {
    let setup = Setup { attempts: 2, timeout: 200, ..Setup::default() };
    plays(world, Act::Hang, setup, "deadline_exceeded").await;
}

async fn head(mut world: World) {
    let mut all = said(10, &["k"]);
    all[0] = all[0].clone().act(Act::Refuse);
    all[5] = all[5].clone().act(Act::Panic);
    world.start(&Setup { attempts: 2, ..Setup::default() }).await;
    world.say(&all).await;
    world.settled().await;
    let good: Vec<_> = all.into_iter().filter(|say| say.act == Act::Work).collect();
    world.all_once(&good).await;
    assert_eq!(dead_classes(&world).await, ["malformed", "panic"]);
}

async fn kills(mut world: World) {
    let mut all: Vec<_> = said(20, &[""]).into_iter().map(|say| say.act(Act::Slow(30))).collect();
    all[6] = Say::new(6, "").act(Act::Kill);
    let setup = Setup { attempts: 2, lease: 300, ..Setup::default() };
    world.declare(&setup).await;
    world.say(&all).await;
    // Two attempts, three times alone; then it is not run any more.
    for _ in 0..5 {
        let worker = world.start(&setup).await;
        world.dies(worker, Label::Kill).await;
    }
    world.start(&setup).await;
    world.settled().await;
    all.remove(6);
    world.all_once(&all).await;
    assert_eq!(dead_classes(&world).await, ["crash"]);
}

async fn bad_envelopes(mut world: World, spoil: impl Fn(usize, &mut Envelope)) {
    let all = said(40, &KEYS);
    let now = world.now();
    let mut envelopes: Vec<_> = all.iter().map(|say| say.event(now)).collect();
    for (at, envelope) in envelopes.iter_mut().enumerate().filter(|(at, _)| at % 8 == 3) {
        spoil(at, envelope);
    }
    world.start(&Setup::default()).await;
    world.publish(envelopes).await;
    world.settled().await;
    let good: Vec<_> = all.into_iter().filter(|say| say.number % 8 != 3).collect();
    world.all_once(&good).await;
    let dead = world.dead().await;
    assert_eq!(dead.len(), 5);
    for letter in dead {
        assert_eq!(
            (letter.failure.class.as_str(), letter.attempts),
            ("malformed", 1),
            "{letter:?}"
        );
        assert!(!letter.failure.reason.is_empty());
    }
}

async fn garbage(world: World) {
    bad_envelopes(world, |at, envelope| {
        envelope.payload = match at % 3 {
            0 => vec![0xff; 1000].into(),
            1 => envelope.payload.slice(..envelope.payload.len() / 2),
            _ => bytes::Bytes::new(),
        };
    })
    .await;
}

async fn foreign(world: World) {
    bad_envelopes(world, |_, envelope| envelope.content_type = ContentType::parse("text/xml"))
        .await;
}

async fn no_graves(mut world: World) {
    let (all, good) = with(Act::Refuse);
    let setup = Setup { no_graves: 1_500, concurrency: 2, ..Setup::default() };
    world.start(&setup).await;
    world.say(&all).await;
    world.until("the good ones are done", || async { world.count(A, A).await == good.len() }).await;
    world.settled().await;
    world.all_once(&good).await;
    assert_eq!(dead_classes(&world).await.len(), 5, "none was lost meanwhile");
}

async fn forgotten(mut world: World) {
    let (all, good) = with(Act::Refuse);
    world.start(&Setup { dead_letters: false, ..Setup::default() }).await;
    world.say(&all).await;
    world.settled().await;
    world.all_once(&good).await;
    assert!(world.dead().await.is_empty());
}

async fn untouched(mut world: World) {
    let mut envelope = Say::new(1, "k").act(Act::Refuse).event(world.now());
    envelope.meta.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    envelope.meta.set("x-tenant", "org-1");
    envelope.priority = 5;
    // What is kept is kept to the microsecond.
    let us = envelope.time.as_microsecond();
    envelope.time = jiff::Timestamp::from_microsecond(us).expect("a time of today");
    world.start(&Setup::default()).await;
    world.publish(vec![envelope.clone()]).await;
    world.settled().await;
    let dead = world.dead().await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].envelope, envelope);
    assert_eq!(dead[0].group, A);
    assert_eq!(dead[0].failure.reason, "never");
}
