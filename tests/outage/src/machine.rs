//! What time this machine had: how late a thread is that only wants to look at its watch, who else uses the processors, and
//! how long the shop waits for one.
//!
//! A machine that does other things too answers late for reasons that are not the shop's. So half a second is called
//! *taken* where all of this is so: somebody else had a good part of the processors, and the shop, or the one that
//! measures it, was seen to wait for one. If only the second is so, the shop itself has used up the machine, and that is its
//! own fault. Where nobody says who uses the processors (not on Linux), the watch alone decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What is judged as a whole.
pub const WINDOW: Duration = Duration::from_millis(500);
/// How often the watch is looked at.
const PULSE: Duration = Duration::from_millis(10);
/// Who looks at his watch later than that was not given a processor.
const LATE: Duration = Duration::from_millis(20);
/// What the threads of one process may wait for a processor in a window, all together.
const WAITED: Duration = Duration::from_millis(50);
/// The share of all processors that somebody else has, from which on it may be for his sake.
const OTHERS: f64 = 0.15;

/// Half a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// When it began, from the start of the load.
    pub from: Duration,
    /// How late the watch was looked at, at worst.
    pub late: Duration,
    /// How long the threads of the process that had to wait longest waited for a processor.
    pub waited: Duration,
    /// The share of all processors that others had, 0 to 1; nothing, where nobody says.
    pub others: Option<f64>,
}

impl Window {
    /// Whether others had the time that the shop was missing.
    #[must_use]
    pub fn taken(&self) -> bool {
        match self.others {
            Some(others) => others >= OTHERS && (self.late > LATE || self.waited > WAITED),
            None => self.late > LATE,
        }
    }
}

/// The windows of a run that were taken.
#[derive(Clone, Debug, Default)]
pub struct Taken(BTreeSet<u128>);

impl Taken {
    /// Of all windows those.
    #[must_use]
    pub fn of(windows: &[Window]) -> Self {
        let taken = windows.iter().filter(|window| window.taken());
        Self(taken.map(|window| number(window.from)).collect())
    }

    /// Whether any of what lies between two times was taken.
    #[must_use]
    pub fn any(&self, from: Duration, to: Duration) -> bool {
        self.0.range(number(from)..=number(to)).next().is_some()
    }

    /// The share of the windows between two times that were not, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub fn free(&self, from: Duration, to: Duration) -> f64 {
        let (first, after) = (number(from), number(to).max(number(from) + 1));
        let taken = self.0.range(first..after).count();
        1.0 - taken as f64 / (after - first) as f64
    }

    /// Where they begin.
    pub fn starts(&self) -> impl Iterator<Item = Duration> {
        self.0.iter().map(|number| WINDOW * u32::try_from(*number).unwrap_or(u32::MAX))
    }
}

fn number(at: Duration) -> u128 {
    at.as_nanos() / WINDOW.as_nanos()
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Seen {
    start: Instant,
    over: AtomicBool,
    windows: Mutex<Vec<Window>>,
    processes: Mutex<BTreeSet<u32>>,
}

impl Watch {
    /// Begins; times are from `start`. This process is one of ours, the others are to be [told](Self::ours).
    ///
    /// # Errors
    /// That there is no thread for it.
    pub fn start(start: Instant) -> std::io::Result<Self> {
        let seen = Arc::new(Seen {
            start,
            over: AtomicBool::new(false),
            windows: Mutex::default(),
            processes: Mutex::new([std::process::id()].into()),
        });
        let watching = seen.clone();
        let thread = thread::Builder::new().name("watch".into()).spawn(move || watching.watch())?;
        Ok(Self { seen, thread: Some(thread) })
    }

    /// These processes are ours too.
    pub fn ours(&self, processes: impl IntoIterator<Item = u32>) {
        self.seen.processes.lock().unwrap_or_else(PoisonError::into_inner).extend(processes);
    }

    /// All windows that are over.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        self.seen.windows.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say that was not said.
            let _ = thread.join();
        }
    }
}

impl Seen {
    fn watch(&self) {
        let mut number = u32::try_from(number(self.start.elapsed())).unwrap_or(0);
        let mut before = self.times();
        while !self.over.load(Ordering::Relaxed) {
            let (from, to) = (WINDOW * number, WINDOW * (number + 1));
            let mut late = Duration::ZERO;
            loop {
                let now = self.start.elapsed();
                if now >= to {
                    break;
                }
                let wanted = (now + PULSE).min(to);
                thread::sleep(wanted - now);
                late = late.max(self.start.elapsed().saturating_sub(wanted));
            }
            let after = self.times();
            let window = before.until(&after, from, late);
            // A process that was not let go for longer has slept through some windows.
            let next = u32::try_from(self::number(self.start.elapsed())).unwrap_or(number + 1);
            let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            windows.extend((number..next).map(|n| Window { from: WINDOW * n, ..window }));
            (number, before) = (next, after);
        }
    }

    fn times(&self) -> Times {
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of = |process| Some((process, (used(process)?, waits(process))));
        Times { machine: machine(), ours: processes.into_iter().filter_map(of).collect() }
    }
}

/// What the kernel has counted up to a moment.
#[derive(Debug, Default)]
struct Times {
    /// All processors: busy, and all there is, in ticks.
    machine: Option<(f64, f64)>,
    /// By process: what it used, in ticks, and how long it waited.
    ours: BTreeMap<u32, (f64, Duration)>,
}

impl Times {
    fn until(&self, later: &Self, from: Duration, late: Duration) -> Window {
        let (mut used, mut waited) = (0.0, Duration::ZERO);
        for (process, (used_later, waited_later)) in &later.ours {
            let (used_before, waited_before) =
                self.ours.get(process).copied().unwrap_or((0.0, Duration::ZERO));
            used += (used_later - used_before).max(0.0);
            waited = waited.max(waited_later.saturating_sub(waited_before));
        }
        let others =
            self.machine.zip(later.machine).map(|((busy, all), (busy_later, all_later))| {
                ((busy_later - busy - used) / (all_later - all).max(1.0)).clamp(0.0, 1.0)
            });
        Window { from, late, waited, others }
    }
}

/// What all processors did, from the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn machine() -> Option<(f64, f64)> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let numbers = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let numbers: Vec<f64> = numbers.filter_map(|number| number.parse().ok()).collect();
    let (all, idle) = (numbers.iter().sum::<f64>(), numbers.get(3)? + numbers.get(4)?);
    Some((all - idle, all))
}

/// What a process used: the fields `utime` and `stime`, which follow its name in brackets.
fn used(process: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number)?.parse::<f64>().ok();
    Some(field(11)? + field(12)?)
}

/// How long its threads were ready to run and did not.
fn waits(process: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Duration::ZERO };
    let waited = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
    };
    threads.filter_map(Result::ok).filter_map(waited).sum()
}

/// In short: how much of the run was taken, and how much others had.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "some thousands")]
pub fn summary(windows: &[Window]) -> String {
    let count = windows.len().max(1) as f64;
    let taken = windows.iter().filter(|window| window.taken()).count() as f64 * 100.0 / count;
    let late = windows.iter().map(|window| window.late).max().unwrap_or_default();
    let others: Vec<f64> = windows.iter().filter_map(|window| window.others).collect();
    let share = others.iter().sum::<f64>() * 100.0 / count;
    let who = if others.is_empty() {
        "nobody says who else used it".to_owned()
    } else {
        format!("others used {share:.0} % of it")
    };
    format!(
        "this machine: {who}; {taken:.0} % of the time was taken from the shop; a watch was looked at {} ms late at most",
        late.as_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn window(number: u32, late: u64, waited: u64, others: Option<f64>) -> Window {
        Window { from: WINDOW * number, late: ms(late), waited: ms(waited), others }
    }

    #[test]
    fn a_window_is_taken_by_others_alone() {
        for (late, waited, others, taken) in [
            (1, 0, Some(0.0), false),
            (400, 400, Some(0.1), false), // The shop has used the machine up itself.
            (1, 0, Some(0.9), false),     // There was enough for both.
            (400, 0, Some(0.3), true),
            (1, 400, Some(0.3), true),
            (400, 0, None, true),
            (1, 0, None, false),
        ] {
            assert_eq!(
                window(0, late, waited, others).taken(),
                taken,
                "{late} {waited} {others:?}"
            );
        }
    }

    #[test]
    fn what_is_taken_is_found_by_time() {
        let windows =
            [window(0, 1, 0, Some(0.0)), window(1, 99, 0, Some(0.5)), window(2, 1, 0, None)];
        let taken = Taken::of(&windows);
        assert_eq!(taken.starts().collect::<Vec<_>>(), [WINDOW]);
        assert!(
            !taken.any(ms(0), ms(499)) && taken.any(ms(0), ms(500)) && taken.any(ms(999), ms(999))
        );
        assert!(!taken.any(ms(1_000), ms(9_000)));
        assert!((taken.free(ms(0), ms(2_000)) - 0.75).abs() < 1e-9);
        assert!((taken.free(ms(500), ms(600)) - 0.0).abs() < 1e-9);
    }

    #[test]
    fn others_are_who_is_not_ours() {
        let times = |busy, all, ours: &[(u32, f64, u64)]| Times {
            machine: Some((busy, all)),
            ours: ours
                .iter()
                .map(|(process, used, waited)| (*process, (*used, ms(*waited))))
                .collect(),
        };
        let before = times(100.0, 1_000.0, &[(1, 10.0, 5), (2, 20.0, 0)]);
        // The second was killed; the third is new.
        let after = times(160.0, 1_100.0, &[(1, 30.0, 105), (3, 10.0, 20)]);
        let window = before.until(&after, WINDOW, ms(3));
        assert_eq!((window.waited, window.late, window.from), (ms(100), ms(3), WINDOW));
        assert!((window.others.expect("both are known") - 0.3).abs() < 1e-9);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_is_understood() {
        let (busy, all) = machine().expect("it says so");
        assert!(busy > 0.0 && all > busy);
        let me = std::process::id();
        let begin = Instant::now();
        while used(me).expect("it is there") < 3.0 {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is used");
        }
    }
}
