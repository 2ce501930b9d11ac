use svckit_diagnostics::{Diagnostic, Severity};
use svckit_model::timing::Times;
use svckit_model::{Id, Policy, When, World};

use crate::analysis::calls::{Caller, Calls, Edge};
use crate::rule::rule;
use crate::text::{caller, sum, time};
use crate::{Analysis, Report, policies};

rule! {
    /// Work that takes longer than its deadline, if all goes as badly as the contract lets it.
    ///
    /// ## What it does
    /// Adds up the worst cases of all calls of an operation, an `on` or a schedule, and compares the sum with the
    /// `total` of its policy. A call takes `min(total, attempts · min(attempt, the callee's total) + pauses)`; `x20` is
    /// twenty of them, and a `parallel { … }` takes as long as its longest. What the handler does besides is not in the
    /// contract, and counts as nothing. Where no policy names a total, it is made long enough. A schedule has the time
    /// until it is due again, too; that is a warning.
    ///
    /// ## Why is this bad
    /// The deadline travels with the calls: the later ones are cut off in the middle, after the earlier ones have done
    /// their work, and nobody waits for the result. That happens on the day on which everything is slow.
    ///
    /// Reads: `timeout`, `retry { attempts backoff }`, `calls`, `x20`, `parallel`, `with`, `policy`,
    /// `schedule … every`, `cron`
    ///
    /// ## Example
    /// ```svc
    /// policy Interactive { timeout { attempt 800ms  total 2s } }
    /// query Home() -> string
    ///   policy Interactive
    ///   calls  Orders.Recent, Catalogue.Top     // 3 s each, in `standard`
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// policy Hasty { timeout { attempt 300ms  total 900ms } }
    /// query Home() -> string
    ///   policy Interactive
    ///   calls  parallel { Orders.Recent with Hasty, Catalogue.Top with Hasty }
    /// ```
    pub RULE = Error | Warning "deadline-overrun" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (who, edges) in calls.callers(world) {
        let Some(policy) = who.policy(world) else { continue };
        let needs = calls.timing.needs(world, who.calls(world));
        let total = Times::of(&world.policies[policy].numbers, needs).total;
        if needs > total {
            report
                .add(who.span(world), overrun(world, calls, (who, edges, policy), (needs, total)));
        } else if let Some(found) = overlap(world, (who, edges), needs) {
            report.add(who.span(world), found);
        }
    }
}

fn overrun(
    world: &World,
    calls: &Calls,
    (who, edges, policy): (Caller, &[Edge], Id<Policy>),
    (needs, total): (u64, u64),
) -> Diagnostic {
    let name = caller(world, who);
    let text = format!("`{name}` has {} for calls that may take {}", time(total), time(needs));
    let mut found = Diagnostic::new(RULE.code, who.span(world), text).here("more work than time");
    let mut longest: Vec<&Edge> = edges.iter().filter(|e| e.time.worst > 0).collect();
    longest.sort_by_key(|e| std::cmp::Reverse(e.worst()));
    for edge in longest.iter().take(3) {
        found = found.label(edge.span, format!("up to {}", time(edge.worst())));
    }
    for edge in longest.iter().take(5) {
        found = found.note(edge.explained(world));
    }
    found.notes.extend(sum(edges, needs));
    if let Some(path) = worst_path(world, calls, longest.first().copied()) {
        found = found.note(path);
    }
    if let Some((place, policy)) = policies::written(world, policy, "timeout.total") {
        found = found.label(place, format!("`{policy}` gives it {}", time(total)));
        if let Some(rounded) = whole_seconds(needs) {
            found = found.fix("give it as long", place, format!("total {rounded}")).unsafe_fix();
        }
    }
    found.help("call at once what can be (`parallel { … }`), ask for many with one call, or call `with` a tighter policy")
}

/// A schedule that is due again before its calls are over.
fn overlap(world: &World, (who, edges): (Caller, &[Edge]), needs: u64) -> Option<Diagnostic> {
    let Caller::Schedule(service, at) = who else { return None };
    let schedule = world.services[service].schedules.get(at)?;
    let due = match &schedule.when {
        When::Every(nanos) => *nanos,
        When::Cron(line) => between(line)?,
    };
    if needs <= due {
        return None;
    }
    let text = format!(
        "`{}` is due again after {}, and its calls may take {}",
        caller(world, who),
        time(due),
        time(needs)
    );
    let mut found =
        Diagnostic::new(RULE.code, schedule.info.span, text).here("runs into the next one");
    found.severity = Severity::Warning;
    for edge in edges.iter().filter(|e| e.time.worst > 0).take(3) {
        found = found
            .label(edge.span, format!("up to {}", time(edge.worst())))
            .note(edge.explained(world));
    }
    found.notes.extend(sum(edges, needs));
    Some(found.help("run it less often, ask for many with one call, or put the work into a queue"))
}

/// The shortest time between two runs, by the first of five fields that leaves more than one; none where days are told.
fn between(cron: &str) -> Option<u64> {
    const MINUTE: u64 = 60_000_000_000;
    let mut fields = cron.split_whitespace();
    let (minutes, hours) = (fields.next()?, fields.next()?);
    let within_hour = gap(minutes, 60);
    match (within_hour, gap(hours, 24)) {
        (Some(minutes), _) => Some(minutes * MINUTE),
        (None, Some(hours)) => Some(hours * 60 * MINUTE),
        (None, None) => Some(24 * 60 * MINUTE),
    }
}

/// The least distance between two values of a field, round the end, too; none where it has one value.
fn gap(field: &str, size: u64) -> Option<u64> {
    let mut values: Vec<u64> = field.split(',').flat_map(|part| values(part, size)).collect();
    values.sort_unstable();
    values.dedup();
    let round = values.first().zip(values.last()).map(|(first, last)| size - last + first);
    let inner = values.windows(2).map(|pair| pair[1] - pair[0]);
    inner.chain(round).min().filter(|_| values.len() > 1)
}

/// `*`, `5`, `1-5`, each perhaps with `/n`.
fn values(part: &str, size: u64) -> Vec<u64> {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let step = step.parse::<usize>().unwrap_or(1).max(1);
    let (from, to) = match (range, range.split_once('-')) {
        ("*", _) => (0, size - 1),
        (_, Some((from, to))) => (from.parse().unwrap_or(0), to.parse().unwrap_or(0)),
        (one, None) => {
            let one = one.parse().unwrap_or(0);
            (one, one)
        }
    };
    (from..=to.min(size - 1)).step_by(step).collect()
}

/// Where most of the time goes, call by call.
fn worst_path(world: &World, calls: &Calls, first: Option<&Edge>) -> Option<String> {
    let mut edge = first?;
    let mut names = vec![caller(world, edge.from)];
    while names.len() < 8 {
        names.push(crate::text::operation(world, edge.to));
        let below = calls.from(edge.to).iter().filter(|e| !calls.closes_circle(e));
        match below.max_by_key(|e| e.worst()) {
            Some(next) if next.time.worst > 0 => edge = next,
            _ => break,
        }
    }
    (names.len() > 2).then(|| format!("longest: {}", names.join(" → ")))
}

/// Rounded up, as a person would write it.
fn whole_seconds(nanos: u64) -> Option<String> {
    let seconds = nanos.div_ceil(1_000_000_000);
    (seconds < 86_400).then(|| format!("{seconds}s"))
}
