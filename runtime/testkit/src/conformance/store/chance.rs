//! What no scenario thought of: random operations on a store and on one in memory, which must answer alike.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use svckit_core::store::{
    Claim, Claimed, Close, Commit, Finish, Inbox, Range, Read, ScanRead, Store, Stored, Undone,
    Unit,
};
use uuid::Uuid;

use super::Subject;
use super::make::{T, at, delete, event, failure, inbox, key, put, read, response};
use crate::conformance::scenario::games;

/// One operation. Small numbers choose among few keys, so that operations meet, and among what was seen before.
#[derive(Clone, Debug)]
enum Step {
    Commit(Effects),
    Exclusive(Effects, bool),
    Claim { key: u8, request: u8, lease: u8 },
    Release { key: u8, fence: u8 },
    Slot(u8),
    Seen(u8),
    Get(u8),
    Scan(Asked),
    Outbox { after: u8, limit: u8 },
    Published(Vec<u8>),
    Status,
    Lease { holder: u8, lease: u8 },
    Sweep,
    Clock(i32),
    Reopen,
}

#[derive(Clone, Debug)]
struct Asked {
    prefix: u8,
    after: Option<u8>,
    limit: u8,
}

#[derive(Clone, Debug)]
struct Effects {
    reads: Vec<(u8, u8)>,
    scans: Vec<(Asked, bool)>,
    writes: BTreeMap<u8, Option<u8>>,
    outbox: u8,
    inbox: Option<(u8, u8)>,
    finish: Option<(u8, u8, bool, u8)>,
    close: Option<(u8, bool, u8)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    (0..4_u8, proptest::option::of(0..KEYS), 0..5_u8).prop_map(|(prefix, after, limit)| Asked {
        prefix,
        after,
        limit,
    })
}

fn effects() -> impl Strategy<Value = Effects> {
    (
        proptest::collection::vec((0..KEYS, any::<u8>()), 0..3),
        proptest::collection::vec((asked(), proptest::bool::weighted(0.9)), 0..2),
        proptest::collection::btree_map(
            0..KEYS,
            proptest::option::weighted(0.7, any::<u8>()),
            0..3,
        ),
        0..3_u8,
        proptest::option::weighted(0.3, (0..4_u8, any::<u8>())),
        proptest::option::weighted(0.4, (0..4_u8, any::<u8>(), any::<bool>(), any::<u8>())),
        proptest::option::weighted(0.2, (0..4_u8, any::<bool>(), any::<u8>())),
    )
        .prop_map(|(reads, scans, writes, outbox, inbox, finish, close)| Effects {
            reads,
            scans,
            writes,
            outbox,
            inbox,
            finish,
            close,
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => effects().prop_map(Step::Commit),
        1 => (effects(), any::<bool>()).prop_map(|(all, commit)| Step::Exclusive(all, commit)),
        5 => (0..4_u8, 0..5_u8, 0..40_u8)
            .prop_map(|(key, request, lease)| Step::Claim { key, request: request / 4, lease }),
        1 => (0..4_u8, any::<u8>()).prop_map(|(key, fence)| Step::Release { key, fence }),
        2 => (0..4_u8).prop_map(Step::Slot),
        1 => (0..4_u8).prop_map(Step::Seen),
        3 => (0..KEYS).prop_map(Step::Get),
        2 => asked().prop_map(Step::Scan),
        2 => (any::<u8>(), 0..6_u8).prop_map(|(after, limit)| Step::Outbox { after, limit }),
        1 => proptest::collection::vec(any::<u8>(), 0..4).prop_map(Step::Published),
        1 => Just(Step::Status),
        2 => (0..3_u8, 0..5_u8).prop_map(|(holder, lease)| Step::Lease { holder, lease }),
        1 => Just(Step::Sweep),
        3 => prop_oneof![4 => 0..20, 1 => -3_600..3_600, 1 => 80_000..100_000].prop_map(Step::Clock),
        1 => Just(Step::Reopen),
    ]
}

const KEYS: u8 = 9;

/// Some that begin alike, and some that don't.
fn name(n: u8) -> String {
    ["a", "a/", "a/1", "a/10", "a/2", "b", "b\0", "", "ü"][usize::from(n % KEYS)].to_owned()
}

/// What both stores gave for the same thing, in the order in which it was given.
#[derive(Default)]
struct Pairs(Vec<(u64, u64)>);

impl Pairs {
    /// Remembers a pair; both must have grown alike.
    fn add(&mut self, pair: (u64, u64)) -> Result<(), TestCaseError> {
        if self.0.contains(&pair) {
            return Ok(());
        }
        for known in &self.0 {
            let alike = known.0.cmp(&pair.0) == known.1.cmp(&pair.1);
            prop_assert!(alike, "{known:?} and {pair:?} (oracle, store)");
        }
        self.0.push(pair);
        Ok(())
    }

    /// One of them, more often a late one; 0 for none.
    fn pick(&self, n: u8) -> (u64, u64) {
        let back = usize::from(n % 8).saturating_sub(3);
        let place = self.0.len().checked_sub(1 + back);
        place.map_or((0, 0), |place| self.0[place])
    }
}

struct Game {
    subject: Subject,
    stores: [Arc<dyn Store>; 2],
    now: i64,
    ids: u128,
    versions: BTreeMap<u8, Pairs>,
    fences: BTreeMap<u8, Pairs>,
    places: Pairs,
}

/// Plays `cases` games of up to `steps` operations, each on a new pair of stores.
///
/// # Panics
/// Where the two answer differently; with the fewest operations that show it.
pub fn play(cases: u32, steps: usize, oracle: impl Fn() -> Subject, subject: impl Fn() -> Subject) {
    games(cases, steps, step(), async |steps| {
        let subject = subject();
        let stores = [oracle().open(), subject.open()];
        Game::new(subject, stores).all(steps).await
    });
}

impl Game {
    fn new(subject: Subject, stores: [Arc<dyn Store>; 2]) -> Self {
        let (versions, fences, places) = Default::default();
        Self { subject, stores, now: 0, ids: 0, versions, fences, places }
    }

    async fn all(mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        for step in steps {
            self.step(step).await?;
        }
        // What it came to, all of it.
        for key in 0..KEYS {
            self.get(key).await?;
        }
        for key in 0..4 {
            self.step(Step::Slot(key)).await?;
            self.step(Step::Seen(key)).await?;
        }
        self.outbox((0, 0), usize::MAX).await?;
        self.step(Step::Status).await
    }

    async fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Commit(effects) => self.commit(effects, None).await,
            Step::Exclusive(effects, commit) => self.commit(effects, Some(commit)).await,
            Step::Claim { key, request, lease } => self.claim(key, request, lease).await,
            Step::Get(key) => self.get(key).await,
            Step::Scan(asked) => self.scan(&asked).await.map(drop),
            Step::Outbox { after, limit } => {
                self.outbox(self.places.pick(after), usize::from(limit)).await
            }
            Step::Published(places) => {
                let places = places.iter().map(|n| self.places.pick(*n));
                let (oracle, store): (Vec<_>, Vec<_>) = places.unzip();
                self.same(
                    &self.stores[0].published(oracle).await,
                    &self.stores[1].published(store).await,
                )
            }
            Step::Release { key: k, fence } => {
                let (oracle, store) = self.fences.entry(k).or_default().pick(fence);
                let released = self.stores[0].release(key(&name(k)), oracle).await;
                self.same(&released, &self.stores[1].release(key(&name(k)), store).await)
            }
            Step::Clock(seconds) => {
                self.now += i64::from(seconds);
                Ok(())
            }
            Step::Reopen => {
                // Closed first: a store that is open twice would show less.
                self.stores[1] = self.stores[0].clone();
                self.stores[1] = self.subject.open();
                Ok(())
            }
            other => self.plain(other).await,
        }
    }

    /// What is asked of both in the same words.
    async fn plain(&self, step: Step) -> Result<(), TestCaseError> {
        let mut told = Vec::new();
        for store in &self.stores {
            let now = at(self.now);
            told.push(match &step {
                Step::Slot(k) => format!("{:?}", store.slot(key(&name(*k)), now).await),
                Step::Seen(id) => format!("{:?}", store.seen(inbox(u128::from(*id))).await),
                Step::Status => format!("{:?}", store.outbox_status().await),
                Step::Sweep => format!("{:?}", store.sweep(now).await),
                Step::Lease { holder, lease } => {
                    let lease = Duration::from_secs(u64::from(*lease));
                    let holder = Uuid::from_u128(u128::from(*holder));
                    format!("{:?}", store.lease_relay(holder, now, lease).await)
                }
                other => format!("{other:?} is not plain"),
            });
        }
        prop_assert_eq!(&told[0], &told[1], "{:?}", step);
        Ok(())
    }

    /// `Debug` hides values, so those are compared themselves.
    fn same<T: std::fmt::Debug + PartialEq>(
        &self,
        oracle: &svckit_core::error::Result<T>,
        store: &svckit_core::error::Result<T>,
    ) -> Result<(), TestCaseError> {
        if let (Ok(oracle), Ok(store)) = (oracle, store) {
            prop_assert_eq!(oracle, store, "oracle, store");
        }
        prop_assert_eq!(format!("{oracle:?}"), format!("{store:?}"), "oracle, store");
        Ok(())
    }

    async fn get(&mut self, k: u8) -> Result<(), TestCaseError> {
        let [oracle, store] = &self.stores;
        let (oracle, store) = (oracle.get(T, name(k)).await, store.get(T, name(k)).await);
        match (oracle, store) {
            (Ok(Some(oracle)), Ok(Some(store))) => self.stored(k, &oracle, &store),
            (oracle, store) => self.same(&oracle, &store),
        }
    }

    fn stored(&mut self, k: u8, oracle: &Stored, store: &Stored) -> Result<(), TestCaseError> {
        prop_assert_eq!(&oracle.value, &store.value, "the value of {:?}", name(k));
        self.versions.entry(k).or_default().add((oracle.version, store.version))
    }

    /// Scans both; what each saw.
    async fn scan(&mut self, asked: &Asked) -> Result<[ScanRead; 2], TestCaseError> {
        let table = T;
        let range = Range {
            prefix: ["", "a", "a/", "b"][usize::from(asked.prefix % 4)].to_owned(),
            after: asked.after.map(name),
            limit: usize::from(asked.limit),
        };
        let [oracle, store] = self.stores.each_ref().map(|store| store.scan(table, range.clone()));
        let (oracle, store) = (oracle.await, store.await);
        let (Ok(oracle), Ok(store)) = (&oracle, &store) else {
            self.same(&oracle, &store)?;
            return Err(TestCaseError::fail("both refuse to scan"));
        };
        prop_assert_eq!(oracle.len(), store.len(), "{:?}", range);
        for ((k, oracle), (other, store)) in oracle.iter().zip(store) {
            prop_assert_eq!(k, other, "{:?}", range);
            let k = (0..KEYS).find(|n| name(*n) == *k);
            self.stored(k.unwrap_or(u8::MAX), oracle, store)?;
        }
        Ok([oracle, store].map(|found| ScanRead {
            table,
            range: range.clone(),
            seen: found.iter().map(|(key, stored)| (key.clone(), stored.version)).collect(),
        }))
    }

    async fn claim(&mut self, k: u8, request: u8, lease: u8) -> Result<(), TestCaseError> {
        let claim = Claim {
            key: key(&name(k)),
            request: [request; 32],
            now: at(self.now),
            lease: Duration::from_secs(u64::from(lease)),
        };
        let [oracle, store] = self.stores.each_ref().map(|store| store.claim(claim.clone()));
        match (oracle.await, store.await) {
            (Ok(Claimed::Run { fence: oracle }), Ok(Claimed::Run { fence: store })) => {
                self.fences.entry(k).or_default().add((oracle, store))
            }
            (oracle, store) => self.same(&oracle, &store),
        }
    }

    async fn outbox(&mut self, after: (u64, u64), limit: usize) -> Result<(), TestCaseError> {
        let [oracle, store] = &self.stores;
        let (oracle, store) =
            (oracle.outbox(after.0, limit).await, store.outbox(after.1, limit).await);
        let (Ok(oracle), Ok(store)) = (&oracle, &store) else {
            return self.same(&oracle, &store);
        };
        prop_assert_eq!(oracle.len(), store.len());
        for (oracle, store) in oracle.iter().zip(store) {
            prop_assert_eq!(&oracle.envelope, &store.envelope);
            self.places.add((oracle.seq, store.seq))?;
        }
        Ok(())
    }

    /// Commits the same to both, in an exclusive transaction if there is word of one, which may also be dropped.
    async fn commit(
        &mut self,
        effects: Effects,
        exclusive: Option<bool>,
    ) -> Result<(), TestCaseError> {
        let units = self.units(&effects).await?;
        self.ids += u128::from(effects.outbox);
        let mut told: Vec<svckit_core::error::Result<Option<Commit>>> = Vec::new();
        for (store, unit) in self.stores.iter().zip(units) {
            told.push(match exclusive {
                None => store.commit(unit).await.map(Some),
                Some(commit) => match store.exclusive(Duration::from_secs(600)).await {
                    Ok(open) if commit => open.commit(unit).await.map(Some),
                    Ok(_) => Ok(None),
                    Err(error) => Err(error),
                },
            });
        }
        self.same(&told[0], &told[1])?;
        for k in effects.writes.keys() {
            self.get(*k).await?;
        }
        Ok(())
    }

    async fn units(&mut self, effects: &Effects) -> Result<[Unit; 2], TestCaseError> {
        let mut units = [self.unit(effects, 0), self.unit(effects, 1)];
        for (asked, fresh) in &effects.scans {
            let mut seen = self.scan(asked).await?;
            if !fresh {
                seen.iter_mut().for_each(|scan| drop(scan.seen.pop()));
            }
            for (unit, scan) in units.iter_mut().zip(seen) {
                unit.scans.push(scan);
            }
        }
        Ok(units)
    }

    /// The unit for the one or the other, but for its scans.
    fn unit(&self, effects: &Effects, side: usize) -> Unit {
        let of = |pairs: Option<&Pairs>, n: u8| {
            let (oracle, store) = pairs.map_or((0, 0), |pairs| pairs.pick(n));
            [oracle, store][side]
        };
        let until = |seconds: u8| at(self.now + i64::from(seconds) * 4);
        let reads = effects.reads.iter();
        let reads: Vec<Read> =
            reads.map(|(k, n)| read(&name(*k), of(self.versions.get(k), *n))).collect();
        let writes = effects.writes.iter().map(|(k, value)| match value {
            Some(value) => put(&name(*k), &[*value]),
            None => delete(&name(*k)),
        });
        let finish = effects.finish.map(|(k, fence, good, keep)| Finish {
            key: key(&name(k)),
            fence: of(self.fences.get(&k), fence),
            outcome: if good { response("good") } else { failure("bad") },
            keep_until: until(keep),
        });
        let close = effects.close.map(|(k, effect, keep)| Close {
            key: key(&name(k)),
            found: if effect { Undone::Effect } else { Undone::Nothing },
            keep_until: until(keep),
        });
        Unit {
            now: at(self.now),
            reads,
            scans: Vec::new(),
            writes: writes.collect(),
            outbox: (0..effects.outbox).map(|n| event(self.ids + u128::from(n))).collect(),
            inbox: effects
                .inbox
                .map(|(id, keep)| Inbox { keep_until: until(keep), ..inbox(u128::from(id)) }),
            // One unit does not both end a command and undo it: a handler has one key.
            close: close.filter(|close| finish.as_ref().is_none_or(|end| end.key != close.key)),
            finish,
        }
    }
}
