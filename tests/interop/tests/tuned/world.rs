//! A caller and a callee in two apps, each with a file of its own and a clock of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use svckit::{App, Config, Env, Error, Result, Running, Streaming};
use svckit_core::observe::{Event, Observer};
use svckit_testkit::net::Hand;
use tokio::sync::{Semaphore, watch};

use crate::tuned::v1::tuned::{self, *};

/// Longer than any pause between attempts, shorter than any limit.
const SKIPS: Duration = Duration::from_millis(900);
/// How often a file is looked at.
pub const LOOK: Duration = Duration::from_secs(2);

/// What the tests see of the callee.
pub struct Probe {
    /// Which one it is, where there are several.
    pub name: u64,
    pub calls: AtomicU64,
    /// Whether it takes longer than anybody waits for, by the system's clock.
    pub slow: AtomicBool,
    /// A permit for each call that waits.
    pub started: Semaphore,
    /// A permit lets one go on.
    pub go: Semaphore,
    /// A permit for each handler of a stream that is over, however it ended.
    pub dropped: Semaphore,
}

impl Default for Probe {
    fn default() -> Self {
        let none = || Semaphore::new(0);
        let (calls, slow) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { name: 0, calls, slow, started: none(), go: none(), dropped: none() }
    }
}

impl Probe {
    /// How often the handlers ran since the last time.
    pub fn calls(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    pub async fn dropped(&self) {
        self.dropped.acquire().await.unwrap().forget();
    }

    pub async fn started(&self, count: u32) {
        self.started.acquire_many(count).await.unwrap().forget();
    }
}

/// What a handler holds as long as it runs.
struct Held(Arc<Probe>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dropped.add_permits(1);
    }
}

/// It does what the id says.
#[derive(Clone)]
pub struct Callee(pub Arc<Probe>);

impl Callee {
    async fn does(&self, id: &str, left: Option<Duration>) -> Result<u64> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        match id {
            "WHO" => return Ok(self.0.name),
            "FAIL" => return Err(Error::unavailable("restarting")),
            "WAIT" => {
                self.0.started.add_permits(1);
                self.0.go.acquire().await.unwrap().forget();
            }
            _ => {}
        }
        Ok(left.map_or(u64::MAX, |left| u64::try_from(left.as_millis()).unwrap()))
    }
}

impl tuned::Service for Callee {
    async fn get(&self, ctx: &mut GetContext, r: GetRequest) -> Result<u64> {
        self.does(&r.id, ctx.remaining()).await
    }

    async fn race(&self, ctx: &mut RaceContext, r: RaceRequest) -> Result<u64> {
        self.does(&r.id, ctx.remaining()).await
    }

    async fn quick(&self, ctx: &mut QuickContext, r: QuickRequest) -> Result<u64> {
        if self.0.slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        self.does(&r.id, ctx.remaining()).await
    }

    async fn plain(&self, ctx: &mut PlainContext, r: PlainRequest) -> Result<u64> {
        self.does(&r.id, ctx.remaining()).await
    }

    /// Says one number and no more, if it is to hang; what then is left of it tells when it is dropped.
    async fn watch(&self, _: &mut WatchContext, r: WatchRequest) -> Result<Streaming<u64>> {
        self.does(&r.id, None).await?;
        if r.id != "HANG" {
            return Ok(Streaming::from_values(0..3));
        }
        let held = Held(self.0.clone());
        let hangs = futures_util::stream::once(async move {
            let _held = held;
            std::future::pending().await
        });
        Ok(Streaming::from_stream(futures_util::stream::iter([0]).chain(hangs)))
    }

    async fn load(&self, _: &mut LoadContext, mut numbers: Streaming<u64>) -> Result<u64> {
        let (_held, mut sum) = (Held(self.0.clone()), 0);
        while let Some(number) = numbers.message().await? {
            self.0.started.add_permits(1);
            sum += number;
        }
        Ok(sum)
    }

    async fn talk(&self, _: &mut TalkContext, numbers: Streaming<u64>) -> Result<Streaming<u64>> {
        let held = Held(self.0.clone());
        let answers = numbers.map(move |number| {
            let _held = &held;
            number.map(|number| number + 1)
        });
        Ok(Streaming::from_results(answers))
    }
}

/// What was told of files, and of endpoints.
#[derive(Default)]
pub struct Told {
    files: watch::Sender<Vec<bool>>,
    ejected: Mutex<Vec<String>>,
}

impl Observer for Told {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Configured { taken, .. } => self.files.send_modify(|files| files.push(*taken)),
            Event::Ejected { endpoint, .. } => {
                let mut ejected = self.ejected.lock().unwrap_or_else(PoisonError::into_inner);
                ejected.push((*endpoint).to_owned());
            }
            _ => {}
        }
    }
}

/// One side: its file, its time, and what it is told.
pub struct Side {
    pub hand: Hand,
    pub told: Arc<Told>,
    folder: tempfile::TempDir,
}

impl Default for Side {
    fn default() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let side = Self { hand: Hand::new(SKIPS), told: Arc::default(), folder };
        side.put("");
        side
    }
}

impl Side {
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("svckit.toml")
    }

    pub fn app(&self) -> App {
        let config = Config { path: Some(self.path()), ..Config::default() };
        let env = Env { clock: Arc::new(self.hand.clone()), ..Env::default() };
        App::with_env(config, env.observed_by(self.told.clone()))
    }

    /// Writes the file as editors and deployments do: beside, and then put in its place.
    pub fn put(&self, text: &str) {
        let beside = self.path().with_extension("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.path()).unwrap();
    }

    /// Lets the file be looked at; whether it was taken up.
    pub async fn looked(&self) -> bool {
        let mut files = self.told.files.subscribe();
        files.mark_unchanged();
        self.look().await;
        files.changed().await.unwrap();
        files.borrow().last().copied().unwrap()
    }

    /// Lets the time pass after which it is looked at.
    pub async fn look(&self) {
        self.hand.asleep_within(LOOK).await;
        self.hand.advance(LOOK);
    }

    /// Overrides numbers of a policy, a service or an operation.
    pub async fn set(&self, of: &str, numbers: &str) {
        self.put(&format!("[policy.\"tuned.v1.{of}\"]\n{numbers}\n"));
        assert!(self.looked().await, "{of}: {numbers}");
    }

    /// So many of the endpoints were ejected.
    pub fn ejected(&self) -> usize {
        let mut ejected = self.told.ejected.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = std::mem::take(&mut *ejected);
        all.sort();
        all.dedup();
        all.len()
    }
}

pub struct World {
    pub probe: Arc<Probe>,
    pub theirs: Side,
    pub ours: Side,
    pub server: Running,
    /// Its file is looked at as long as it runs.
    _caller: Running,
    pub client: Client,
}

impl World {
    pub async fn new(scheme: &str) -> Self {
        Self::before(scheme, |address| async move { vec![address] }).await
    }

    /// With the places that lead to the callee, as these say.
    pub async fn before<F>(scheme: &str, places: impl FnOnce(SocketAddr) -> F) -> Self
    where
        F: Future<Output = Vec<SocketAddr>>,
    {
        let (theirs, ours, probe) = (Side::default(), Side::default(), Arc::new(Probe::default()));
        let server = theirs.app().serve(tuned::server(Callee(probe.clone())));
        let server = server.listen("127.0.0.1:0").start().await.unwrap();
        let places = places(server.address().unwrap()).await;
        let urls: Vec<_> = places.iter().map(|at| format!("{scheme}://{at}")).collect();
        let caller = ours.app().endpoint("tuned.v1.Tuned", urls.join(",")).start().await.unwrap();
        let client = Client::connect(&caller).await.unwrap();
        Self { probe, theirs, ours, server, _caller: caller, client }
    }

    pub async fn get(&self, id: &str) -> Result<u64> {
        self.client.get(GetRequest { id: id.to_owned() }).await
    }

    pub async fn plain(&self, id: &str) -> Result<u64> {
        self.client.plain(PlainRequest { id: id.to_owned() }).await
    }

    /// A call in a task of its own that waits at the callee.
    pub fn waits(&self) -> tokio::task::JoinHandle<Result<u64>> {
        let client = self.client.clone();
        tokio::spawn(async move { client.get(GetRequest { id: "WAIT".to_owned() }).await })
    }

    /// Calls one that fails: so many attempts, and so long did its pauses take. The next one that ends well keeps breakers
    /// closed.
    pub async fn fails(&self) -> (u64, Duration) {
        let (start, _) = (self.ours.hand.moved(), self.probe.calls());
        self.get("FAIL").await.unwrap_err();
        let paused = self.ours.hand.moved() - start;
        let attempts = self.probe.calls();
        self.get("").await.unwrap();
        (attempts, paused)
    }
}
