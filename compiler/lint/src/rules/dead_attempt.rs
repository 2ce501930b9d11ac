use svckit_diagnostics::Diagnostic;
use svckit_model::timing::{LEAF_ATTEMPT, LEAF_TOTAL};
use svckit_model::{Id, Operation, Policy, Retry, World};

use crate::analysis::redelivery::Redelivery;
use crate::rule::rule;
use crate::text::{operation, time};
use crate::{Analysis, Report, policies};

rule! {
    /// An attempt for which there is no time left.
    ///
    /// ## What it does
    /// Finds policies whose last attempts would begin when the call's `total` is over: all attempts before take as long
    /// as they may, and all pauses, too. Only attempts that the contract asks for count, not those of
    /// `standard`. Where a policy names no times, those of a leaf in `standard` count: 1 s and 3 s. A policy of queued
    /// commands and `on`s alone is not meant: each delivery has the whole `total`. Of a queued command, the last of the
    /// `attempts` has to begin before it `expires`.
    ///
    /// ## Why is this bad
    /// The policy promises attempts that are not made when they are needed, that is, when the callee is slow. Who reads
    /// it counts on five tries and gets three.
    ///
    /// Reads: `retry { attempts backoff }`, `timeout { attempt total }`, `queue { attempts expires }`
    ///
    /// ## Example
    /// ```svc
    /// policy Patient { timeout { attempt 1s  total 3s }  retry { attempts 5 } }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// policy Patient { timeout { attempt 1s  total 6s }  retry { attempts 5 } }
    /// ```
    pub RULE = Warning "dead-attempt" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (id, policy) in world.policies.iter() {
        let parts = ["retry.attempts", "retry.backoff", "timeout.attempt", "timeout.total"];
        // What only inherits its numbers is as good as where it has them from.
        if parts.iter().any(|part| policy.info.places.get(part).is_some())
            && !of_messages(world, id)
        {
            judge(world, id, report);
        }
    }
    for (id, op) in world.operations.iter() {
        let expires = op.queue.as_ref().and_then(|queue| queue.expires);
        let again = Redelivery::of_queued(world, &analysis.calls().timing, id);
        if let (Some(expires), Some(again)) = (expires, again) {
            queued(world, id, (expires, &again), report);
        }
    }
}

/// A delivery of a queued command that would come after it has expired.
fn queued(
    world: &World,
    id: Id<Operation>,
    (expires, again): (u64, &Redelivery),
    report: &mut Report,
) {
    let op = &world.operations[id];
    let written = op.queue.as_ref().is_some_and(|queue| queue.attempts.is_some());
    let fit = (1..=again.deliveries).take_while(|n| *n == 1 || again.begin(*n) < expires).count();
    let fit = u32::try_from(fit).unwrap_or(u32::MAX);
    if !written || fit >= again.deliveries {
        return;
    }
    let begins = time(again.begin(fit + 1));
    let name = operation(world, id);
    let text = format!(
        "`{name}` asks for {} deliveries, and expires before number {}: that may begin after {begins}",
        again.deliveries,
        fit + 1
    );
    let found = Diagnostic::new(RULE.code, op.info.place("queue"), text)
        .here(format!("expires after {}", time(expires)))
        .note(format!(
            "delivery {} begins after {fit} · {} + pauses of {} = {begins}",
            fit + 1,
            time(again.total),
            time(again.begin(fit + 1) - again.total.saturating_mul(fit.into()))
        ))
        .help(format!(
            "ask for {fit}, or let it expire after more than {}",
            time(again.begin(again.deliveries))
        ));
    report.add(op.info.span, found);
}

/// Whether it is for handlers of messages alone: each delivery has the whole `total` for itself, and the pauses lie
/// between them.
fn of_messages(world: &World, id: Id<Policy>) -> bool {
    let queued = |op: &Operation| op.queue.is_some();
    let of = || world.operations.iter().map(|(_, op)| op).filter(|op| op.policy == id);
    let ons = || world.subscriptions.iter().map(|(_, on)| on);
    let schedules = || world.services.iter().flat_map(|(_, s)| &s.schedules);
    let calls = world
        .operations
        .iter()
        .map(|(_, op)| &op.calls)
        .chain(ons().map(|on| &on.calls))
        .chain(schedules().map(|s| &s.calls));
    let messages = of().any(queued) || ons().any(|on| on.policy == id);
    messages
        && of().all(queued)
        && !schedules().any(|s| s.policy == id)
        && !calls.flatten().any(|call| call.policy == Some(id))
        && !world.policies.iter().any(|(_, p)| p.extends == Some(id))
}

fn judge(world: &World, id: Id<Policy>, report: &mut Report) {
    let policy = &world.policies[id];
    let (Some(retry), Some(timeout)) = (policies::retry(world, id), policies::timeout(world, id))
    else {
        return;
    };
    // Nobody asked for the attempts of `standard`.
    if policies::written(world, id, "retry.attempts").is_none() {
        return;
    }
    let total = timeout.total.unwrap_or(LEAF_TOTAL.max(timeout.attempt.unwrap_or(0)));
    let attempt = timeout.attempt.unwrap_or(LEAF_ATTEMPT).min(total);
    let fit = that_begin(retry, attempt, total);
    if fit >= retry.attempts {
        return;
    }
    let begins = begin(retry, attempt, fit + 1);
    let name = &policy.info.name;
    let text = format!(
        "`{name}` asks for {} attempts, and has time for {fit}: the next would begin after {}",
        retry.attempts,
        time(begins)
    );
    let place = ["retry.attempts", "retry.backoff", "timeout.total", "timeout.attempt"]
        .iter()
        .find_map(|part| policy.info.places.get(part))
        .unwrap_or(policy.info.span);
    let mut found = Diagnostic::new(RULE.code, place, text)
        .here(format!("attempt {} never begins when the callee is slow", fit + 1));
    for (part, value) in [("timeout.attempt", attempt), ("timeout.total", total)] {
        match policies::written(world, id, part) {
            Some((span, _)) if span != place => {
                found = found.label(span, time(value));
            }
            _ => {}
        }
    }
    let pauses = time(retry.pauses(fit + 1));
    found = found.note(format!(
        "attempt {} begins after {fit} · {} + pauses of {pauses} = {}, and the call is over after {}",
        fit + 1,
        time(attempt),
        time(begins),
        time(total)
    ));
    if let Some(written) = policy.info.places.get("retry.attempts") {
        found = found
            .fix("ask for what there is time for", written, format!("attempts {fit}"))
            .unsafe_fix();
    }
    let help = format!(
        "ask for {fit}, or give the call more than {}",
        time(begin(retry, attempt, retry.attempts))
    );
    report.add(policy.info.span, found.help(help));
}

/// When an attempt begins at the latest.
fn begin(retry: &Retry, attempt: u64, number: u32) -> u64 {
    attempt.saturating_mul(u64::from(number) - 1).saturating_add(retry.pauses(number))
}

/// How many attempts begin before the call is over; at least one.
fn that_begin(retry: &Retry, attempt: u64, total: u64) -> u32 {
    let (mut low, mut high) = (1, retry.attempts);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if begin(retry, attempt, middle) < total { low = middle } else { high = middle - 1 }
    }
    low
}
