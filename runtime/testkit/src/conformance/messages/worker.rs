//! A process of a scenario: relays, consumers, schedules, and handlers that do what messages tell them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use svckit_core::broker::{Broker, Delivery, Group, Kind};
use svckit_core::clock::{Clock, Env, SystemClock};
use svckit_core::error::{Error, Result};
use svckit_core::message::Every;
use svckit_core::server::{Consumer, Trouble, Worked};
use svckit_core::store::{Commit, Conflict, Inbox, Read, Store, Unit, Write};
use svckit_messaging::{ConsumerGroup, Handle, Messaging, MessagingParts, ServiceStore};
use svckit_store_sqlite::{Options, SqliteStore};
use svckit_transport_inproc::SqliteBroker;
use tokio::sync::mpsc;

use super::crash::{Crash, Die, Label};
use super::say::{A, Act, B, CLEAN, FOLLOWED, HAPPENED, P, QUEUE, Say};
use super::watched::{Eye, Gate, WatchedBroker, WatchedStore};

/// The variable that makes a process a worker: its [`Setup`] as JSON.
pub const WORKER: &str = "SVCKIT_CONFORMANCE_WORKER";
/// The variable that says where a worker dies: `before-ack`, or `before-ack:3` for the third time.
pub(super) const CRASH_AT: &str = "SVCKIT_CRASH_AT";
/// The table of effects.
pub(super) const EFFECTS: &str = "effects";

/// How a worker is set up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    /// Where the files are.
    pub dir: PathBuf,
    /// The services that it runs, of A and B; P's outbox is always relayed.
    pub services: Vec<String>,
    /// Messages handled at once.
    pub concurrency: usize,
    /// Attempts for each.
    pub attempts: u32,
    /// The lease, ms.
    pub lease: u64,
    /// For one attempt, ms.
    pub timeout: u64,
    /// Settled before they are handled.
    pub at_most_once: bool,
    /// Whether what is given up is kept.
    pub dead_letters: bool,
    /// The newest version of events that it knows.
    pub knows: u32,
    /// For so long no dead letter can be written, ms.
    pub no_graves: u64,
    /// How large the broker's file may grow, pages.
    pub broker_pages: Option<u32>,
    /// How large A's file may grow, pages.
    pub store_pages: Option<u32>,
    /// The interval of A's schedule, ms; none: no schedule.
    pub every: Option<u64>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            dir: PathBuf::new(),
            services: vec![A.into(), B.into()],
            concurrency: 8,
            attempts: 4,
            lease: 2_000,
            timeout: 20_000,
            at_most_once: false,
            dead_letters: true,
            knows: 1,
            no_graves: 0,
            broker_pages: None,
            store_pages: None,
            every: None,
        }
    }
}

impl Setup {
    /// The groups of these services.
    fn consumers(&self) -> Vec<Consumer> {
        let group = |name: &str, wants: &str, ordered| Consumer {
            group: Group { name: name.into(), wants: vec![wants.into()], ordered },
            service: if name == B { B } else { A },
            concurrency: self.concurrency,
            attempts: self.attempts,
            pauses: BTreeMap::new(),
            dead_letters: self.dead_letters,
            at_most_once: self.at_most_once.then(|| wants.to_owned()).into_iter().collect(),
            timeout: Duration::from_millis(self.timeout),
            every: None,
        };
        let mut all = Vec::new();
        if self.services.iter().any(|name| name == A) {
            all.extend([group(A, HAPPENED, true), group(QUEUE, QUEUE, false)]);
            if let Some(every) = self.every {
                let every = Some(Every::Interval(Duration::from_millis(every)));
                let clean = group(CLEAN, CLEAN, false);
                all.push(Consumer {
                    every,
                    concurrency: 1,
                    attempts: 1,
                    dead_letters: false,
                    ..clean
                });
            }
        }
        if self.services.iter().any(|name| name == B) {
            all.push(group(B, FOLLOWED, true));
        }
        all
    }

    pub(super) fn groups(&self) -> Vec<Group> {
        self.consumers().into_iter().map(|consumer| consumer.group).collect()
    }
}

/// The wall clock of a process, which a message may set.
#[derive(Default)]
pub(super) struct Watch {
    offset: AtomicI64,
}

impl Watch {
    pub(super) fn jump(&self, ms: i64) {
        self.offset.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Watch {
    fn wall(&self) -> SystemTime {
        let offset = self.offset.load(Ordering::SeqCst);
        let by = Duration::from_millis(offset.unsigned_abs());
        let now = SystemClock.wall();
        if offset < 0 { now - by } else { now + by }
    }

    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        SystemClock.sleep_until(at)
    }
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Stop within so many milliseconds, and say how it went.
    Drain(u64),
    /// Set the clock.
    Jump(i64),
}

/// What a worker runs on.
pub(super) struct Ground {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) p: Arc<dyn Store>,
    pub(super) a: Arc<dyn Store>,
    pub(super) b: Arc<dyn Store>,
}

impl Ground {
    /// The files of a directory.
    pub(super) fn files(dir: &Path, setup: &Setup) -> Result<Self> {
        let options = |max_pages| Options { max_pages, ..Options::default() };
        let store = |name: &str, pages| SqliteStore::open(dir.join(name), options(pages));
        Ok(Self {
            broker: Arc::new(SqliteBroker::open(
                dir.join("broker.sqlite"),
                options(setup.broker_pages),
            )?),
            p: Arc::new(store("p.sqlite", None)?),
            a: Arc::new(store("a.sqlite", setup.store_pages)?),
            b: Arc::new(store("b.sqlite", None)?),
        })
    }
}

/// Runs a worker until it is told to stop; `told` hears what it has to say.
pub(super) async fn run(
    setup: Setup,
    ground: Ground,
    eye: Eye,
    mut orders: mpsc::UnboundedReceiver<Order>,
    told: impl Fn(&str),
) -> Result<()> {
    let clock = Arc::new(Watch::default());
    let env = Env { clock: clock.clone(), ..Env::default() };
    let watched = |inner| -> Arc<dyn Store> { Arc::new(WatchedStore { inner, eye: eye.clone() }) };
    let (p, a, b) = (watched(ground.p), watched(ground.a), watched(ground.b));
    let broker = Arc::new(WatchedBroker { inner: ground.broker, eye: eye.clone() });
    let handler = |service: &'static str, store: &Arc<dyn Store>| -> Arc<dyn Handle> {
        let (store, setup) = (store.clone(), setup.clone());
        Arc::new(Hand(Arc::new(Handler {
            service,
            store,
            clock: clock.clone(),
            crash: eye.crash.clone(),
            setup,
        })))
    };
    let (of_a, of_b) = (handler(A, &a), handler(B, &b));
    let group = |consumer: Consumer| {
        let handle = if consumer.service == B { of_b.clone() } else { of_a.clone() };
        let (lease, held) = (Duration::from_millis(setup.lease), Duration::from_millis(200));
        ConsumerGroup { consumer, lease, held, handle }
    };
    let groups = setup.consumers().into_iter().map(group).collect();
    let stores = [(P, p), (A, a), (B, b)];
    let stores = stores.map(|(service, store)| ServiceStore { service: service.into(), store });
    let messaging =
        Messaging::start(MessagingParts { env, broker, groups, stores: stores.into() }).await?;
    told("ready");
    while let Some(order) = orders.recv().await {
        match order {
            Order::Jump(ms) => clock.jump(ms),
            Order::Drain(ms) => {
                let ended = messaging.drain(Duration::from_millis(ms)).await;
                told(if ended { "drained" } else { "cut short" });
                return Ok(());
            }
        }
    }
    Ok(())
}

struct Handler {
    service: &'static str,
    store: Arc<dyn Store>,
    clock: Arc<Watch>,
    crash: Crash,
    setup: Setup,
}

struct Hand(Arc<Handler>);

impl Handle for Hand {
    fn handle(&self, delivery: Arc<Delivery>) -> BoxFuture<'static, Result<Worked, Trouble>> {
        let handler = self.0.clone();
        async move {
            let done = handler.handle(&delivery).await;
            done.map_err(|error| {
                let permanent = error.code() == svckit_core::error::Code::InvalidArgument;
                let class = if permanent { "malformed" } else { error.code().name() };
                Trouble { handler: "OnEvent".into(), class, permanent, error }
            })
        }
        .boxed()
    }
}

impl Handler {
    async fn handle(&self, delivery: &Delivery) -> Result<Worked> {
        let envelope = &delivery.envelope;
        let known = self.setup.knows;
        if envelope.version > known && envelope.readable_since > known {
            return Ok(Worked::TooNew { version: envelope.version, known });
        }
        if envelope.kind == Kind::Tick {
            let tick = Say::new(0, &envelope.time.to_string());
            return self.effect(delivery, &tick, false).await;
        }
        let say =
            Say::read(envelope).ok_or_else(|| Error::invalid_argument("it is not readable"))?;
        if self.service == A {
            self.act(delivery, say.act).await?;
        }
        self.effect(delivery, &say, self.service == A && envelope.kind == Kind::Event).await
    }

    async fn act(&self, delivery: &Delivery, act: Act) -> Result<()> {
        match act {
            Act::Work => {}
            Act::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Act::Fail(times) if delivery.attempt <= times => {
                return Err(Error::unavailable("not yet"));
            }
            Act::Fail(_) => {}
            Act::Refuse => return Err(Error::invalid_argument("never")),
            Act::Panic => panic!("the message says so"),
            Act::Hang => std::future::pending().await,
            Act::Kill => self.crash.now(Label::Kill).await,
            Act::Jump(ms) => self.clock.jump(ms),
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.clock.wall().try_into().unwrap_or(Timestamp::MAX)
    }

    /// The list of what happened to a key grows by this message, in one unit with the inbox and what follows.
    async fn effect(&self, delivery: &Delivery, say: &Say, follows: bool) -> Result<Worked> {
        let group = &delivery.token.group;
        // What has no key has no order, and a list of its own.
        let list = if say.key.is_empty() { format!("#{}", say.number) } else { say.key.clone() };
        let key = format!("{group}:{list}");
        let inbox = Inbox {
            consumer: group.clone(),
            id: delivery.envelope.id,
            replay: delivery.replay,
            keep_until: Timestamp::MAX,
        };
        loop {
            let before = self.store.get(EFFECTS, key.clone()).await?;
            let (mut bytes, version) =
                before.map_or((Vec::new(), 0), |b| (b.value.to_vec(), b.version));
            bytes.extend(say.number.to_be_bytes());
            let now = self.now();
            let unit = Unit {
                now,
                reads: vec![Read { table: EFFECTS, key: key.clone(), version }],
                writes: vec![Write { table: EFFECTS, key: key.clone(), value: Some(bytes.into()) }],
                outbox: if follows { vec![say.follow(now)] } else { Vec::new() },
                inbox: Some(inbox.clone()).filter(|_| !self.setup.at_most_once),
                ..Unit::default()
            };
            match self.store.commit(unit).await? {
                Commit::Done => return Ok(Worked::Done),
                Commit::Refused(Conflict::Seen) => return Ok(Worked::Duplicate),
                Commit::Refused(_) => {}
            }
        }
    }
}

/// The life of a worker that is a process of its own: told by lines of its standard input, telling by lines of its
/// output. Where it is to die it says so and stands still until it is killed.
///
/// # Errors
/// What keeps it from starting.
pub fn child(setup: &str) -> Result<()> {
    let setup: Setup = serde_json::from_str(setup)
        .map_err(|error| Error::invalid_argument(format!("{WORKER}: {error}")))?;
    let at = std::env::var(CRASH_AT).ok().and_then(|at| {
        let (label, nth) = at.split_once(':').unwrap_or((&at, "1"));
        Some((Label::parse(label)?, nth.parse().ok()?))
    });
    let die: Die = Arc::new(|label| {
        say(&format!("at {}", label.name()));
        // The one thread that runs all of it: nothing moves any more.
        loop {
            std::thread::park();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let orders = listen();
    runtime.block_on(async {
        let no_graves = (setup.no_graves > 0)
            .then(|| tokio::time::Instant::now() + Duration::from_millis(setup.no_graves));
        let eye = Eye { crash: Crash::new(at, die), gate: Gate::new(), no_graves };
        let ground = Ground::files(&setup.dir, &setup)?;
        run(setup, ground, eye, orders, say).await
    })
}

/// Says a line to the scenario.
#[expect(clippy::print_stdout, reason = "it is how a worker speaks")]
fn say(line: &str) {
    use std::io::Write;
    println!("{line}");
    let _ = std::io::stdout().flush();
}

/// Reads orders; a closed input is the end of the scenario, and of the worker.
fn listen() -> mpsc::UnboundedReceiver<Order> {
    let (sender, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(std::result::Result::ok) {
            let order = match line.split_once(' ') {
                Some(("drain", ms)) => ms.parse().ok().map(Order::Drain),
                Some(("jump", ms)) => ms.parse().ok().map(Order::Jump),
                _ => None,
            };
            if let Some(order) = order {
                let _ = sender.send(order);
            }
        }
        std::process::exit(0);
    });
    orders
}
