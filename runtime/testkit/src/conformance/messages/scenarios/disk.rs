//! Disks that are full, files that are damaged or somebody else's.

use futures_util::FutureExt;

use super::super::say::P;
use super::super::{Act, Say, Scenario, Setup, World};
use super::{KEYS, said, scenario};

const AREA: &str = "Disk";
const FILES: &str = "it has no files";

pub(super) const ALL: &[Scenario] = &[
    scenario(
        AREA,
        "the broker's disk is full: all waits in the outbox, and goes when there is room",
        |w| broker_full(w).boxed_local(),
    )
    .not_in_memory(FILES),
    scenario(
        AREA,
        "a service's disk is full: its messages are tried again, and done when there is room",
        |w| store_full(w).boxed_local(),
    )
    .not_in_memory(FILES),
    scenario(AREA, "the broker's file is damaged: the start says so and writes nothing", |w| {
        damaged(w).boxed_local()
    })
    .not_in_memory(FILES),
    scenario(AREA, "the broker's file is none: the start says so and leaves it as it is", |w| {
        foreign(w).boxed_local()
    })
    .not_in_memory(FILES),
];

/// Messages of some size.
fn large(count: u32) -> Vec<Say> {
    said(count, &KEYS)
}

async fn broker_full(mut world: World) {
    let said = large(2_000);
    let pages = pages(&world, "broker.sqlite") + 40;
    let small = Setup { broker_pages: Some(pages), ..Setup::default() };
    world.declare(&small).await;
    // Nobody takes messages, so that the broker fills up.
    let relay = world.start(&Setup { services: vec![], ..small }).await;
    world.emit(&said).await;
    let p = world.store(P).clone();
    let waiting = async || p.outbox_status().await.expect("the store reads").waiting;
    let published = || async { world.status(super::super::say::A).await.published };
    world
        .until("the broker is full", || async {
            let before = (waiting().await, published().await);
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            before.1 > 0 && before == (waiting().await, published().await)
        })
        .await;
    assert!(waiting().await > 0, "what did not fit waits");
    world.kill(relay);
    world.start(&Setup { concurrency: 64, ..Setup::default() }).await;
    world.settled().await;
    world.all_once(&said).await;
}

/// How large a file is.
fn pages(world: &World, name: &str) -> u32 {
    let bytes = std::fs::metadata(world.dir().join(name)).map_or(0, |file| file.len());
    u32::try_from(bytes / 4096).unwrap_or(0)
}

async fn store_full(mut world: World) {
    let said: Vec<_> = (0..600).map(|n| Say::new(n, "")).collect();
    let room = pages(&world, "a.sqlite") + 20;
    let small = Setup { store_pages: Some(room), attempts: 1_000, ..Setup::default() };
    let first = world.start(&small).await;
    world.say(&said).await;
    let count = async || world.count(super::super::say::A, super::super::say::A).await;
    world
        .until("A's disk is full", || async {
            let before = count().await;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            before > 0 && before == count().await
        })
        .await;
    assert!(count().await < 600, "not all fits");
    world.kill(first);
    world.start(&Setup { attempts: 1_000, ..Setup::default() }).await;
    world.settled().await;
    world.all_once(&said).await;
    assert!(world.dead().await.is_empty());
}

async fn damaged(mut world: World) {
    world.say(&[Say::new(1, "k").act(Act::Work)]).await;
    let other = tempfile::TempDir::new().expect("a directory");
    let path = other.path().join("broker.sqlite");
    let mut bytes = vec![0xa5_u8; 64 * 1024];
    bytes[..16].copy_from_slice(b"SQLite format 3\0");
    std::fs::write(&path, &bytes).expect("a file");
    let line = world.refused_in(other.path(), &Setup::default()).await;
    assert!(line.contains("broker.sqlite"), "{line}");
    assert_eq!(std::fs::read(&path).expect("the file is there"), bytes, "nothing was written");
}

async fn foreign(mut world: World) {
    let other = tempfile::TempDir::new().expect("a directory");
    let path = other.path().join("broker.sqlite");
    std::fs::write(&path, "name,age\nada,36\n".repeat(1000)).expect("a file");
    let line = world.refused_in(other.path(), &Setup::default()).await;
    assert!(line.contains("broker.sqlite"), "{line}");
    assert_eq!(std::fs::read(&path).expect("the file is there").len(), 16_000);
}
