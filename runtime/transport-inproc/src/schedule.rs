//! Runs schedules by the clock, each one after itself: a tick that comes while the last one still runs is left out.

use std::time::Duration;

use jiff::Timestamp;
use svckit_core::broker::{Delivery, Token};
use svckit_core::clock::Env;
use svckit_core::message::Every;
use svckit_core::server::{Consumer, Host, ServiceServer, tick};
use tokio_util::sync::CancellationToken;

use crate::Cron;

/// Starts the schedules of all services; they run until `stop`.
pub(crate) fn start(host: &Host, stop: &CancellationToken) {
    let consumers = host.servers().iter().flat_map(ServiceServer::consumers);
    for (consumer, every) in consumers.filter_map(|consumer| consumer.every.map(|e| (consumer, e)))
    {
        let (host, stop) = (host.clone(), stop.clone());
        let run = async move { run(&host, &consumer, every).await };
        tokio::spawn(stop.run_until_cancelled_owned(run));
    }
}

async fn run(host: &Host, consumer: &Consumer, every: Every) {
    let env = host.env();
    let mut due = env.clock.now();
    loop {
        let Some(wait) = next(consumer, every, env) else { return };
        let now = env.clock.now();
        // An interval counts from when the last one was due, so that a slow tick shifts none of the others.
        let from = if matches!(every, Every::Interval(_)) { due } else { now };
        let Some(mut at) = from.checked_add(wait) else { return };
        if at <= now && !wait.is_zero() {
            let missed = now.saturating_duration_since(from).as_nanos() / wait.as_nanos().max(1);
            let missed = u32::try_from(missed).unwrap_or(u32::MAX);
            at = from.checked_add(wait.saturating_mul(missed.saturating_add(1))).unwrap_or(now);
        }
        due = at;
        env.clock.sleep_until(at).await;
        let Ok(wall) = Timestamp::try_from(env.clock.wall()) else { return };
        let group = consumer.group.name.clone();
        let envelope = tick(consumer.service, &group, wall, Duration::ZERO);
        let token = Token { group, position: 0, fence: 0 };
        let delivery = Delivery { token, envelope, attempt: 1, replay: 0, first: wall };
        if let Err(trouble) = host.handle(consumer.service, &delivery).await {
            tracing::error!(schedule = consumer.group.name, error = %trouble.error, "a schedule failed");
        }
    }
}

/// How long from the last time, or from now, to the next one; nothing if there is none.
fn next(consumer: &Consumer, every: Every, env: &Env) -> Option<Duration> {
    match every {
        Every::Interval(every) => Some(every.max(Duration::from_millis(1))),
        Every::Cron(line) => {
            let now = Timestamp::try_from(env.clock.wall()).ok()?;
            let cron = Cron::parse(line);
            if let Err(error) = &cron {
                tracing::error!(
                    schedule = consumer.group.name,
                    "this schedule never runs: {error}"
                );
            }
            let at = cron.ok()?.after(now)?;
            Duration::try_from(at.duration_since(now)).ok()
        }
    }
}
