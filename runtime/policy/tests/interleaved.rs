//! What holds in whatever order callers run and wherever they are cut off: the policies as shuttle runs them, which picks
//! the next task at random, thousands of times over. A failure prints the schedule that led to it.
#![allow(clippy::disallowed_methods, reason = "time stands still")]

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
use svckit_core::operation::{
    BreakerConfig, BulkheadConfig, Operation, PolicyConfig, RetryConfig, TimeoutConfig,
};
use svckit_policy::breaker::Phase;
use svckit_policy::{Call, Policy};

const SCHEDULES: usize = 2_000;
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
        *self.0.lock().expect("no test panics in here")
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
    let env = Env { clock: clock.clone(), ..Env::default() };
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

/// Callers at once, each cut off after some polls or not at all, of a callee that works for some of them.
async fn crowd(policy: &Arc<Policy>, most: usize) -> Arc<Inside> {
    let inside = Arc::new(Inside::default());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (policy, inside) = (policy.clone(), inside.clone());
            spawn(async move {
                let polls = thread_rng().gen_range(1..16);
                let run = policy.run(call(), |_| {
                    let works = thread_rng().gen_bool(0.7);
                    ends(inside.clone(), most, works)
                });
                cut(run, polls).await;
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller panics");
    }
    inside
}

async fn works(policy: &Policy) -> Result<()> {
    policy.run(call(), |_| async { Ok(()) }).await
}

/// "A half-open stampede" and "a breaker wedged by a leaked probe permit", over the whole of `Policy::run`.
#[test]
fn probes_in_flight_never_exceed_their_number_and_the_breaker_comes_back() {
    let breaker = BreakerConfig::STANDARD;
    let probes = usize::try_from(breaker.half_open).expect("few");
    shuttle::check_random(
        move || {
            block_on(async move {
                let (policy, clock) = policy(PolicyConfig { breaker: Some(breaker), ..PLAIN });
                for _ in 0..5 {
                    let gone =
                        policy.run(call(), |_| async { Err::<(), _>(Error::unavailable("")) });
                    assert!(gone.await.is_err());
                }
                assert_eq!(policy.phase(), Phase::Open);
                clock.pass(breaker.open_max);
                // The callee is well again for those who are let in while it closes: more than probes may be inside only then.
                let inside = Arc::new(Inside::default());
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| {
                        let (policy, inside) = (policy.clone(), inside.clone());
                        spawn(async move {
                            let polls = thread_rng().gen_range(1..16);
                            let run = policy.run(call(), |_| {
                                let most = match policy.phase() {
                                    Phase::Closed => CALLERS,
                                    _ => probes,
                                };
                                ends(inside.clone(), most, true)
                            });
                            cut(run, polls).await;
                        })
                    })
                    .collect();
                for caller in callers {
                    caller.await.expect("no caller panics");
                }
                // No time has passed: only what was given back can let these through.
                for _ in 0..probes {
                    works(&policy).await.expect("no place is lost");
                }
                assert_eq!(policy.phase(), Phase::Closed);
            });
        },
        SCHEDULES,
    );
}

/// "Permits are conserved under any cancellation."
#[test]
fn places_are_conserved_wherever_a_call_is_cut_off() {
    const PLACES: usize = 2;
    shuttle::check_random(
        || {
            block_on(async {
                let bulkhead = Some(BulkheadConfig { concurrent: 2, queue: 4 });
                let (policy, _) = policy(PolicyConfig { bulkhead, ..PLAIN });
                crowd(&policy, PLACES).await;
                // All places are there: so many are inside at once, and none waits.
                let inside = Arc::new(Inside::default());
                let both = futures_util::future::join(
                    policy.run(call(), |_| ends(inside.clone(), PLACES, true)),
                    policy.run(call(), |_| ends(inside.clone(), PLACES, true)),
                );
                let (one, other) = both.await;
                drop((one, other));
                assert_eq!(inside.ever.load(Ordering::SeqCst), PLACES);
            });
        },
        SCHEDULES,
    );
}

/// "Retries multiplying": together they never take more than the budget holds.
#[test]
fn retries_of_all_callers_together_stay_within_the_budget() {
    const HELD: usize = 10;
    shuttle::check_random(
        || {
            block_on(async {
                let retry = RetryConfig {
                    attempts: 6,
                    budget_percent: 0,
                    budget_floor: 1,
                    ..RetryConfig::STANDARD
                };
                let (policy, _) = policy(PolicyConfig { retry: Some(retry), ..PLAIN });
                let made = Arc::new(AtomicUsize::new(0));
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| {
                        let (policy, made) = (policy.clone(), made.clone());
                        spawn(async move {
                            let run = policy.run(call(), |_| {
                                made.fetch_add(1, Ordering::SeqCst);
                                async { Err::<(), _>(Error::unavailable("gone")) }
                            });
                            assert!(run.await.is_err());
                        })
                    })
                    .collect();
                for caller in callers {
                    caller.await.expect("no caller panics");
                }
                assert_eq!(made.load(Ordering::SeqCst), CALLERS + HELD);
            });
        },
        SCHEDULES,
    );
}
