//! Publishes the ticks of one schedule.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{Broker, Envelope};
use svckit_core::clock::Env;
use svckit_core::message::Every;
use svckit_core::server;

use super::{Cron, ScheduleParts};
use crate::time::{Backoff, between, later, pause, wall};

/// The wall clock may be set while nobody looks: no sleep is longer.
const LOOK: Duration = Duration::from_secs(10);
/// The shortest interval: a schedule is no busy loop.
const SHORTEST: Duration = Duration::from_millis(1);
/// The broker knows a tick's id for at least that long after the next one is due.
const REMEMBER: Duration = Duration::from_secs(3600);
/// When a schedule is due.
enum Times {
    Interval(Duration),
    Cron(Cron),
}

/// One time of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    at: Timestamp,
    /// When the next one is: then this one is over.
    next: Option<Timestamp>,
}

/// Publishes ticks until it is dropped. A line that can't be read is told, and never runs.
pub(crate) async fn run(env: Env, broker: Arc<dyn Broker>, schedule: ScheduleParts) {
    let times = match Times::of(schedule.every) {
        Ok(times) => times,
        Err(error) => {
            tracing::error!(schedule = schedule.name, "this schedule never runs: {error}");
            return;
        }
    };
    let mut due = times.first(wall(&env));
    while let Some(now) = due {
        reach(&env, now.at).await;
        publish(&env, &*broker, &schedule, now).await;
        due = times.following(now, wall(&env));
    }
}

impl Times {
    fn of(every: Every) -> Result<Self, String> {
        Ok(match every {
            Every::Interval(every) => Self::Interval(every.max(SHORTEST)),
            Every::Cron(line) => Self::Cron(Cron::parse(line)?),
        })
    }

    /// The first one to publish at the start: of an interval, the newest that is past.
    fn first(&self, now: Timestamp) -> Option<Due> {
        match self {
            Self::Interval(every) => Some(slot(*every, now)),
            Self::Cron(cron) => cron.after(now).map(|at| self.due(at)),
        }
    }

    /// The one to publish after `last`: those that went by meanwhile are left out but for an interval's newest.
    fn following(&self, last: Due, now: Timestamp) -> Option<Due> {
        match self {
            Self::Interval(every) => {
                let newest = slot(*every, now);
                let next = last.next.map(|at| self.due(at));
                // A clock that was set back far gives its times again; the broker knows their ids.
                let back = newest.next.is_some_and(|next| next < last.at);
                if newest.at > last.at || back { Some(newest) } else { next }
            }
            Self::Cron(cron) => {
                let from = if last.at > later(now, LOOK) { now } else { now.max(last.at) };
                cron.after(from).map(|at| self.due(at))
            }
        }
    }

    fn due(&self, at: Timestamp) -> Due {
        let next = match self {
            Self::Interval(every) => Some(later(at, *every)).filter(|next| *next > at),
            Self::Cron(cron) => cron.after(at),
        };
        Due { at, next }
    }
}

/// The newest multiple of `every` that is not after `now`.
fn slot(every: Duration, now: Timestamp) -> Due {
    let every_ns = i128::try_from(every.as_nanos()).unwrap_or(i128::MAX).max(1);
    let since = now.as_nanosecond().div_euclid(every_ns).saturating_mul(every_ns);
    let at = Timestamp::from_nanosecond(since).unwrap_or(Timestamp::MIN);
    Due { at, next: Some(later(at, every)).filter(|next| *next > at) }
}

/// Waits until the wall clock shows `at`, also when it is set meanwhile.
async fn reach(env: &Env, at: Timestamp) {
    loop {
        let left = between(wall(env), at);
        if left.is_zero() {
            return;
        }
        pause(env, left.min(LOOK)).await;
    }
}

/// Tries until the broker has it, or it is over.
async fn publish(env: &Env, broker: &dyn Broker, schedule: &ScheduleParts, due: Due) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        let now = wall(env);
        if due.next.is_some_and(|next| next <= now) && backoff.recovered() {
            tracing::error!(schedule = schedule.name, due = %due.at, "a tick was never published: the broker was away");
            return;
        }
        let Err(error) = broker.publish(vec![tick(schedule, due, now)], now).await else { return };
        if backoff.failed() {
            tracing::warn!(schedule = schedule.name, %error, "a tick can't be published; trying again");
        }
        backoff.wait(env).await;
    }
}

fn tick(schedule: &ScheduleParts, due: Due, now: Timestamp) -> Envelope {
    let lasts = due.next.map_or(Duration::ZERO, |next| between(now.min(due.at), next));
    let keep = lasts.saturating_add(REMEMBER);
    Envelope { expires: due.next, ..server::tick(schedule.service, &schedule.name, due.at, keep) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hourly() -> Times {
        Times::of(Every::Interval(Duration::from_secs(3600))).unwrap()
    }

    #[test]
    fn times_of_an_interval_are_multiples_since_the_epoch() {
        let first = hourly().first(at("2027-03-01T10:59:59Z")).unwrap();
        assert_eq!(first.at, at("2027-03-01T10:00:00Z"));
        assert_eq!(first.next, Some(at("2027-03-01T11:00:00Z")));
        let seven = Times::of(Every::Interval(Duration::from_secs(7))).unwrap();
        let first = seven.first(at("1970-01-01T00:00:20Z")).unwrap();
        assert_eq!(first.at, at("1970-01-01T00:00:14Z"));
    }

    #[test]
    fn the_next_one_follows_and_missed_ones_are_left_out() {
        let first = hourly().first(at("2027-03-01T10:30:00Z")).unwrap();
        let next = hourly().following(first, at("2027-03-01T10:30:00Z")).unwrap();
        assert_eq!(next.at, at("2027-03-01T11:00:00Z"));
        let late = hourly().following(first, at("2027-03-01T15:30:00Z")).unwrap();
        assert_eq!(late.at, at("2027-03-01T15:00:00Z"));
    }

    #[test]
    fn a_clock_that_is_set_back_stops_no_schedule() {
        let first = hourly().first(at("2027-03-01T10:30:00Z")).unwrap();
        let next = hourly().following(first, at("2027-02-01T10:30:00Z")).unwrap();
        assert_eq!(next.at, at("2027-02-01T10:00:00Z"));
        let cron = Times::of(Every::Cron("0 3 * * *")).unwrap();
        let last = cron.first(at("2027-03-01T02:00:00Z")).unwrap();
        let next = cron.following(last, at("2027-02-01T02:00:00Z")).unwrap();
        assert_eq!(next.at, at("2027-02-01T03:00:00Z"));
        // A timer that fires a moment early gives no time twice.
        let next = cron.following(last, at("2027-03-01T02:59:59.999Z")).unwrap();
        assert_eq!(next.at, at("2027-03-02T03:00:00Z"));
    }

    #[test]
    fn cron_runs_nothing_that_was_missed() {
        let cron = Times::of(Every::Cron("0 3 * * *")).unwrap();
        let first = cron.first(at("2027-03-01T03:00:01Z")).unwrap();
        assert_eq!(first.at, at("2027-03-02T03:00:00Z"));
        assert_eq!(first.next, Some(at("2027-03-03T03:00:00Z")));
        assert!(Times::of(Every::Cron("never")).is_err());
    }

    #[test]
    fn all_instances_give_a_tick_the_same_id() {
        let schedule = ScheduleParts {
            service: "t.v1.T",
            name: "t.v1.T/Clean".into(),
            every: Every::Interval(Duration::from_secs(60)),
        };
        let due = slot(Duration::from_secs(60), at("2027-03-01T10:30:00Z"));
        let one = tick(&schedule, due, due.at);
        assert_eq!(one.id, tick(&schedule, due, at("2027-03-01T10:30:20Z")).id);
        let other = slot(Duration::from_secs(60), at("2027-03-01T10:31:00Z"));
        assert_ne!(one.id, tick(&schedule, other, due.at).id);
        let named = ScheduleParts { name: "t.v1.T/Other".into(), ..schedule };
        assert_ne!(one.id, tick(&named, due, due.at).id);
    }
}
