//! What holds in whatever order callers run and wherever they are cut off: the policies as shuttle runs them, which picks
//! the next task at random, thousands of times over. A failure prints the schedule that led to it.
//!
//! Another task may run at each `await`, each reading of the clock and each event that an observer is told, which are before
//! and after each step that a policy takes under its lock. What happens under a lock is one step here. The only atomic that
//! is counted by without a lock has a model of its own (`turns`); `threaded.rs` runs all of it on real threads.
#![allow(clippy::disallowed_methods, reason = "time stands still")]

mod breaker;
mod budget;
mod hedge;
mod limit;
mod places;
mod turns;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use svckit_core::clock::{Clock, Env};
use svckit_core::error::{Error, Result};
use svckit_core::observe::{Event, Observer};
use svckit_core::operation::{Operation, PolicyConfig, TimeoutConfig};
use svckit_policy::{Call, Policy};

const SCHEDULES: usize = 1_000;
const CALLERS: usize = 8;

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
const PLAIN: PolicyConfig = PolicyConfig::timeouts(TimeoutConfig::STANDARD);

/// Time stands where it is put, and every wait ends at some time or other.
struct Whenever(std::sync::Mutex<Instant>);

impl Clock for Whenever {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn now(&self) -> Instant {
        let now = *self.0.lock().expect("no test panics in here");
        shuttle::thread::yield_now();
        now
    }

    fn sleep_until(&self, _: Instant) -> BoxFuture<'static, ()> {
        pauses(12).boxed()
    }
}

impl Whenever {
    fn pass(&self, time: Duration) {
        *self.0.lock().expect("no test panics in here") += time;
    }
}

/// Lets others go first whenever it is told something.
struct Distracted;

impl Observer for Distracted {
    fn observe(&self, _: &Event<'_>) {
        shuttle::thread::yield_now();
    }
}

/// Lets others go first, at most so many times.
async fn pauses(most: usize) {
    let times = thread_rng().gen_range(0..most);
    for _ in 0..times {
        yield_now().await;
    }
}

/// Runs `work` and drops it after so many polls.
async fn cut<T>(work: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(move |cx| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Counts who is inside.
#[derive(Default)]
struct Inside {
    now: AtomicUsize,
    ever: AtomicUsize,
}

struct Visit(Arc<Inside>);

impl Inside {
    fn enter(self: &Arc<Self>, most: usize) -> Visit {
        self.ever.fetch_add(1, Ordering::SeqCst);
        let before = self.now.fetch_add(1, Ordering::SeqCst);
        assert!(before < most, "{} are inside where {most} may be", before + 1);
        Visit(self.clone())
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

fn policy(config: PolicyConfig) -> (Arc<Policy>, Arc<Whenever>) {
    let clock = Arc::new(Whenever(std::sync::Mutex::new(Instant::now())));
    let env = Env { clock: clock.clone(), ..Env::default() }.observed_by(Arc::new(Distracted));
    (Arc::new(Policy::new(config, env)), clock)
}

fn call() -> Call<'static> {
    Call { operation: &GET, deadline: None, replayable: true, who: None }
}

async fn ends(inside: Arc<Inside>, most: usize, works: bool) -> Result<()> {
    let _visit = inside.enter(most);
    pauses(4).await;
    if works { Ok(()) } else { Err(Error::unavailable("gone")) }
}

/// Runs a story in as many orders.
fn in_any_order<F: Future<Output = ()> + Send + 'static>(story: fn() -> F) {
    shuttle::check_random(move || block_on(story()), SCHEDULES);
}

/// Callers at once; how often each is polled before it is cut off is a matter of chance.
async fn crowd<F>(caller: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let call = caller();
            spawn(async move {
                let polls = thread_rng().gen_range(1..16);
                cut(call, polls).await;
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller panics");
    }
}

async fn works(policy: &Policy) -> Result<()> {
    policy.run(call(), |_| async { Ok(()) }).await
}

/// Whoever was inside has gone, and has taken nothing along.
fn nothing_is_held(policy: &Policy) {
    let standing = policy.standing();
    assert_eq!((standing.probes, standing.running, standing.waiting), (0, 0, 0), "{standing:?}");
}
