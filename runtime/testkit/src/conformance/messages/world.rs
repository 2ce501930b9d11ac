//! What a scenario plays in.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{Broker, DeadFilter, DeadLetter, Envelope, GroupStatus};
use svckit_core::clock::Clock;
use svckit_core::store::{Store, Unit};
use svckit_store_memory::MemoryStore;
use svckit_transport_inproc::MemoryBroker;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::crash::{Crash, Die, Label};
use super::say::Say;
use super::watched::{Eye, Gate};
use super::worker::{self, CRASH_AT, Ground, Order, Setup, WORKER, Watch};

/// How long a scenario waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);

/// What messages travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Broker and stores in memory; workers share the process.
    Memory,
    /// SQLite files; workers are processes.
    Sqlite,
}

impl Backend {
    /// As the table has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
        }
    }
}

/// A broker, three stores, and workers.
pub struct World {
    backend: Backend,
    dir: TempDir,
    ground: Ground,
    clock: Watch,
    workers: Vec<Worker>,
}

/// A worker as its scenario sees it.
struct Worker {
    body: Body,
    lines: mpsc::UnboundedReceiver<String>,
    /// What was said while something else was waited for.
    missed: Vec<String>,
}

enum Body {
    Process(Child),
    Task { task: JoinHandle<()>, gate: Gate, orders: mpsc::UnboundedSender<Order> },
}

impl World {
    /// An empty world.
    ///
    /// # Panics
    /// Where its files can't be made.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        let dir = TempDir::new().expect("a directory for the files");
        let ground = match backend {
            Backend::Memory => Ground {
                broker: Arc::new(MemoryBroker::new()),
                p: Arc::new(MemoryStore::new()),
                a: Arc::new(MemoryStore::new()),
                b: Arc::new(MemoryStore::new()),
            },
            Backend::Sqlite => {
                Ground::files(dir.path(), &Setup::default()).expect("files that can be opened")
            }
        };
        Self { backend, dir, ground, clock: Watch::default(), workers: Vec::new() }
    }

    /// What it runs on.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Where its files are.
    #[must_use]
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The time of day, as the scenario has it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.wall().try_into().unwrap_or(Timestamp::MAX)
    }

    /// The broker.
    #[must_use]
    pub fn broker(&self) -> Arc<dyn Broker> {
        self.ground.broker.clone()
    }

    pub(super) fn store(&self, service: &str) -> &Arc<dyn Store> {
        match service {
            super::say::P => &self.ground.p,
            super::say::B => &self.ground.b,
            _ => &self.ground.a,
        }
    }

    /// Makes the groups of a setup known before any worker starts.
    pub async fn declare(&self, setup: &Setup) {
        for group in setup.groups() {
            self.broker().declare(group).await.expect("the broker takes a group");
        }
    }

    /// Hands messages to the broker.
    pub async fn publish(&self, messages: Vec<Envelope>) {
        self.broker().publish(messages, self.now()).await.expect("the broker takes messages");
    }

    /// Hands what is said to the broker.
    pub async fn say(&self, said: &[Say]) {
        let now = self.now();
        self.publish(said.iter().map(|say| say.event(now)).collect()).await;
    }

    /// Commits what is said to P's outbox.
    pub async fn emit(&self, said: &[Say]) {
        let now = self.now();
        for said in said.chunks(10) {
            let outbox = said.iter().map(|say| say.event(now)).collect();
            let unit = Unit { now, outbox, ..Unit::default() };
            self.ground.p.commit(unit).await.expect("P's store takes a unit");
        }
    }

    /// Starts a worker; returns once it works. Its number is its place among those started.
    pub async fn start(&mut self, setup: &Setup) -> usize {
        self.doomed(setup, None).await
    }

    /// Starts a worker that dies when it reaches a point for the `nth` time.
    pub async fn doomed(&mut self, setup: &Setup, at: Option<(Label, u32)>) -> usize {
        let number = self.spawn(setup, at);
        self.hear(number, "ready").await;
        number
    }

    fn spawn(&mut self, setup: &Setup, at: Option<(Label, u32)>) -> usize {
        let setup = Setup { dir: self.dir.path().to_owned(), ..setup.clone() };
        let worker = match self.backend {
            Backend::Memory => self.task(setup, at),
            Backend::Sqlite => process(&setup, at),
        };
        self.workers.push(worker);
        self.workers.len() - 1
    }

    fn task(&self, setup: Setup, at: Option<(Label, u32)>) -> Worker {
        let (told, lines) = mpsc::unbounded_channel();
        let (orders, incoming) = mpsc::unbounded_channel();
        let gate = Gate::new();
        let (cut, dying) = (gate.clone(), told.clone());
        let die: Die = Arc::new(move |label| {
            cut.set(false);
            let _ = dying.send(format!("at {}", label.name()));
            Box::pin(std::future::pending())
        });
        let no_graves = (setup.no_graves > 0)
            .then(|| tokio::time::Instant::now() + Duration::from_millis(setup.no_graves));
        let eye = Eye { crash: Crash::new(at, die), gate: gate.clone(), no_graves };
        let Ground { broker, p, a, b } = &self.ground;
        let ground = Ground { broker: broker.clone(), p: p.clone(), a: a.clone(), b: b.clone() };
        let task = tokio::spawn(async move {
            let tell = |line: &str| drop(told.send(line.to_owned()));
            if let Err(error) = worker::run(setup, ground, eye, incoming, tell).await {
                tell(&format!("failed: {error}"));
            }
        });
        Worker { body: Body::Task { task, gate, orders }, lines, missed: Vec::new() }
    }

    /// Waits for a line of a worker. Panics if it ends without.
    async fn hear(&mut self, number: usize, expected: &str) {
        let Worker { lines, missed, .. } = &mut self.workers[number];
        if let Some(at) = missed.iter().position(|line| line == expected) {
            missed.remove(at);
            return;
        }
        let heard = async {
            while let Some(line) = lines.recv().await {
                if line == expected {
                    return;
                }
                assert!(!line.starts_with("failed"), "worker {number} {line}");
                missed.push(line);
            }
            panic!("worker {number} ended before it said `{expected}`");
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        heard.unwrap_or_else(|_| panic!("worker {number} never said `{expected}`"));
    }

    /// Starts a worker that can't, with the files of another directory; what it says of that.
    pub async fn refused_in(&mut self, dir: &std::path::Path, setup: &Setup) -> String {
        let setup = Setup { dir: dir.to_owned(), ..setup.clone() };
        self.workers.push(process(&setup, None));
        let number = self.workers.len() - 1;
        let line = tokio::time::timeout(PATIENCE, self.workers[number].lines.recv()).await;
        let line = line.expect("it says something").unwrap_or_default();
        assert!(line.starts_with("failed"), "it was to fail, and said `{line}`");
        line
    }

    /// Waits until a worker has reached its point, and kills it there.
    pub async fn dies(&mut self, number: usize, label: Label) {
        self.hear(number, &format!("at {}", label.name())).await;
        self.kill(number);
    }

    /// Kills a worker where it is: `kill -9`, or cut off from all that lasts.
    pub fn kill(&mut self, number: usize) {
        match &mut self.workers[number].body {
            Body::Process(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Body::Task { task, gate, .. } => {
                gate.set(false);
                task.abort();
            }
        }
    }

    /// Lets a worker stand still. One that is caught while it holds the lock of a file is let go on and caught again: a
    /// file's lock is the system's, and no lease ends it.
    pub async fn freeze(&self, number: usize) {
        loop {
            self.signal(number, true);
            if tokio::time::timeout(Duration::from_millis(500), self.writable()).await.is_ok() {
                return;
            }
            self.signal(number, false);
            self.writable().await;
        }
    }

    /// Lets a worker go on.
    pub fn thaw(&self, number: usize) {
        self.signal(number, false);
    }

    /// Returns once all files take a change.
    async fn writable(&self) {
        let long_ago = Timestamp::UNIX_EPOCH;
        let _ = self.broker().sweep(long_ago).await;
        for store in [&self.ground.p, &self.ground.a, &self.ground.b] {
            let _ = store.sweep(long_ago).await;
        }
    }

    fn signal(&self, number: usize, still: bool) {
        match &self.workers[number].body {
            Body::Process(child) => {
                let signal = if still { "-STOP" } else { "-CONT" };
                let done = Command::new("kill").args([signal, &child.id().to_string()]).status();
                assert!(done.is_ok_and(|done| done.success()), "the process takes a signal");
            }
            Body::Task { gate, .. } => gate.set(!still),
        }
    }

    fn order(&mut self, number: usize, order: Order) {
        match &mut self.workers[number].body {
            Body::Process(child) => {
                let line = match order {
                    Order::Drain(ms) => format!("drain {ms}\n"),
                    Order::Jump(ms) => format!("jump {ms}\n"),
                };
                let input = child.stdin.as_mut().expect("the input is a pipe");
                input.write_all(line.as_bytes()).expect("the worker listens");
            }
            Body::Task { orders, .. } => orders.send(order).expect("the worker listens"),
        }
    }

    /// Lets a worker stop within so many milliseconds; whether all that it had in hand ended by itself.
    pub async fn drain(&mut self, number: usize, ms: u64) -> bool {
        self.order(number, Order::Drain(ms));
        let line = tokio::time::timeout(PATIENCE, self.workers[number].lines.recv()).await;
        let line = line.expect("a drain ends").expect("a drain says how");
        if let Body::Process(child) = &mut self.workers[number].body {
            let _ = child.wait();
        }
        line == "drained"
    }

    /// Kills a worker that was told to drain when it reaches a point.
    pub async fn kill_in_drain(&mut self, number: usize, label: Label) {
        self.order(number, Order::Drain(20_000));
        self.dies(number, label).await;
    }

    /// Sets the wall clock of the machine.
    pub fn jump(&mut self, ms: i64) {
        self.clock.jump(ms);
        for number in 0..self.workers.len() {
            let running = match &mut self.workers[number].body {
                Body::Process(child) => child.try_wait().is_ok_and(|ended| ended.is_none()),
                Body::Task { task, .. } => !task.is_finished(),
            };
            if running {
                self.order(number, Order::Jump(ms));
            }
        }
    }

    /// How a group does.
    pub async fn status(&self, group: &str) -> GroupStatus {
        let all = self.broker().status().await.expect("the broker says how it does");
        all.into_iter().find(|status| status.group == group).unwrap_or_default()
    }

    /// All dead letters.
    pub async fn dead(&self) -> Vec<DeadLetter> {
        self.broker().dead(DeadFilter::default()).await.expect("the broker lists dead letters")
    }

    /// Waits until something is so.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, so: impl FnMut() -> F) {
        self.until_within(PATIENCE, what, so).await;
    }

    async fn until_within<F: Future<Output = bool>>(
        &self,
        patience: Duration,
        what: &str,
        mut so: impl FnMut() -> F,
    ) {
        let seen = async {
            while !so().await {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(patience, seen).await.is_err() {
            let status = self.broker().status().await;
            panic!("it never came about that {what}: {status:#?}");
        }
    }

    /// Waits until all outboxes are empty and all groups are done with all they got.
    pub async fn settled(&self) {
        self.settled_within(PATIENCE).await;
    }

    pub(super) async fn settled_within(&self, patience: Duration) {
        let before = Mutex::new(None);
        self.until_within(patience, "all is settled", || async {
            let now = self.quiet().await;
            let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
            let last = std::mem::replace(&mut *before, now.clone());
            now.is_some() && last == now
        })
        .await;
    }

    /// What all groups got, if they are done with it and nothing is under way.
    async fn quiet(&self) -> Option<Vec<u64>> {
        for store in [&self.ground.p, &self.ground.a, &self.ground.b] {
            if store.outbox_status().await.ok()?.waiting > 0 {
                return None;
            }
        }
        let all = self.broker().status().await.ok()?;
        let done = |status: &GroupStatus| status.waiting == 0 && status.in_flight == 0;
        all.iter().map(|status| done(status).then_some(status.published)).collect()
    }
}

fn process(setup: &Setup, at: Option<(Label, u32)>) -> Worker {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    let setup = serde_json::to_string(setup).expect("a setup can be written");
    command.env(WORKER, setup).env_remove(CRASH_AT);
    if let Some((label, nth)) = at {
        command.env(CRASH_AT, format!("{}:{nth}", label.name()));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a process can be started");
    let output = child.stdout.take().expect("the output is a pipe");
    let (told, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = told.send(line);
        }
    });
    Worker { body: Body::Process(child), lines, missed: Vec::new() }
}

impl Drop for World {
    fn drop(&mut self) {
        for number in 0..self.workers.len() {
            self.kill(number);
        }
    }
}
