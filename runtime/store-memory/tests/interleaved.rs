//! Fences in whatever order those who hold them run and wherever they are cut off: keyed commands, their leases and their
//! undo, as shuttle runs them, which picks the next task at random, thousands of times over. A failure prints the schedule
//! that led to it. What the memory is to do here, the other stores are held to by the scenarios that all of them pass.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use svckit_core::store::{
    Claim, Claimed, Close, Commit, Conflict, Finish, RecordKey, Recorded, Slot, Store, Undone,
    Unit, Write,
};
use svckit_store_memory::MemoryStore;

const SCHEDULES: usize = 2_000;
const CALLERS: usize = 5;
const LEASE: Duration = Duration::from_secs(4);
const KEPT: Timestamp = Timestamp::MAX;

/// What is known of the key from outside.
#[derive(Debug, Default)]
struct Seen {
    now: i64,
    /// Who was let in last, unless they gave it back.
    held: Option<u64>,
    greatest: u64,
    /// Who was taken, and what they answered.
    done: Option<u64>,
    undone: Option<Undone>,
}

#[derive(Clone, Default)]
struct World {
    store: MemoryStore,
    seen: Arc<Mutex<Seen>>,
}

fn key() -> RecordKey {
    let (operation, key) = ("shop.v1.Orders.Place".to_owned(), "k".to_owned());
    RecordKey { operation, principal: String::new(), tenant: String::new(), key }
}

fn answer(fence: u64) -> Recorded {
    Recorded::Response(Bytes::from(fence.to_string()))
}

async fn pauses(most: usize) {
    for _ in 0..thread_rng().gen_range(0..most) {
        yield_now().await;
    }
}

/// Runs `work` and drops it after so many polls.
async fn cut(work: impl Future<Output = ()>, mut polls: usize) {
    let mut work = pin!(work);
    std::future::poll_fn(move |cx| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        work.as_mut().poll(cx)
    })
    .await;
}

impl World {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().expect("no test panics in here")
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seen().now).expect("a time")
    }

    async fn claim(&self) -> Claimed {
        let claim = Claim { key: key(), request: [1; 32], now: self.now(), lease: LEASE };
        self.store.claim(claim).await.expect("memory")
    }

    /// As a server does with a command: claims its key, runs it, and commits what it did or gives the key back.
    async fn call(self) {
        match self.claim().await {
            Claimed::Run { fence } => {
                self.let_in(fence);
                self.run(fence).await;
            }
            Claimed::Done(found) => assert_eq!(Some(found), self.seen().done.map(answer)),
            Claimed::Running { until } => assert!(until > self.now()),
            Claimed::Closed => assert!(self.seen().undone.is_some()),
            Claimed::OtherRequest => panic!("there is one request"),
        }
    }

    fn let_in(&self, fence: u64) {
        let mut seen = self.seen();
        assert!(fence > seen.greatest, "{fence} after {}", seen.greatest);
        assert_eq!((seen.done, seen.undone), (None, None), "what is over is not run");
        (seen.held, seen.greatest) = (Some(fence), fence);
    }

    async fn run(&self, fence: u64) {
        pauses(6).await;
        if thread_rng().gen_bool(0.3) {
            self.store.release(key(), fence).await.expect("memory");
            let mut seen = self.seen();
            seen.held = seen.held.filter(|held| *held != fence);
            return;
        }
        let outcome = answer(fence);
        let write = Write { table: "effects", key: fence.to_string(), value: Some(Bytes::new()) };
        let finish = Finish { key: key(), fence, outcome, keep_until: KEPT };
        let unit =
            Unit { now: self.now(), writes: vec![write], finish: Some(finish), ..Unit::default() };
        let commit = self.store.commit(unit).await.expect("memory");
        let mut seen = self.seen();
        let holds = seen.held == Some(fence) && seen.undone.is_none();
        match commit {
            Commit::Done => {
                assert!(holds, "{fence} was overtaken: {seen:?}");
                assert_eq!(seen.done.replace(fence), None, "it was done before");
                seen.held = None;
            }
            Commit::Refused(Conflict::Fenced) => assert!(!holds, "{fence} holds it: {seen:?}"),
            Commit::Refused(other) => panic!("{other:?}"),
        }
    }

    /// As a server does with an undo: looks for what there is, and closes the key.
    async fn undo(self) {
        loop {
            let found = match self.store.slot(key(), self.now()).await.expect("memory") {
                Slot::Succeeded => Undone::Effect,
                Slot::Free | Slot::Running | Slot::Failed => Undone::Nothing,
                Slot::Closed(_) => panic!("nobody else undoes it"),
            };
            pauses(4).await;
            let close = Close { key: key(), found, keep_until: KEPT };
            let unit = Unit { now: self.now(), close: Some(close), ..Unit::default() };
            match self.store.commit(unit).await.expect("memory") {
                Commit::Done => {
                    let mut seen = self.seen();
                    let effect = if seen.done.is_some() { Undone::Effect } else { Undone::Nothing };
                    assert_eq!(found, effect, "an undo knows what it undoes: {seen:?}");
                    seen.undone = Some(found);
                    return;
                }
                Commit::Refused(Conflict::Reopened) => {}
                Commit::Refused(other) => panic!("{other:?}"),
            }
        }
    }

    /// Nobody is there any more.
    async fn over(self) {
        let (done, undone) = {
            let mut seen = self.seen();
            seen.now += 1_000;
            (seen.done, seen.undone)
        };
        let range = svckit_core::store::Range { prefix: String::new(), after: None, limit: 10 };
        let effects = self.store.scan("effects", range).await.expect("memory");
        let effects: Vec<_> = effects.into_iter().map(|(fence, _)| fence).collect();
        assert_eq!(effects, Vec::from_iter(done.map(|fence| fence.to_string())), "once at most");
        match (self.claim().await, done, undone) {
            (Claimed::Closed, _, Some(_)) | (Claimed::Run { .. }, None, None) => {}
            (Claimed::Done(found), Some(fence), None) => assert_eq!(found, answer(fence)),
            other => panic!("{other:?}"),
        }
    }
}

/// Callers of one command at once, each cut off after some polls or not at all, while time passes and somebody undoes it.
async fn story(undone: bool) {
    let world = World::default();
    let mut tasks: Vec<_> = (0..CALLERS)
        .map(|_| {
            let call = world.clone().call();
            spawn(async move {
                pauses(6).await;
                cut(call, thread_rng().gen_range(1..12)).await;
            })
        })
        .collect();
    if undone {
        let undo = world.clone().undo();
        tasks.push(spawn(async move {
            pauses(12).await;
            undo.await;
        }));
    }
    let clock = world.clone();
    tasks.push(spawn(async move {
        for _ in 0..8 {
            pauses(4).await;
            clock.seen().now += 1;
        }
    }));
    for task in tasks {
        task.await.expect("nobody panics");
    }
    world.over().await;
}

#[test]
fn a_command_is_done_once_and_by_who_holds_its_key() {
    shuttle::check_random(|| block_on(story(false)), SCHEDULES);
}

#[test]
fn an_undo_and_what_it_undoes_agree_on_which_came_first() {
    shuttle::check_random(|| block_on(story(true)), SCHEDULES);
}
