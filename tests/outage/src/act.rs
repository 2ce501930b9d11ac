//! What is played: each service is slowed, stopped and killed, and before and after each harm all is well.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::house::House;
use crate::judge::{Judged, Report};
use crate::load::{Ears, Lane, Load};
use crate::machine::{Taken, WINDOW, Watch};
use crate::slo::Slo;

/// How long breakers may take to close: they open for a minute at most, and need some calls then.
const CLOSING: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(250);
/// A service that is slow runs for so long, and stands still for so long: as under a quota of processor time.
const RUNS: Duration = Duration::from_millis(100);
const STANDS: Duration = Duration::from_millis(600);
/// What is seen of a service that got well: without errors for a second, which is looked for in so much time.
const WELL: Duration = Duration::from_secs(2);
/// How often an act is played at most, where this machine was too busy with other things to judge it.
const TAKES: u32 = 4;

/// What is done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// It runs for 100 ms of 700: what comes meanwhile waits.
    Slowed,
    /// It is half open: stopped where it stands, with all of its connections; new ones are made, and nothing is answered.
    Stopped,
    /// It is killed (-9) and away until it is started again.
    Killed,
}

/// All of them.
pub const HARMS: [Harm; 3] = [Harm::Slowed, Harm::Stopped, Harm::Killed];

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Slowed => "slowed",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
        })
    }
}

/// A part of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All is well: what the harm is compared with.
    Before,
    /// The service is hurt.
    During,
    /// It is well again, from the end of the harm until all breakers have closed, and a little more.
    After,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        })
    }
}

/// The time of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// Which.
    pub part: Part,
    /// From when, from the start of the load.
    pub from: Duration,
    /// Until when.
    pub to: Duration,
}

/// A service, what was done to it, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Act {
    /// The process that was hurt.
    pub hurt: &'static str,
    /// What was done to it.
    pub harm: Harm,
    /// It was played so many times before.
    pub take: u32,
    /// Before, during, after.
    pub phases: [Phase; 3],
}

impl Act {
    /// `inventory stopped`.
    #[must_use]
    pub fn title(&self) -> String {
        let again = if self.take > 0 { format!(" ({})", self.take + 1) } else { String::new() };
        format!("{} {}{again}", self.hurt, self.harm)
    }

    /// When it began, and ended.
    #[must_use]
    pub fn span(&self) -> (Duration, Duration) {
        (self.phases[0].from, self.phases[2].to)
    }
}

/// The shop, the load on it, and who watches.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The shop.
    pub house: &'a mut House,
    /// The load on it.
    pub load: &'a Load,
    /// Its lanes.
    pub lanes: &'a [Arc<Lane>],
    /// What they promise.
    pub slos: &'a BTreeMap<String, Slo>,
    /// What hears of the load's breakers.
    pub ears: &'a Ears,
    /// What sees this machine's time.
    pub watch: &'a Watch,
    /// How long a harm lasts.
    pub time: Duration,
}

/// What was played, and what is wrong however much time this machine had.
#[derive(Debug, Default)]
pub struct Played {
    /// The acts.
    pub acts: Vec<Act>,
    /// What is wrong.
    pub wrong: Vec<String>,
}

impl Stage<'_> {
    /// Does all harms to one service after the other; again where this machine was too busy to tell.
    ///
    /// # Errors
    /// What could not be done.
    pub async fn play(&mut self, hurt: &[&'static str]) -> Result<Played> {
        let mut played = Played::default();
        for name in hurt {
            for harm in HARMS {
                self.act(name, harm, &mut played).await?;
            }
        }
        Ok(played)
    }

    async fn act(&mut self, hurt: &'static str, harm: Harm, played: &mut Played) -> Result<()> {
        for take in 0..TAKES {
            let start = self.load.elapsed();
            sleep(self.time / 2).await;
            let harmed = self.load.elapsed();
            self.harm(hurt, harm).await?;
            let healed = self.load.elapsed();
            if harm == Harm::Killed {
                self.house.start(hurt).await?;
                self.watch.ours(self.house.processes());
            }
            let open = self.heal().await;
            let end = self.load.elapsed();
            let phase = |part, from, to| Phase { part, from, to };
            let phases = [
                phase(Part::Before, start, harmed),
                phase(Part::During, harmed, healed),
                phase(Part::After, healed, end),
            ];
            let act = Act { hurt, harm, take, phases };
            let still = |breaker| format!("{}: a breaker is still open: {breaker}", act.title());
            played.wrong.extend(open.into_iter().map(still));
            played.acts.push(act);
            // What comes late, and the time that it took, are to be known.
            sleep(2 * WINDOW).await;
            let judged = self.judge(act);
            let seconds = (end - start).as_secs_f64();
            println!("{}: {seconds:.0} s, {judged}", act.title());
            if !matches!(judged, Judged::Unsure(_)) {
                break;
            }
        }
        Ok(())
    }

    /// What can be said of an act at once; what is not answered yet is not in it.
    fn judge(&self, act: Act) -> Judged {
        let (samples, windows) = (self.load.samples(), self.watch.windows());
        let report = Report {
            lanes: self.lanes,
            samples: &samples,
            acts: &[act],
            slos: self.slos,
            windows: &windows,
            taken: Taken::of(&windows),
        };
        report.judge(&act)
    }

    async fn harm(&mut self, hurt: &str, harm: Harm) -> Result<()> {
        match harm {
            Harm::Slowed => self.slow(hurt).await,
            Harm::Stopped => {
                self.house.signal(hurt, Signal::STOP)?;
                sleep(self.time).await;
                self.house.signal(hurt, Signal::CONT)
            }
            Harm::Killed => {
                self.house.kill(hurt)?;
                sleep(self.time).await;
                Ok(())
            }
        }
    }

    async fn slow(&mut self, hurt: &str) -> Result<()> {
        let end = Instant::now() + self.time;
        while Instant::now() < end {
            self.house.signal(hurt, Signal::STOP)?;
            sleep(STANDS).await;
            self.house.signal(hurt, Signal::CONT)?;
            sleep(RUNS).await;
        }
        Ok(())
    }

    /// Waits until all breakers have closed, and a little more; which have not.
    async fn heal(&self) -> Vec<String> {
        let patience = Instant::now() + CLOSING;
        let mut open = self.open().await;
        while !open.is_empty() && Instant::now() < patience {
            sleep(LOOK).await;
            open = self.open().await;
        }
        sleep(WELL).await;
        open
    }

    async fn open(&self) -> Vec<String> {
        let mut open = self.house.open_breakers().await;
        open.extend(self.ears.open().iter().map(|path| format!("the load's client: {path}")));
        open
    }
}
