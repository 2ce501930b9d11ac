//! Policies over a callee that is ready: time and allocations, beside tower-resilience and failsafe.
//!
//! Five policies stand around each: limit, retry with a budget, breaker, bulkhead, time limit. `run` is how generated
//! clients have them, fused; `layer` is how users of plain tower have them, as tower-resilience does.

use std::future::Future;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use failsafe::CircuitBreaker;
use futures_util::FutureExt;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use svckit_bench::{in_earnest, race};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error};
use svckit_core::operation::{
    BreakerConfig, BulkheadConfig, LimitConfig, LimitPer, Operation, PolicyConfig, RetryConfig,
};
use svckit_policy::breaker::Breaker;
use svckit_policy::breaker::Outcome::{self, Success};
use svckit_policy::{Call, Policy, PolicyLayer};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience::bulkhead::BulkheadLayer;
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::retry::{RetryBudgetBuilder, RetryLayer};
use tower_resilience::timelimiter::TimeLimiterLayer;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

static GET: Operation = Operation::query("bench.Rates", "Get", "/get");
const CALL: Call<'static> = Call { operation: &GET, deadline: None, replayable: true, who: None };

const ALL: PolicyConfig = PolicyConfig {
    retry: Some(RetryConfig::STANDARD),
    bulkhead: Some(BulkheadConfig { concurrent: 64, queue: 64 }),
    limit: Some(LimitConfig {
        every: Duration::from_nanos(1),
        burst: 1_000_000_000,
        per: LimitPer::All,
    }),
    ..PolicyConfig::STANDARD
};

/// Once open, for longer than it takes to measure it.
const OPEN: BreakerConfig = BreakerConfig {
    open_min: Duration::from_secs(3_600),
    open_max: Duration::from_secs(3_600),
    ..BreakerConfig::STANDARD
};

#[derive(Clone, Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

async fn ready(n: u32) -> Result<u32, Broken> {
    Ok(black_box(n))
}

async fn broken(_: u32) -> Result<u32, Broken> {
    Err(Broken)
}

fn judge(answer: &Result<u32, Broken>) -> Option<Error> {
    answer.as_ref().err().map(|_| Error::fixed(Code::Unavailable, "broken"))
}

/// Their five, in the order of ours.
fn theirs()
-> impl Service<u32, Response = u32, Error = Broken, Future: Send> + Clone + Send + 'static {
    let limit = RateLimiterLayer::builder()
        .limit_for_period(1_000_000_000)
        .refresh_period(Duration::from_secs(1))
        .build()
        .expect("a rate");
    let budget = RetryBudgetBuilder::new().token_bucket().max_tokens(500).build().expect("tokens");
    let retry = RetryLayer::<u32, u32, Broken>::builder().max_attempts(3).budget(budget).build();
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(64).build().expect("places");
    let time = TimeLimiterLayer::builder().timeout_duration(Duration::from_secs(1)).build();
    ServiceBuilder::new()
        .map_err(|_| Broken)
        .layer(limit)
        .layer(retry)
        .map_err(|_| Broken)
        .layer(breaker())
        .map_err(|_| Broken)
        .layer(bulkhead)
        .map_err(|_| Broken)
        .layer(time)
        .service(service_fn(ready))
}

fn breaker() -> CircuitBreakerLayer {
    CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_size(100)
        .wait_duration_in_open(Duration::from_secs(3_600))
        .build()
        .expect("numbers")
}

fn main() {
    let (rounds, calls) = if in_earnest() { (15, 200_000) } else { (1, 100) };
    let turns = Turns { rounds, calls };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Without a budget of polls: nothing here yields to others.
    runtime.block_on(tokio::task::unconstrained(async {
        ready_callee(&turns).await;
        open_breaker(&turns).await;
    }));
    beside_failsafe(&turns);
}

struct Turns {
    rounds: usize,
    calls: u32,
}

impl Turns {
    /// Times both, and says how much one call of each allocates.
    fn compare(&self, what: &str, aim: f64, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
        let (mine, other) = (allocations(&mut ours), allocations(&mut theirs));
        let calls = self.calls;
        let many = |run: &mut dyn FnMut()| (0..calls).for_each(|_| run());
        race(self.rounds, || many(&mut ours), || many(&mut theirs)).report_time(what, aim);
        println!("{:<44} {mine} allocations a call, theirs {other}", "");
    }
}

fn allocations(run: &mut impl FnMut()) -> usize {
    run();
    let region = Region::new(ALLOCATOR);
    run();
    region.change().allocations
}

/// What is ready is done at the first poll.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("nothing to wait for")
}

async fn ready_callee(turns: &Turns) {
    let policy = Arc::new(Policy::new(ALL, Env::default()));
    let layer = PolicyLayer::new(policy.clone(), &GET, judge).layer(service_fn(ready));
    let run = || {
        let answer =
            policy.run(CALL, |_| async { ready(1).await.map_err(|_| Error::internal("")) });
        black_box(at_once(answer)).expect("ready");
    };
    let by_layer = || {
        let mut service = layer.clone();
        black_box(at_once(async { service.ready().await?.call(1).await })).expect("ready");
    };
    let other = theirs();
    let beside = || {
        let mut service = other.clone();
        black_box(at_once(async { service.ready().await?.call(1).await })).expect("ready");
    };
    turns.compare("five policies, run / tower-resilience", 0.5, run, beside);
    turns.compare("five policies, layer / tower-resilience", 0.5, by_layer, beside);
}

async fn open_breaker(turns: &Turns) {
    let config = PolicyConfig { retry: None, breaker: Some(OPEN), ..PolicyConfig::STANDARD };
    let policy = Policy::new(config, Env::default());
    let other = breaker().layer(service_fn(broken));
    for _ in 0..200 {
        let _ = at_once(policy.run(CALL, |_| async { Err::<u32, _>(Error::unavailable("gone")) }));
        let mut service = other.clone();
        let _ = service.ready().await.map(|_| ());
        let _ = service.call(1).await;
    }
    let run = || {
        let refused = policy.run(CALL, |_| async { Ok(1) });
        assert!(black_box(at_once(refused)).is_err());
    };
    let beside = || {
        let mut service = other.clone();
        let refused = at_once(async { service.ready().await?.call(1).await });
        assert!(black_box(refused).is_err());
    };
    turns.compare("refused by an open breaker / tower-resilience", 0.5, run, beside);
}

/// Failsafe has a breaker alone, so ours is alone, too: its machine behind a lock, with the clock.
struct Alone {
    breaker: Mutex<Breaker>,
    env: Env,
}

impl Alone {
    fn new() -> Self {
        let env = Env::default();
        let lease = PolicyConfig::STANDARD.timeout.attempt;
        let breaker = Breaker::new(OPEN, lease, env.clock.now());
        Self { breaker: Mutex::new(breaker), env }
    }

    fn call<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let Env { clock, rng, .. } = &self.env;
        let began = clock.now();
        let permit = self.breaker.lock().expect("nobody panics").acquire(began);
        let permit = permit.map_err(|open| {
            Error::fixed(Code::Unavailable, "the breaker is open").with_retry_after(open.after)
        })?;
        let done = work();
        let (now, outcome) = (clock.now(), done.as_ref().err().map_or(Success, Outcome::of));
        let after = done.as_ref().err().and_then(Error::retry_after);
        let mut breaker = self.breaker.lock().expect("nobody panics");
        breaker.record(permit, outcome, now - began, after, now, &**rng);
        done
    }
}

fn beside_failsafe(turns: &Turns) {
    let (ours, other) = (Alone::new(), failsafe::Config::new().build());
    let run = || {
        black_box(ours.call(|| Ok(1))).expect("closed");
    };
    let beside = || {
        black_box(other.call(|| Ok::<_, ()>(1))).expect("closed");
    };
    turns.compare("a breaker alone / failsafe", 1.0, run, beside);
    for _ in 0..200 {
        let _ = ours.call(|| Err::<u32, _>(Error::unavailable("gone")));
        let _ = other.call(|| Err::<u32, _>(()));
    }
    let refused = || {
        assert!(black_box(ours.call(|| Ok(1))).is_err());
    };
    let beside = || {
        assert!(black_box(other.call(|| Ok::<_, ()>(1))).is_err());
    };
    turns.compare("refused by an open breaker alone / failsafe", 1.0, refused, beside);
}
