//! What is made of the samples: a line per lane and phase, and whether what the contracts promise was kept.
//!
//! A promise is kept where it was kept counting every call, however busy this machine was. Where it was not, a machine that
//! had no time is no excuse either: it is asked again without the calls that fell into [time that was
//! taken](crate::machine), and what is broken then is broken. What is not can't be told: it is neither kept nor broken, the act
//! is played again, and if it can't ever be told, the run says so.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use svckit::Code;

use crate::act::{Act, Part, Phase};
use crate::load::{Lane, Sample};
use crate::machine::{Taken, WINDOW, Window};
use crate::slo::Slo;

/// What calls end with that nobody answered in time, or where somebody waits for a lock; nothing else comes of a busy
/// machine.
const OF_TIME: [Code; 4] =
    [Code::DeadlineExceeded, Code::Unavailable, Code::Aborted, Code::ResourceExhausted];

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
}

impl Line {
    /// Of all calls that were to begin in `[from, to)`.
    #[must_use]
    pub fn of(samples: &[Sample], from: Duration, to: Duration) -> Self {
        Self::without(samples, from, to, &Taken::default())
    }

    /// Of those that fell into no window that was taken, or failed for reasons that have nothing to do with time.
    fn without(samples: &[Sample], from: Duration, to: Duration, taken: &Taken) -> Self {
        let (mut line, mut took) = (Self::default(), Vec::new());
        // They are in the order of their beginnings.
        let first = samples.partition_point(|sample| sample.at < from);
        for sample in samples[first..].iter().take_while(|sample| sample.at < to) {
            let of_time = sample.code.is_none_or(|code| OF_TIME.contains(&code));
            if of_time && taken.any(sample.at, sample.at + sample.took) {
                continue;
            }
            line.offered += 1;
            took.push(sample.took);
            match sample.code {
                None => line.good += 1,
                Some(code) => *line.codes.entry(code.name()).or_default() += 1,
            }
        }
        line.p50 = percentile(&mut took, 50);
        line.p99 = percentile(&mut took, 99);
        line
    }

    /// Percent of the calls that succeeded; all, where there were none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub fn availability(&self) -> f64 {
        if self.offered == 0 { 100.0 } else { self.good as f64 * 100.0 / self.offered as f64 }
    }

    /// Whether the promise was kept.
    #[must_use]
    pub fn keeps(&self, slo: Slo) -> bool {
        self.availability() >= slo.availability && self.p99 <= slo.p99
    }

    /// `2 unavailable, 1 internal`.
    #[must_use]
    pub fn errors(&self) -> String {
        let codes = self.codes.iter().map(|(name, count)| format!("{count} {name}"));
        codes.collect::<Vec<_>>().join(", ")
    }
}

/// The smallest that `percent` of a hundred do not exceed.
fn percentile(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or_default()
}

/// What is said of an act, or of a lane in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// What was promised was kept.
    Kept,
    /// It can't be told: this was not kept, but this machine was busy with other things meanwhile.
    Unsure(Vec<String>),
    /// This was not kept.
    Broken(Vec<String>),
}

impl Judged {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Broken(a), Self::Broken(b)) => Self::Broken([a, b].concat()),
            (Self::Unsure(a), Self::Unsure(b)) => Self::Unsure([a, b].concat()),
            (Self::Broken(a), _) | (_, Self::Broken(a)) => Self::Broken(a),
            (Self::Unsure(a), _) | (_, Self::Unsure(a)) => Self::Unsure(a),
            (Self::Kept, Self::Kept) => Self::Kept,
        }
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kept => "kept",
            Self::Unsure(_) => "can't be told: this machine was busy with other things",
            Self::Broken(_) => "BROKEN",
        })
    }
}

/// All that was seen.
#[derive(Debug)]
pub struct Report<'a> {
    /// The lanes.
    pub lanes: &'a [std::sync::Arc<Lane>],
    /// Their samples, each in the order of their beginnings.
    pub samples: &'a [Vec<Sample>],
    /// What was played.
    pub acts: &'a [Act],
    /// The promises, by operation.
    pub slos: &'a BTreeMap<String, Slo>,
    /// What time this machine had.
    pub windows: &'a [Window],
    /// The windows that were taken.
    pub taken: Taken,
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

    /// What is said of an act.
    #[must_use]
    pub fn judge(&self, act: &Act) -> Judged {
        let lanes = self.each().map(|(lane, samples)| self.lane(act, lane, samples));
        lanes.fold(Judged::Kept, Judged::and)
    }

    /// What is said of a lane in an act. That of a service that is hurt is to be well before, ill meanwhile, and to get well
    /// after; all others are to be well all the time.
    #[must_use]
    pub fn lane(&self, act: &Act, lane: &Lane, samples: &[Sample]) -> Judged {
        let title = format!("{}: {}", act.title(), lane.title());
        let Some(slo) = self.slo(lane) else {
            return Judged::Broken(vec![format!("{title} promises nothing in its contract")]);
        };
        let well = |phase: &Phase| self.well(&title, phase, samples, slo);
        let [before, during, after] = &act.phases;
        if lane.at != act.hurt {
            return well(before).and(well(during)).and(well(after));
        }
        // What the harm finds under way, in the time that it may take, is hurt too.
        let before = &Phase { to: before.to.saturating_sub(slo.p99), ..*before };
        let hurt = if Line::of(samples, during.from, during.to).keeps(slo) {
            Judged::Broken(vec![format!("{title} was to be hurt, and was not")])
        } else {
            Judged::Kept
        };
        well(before).and(hurt).and(self.got_well(&title, after, samples))
    }

    /// Whether a promise was kept in a phase.
    fn well(&self, title: &str, phase: &Phase, samples: &[Sample], slo: Slo) -> Judged {
        let line = Line::of(samples, phase.from, phase.to);
        if line.keeps(slo) {
            return Judged::Kept;
        }
        let said = |line: &Line| vec![missed(title, phase.part, line, slo)];
        let undisturbed = Line::without(samples, phase.from, phase.to, &self.taken);
        if undisturbed.keeps(slo) {
            Judged::Unsure(said(&line))
        } else {
            Judged::Broken(said(&undisturbed))
        }
    }

    fn got_well(&self, title: &str, after: &Phase, samples: &[Sample]) -> Judged {
        if recovered(samples, after).is_some() {
            return Judged::Kept;
        }
        let said = vec![format!("{title} did not get well")];
        if self.taken.any(after.to.saturating_sub(4 * WINDOW), after.to) {
            Judged::Unsure(said)
        } else {
            Judged::Broken(said)
        }
    }

    /// What is said of the whole run: a harm is judged by the take that could be; what was broken in any take is broken.
    #[must_use]
    pub fn judged(&self) -> Judged {
        self.over_takes(|act| self.judge(act))
    }

    /// What is said of one lane in the whole run.
    #[must_use]
    pub fn lane_judged(&self, lane: &Lane, samples: &[Sample]) -> Judged {
        self.over_takes(|act| self.lane(act, lane, samples))
    }

    fn over_takes(&self, judge: impl Fn(&Act) -> Judged) -> Judged {
        let (mut takes, mut broken) = (BTreeMap::new(), Judged::Kept);
        for act in self.acts {
            let judged = judge(act);
            let best: &mut Judged = takes.entry((act.hurt, act.harm)).or_insert(judged.clone());
            if judged == Judged::Kept {
                *best = judged;
            } else if matches!(judged, Judged::Broken(_)) {
                broken = broken.and(judged);
            }
        }
        let unsure = takes.into_values().filter(|judged| matches!(judged, Judged::Unsure(_)));
        unsure.fold(broken, Judged::and)
    }

    /// How long after a harm the calls of the service that was hurt all succeeded again, for a second at least.
    #[must_use]
    pub fn recovery(&self, act: &Act) -> Option<Duration> {
        let lanes = self.each().filter(|(lane, _)| lane.at == act.hurt);
        let after = lanes.map(|(_, samples)| recovered(samples, &act.phases[2]));
        after.reduce(|a, b| Some(a?.max(b?)))?
    }
}

fn missed(title: &str, part: Part, line: &Line, slo: Slo) -> String {
    let text = format!(
        "{title}: {part} it {:.2} % of {} were answered, p99 {} (promised: {slo}) {}",
        line.availability(),
        line.offered,
        millis(line.p99),
        line.errors(),
    );
    text.trim_end().to_owned()
}

/// From the beginning of a phase until the first call after which all succeeded for a second.
fn recovered(samples: &[Sample], phase: &Phase) -> Option<Duration> {
    let after = samples.iter().filter(|sample| sample.at >= phase.from && sample.at < phase.to);
    let last = after.filter(|sample| sample.code.is_some()).map(|sample| sample.at).max();
    let well = last.unwrap_or(phase.from);
    (well + Duration::from_secs(1) <= phase.to).then(|| well - phase.from)
}

/// `12.3 ms`.
#[must_use]
pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
