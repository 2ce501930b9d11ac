//! A run: the shop is opened, put under load, one of its services is hurt in three ways, and all is judged.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use shop::audit::Books;
use shop::drive;
use shop::house::NAMES;
use svckit::{App, Config, Env};
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::house::House;
use crate::load::{Ears, Lane, Load, Wishes, lanes};
use crate::plot;
use crate::report::{Miss, Phase, Report, millis};
use crate::slo::promised;

/// Orders that are there before the load, and at most.
const FIRST: usize = 40;
const ORDERS: usize = 20_000;
const SEED: u64 = 7;
/// How long breakers may take to close: they open for a minute at most, and need some calls then.
const CLOSING: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(250);
/// A service that is slow runs for so long, and stands still for so long: as under a quota of CPU time.
const RUNS: Duration = Duration::from_millis(100);
const STANDS: Duration = Duration::from_millis(600);
/// Load that is sent later than that does not say much of the shop.
const LATE: Duration = Duration::from_millis(50);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program of the shop.
    pub program: PathBuf,
    /// The workspace of its contracts.
    pub contracts: PathBuf,
    /// The process that is hurt.
    pub hurt: String,
    /// How long, each time.
    pub time: Duration,
    /// Calls a second of each query.
    pub rate: f64,
    /// Where the picture goes.
    pub plot: Option<PathBuf>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All promises were kept.
    Held,
    /// These were not, though this machine had time.
    Broken(Vec<String>),
    /// Something is wrong that has nothing to do with time: a panic, an order lost or done twice, a breaker that stays open.
    Wrong(Vec<String>),
    /// This machine was too busy with other things for a verdict.
    Busy(String),
}

/// Plays it; prints what is seen, and how it went.
///
/// # Errors
/// What could not even be played.
pub async fn run(plan: &Plan) -> Result<Verdict> {
    if !NAMES.iter().any(|(name, _)| *name == plan.hurt) {
        let names = NAMES.map(|(name, _)| name).join(", ");
        return Err(format!("there is no service `{}`; there are {names}", plan.hurt).into());
    }
    let slos = promised(&plan.contracts)?;
    let folder = tempfile::tempdir()?;
    let mut house = House::open(&plan.program, folder.path()).await?;
    let ears = Arc::new(Ears::default());
    let app = || App::with_env(Config::default(), Env::default().observed_by(ears.clone()));
    let (grpc, http) = (house.seen_by(app(), "http"), house.seen_by(app(), "http+json"));
    let orders = drive::plan(ORDERS, SEED);
    drive::restock(&grpc, ORDERS, SEED).await?;
    drive::place(&grpc, &orders[..FIRST], false).await?;
    let wishes = Wishes::new(orders, FIRST);
    let lanes: Vec<Arc<Lane>> =
        lanes(&grpc, &http, &wishes, plan.rate).await?.into_iter().map(Arc::new).collect();
    let load = Load::start(&lanes);
    let mut stage =
        Stage { house: &mut house, load: &load, ears: &ears, hurt: &plan.hurt, phases: Vec::new() };
    let mut wrong = stage.play(plan.time).await?;
    let phases = stage.phases;
    let samples = load.stop().await?;
    let report =
        Report { lanes: &lanes, samples: &samples, phases: &phases, slos: &slos, hurt: &plan.hurt };
    print(&report, &ears);
    if let Some(path) = &plan.plot {
        std::fs::write(path, plot::svg(&report))?;
        println!("the plot is {}", path.display());
    }
    wrong.extend(house.ended());
    wrong.extend(house.panics()?);
    wrong.extend(books(&grpc, &wishes).await?);
    Ok(verdict(&report, wrong))
}

fn print(report: &Report<'_>, ears: &Ears) {
    println!("{}", report.table());
    for (title, phase, well) in report.recoveries() {
        let well = well.map_or("not within the time".to_owned(), millis);
        println!("{title}: {phase}, and well again after {well}");
    }
    let late = report.phases.iter().map(|phase| report.late(phase)).max().unwrap_or_default();
    println!(
        "breakers of the clients opened {} times; 99 of 100 calls of a phase were sent at most {} late",
        ears.opened(),
        millis(late)
    );
}

/// What is `wrong` whatever the time that this machine had, and what was seen in that time: a promise that was broken
/// while the load itself came late says nothing.
fn verdict(report: &Report<'_>, wrong: Vec<String>) -> Verdict {
    let busy = |phase: &Phase| report.late(phase) > LATE;
    let (unsure, broken): (Vec<_>, Vec<_>) =
        report.broken().into_iter().partition(|miss| busy(miss.phase));
    let words = |misses: Vec<Miss<'_>>| misses.into_iter().map(|miss| miss.what).collect();
    let (mut unsure, mut broken): (Vec<_>, Vec<_>) = (words(unsure), words(broken));
    let seen = if report.phases.iter().any(busy) { &mut unsure } else { &mut broken };
    seen.extend(report.unhurt());
    if !wrong.is_empty() {
        Verdict::Wrong([wrong, broken].concat())
    } else if !broken.is_empty() {
        Verdict::Broken(broken)
    } else if !unsure.is_empty() {
        Verdict::Busy(format!("the load itself came late while {}", unsure.join("; ")))
    } else {
        Verdict::Held
    }
}

/// What the books say in the end: every order that a customer asked for has come to its end, once.
async fn books(app: &App, wishes: &Wishes) -> Result<Vec<String>> {
    // Those that were not answered are asked again, by the same key.
    drive::place(app, wishes.come(), false).await?;
    let report = Books::settled(app).await?.audit(wishes.come(), &drive::pieces_at_start(ORDERS));
    println!("\n{report}\n");
    Ok(report.faults)
}

/// The shop, the load on it, and what is done to it.
struct Stage<'a> {
    house: &'a mut House,
    load: &'a Load,
    ears: &'a Ears,
    hurt: &'a str,
    phases: Vec<Phase>,
}

impl Stage<'_> {
    /// All phases, one after the other; what is wrong at the end.
    async fn play(&mut self, time: Duration) -> Result<Vec<String>> {
        self.calm("before", time / 2).await;
        let mut wrong = Vec::new();
        let from = self.load.elapsed();
        self.slow(time).await?;
        self.phase("slowed", true, from);
        wrong.extend(self.heal("healed", time / 2, self.load.elapsed()).await);
        let from = self.load.elapsed();
        self.house.signal(self.hurt, Signal::STOP)?;
        sleep(time).await;
        self.house.signal(self.hurt, Signal::CONT)?;
        self.phase("stopped", true, from);
        wrong.extend(self.heal("resumed", time / 2, self.load.elapsed()).await);
        let from = self.load.elapsed();
        self.house.kill(self.hurt)?;
        sleep(time).await;
        self.phase("killed", true, from);
        let from = self.load.elapsed();
        self.house.start(self.hurt).await?;
        wrong.extend(self.heal("after", time / 2, from).await);
        Ok(wrong)
    }

    async fn slow(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.house.signal(self.hurt, Signal::STOP)?;
            sleep(STANDS).await;
            self.house.signal(self.hurt, Signal::CONT)?;
            sleep(RUNS).await;
        }
        Ok(())
    }

    async fn calm(&mut self, name: &'static str, time: Duration) {
        let from = self.load.elapsed();
        sleep(time).await;
        self.phase(name, false, from);
    }

    /// Waits until all breakers have closed, and some more; which have not.
    async fn heal(&mut self, name: &'static str, time: Duration, from: Duration) -> Vec<String> {
        let patience = Instant::now() + CLOSING;
        let mut open = self.open().await;
        while !open.is_empty() && Instant::now() < patience {
            sleep(LOOK).await;
            open = self.open().await;
        }
        // A second without errors is what is called well.
        sleep(time.max(Duration::from_secs(2))).await;
        self.phase(name, false, from);
        open.into_iter()
            .map(|breaker| format!("{name}: a breaker is still open: {breaker}"))
            .collect()
    }

    async fn open(&self) -> Vec<String> {
        let mut open = self.house.open_breakers().await;
        open.extend(self.ears.open().iter().map(|path| format!("the load's client: {path}")));
        open
    }

    fn phase(&mut self, name: &'static str, hurt: bool, from: Duration) {
        let to = self.load.elapsed();
        println!("{name}: {:.1} s", (to - from).as_secs_f64());
        self.phases.push(Phase { name, hurt, from, to });
    }
}

/// The workspace of the shop's contracts in this repository.
#[must_use]
pub fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop")
}
