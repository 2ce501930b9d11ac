//! An outage of 30 s at 2,000 calls a second, played on tokio's paused clock: how many attempts the policies make of each
//! call while it lasts, and how soon all is well afterwards. `--nocapture` prints the table.
//!
//! Two things bound the retries. The *bucket* of tokens is there for an outage: 500 tokens are 35 retries, successes alone
//! fill it again, so a callee that is gone sees x 1.001 where 1.2 is promised. The *budget* is there for a callee that fails
//! now and then, whose successes keep the bucket full: in any ten seconds it allows 20 % of their calls, and ten a second
//! whatever their number. At `r` calls a second that is x (1.2 + 10 / r) at most, and just as much where more is wanted:
//!
//! | calls a second | in ten seconds: calls, retries of 20 %, and of ten a second | x |
//! | --- | --- | --- |
//! | 20,000 | 200,000, 40,000, 100 | 1.2005 |
//! | 2,000 | 20,000, 4,000, 100 | 1.205 |
//! | 200 | 2,000, 400, 100 | 1.25 |
//! | 10 | 100, 20, 100 | 2.2 |
//!
//! The ten a second are for callers of the last kind, whose retries are no load to anybody; without them a single failure
//! of a quiet caller could not be tried again. That the budget spends what it has and not one retry more is asserted here.
#![allow(clippy::disallowed_methods, reason = "the clock is paused")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use svckit_core::clock::{Clock as _, Env, Rng, SystemClock};
use svckit_core::error::{Error, Result};
use svckit_core::operation::{Operation, PolicyConfig, RetryConfig, TimeoutConfig};
use svckit_policy::retry::{Failed, Verdict, judge};
use svckit_policy::{Attempt, Call, Policy};
use tokio::time::{Instant, sleep, sleep_until};

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");

/// Calls come in groups, ten milliseconds apart: tokio's timer knows whole milliseconds. 20 each are 2,000 a second.
const MANY: u32 = 20;
const FEW: u32 = 2;
const GAP: Duration = Duration::from_millis(10);
/// How long all is well, how long it is not, and how long it is again.
const BEFORE: Duration = Duration::from_secs(5);
const OUTAGE: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(25);
/// What an answer takes, and how long its caller waits for it.
const ANSWER: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(3);

/// What the callee does during the outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It fails so many of a hundred attempts.
    Fails(u64),
    /// It asks to be left alone.
    Throttles,
    /// It answers nothing.
    Hangs,
    /// It is gone for one second of two.
    Flaps,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Fails(100) => "is gone".to_owned(),
            Self::Fails(percent) => format!("fails {percent} %"),
            Self::Throttles => "throttles".to_owned(),
            Self::Hangs => "hangs".to_owned(),
            Self::Flaps => "flaps".to_owned(),
        };
        f.pad(&text)
    }
}

/// Chance that repeats itself (SplitMix64).
struct Dice(AtomicU64);

impl Rng for Dice {
    fn next_u64(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn dice() -> Env {
    Env { rng: Arc::new(Dice(AtomicU64::new(7))), ..Env::default() }
}

/// The callee: well, but for the outage.
struct Callee {
    trouble: Trouble,
    start: Instant,
    chance: Dice,
    /// Attempts of calls that began during the outage.
    attempts: AtomicU64,
}

impl Callee {
    fn new(trouble: Trouble) -> Self {
        let chance = Dice(AtomicU64::new(11));
        Self { trouble, start: Instant::now(), chance, attempts: AtomicU64::new(0) }
    }

    async fn asked(&self, counts: bool) -> Result<()> {
        self.attempts.fetch_add(u64::from(counts), Ordering::Relaxed);
        let since = self.start.elapsed();
        let out = since >= BEFORE && since < BEFORE + OUTAGE;
        if out && self.trouble == Trouble::Hangs {
            return std::future::pending().await;
        }
        sleep(ANSWER).await;
        match self.trouble {
            Trouble::Fails(percent) if out && self.chance.next_u64() % 100 < percent => {
                Err(Error::unavailable("gone"))
            }
            Trouble::Flaps if out && since.as_secs().is_multiple_of(2) => {
                Err(Error::unavailable("gone for a second"))
            }
            Trouble::Throttles if out => Err(Error::resource_exhausted("leave me alone")),
            _ => Ok(()),
        }
    }
}

/// How a caller asks.
trait Caller: Send + Sync + 'static {
    fn ask(&self, callee: Arc<Callee>, counts: bool) -> impl Future<Output = Result<()>> + Send;
}

/// As the contract says.
impl Caller for Policy {
    async fn ask(&self, callee: Arc<Callee>, counts: bool) -> Result<()> {
        self.run(call(), |_| callee.asked(counts)).await
    }
}

fn call() -> Call<'static> {
    let deadline = Some((Instant::now() + PATIENCE).into_std());
    Call { operation: &GET, deadline, replayable: true, who: None }
}

/// The same attempts, the same judgement and the same pauses, with nothing that bounds their number over all calls.
struct Unbounded {
    once: Policy,
    env: Env,
}

impl Unbounded {
    fn new() -> Self {
        let plain = PolicyConfig::timeouts(TimeoutConfig::STANDARD);
        Self { once: Policy::new(plain, dice()), env: dice() }
    }
}

impl Caller for Unbounded {
    async fn ask(&self, callee: Arc<Callee>, counts: bool) -> Result<()> {
        let call = call();
        for attempts in 1.. {
            let Err(error) = self.once.run(call, |_| callee.asked(counts)).await else { break };
            let now = SystemClock.now();
            let Call { operation, deadline, .. } = call;
            let failed = Failed { operation, attempts, error: &error, now, deadline };
            match judge(&RetryConfig::STANDARD, &failed, &*self.env.rng) {
                Verdict::Again(pause) => sleep(pause).await,
                Verdict::Stop(_) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What became of the calls.
struct Seen {
    calls: u64,
    attempts: u64,
    /// Of a thousand calls during the outage, those that were answered.
    answered: u64,
    /// From the end of the outage until the first second whose calls are all answered, in seconds.
    recovered: Option<u64>,
}

impl Seen {
    /// Attempts per call.
    #[expect(clippy::cast_precision_loss, reason = "there are some hundred thousand")]
    fn amplification(&self) -> f64 {
        self.attempts as f64 / self.calls as f64
    }

    fn print(&self, trouble: Trouble, policies: &str) {
        let recovered = self.recovered.map_or("never".to_owned(), |after| format!("{after} s"));
        println!(
            "{trouble:<12} {policies:<26} {:>7} calls {:>7} attempts  x {:.3}  {:>4} ‰ answered  well after {recovered}",
            self.calls,
            self.attempts,
            self.amplification(),
            self.answered,
        );
    }
}

/// Plays the outage at 2,000 calls a second.
async fn play(caller: impl Caller, trouble: Trouble) -> Seen {
    play_at(MANY, caller, trouble).await
}

/// Plays the outage. Calls come when they come, whatever became of those before.
async fn play_at(group: u32, caller: impl Caller, trouble: Trouble) -> Seen {
    let (caller, callee) = (Arc::new(caller), Arc::new(Callee::new(trouble)));
    let start = callee.start;
    let mut running = Vec::new();
    let mut came = Duration::ZERO;
    while came < BEFORE + OUTAGE + AFTER {
        sleep_until(start + came).await;
        let counts = came >= BEFORE && came < BEFORE + OUTAGE;
        for _ in 0..group {
            let (caller, callee) = (caller.clone(), callee.clone());
            let asked = async move { caller.ask(callee, counts).await.is_ok() };
            running.push((came, tokio::spawn(asked)));
        }
        came += GAP;
    }
    let seconds = (BEFORE + OUTAGE + AFTER).as_secs();
    let (mut good, mut bad) = (vec![0_u64; len(seconds)], vec![0_u64; len(seconds)]);
    for (came, asked) in running {
        let counted = if asked.await.expect("no panic") { &mut good } else { &mut bad };
        counted[len(came.as_secs())] += 1;
    }
    let (from, to) = (len(BEFORE.as_secs()), len((BEFORE + OUTAGE).as_secs()));
    assert_eq!(bad[..from].iter().sum::<u64>(), 0, "all is well before the outage");
    let answered: u64 = good[from..to].iter().sum();
    let calls = answered + bad[from..to].iter().sum::<u64>();
    let recovered = bad[to..].iter().position(|bad| *bad == 0);
    Seen {
        calls,
        attempts: callee.attempts.load(Ordering::Relaxed),
        answered: answered * 1_000 / calls,
        recovered: recovered.and_then(|second| u64::try_from(second).ok()),
    }
}

fn len(seconds: u64) -> usize {
    usize::try_from(seconds).expect("a minute")
}

/// All of them, as `standard` has it.
fn contract() -> Policy {
    Policy::new(PolicyConfig::STANDARD, dice())
}

/// Budget and bucket alone: what bounds retries where no breaker helps.
fn budgets() -> Policy {
    Policy::new(PolicyConfig { breaker: None, ..PolicyConfig::STANDARD }, dice())
}

/// 1.2 attempts per call at most, with the breaker and without.
async fn bounded(trouble: Trouble) {
    for (name, policy) in [("as in the contract", contract()), ("without the breaker", budgets())] {
        let seen = play(policy, trouble).await;
        seen.print(trouble, name);
        assert_eq!(seen.calls, 60_000);
        assert!(seen.amplification() <= 1.2, "{trouble}, {name}: {}", seen.amplification());
        assert!(seen.recovered.is_some(), "{trouble}, {name}: it does not get well");
    }
}

/// What the budget allows of calls that come for 30 s, evenly: of each ten seconds a share, and the floor.
fn most(calls: u64) -> u64 {
    let RetryConfig { budget_percent, budget_floor, .. } = RetryConfig::STANDARD;
    let windows = OUTAGE.as_secs() / 10;
    let each = calls / windows * u64::from(budget_percent) / 100 + u64::from(budget_floor) * 10;
    calls + windows * each
}

/// 30 s, 2,000 calls a second: with budgets an outage is multiplied by 1.2 at most; without, by the number of attempts.
#[tokio::test(start_paused = true)]
async fn a_callee_that_is_gone_is_not_buried_in_retries() {
    let trouble = Trouble::Fails(100);
    bounded(trouble).await;
    let without = play(Unbounded::new(), trouble).await;
    without.print(trouble, "without budgets");
    assert!(without.amplification() > 2.9, "{}", without.amplification());
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_that_asks_to_be_left_alone() {
    bounded(Trouble::Throttles).await;
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_that_hangs() {
    bounded(Trouble::Hangs).await;
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_that_flaps() {
    bounded(Trouble::Flaps).await;
}

/// Where a part of the attempts fails, successes fill the bucket again, and the budget bounds the retries: by what it is,
/// to the last one. Of 45 of a hundred the bucket empties before.
#[tokio::test(start_paused = true)]
async fn nor_is_one_that_fails_now_and_then() {
    for (group, percent, spent) in
        [(MANY, 10, false), (MANY, 25, true), (MANY, 45, false), (FEW, 25, false)]
    {
        let trouble = Trouble::Fails(percent);
        for (name, policy) in
            [("as in the contract", contract()), ("without the breaker", budgets())]
        {
            let seen = play_at(group, policy, trouble).await;
            seen.print(trouble, name);
            let most = most(seen.calls);
            assert!(seen.attempts <= most, "{trouble}, {name}: {} of {most}", seen.attempts);
            if spent && name == "without the breaker" {
                assert!(seen.attempts + 20 >= most, "{trouble}: {} of {most}", seen.attempts);
            }
        }
    }
    let trouble = Trouble::Fails(45);
    let without = play(Unbounded::new(), trouble).await;
    without.print(trouble, "without budgets");
    assert!(without.amplification() > 1.6, "{}", without.amplification());
}

/// "Retries multiplying across layers": three services in a row, each with its own policy over the next.
#[tokio::test(start_paused = true)]
async fn three_layers_multiply_no_outage_either() {
    struct Layers([Policy; 3]);
    impl Caller for Layers {
        async fn ask(&self, callee: Arc<Callee>, counts: bool) -> Result<()> {
            let [top, middle, bottom] = &self.0;
            let (call, callee) = (call(), &callee);
            let leaf = |_: Attempt| callee.asked(counts);
            top.run(call, |_| middle.run(call, |_| bottom.run(call, leaf))).await
        }
    }
    let trouble = Trouble::Fails(100);
    let with = play(Layers([budgets(), budgets(), budgets()]), trouble).await;
    with.print(trouble, "three layers, no breaker");
    assert!(with.amplification() <= 1.2, "{}", with.amplification());
}
