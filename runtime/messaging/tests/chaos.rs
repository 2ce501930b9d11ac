//! Random failures, panics, timeouts, lost leases, brokers that are away and processes that vanish: nothing is lost, no
//! effect happens twice, the order of each key holds.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests hold the clock")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use support::faulty::{Fault, Faulty};
use support::*;
use svckit_core::broker::{Broker, DeadFilter, Delivery};
use svckit_core::clock::{Env, Rng};
use svckit_core::error::Error;
use svckit_core::server::{Consumer, Trouble, Worked};
use svckit_core::store::{Read, Store, Unit, Write};
use svckit_messaging::Handle;
use svckit_store_memory::MemoryStore;
use svckit_transport_inproc::MemoryBroker;

const MESSAGES: u32 = 60;
const KEYS: [&str; 4] = ["a", "b", "c", ""];
const TABLE: &str = "effects";

#[derive(Clone, Copy, Debug)]
enum Mishap {
    Fault(Fault, u64),
    Crash(usize),
    Jump(i64),
    Wait(u64),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let fault = prop::sample::select(vec![
        Fault::Publish,
        Fault::Fetch,
        Fault::Settle,
        Fault::Bury,
        Fault::Extend,
        Fault::Fenced,
        Fault::LostConfirm,
        Fault::Silence,
    ]);
    prop_oneof![
        4 => (fault, 1..40_000_u64).prop_map(|(fault, ms)| Mishap::Fault(fault, ms)),
        3 => (0..2_usize).prop_map(Mishap::Crash),
        1 => (-100_000..100_000_i64).prop_map(Mishap::Jump),
        3 => (1..5_000_u64).prop_map(Mishap::Wait),
    ]
}

/// Writes down each message in its store, in one unit with the inbox, and emits another for some.
struct Worker {
    env: Env,
    store: Arc<dyn Store>,
    dice: Arc<dyn Rng>,
}

impl Worker {
    async fn work(self: Arc<Self>, delivery: Arc<Delivery>) -> Result<Worked, Trouble> {
        let dice = self.dice.next_u64();
        let clock = &self.env.clock;
        let nap = |ms| clock.sleep_until(clock.now() + Duration::from_millis(ms));
        nap(dice % 50).await;
        match dice >> 32 & 0xf {
            0 => return Err(trouble(Error::unavailable("chance"))),
            1 => panic!("chance"),
            2 => std::future::pending().await,
            3 => nap(60_000).await,
            _ => {}
        }
        let done = self.effect(&delivery).await.map_err(trouble)?;
        if dice >> 40 & 0xf == 0 {
            return Err(trouble(Error::unavailable("after the effect")));
        }
        nap(dice >> 48 & 0x1f).await;
        Ok(if done { Worked::Done } else { Worked::Duplicate })
    }

    /// The list of what happened to a key grows by this message.
    async fn effect(&self, delivery: &Delivery) -> Result<bool, Error> {
        let key = format!("{}:{}", delivery.token.group, delivery.envelope.key);
        loop {
            let before = self.store.get(TABLE, key.clone()).await?;
            let (mut list, version) =
                before.map_or((Vec::new(), 0), |b| (b.value.to_vec(), b.version));
            list.extend(number(delivery).to_be_bytes());
            let id = delivery.envelope.id;
            let inbox = svckit_core::store::Inbox {
                consumer: delivery.token.group.clone(),
                id,
                replay: 0,
                keep_until: jiff::Timestamp::MAX,
            };
            if self.store.seen(inbox.clone()).await? {
                return Ok(false);
            }
            let second = (delivery.token.group == SERVICE).then(|| {
                let mut follow = event(number(delivery) + 1_000, &delivery.envelope.key);
                follow.name = "t.v1.T.Followed".into();
                follow
            });
            let unit = Unit {
                now: self.env.clock.wall().try_into().unwrap(),
                reads: vec![Read { table: TABLE, key: key.clone(), version }],
                writes: vec![Write { table: TABLE, key: key.clone(), value: Some(list.into()) }],
                outbox: second.into_iter().collect(),
                inbox: Some(inbox),
                ..Unit::default()
            };
            match self.store.commit(unit).await? {
                svckit_core::store::Commit::Done => return Ok(true),
                svckit_core::store::Commit::Refused(svckit_core::store::Conflict::Seen) => {
                    return Ok(false);
                }
                svckit_core::store::Commit::Refused(_) => {}
            }
        }
    }
}

struct World {
    clock: Arc<TestClock>,
    faulty: Arc<Faulty>,
    store: Arc<dyn Store>,
}

impl World {
    async fn process(&self, seed: u64) -> (Arc<Faulty>, svckit_messaging::Messaging) {
        let env = env(&self.clock, seed);
        // What goes through this one stops when the process is gone.
        let own = Faulty::new(self.faulty.clone());
        let broker: Arc<dyn Broker> = own.clone();
        let worker =
            Arc::new(Worker { env: env.clone(), store: self.store.clone(), dice: env.rng.clone() });
        let handle = || -> Arc<dyn Handle> {
            let worker = worker.clone();
            by(move |delivery| worker.clone().work(delivery))
        };
        // Attempts that do not run out: what is dead would have to be counted by hand.
        let first = Consumer { attempts: 1_000, timeout: Duration::from_secs(5), ..consumer() };
        let mut second = first.clone();
        second.group.name = "u.v1.U".into();
        second.group.wants = vec!["t.v1.T.Followed".into()];
        let groups = vec![group(first, handle()), group(second, handle())];
        (own, start(&env, &broker, groups, vec![self.store.clone()]).await)
    }
}

async fn run(seed: u64, mishaps: Vec<Mishap>) {
    let clock = TestClock::new();
    let faulty = Faulty::new(Arc::new(MemoryBroker::new()));
    let world = World { clock, faulty, store: Arc::new(MemoryStore::new()) };
    let mut processes = vec![world.process(seed).await, world.process(seed + 1).await];
    let mut published = 0;
    for (at, mishap) in mishaps.iter().enumerate() {
        let until = MESSAGES.min(published + 7);
        let batch = (published..until).map(|n| event(n, KEYS[n as usize % KEYS.len()])).collect();
        emit(&*world.store, world.clock.timestamp(), batch).await;
        published = until;
        match *mishap {
            Mishap::Fault(fault, ms) => {
                world.faulty.set(fault, true);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                world.faulty.set(fault, false);
            }
            Mishap::Crash(which) => {
                let (own, messaging) = processes.remove(which);
                for fault in [Fault::Settle, Fault::Extend, Fault::Publish] {
                    own.set(fault, true);
                }
                drop(messaging);
                processes.push(world.process(seed + 10 + at as u64).await);
            }
            Mishap::Jump(ms) => world.clock.jump(ms),
            Mishap::Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
    let rest = (published..MESSAGES).map(|n| event(n, KEYS[n as usize % KEYS.len()])).collect();
    emit(&*world.store, world.clock.timestamp(), rest).await;
    let (_, messaging) = &processes[0];
    let idle = tokio::time::timeout(Duration::from_secs(24 * 3600), messaging.idle());
    idle.await.expect("it all ends some day").unwrap();
    judge(&world).await;
}

async fn judge(world: &World) {
    assert!(world.faulty.dead(DeadFilter::default()).await.unwrap().is_empty());
    for (group, add) in [(SERVICE, 0), ("u.v1.U", 1_000)] {
        let mut seen = BTreeMap::<&str, Vec<u32>>::new();
        for key in KEYS {
            let list = world.store.get(TABLE, format!("{group}:{key}")).await.unwrap();
            let list = list.map(|stored| stored.value).unwrap_or_default();
            let numbers = list.chunks(4).map(|n| u32::from_be_bytes(n.try_into().unwrap()) - add);
            seen.insert(key, numbers.collect());
        }
        for (at, key) in KEYS.iter().enumerate() {
            let expected: Vec<u32> =
                (0..MESSAGES).filter(|n| *n as usize % KEYS.len() == at).collect();
            if key.is_empty() {
                seen.get_mut(key).unwrap().sort_unstable();
            }
            // Equal: nothing is missing, nothing is there twice, and a key has its order.
            assert_eq!(seen[key], expected, "{group}, key {key}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_no_effect_happens_twice(
        seed in any::<u32>(),
        mishaps in prop::collection::vec(mishap(), 1..16),
    ) {
        // Panics of handlers are part of the game.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"chance") {
                hook(info);
            }
        }));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(u64::from(seed), mishaps));
    }
}
