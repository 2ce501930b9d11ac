//! Runs schedules by the clock, each one after itself: a tick that comes while the last one still runs is left out.

use std::time::Duration;

use jiff::Timestamp;
use svckit_core::call::Metadata;
use svckit_core::clock::Env;
use svckit_core::message::Every;
use svckit_core::server::{Host, Schedule};
use tokio_util::sync::CancellationToken;

use crate::Cron;

/// Starts the schedules of all services; they run until `stop`.
pub(crate) fn start(host: &Host, stop: &CancellationToken) {
    for schedule in host.servers().iter().flat_map(|server| &server.schedules) {
        let (host, schedule, stop) = (host.clone(), schedule.clone(), stop.clone());
        tokio::spawn(stop.run_until_cancelled_owned(async move { run(&host, &schedule).await }));
    }
}

async fn run(host: &Host, schedule: &Schedule) {
    let env = host.env();
    let mut due = env.clock.now();
    loop {
        let Some(wait) = next(schedule, env) else { return };
        let now = env.clock.now();
        // An interval counts from when the last one was due, so that a slow tick shifts none of the others.
        let from = if matches!(schedule.every, Every::Interval(_)) { due } else { now };
        let Some(mut at) = from.checked_add(wait) else { return };
        if at <= now && !wait.is_zero() {
            let missed = now.saturating_duration_since(from).as_nanos() / wait.as_nanos().max(1);
            let missed = u32::try_from(missed).unwrap_or(u32::MAX);
            at = from.checked_add(wait.saturating_mul(missed.saturating_add(1))).unwrap_or(now);
        }
        due = at;
        env.clock.sleep_until(at).await;
        let span =
            tracing::info_span!("tick", service = schedule.service, schedule = schedule.name);
        if let Err(error) = host.work(Metadata::default(), span, |ctx| (schedule.tick)(ctx)).await {
            tracing::error!(service = schedule.service, schedule = schedule.name, %error, "a schedule failed");
        }
    }
}

/// How long from the last time, or from now, to the next one; nothing if there is none.
fn next(schedule: &Schedule, env: &Env) -> Option<Duration> {
    match schedule.every {
        Every::Interval(every) => Some(every.max(Duration::from_millis(1))),
        Every::Cron(line) => {
            let now = Timestamp::try_from(env.clock.wall()).ok()?;
            let cron = Cron::parse(line);
            if let Err(error) = &cron {
                tracing::error!(schedule = schedule.name, "this schedule never runs: {error}");
            }
            let at = cron.ok()?.after(now)?;
            Duration::try_from(at.duration_since(now)).ok()
        }
    }
}
