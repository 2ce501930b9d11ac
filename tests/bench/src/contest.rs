//! Several that take turns, and how two of them compare: round by round, so that what slows the machine slows both.

use std::time::Duration;

/// One turn of one of them.
#[derive(Debug, Clone, Copy)]
pub struct Lap {
    /// How long all of it took.
    pub took: Duration,
    /// How long the slowest of a hundred took.
    pub p99: Duration,
}

/// One that takes its turns.
pub type Runner<'a> = (&'a str, Box<dyn FnMut() -> Lap + 'a>);

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Contest {
    names: Vec<String>,
    /// By runner, then by round.
    laps: Vec<Vec<Lap>>,
}

/// A middle value, and between which ones the middle half lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The one in the middle.
    pub median: f64,
    /// A quarter is below this.
    pub low: f64,
    /// A quarter is above this.
    pub high: f64,
}

impl Spread {
    /// Of what was measured.
    #[must_use]
    pub fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let place = all.len().saturating_sub(1) * share / 4;
            all.get(place).copied().unwrap_or_default()
        };
        Self { median: at(2), low: at(1), high: at(3) }
    }
}

impl Contest {
    /// Lets all run `rounds` times, each first as often as the others; a round before that is not counted.
    pub fn hold(rounds: usize, mut runners: Vec<Runner<'_>>) -> Self {
        let names = runners.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut laps = vec![Vec::new(); runners.len()];
        for (_, run) in &mut runners {
            run();
        }
        for round in 0..rounds {
            for turn in 0..runners.len() {
                let who = (round + turn) % runners.len();
                laps[who].push((runners[who].1)());
            }
        }
        Self { names, laps }
    }

    /// How often one's throughput is the other's.
    #[must_use]
    pub fn throughput(&self, ours: usize, theirs: usize) -> Spread {
        let pairs = self.laps[ours].iter().zip(&self.laps[theirs]);
        let ratio = |(ours, theirs): (&Lap, &Lap)| {
            theirs.took.as_secs_f64() / ours.took.as_secs_f64().max(f64::MIN_POSITIVE)
        };
        Spread::of(pairs.map(ratio).collect())
    }

    /// Prints how each did, `each` being how much one turn is.
    pub fn report_all(&self, each: usize) {
        for (name, laps) in self.names.iter().zip(&self.laps) {
            let rate =
                Spread::of(laps.iter().map(|lap| each as f64 / lap.took.as_secs_f64()).collect());
            let p99 = Spread::of(laps.iter().map(|lap| lap.p99.as_secs_f64() * 1e3).collect());
            println!(
                "{name:<44} {:>9.0} a second ({:.0} to {:.0}), p99 {:.2} ms ({:.2} to {:.2})",
                rate.median, rate.low, rate.high, p99.median, p99.low, p99.high
            );
        }
    }

    /// Prints one's throughput over the other's beside what is aimed at.
    pub fn report_throughput(&self, ours: usize, theirs: usize, aim: f64) {
        let Spread { median, low, high } = self.throughput(ours, theirs);
        let verdict = if median >= aim { "met" } else { "missed" };
        println!(
            "{:<44} {median:>7.3} ({low:.3} to {high:.3}) of the throughput of {}, aim ≥ {aim}: {verdict}",
            self.names[ours], self.names[theirs]
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_rounds() {
        let ms = |took| Lap { took: Duration::from_millis(took), p99: Duration::ZERO };
        let laps = vec![vec![ms(1), ms(10), ms(3)], vec![ms(2), ms(40), ms(3)]];
        let contest = Contest { names: vec!["a".into(), "b".into()], laps };
        assert_eq!(contest.throughput(0, 1), Spread { median: 2.0, low: 1.0, high: 2.0 });
    }

    #[test]
    fn each_is_first_as_often_as_the_others() {
        let order = std::cell::RefCell::new(String::new());
        let lap = Lap { took: Duration::from_millis(1), p99: Duration::ZERO };
        let runner = |name: &'static str| -> Runner<'_> {
            let order = &order;
            (
                name,
                Box::new(move || {
                    order.borrow_mut().push_str(name);
                    lap
                }),
            )
        };
        Contest::hold(3, vec![runner("a"), runner("b"), runner("c")]);
        assert_eq!(*order.borrow(), "abc abc bca cab".replace(' ', ""));
    }
}
