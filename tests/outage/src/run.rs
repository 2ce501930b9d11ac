//! A run: the shop is opened, put under load, its services are hurt one after the other, and all is judged.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shop::audit::Books;
use shop::drive;
use shop::house::NAMES;
use svckit::{App, Config, Env};

use crate::act::{Played, Stage};
use crate::house::{Between, House};
use crate::judge::{Judged, Report};
use crate::load::{Ears, Lane, Load, Wishes, lanes};
use crate::machine::{Taken, Watch};
use crate::slo::promised;
use crate::{Result, machine, plot, table};

/// Orders that are there before the load, and at most.
const FIRST: usize = 40;
const ORDERS: usize = 20_000;
const SEED: u64 = 7;
/// How long the load runs before the first act.
const WARM: Duration = Duration::from_secs(3);
/// How often as much is brought as one delivery may hold: all that is ordered is to be there.
const DELIVERIES: u32 = 20;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program of the shop.
    pub program: PathBuf,
    /// The workspace of its contracts.
    pub contracts: PathBuf,
    /// How its processes call each other.
    pub between: Between,
    /// The processes that are hurt, one after the other.
    pub hurt: Vec<String>,
    /// How long each harm lasts.
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
    /// Nothing is known to be wrong, but of this can't be told whether it is: this machine was busy with other things.
    Busy(String),
}

/// Plays it; prints what is seen, and how it went.
///
/// # Errors
/// What could not even be played.
pub async fn run(plan: &Plan) -> Result<Verdict> {
    let hurt = names(&plan.hurt)?;
    let slos = promised(&plan.contracts)?;
    let folder = tempfile::tempdir()?;
    let mut house = House::open(&plan.program, folder.path(), plan.between).await?;
    let ears = Arc::new(Ears::default());
    let app = || App::with_env(Config::default(), Env::default().observed_by(ears.clone()));
    let (grpc, http) = (house.seen_by(app(), "http"), house.seen_by(app(), "http+json"));
    let wishes = open_for_business(&grpc).await?;
    let lanes: Vec<Arc<Lane>> =
        lanes(&grpc, &http, &wishes, plan.rate).await?.into_iter().map(Arc::new).collect();
    let load = Load::start(&lanes);
    // Clients connect; what that takes is no matter of harm.
    tokio::time::sleep(WARM).await;
    let watch = Watch::start(load.began())?;
    watch.ours(house.processes());
    let mut stage = Stage {
        house: &mut house,
        load: &load,
        lanes: &lanes,
        slos: &slos,
        ears: &ears,
        watch: &watch,
        time: plan.time,
    };
    let Played { acts, mut wrong } = stage.play(&hurt).await?;
    let (samples, windows) = (load.stop().await?, watch.windows());
    let taken = Taken::of(&windows);
    let report = Report {
        lanes: &lanes,
        samples: &samples,
        acts: &acts,
        slos: &slos,
        windows: &windows,
        taken,
    };
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

/// The processes of these names; all, where none is named.
fn names(wanted: &[String]) -> Result<Vec<&'static str>> {
    let known = NAMES.map(|(name, _)| name);
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(
            format!("there is no service `{unknown}`; there are {}", known.join(", ")).into()
        );
    }
    let hurt = |name: &&str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    Ok(known.into_iter().filter(hurt).collect())
}

/// Fills the shelves, and takes the first orders.
async fn open_for_business(app: &App) -> Result<Arc<Wishes>> {
    for delivery in 0..u64::from(DELIVERIES) {
        drive::restock(app, ORDERS, SEED + delivery).await?;
    }
    let orders = drive::plan(ORDERS, SEED);
    drive::place(app, &orders[..FIRST], false).await?;
    Ok(Wishes::new(orders, FIRST))
}

fn print(report: &Report<'_>, ears: &Ears) {
    println!("\n{}{}\n", table::acts(report), table::glance(report));
    println!("breakers of the clients opened {} times", ears.opened());
    println!("{}", machine::summary(report.windows));
}

/// What is `wrong` whatever the time that this machine had, and what became of the promises.
fn verdict(report: &Report<'_>, mut wrong: Vec<String>) -> Verdict {
    match report.judged() {
        Judged::Broken(broken) if wrong.is_empty() => Verdict::Broken(broken),
        Judged::Broken(broken) => {
            wrong.extend(broken);
            Verdict::Wrong(wrong)
        }
        _ if !wrong.is_empty() => Verdict::Wrong(wrong),
        Judged::Unsure(unsure) => Verdict::Busy(unsure.join("\n  ")),
        Judged::Kept => Verdict::Held,
    }
}

/// What the books say in the end: every order that a customer asked for has come to its end, once.
async fn books(app: &App, wishes: &Wishes) -> Result<Vec<String>> {
    // Those that were not answered are asked again, by the same key.
    drive::place(app, wishes.come(), false).await?;
    let mut start = drive::pieces_at_start(ORDERS);
    start.iter_mut().for_each(|(_, pieces)| *pieces *= DELIVERIES);
    let report = Books::settled(app).await?.audit(wishes.come(), &start);
    println!("\n{report}\n");
    Ok(report.faults)
}

/// The workspace of the shop's contracts in this repository.
#[must_use]
pub fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop")
}
