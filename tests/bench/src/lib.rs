//! Measuring two things beside each other.
//!
//! Absolute times say little of a machine that others use too; what is printed is how the two compare. Runs take
//! turns, so that whatever slows the machine slows both, and medians are compared, so that an outlier moves neither.

use std::time::{Duration, Instant};

/// Two things that took turns.
#[derive(Debug, Clone)]
pub struct Race {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

/// Whether `cargo bench` runs this, and not `cargo test`, for which one short round is enough.
#[must_use]
pub fn in_earnest() -> bool {
    std::env::args().any(|arg| arg == "--bench")
}

/// Lets both run `rounds` times in turns, each first as often; a round before that is not counted.
pub fn race(rounds: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) -> Race {
    let mut race = Race { ours: Vec::new(), theirs: Vec::new() };
    ours();
    theirs();
    for round in 0..rounds.max(1) {
        if round % 2 == 0 {
            race.ours.push(timed(&mut ours));
            race.theirs.push(timed(&mut theirs));
        } else {
            race.theirs.push(timed(&mut theirs));
            race.ours.push(timed(&mut ours));
        }
    }
    race
}

/// How long it took.
pub fn timed(run: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// The middle one of several times.
#[must_use]
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

impl Race {
    /// Our time over theirs: below 1 we are faster.
    #[must_use]
    pub fn time(&self) -> f64 {
        median(&self.ours).as_secs_f64() / median(&self.theirs).as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Our throughput over theirs: above 1 we are faster.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        self.time().recip()
    }

    /// Prints our time over theirs beside what is aimed at.
    pub fn report_time(&self, what: &str, aim: f64) {
        report(what, "of their time", self.time(), self.time() <= aim, &format!("≤ {aim}"));
    }

    /// Prints our throughput over theirs beside what is aimed at.
    pub fn report_throughput(&self, what: &str, aim: f64) {
        let ratio = self.throughput();
        report(what, "of their throughput", ratio, ratio >= aim, &format!("≥ {aim}"));
    }
}

fn report(what: &str, of: &str, ratio: f64, met: bool, aim: &str) {
    let verdict = if met { "met" } else { "missed" };
    println!("{what:<44} {ratio:>7.3} {of}, aim {aim}: {verdict}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_medians() {
        let ms = Duration::from_millis;
        let race = Race { ours: vec![ms(1), ms(90), ms(2)], theirs: vec![ms(4), ms(4), ms(5)] };
        assert!((race.time() - 0.5).abs() < 1e-9);
        assert!((race.throughput() - 2.0).abs() < 1e-9);
    }
}
