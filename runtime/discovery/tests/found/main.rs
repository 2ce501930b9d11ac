//! What finds endpoints, over real sockets: a name server, an API server and an agent that a test holds in its hand. The
//! bodies are those that Kubernetes' and Consul's documents show; tests/interop asks an agent of Consul itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod cluster;
mod consul;
mod dns;
mod kubernetes;
mod server;
mod zone;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use svckit_core::clock::{Clock, Env};
use svckit_core::error::Result;
use svckit_discovery::{Discover, Endpoint};
use tokio::sync::mpsc;

/// Pauses pass at once, and patience never ends: what takes longer than a minute is not waited for.
struct Hasty {
    begin: Instant,
    /// Milliseconds that were slept.
    slept: AtomicU64,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Clock for Hasty {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn now(&self) -> Instant {
        self.begin + Duration::from_millis(self.slept.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, at: Instant) -> BoxFuture<'static, ()> {
        let pause = at.saturating_duration_since(self.now());
        if pause > PATIENCE {
            return Box::pin(std::future::pending());
        }
        let millis = u64::try_from(pause.as_millis()).unwrap();
        self.slept.fetch_add(millis + 1, Ordering::SeqCst);
        Box::pin(tokio::task::yield_now())
    }
}

fn env() -> Env {
    let clock = Hasty { begin: Instant::now(), slept: AtomicU64::new(0) };
    Env { clock: Arc::new(clock), ..Env::default() }
}

/// The sets that are found, one after the other.
struct Sets(mpsc::UnboundedReceiver<Result<Vec<Endpoint>>>);

impl Sets {
    /// Followed all along, as a balancer does.
    fn of(found: &dyn Discover) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut sets = found.watch();
        tokio::spawn(async move {
            while let Some(set) = sets.next().await {
                if sender.send(set).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }

    async fn next(&mut self) -> Result<Vec<Endpoint>> {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.recv());
        next.await.expect("a set").expect("it goes on for ever")
    }

    /// The addresses of the next set; `~` before those that drain.
    async fn addresses(&mut self) -> Vec<String> {
        let set = self.next().await.expect("a set");
        let shown = |e: &Endpoint| format!("{}{}", if e.draining { "~" } else { "" }, e.address);
        set.iter().map(shown).collect()
    }
}
