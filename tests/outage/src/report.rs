//! What is made of the samples: a line per lane and phase, and what is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::load::{Lane, Sample};
use crate::slo::Slo;

/// A part of the time of the load.
#[derive(Clone, Debug)]
pub struct Phase {
    /// What happens in it.
    pub name: &'static str,
    /// Whether the service is hurt.
    pub hurt: bool,
    /// From when.
    pub from: Duration,
    /// Until when.
    pub to: Duration,
}

/// What became of a lane's calls in a phase.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// How many there were.
    pub offered: usize,
    /// How many succeeded.
    pub good: usize,
    /// The others, by what they failed with.
    pub codes: BTreeMap<&'static str, usize>,
    /// What half of them took at most.
    pub p50: Duration,
    /// What 99 of 100 took at most.
    pub p99: Duration,
    /// How late 99 of 100 were sent, at most.
    pub late: Duration,
}

impl Line {
    /// Of the calls that were to begin in `[from, to)`.
    #[must_use]
    pub fn of(samples: &[Sample], from: Duration, to: Duration) -> Self {
        let within = samples.iter().filter(|sample| sample.at >= from && sample.at < to);
        let mut line = Self::default();
        let (mut took, mut late) = (Vec::new(), Vec::new());
        for sample in within {
            line.offered += 1;
            took.push(sample.took);
            late.push(sample.late);
            match sample.code {
                None => line.good += 1,
                Some(code) => *line.codes.entry(code.name()).or_default() += 1,
            }
        }
        line.p50 = percentile(&mut took, 50);
        line.p99 = percentile(&mut took, 99);
        line.late = percentile(&mut late, 99);
        line
    }

    /// Percent of the calls that succeeded; all, where there were none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub fn availability(&self) -> f64 {
        if self.offered == 0 { 100.0 } else { self.good as f64 * 100.0 / self.offered as f64 }
    }

    fn missed(&self, title: &str, phase: &Phase, slo: Slo) -> String {
        format!(
            "{title}, {}: {:.2} % of {} answered (promised: {} %), p99 {} (promised: {})",
            phase.name,
            self.availability(),
            self.offered,
            slo.availability,
            millis(self.p99),
            millis(slo.p99),
        )
    }

    /// Whether the promise was kept.
    #[must_use]
    pub fn keeps(&self, slo: Slo) -> bool {
        self.availability() >= slo.availability && self.p99 <= slo.p99
    }
}

/// The smallest that `percent` of a hundred do not exceed.
fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or_default()
}

/// All that was seen.
#[derive(Debug)]
pub struct Report<'a> {
    /// The lanes.
    pub lanes: &'a [std::sync::Arc<Lane>],
    /// Their samples.
    pub samples: &'a [Vec<Sample>],
    /// The phases.
    pub phases: &'a [Phase],
    /// The promises, by operation.
    pub slos: &'a BTreeMap<String, Slo>,
    /// The process that was hurt.
    pub hurt: &'a str,
}

impl Report<'_> {
    /// What an operation promises.
    #[must_use]
    pub fn slo(&self, lane: &Lane) -> Option<Slo> {
        self.slos.get(lane.operation).copied()
    }

    /// Lanes with their samples.
    pub fn each(&self) -> impl Iterator<Item = (&Lane, &[Sample])> {
        self.lanes.iter().map(AsRef::as_ref).zip(self.samples.iter().map(Vec::as_slice))
    }

    /// A table, a line per lane and phase.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<34} {:<10} {:>7} {:>7} {:>8} {:>8} {:>8}  {:<6} errors\n",
            "operation", "phase", "offered", "good", "%", "p50", "p99", "SLO"
        );
        for (lane, samples) in self.each() {
            for phase in self.phases {
                let line = Line::of(samples, phase.from, phase.to);
                let held = match self.slo(lane) {
                    None => "-",
                    Some(slo) if line.keeps(slo) => "held",
                    Some(_) if lane.at == self.hurt => "(hurt)",
                    Some(_) => "MISSED",
                };
                let _ = writeln!(
                    text,
                    "{:<34} {:<10} {:>7} {:>7} {:>8.2} {:>8} {:>8}  {held:<6} {}",
                    lane.title(),
                    phase.name,
                    line.offered,
                    line.good,
                    line.availability(),
                    millis(line.p50),
                    millis(line.p99),
                    codes(&line.codes),
                );
            }
        }
        text
    }

    /// How long after each time that it was hurt the hurt service's calls all succeeded again, for a second at least.
    #[must_use]
    pub fn recoveries(&self) -> Vec<(String, &'static str, Option<Duration>)> {
        let mut found = Vec::new();
        for (lane, samples) in self.each().filter(|(lane, _)| lane.at == self.hurt) {
            for pair in self.phases.windows(2).filter(|pair| pair[0].hurt) {
                let well = recovered(samples, pair[1].from, pair[1].to);
                found.push((lane.title(), pair[0].name, well));
            }
        }
        found
    }

    /// What is wrong with what the contract promises of those that were not hurt.
    #[must_use]
    pub fn broken(&self) -> Vec<Miss<'_>> {
        let mut wrong = Vec::new();
        for (lane, samples) in self.each().filter(|(lane, _)| lane.at != self.hurt) {
            for phase in self.phases {
                let line = Line::of(samples, phase.from, phase.to);
                let Some(slo) = self.slo(lane) else {
                    let what = format!("{} promises nothing in its contract", lane.title());
                    wrong.push(Miss { phase, what });
                    break;
                };
                if !line.keeps(slo) {
                    let what = line.missed(&lane.title(), phase, slo);
                    wrong.push(Miss { phase, what });
                }
            }
        }
        wrong
    }

    /// What shows that the service was not hurt when it should have been, or did not get well.
    #[must_use]
    pub fn unhurt(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (lane, samples) in self.each().filter(|(lane, _)| lane.at == self.hurt) {
            let Some(slo) = self.slo(lane) else { continue };
            for phase in self.phases.iter().filter(|phase| phase.hurt) {
                if Line::of(samples, phase.from, phase.to).keeps(slo) {
                    wrong.push(format!(
                        "{}, {}: it was to be hurt, and was not",
                        lane.title(),
                        phase.name
                    ));
                }
            }
        }
        for (title, phase, well) in self.recoveries() {
            if well.is_none() {
                wrong.push(format!("{title}: it did not get well after it was {phase}"));
            }
        }
        wrong
    }

    /// How late 99 of 100 calls of a phase were sent at most: more than a little says that this machine had no time for
    /// the load.
    #[must_use]
    pub fn late(&self, phase: &Phase) -> Duration {
        let late = |samples: &[Sample]| Line::of(samples, phase.from, phase.to).late;
        self.samples.iter().map(|samples| late(samples)).max().unwrap_or_default()
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub struct Miss<'a> {
    /// When.
    pub phase: &'a Phase,
    /// Which, and what was seen.
    pub what: String,
}

/// From `from` until the first call after which all succeeded for a second.
fn recovered(samples: &[Sample], from: Duration, to: Duration) -> Option<Duration> {
    let after = samples.iter().filter(|sample| sample.at >= from && sample.at < to);
    let last = after.filter(|sample| sample.code.is_some()).map(|sample| sample.at).max();
    let well = last.unwrap_or(from);
    (well + Duration::from_secs(1) <= to).then(|| well - from)
}

fn codes(codes: &BTreeMap<&'static str, usize>) -> String {
    let codes = codes.iter().map(|(name, count)| format!("{count} {name}"));
    codes.collect::<Vec<_>>().join(", ")
}

/// `12.3 ms`.
#[must_use]
pub fn millis(time: Duration) -> String {
    format!("{:.1}ms", time.as_secs_f64() * 1_000.0)
}
