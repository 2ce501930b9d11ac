//! Many messages, many kills at any moment.

use std::time::Instant;

use svckit_core::clock::{Clock, Rng, SystemClock, SystemRng};

use super::say::{A, Say};
use super::{Backend, Setup, World};

/// What a soak came to.
#[derive(Clone, Copy, Debug)]
pub struct Soaked {
    /// Messages that were published, and handled once each.
    pub messages: u32,
    /// Processes that were killed on the way.
    pub kills: u32,
    /// Deliveries that were not the first of their message.
    pub redelivered: u64,
    /// How long it took, seconds.
    pub seconds: f64,
}

/// How many are published at once.
const BATCH: u32 = 500;
/// So many wait at most: the rest is published when there is room.
const WAITING: u64 = 20_000;

/// Publishes `messages` over SQLite files, has two processes work them off, and kills one of them `kills` times at random
/// moments.
///
/// # Panics
/// If one is lost, has its effect twice, or comes out of the order of its key.
pub async fn soak(messages: u32, kills: u32) -> Soaked {
    let began = SystemClock.now();
    // Short lists of effects, however many messages there are.
    let keys = (messages / 50).max(1);
    let setup =
        Setup { services: vec![A.into()], concurrency: 64, attempts: 20, ..Setup::default() };
    let mut world = World::new(Backend::Sqlite);
    let mut workers = [world.start(&setup).await, world.start(&setup).await];
    let (mut published, mut killed) = (0, 0);
    while published < messages || killed < kills {
        if published < messages && world.status(A).await.waiting < WAITING {
            let until = (published + BATCH).min(messages);
            let said: Vec<_> =
                (published..until).map(|n| Say::new(n, &format!("k{}", n % keys))).collect();
            world.say(&said).await;
            published = until;
        }
        let due = u64::from(kills) * world.status(A).await.handled / u64::from(messages);
        if u64::from(killed) <= due && killed < kills {
            SystemClock.sleep_until(SystemClock.now() + SystemRng.up_to(MOMENT)).await;
            let victim = usize::try_from(SystemRng.next_u64() % 2).unwrap_or(0);
            world.kill(workers[victim]);
            workers[victim] = world.start(&setup).await;
            killed += 1;
        }
    }
    world.settled_within(MUCH).await;
    once(&world, messages, keys).await;
    let redelivered = world.status(A).await.redelivered;
    let seconds = Instant::duration_since(&SystemClock.now(), began).as_secs_f64();
    Soaked { messages, kills, redelivered, seconds }
}

/// A kill comes so long after it is decided at most.
const MOMENT: std::time::Duration = std::time::Duration::from_millis(50);
/// How long the rest may take.
const MUCH: std::time::Duration = std::time::Duration::from_secs(3600);

async fn once(world: &World, messages: u32, keys: u32) {
    assert!(world.dead().await.is_empty(), "none is given up");
    let mut effects = world.effects(A, A).await;
    for key in 0..keys.min(messages) {
        let expected: Vec<u32> = (key..messages).step_by(keys as usize).collect();
        let found = effects.remove(&format!("k{key}")).unwrap_or_default();
        assert_eq!(found, expected, "the effects of key {key}");
    }
    assert!(effects.is_empty(), "nothing else happened: {effects:?}");
}
