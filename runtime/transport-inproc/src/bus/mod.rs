//! Events and queued commands within the process, in memory: what is not delivered when the process ends is lost.
//!
//! Each subscribing service gets each event once, and those of one key in order of publication. A handler that fails
//! is called again after a pause that doubles; what keeps failing becomes a dead letter.

mod dead;
mod deliver;

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::error::{Error, Result};
use svckit_core::message::{Bus, Job, Message};
use svckit_core::server::{Host, Subscription};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use self::dead::DeadLetter;
use self::dead::DeadLetters;
use self::deliver::Work;

/// How many events of one subscriber may be handled at once; those of one key never are.
const LANES: usize = 16;
/// How often an event is tried.
const ATTEMPTS: u32 = 5;

/// Carries events and queued commands within the process. Dropping it stops all handlers.
pub struct LocalBus {
    inner: Arc<Inner>,
}

struct Inner {
    host: Host,
    subscribers: Vec<Subscriber>,
    queues: HashMap<&'static str, mpsc::UnboundedSender<Work>>,
    pending: watch::Sender<usize>,
    dead: DeadLetters,
    stop: CancellationToken,
}

/// The subscriptions of one service.
struct Subscriber {
    subscriptions: Vec<Subscription>,
    lanes: Vec<mpsc::UnboundedSender<Work>>,
}

/// What the services hold: it does not keep the bus alive.
struct Handle(Weak<Inner>);

type Receivers = Vec<mpsc::UnboundedReceiver<Work>>;

impl LocalBus {
    /// Starts to carry what the services of `host` emit and take. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(host: &Host) -> Self {
        let mut receivers = Receivers::new();
        let subscribers = subscribers(host, &mut receivers);
        let (queues, workers) = queues(host);
        let inner = Arc::new(Inner {
            host: host.clone(),
            subscribers,
            queues,
            pending: watch::Sender::new(0),
            dead: DeadLetters::default(),
            stop: CancellationToken::new(),
        });
        for receiver in receivers {
            deliver::lane(&inner, receiver);
        }
        for (receiver, concurrency) in workers {
            deliver::workers(&inner, receiver, concurrency);
        }
        crate::schedule::start(host, &inner.stop);
        let handle: Arc<dyn Bus> = Arc::new(Handle(Arc::downgrade(&inner)));
        host.set_bus(&handle);
        Self { inner }
    }

    /// Returns once everything that was taken is done or dead.
    pub async fn idle(&self) {
        // The sender is in `self`, so the channel is open.
        let _ = self.inner.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// What kept failing, the oldest first; the last thousand.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.inner.dead.all()
    }
}

impl Drop for LocalBus {
    fn drop(&mut self) {
        self.inner.stop.cancel();
    }
}

impl fmt::Debug for LocalBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalBus")
            .field("pending", &*self.inner.pending.borrow())
            .finish_non_exhaustive()
    }
}

fn subscribers(host: &Host, receivers: &mut Receivers) -> Vec<Subscriber> {
    let with = host.servers().iter().filter(|server| !server.subscriptions.is_empty());
    with.map(|server| {
        let (lanes, mut ends) =
            (0..LANES).map(|_| mpsc::unbounded_channel()).unzip::<_, _, _, Vec<_>>();
        receivers.append(&mut ends);
        Subscriber { subscriptions: server.subscriptions.clone(), lanes }
    })
    .collect()
}

type Queues = HashMap<&'static str, mpsc::UnboundedSender<Work>>;

fn queues(host: &Host) -> (Queues, Vec<(mpsc::UnboundedReceiver<Work>, usize)>) {
    let (mut senders, mut workers) = (Queues::new(), Vec::new());
    for queue in host.servers().iter().flat_map(|server| &server.queues) {
        let (sender, receiver) = mpsc::unbounded_channel();
        senders.insert(queue.descriptor.operation.path, sender);
        workers.push((receiver, queue.descriptor.concurrency.max(1)));
    }
    (senders, workers)
}

impl Inner {
    fn publish(&self, message: &Message) {
        for subscriber in &self.subscribers {
            let lane = &subscriber.lanes[lane(message)];
            for subscription in
                subscriber.subscriptions.iter().filter(|s| s.event.name == message.event.name)
            {
                self.send(lane, Work::event(subscription, message.clone()));
            }
        }
    }

    fn enqueue(&self, job: Job) -> Result<()> {
        let operation = job.queue.operation;
        let queues = self.host.servers().iter().flat_map(|server| &server.queues);
        let queue =
            queues.into_iter().find(|queue| queue.descriptor.operation.path == operation.path);
        match (queue, self.queues.get(operation.path)) {
            (Some(queue), Some(sender)) => {
                self.send(sender, Work::job(queue, job));
                Ok(())
            }
            _ => Err(Error::unimplemented(format!("{} has no queue here", operation.name))),
        }
    }

    fn send(&self, to: &mpsc::UnboundedSender<Work>, work: Work) {
        self.pending.send_modify(|pending| *pending += 1);
        if to.send(work).is_err() {
            self.done();
        }
    }

    fn done(&self) {
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

/// Events of one key share a lane; those without any are spread.
fn lane(message: &Message) -> usize {
    let mut hasher = DefaultHasher::new();
    if message.key.is_empty() {
        message.id.hash(&mut hasher);
    } else {
        message.key.hash(&mut hasher);
    }
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
}

impl Bus for Handle {
    fn publish(&self, messages: Vec<Message>) -> BoxFuture<'static, Result<()>> {
        let inner = self.0.upgrade();
        async move {
            let inner = inner.ok_or_else(stopped)?;
            messages.iter().for_each(|message| inner.publish(message));
            Ok(())
        }
        .boxed()
    }

    fn enqueue(&self, job: Job) -> BoxFuture<'static, Result<()>> {
        let inner = self.0.upgrade();
        async move { inner.ok_or_else(stopped)?.enqueue(job) }.boxed()
    }
}

fn stopped() -> Error {
    Error::unavailable("the app that carries events and queued commands has stopped")
}
