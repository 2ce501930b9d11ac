//! How much was checked, and how long it took.

use std::time::Duration;

use serde_json::{Map, Value, json};
use svckit_driver::Stats;

/// The numbers of all worlds together; reading comes first.
pub(super) fn sum(all: &[Stats], loading: Duration) -> Stats {
    let mut sum = Stats { phases: vec![("read", loading)], ..Stats::default() };
    for stats in all {
        sum.files += stats.files;
        sum.parsed += stats.parsed;
        sum.lines += stats.lines;
        sum.bytes += stats.bytes;
        sum.judged += stats.judged;
        sum.rules += stats.rules;
        sum.states += stats.states;
        add(&mut sum.contents, &stats.contents);
        add(&mut sum.phases, &stats.phases);
    }
    sum
}

fn add<T: Copy + std::ops::AddAssign>(
    sum: &mut Vec<(&'static str, T)>,
    more: &[(&'static str, T)],
) {
    for (name, value) in more {
        match sum.iter_mut().find(|(n, _)| n == name) {
            Some((_, total)) => *total += *value,
            None => sum.push((name, *value)),
        }
    }
}

/// For people: a line each, numbers in a column.
pub(super) fn text(stats: &Stats) -> String {
    let mut rows = vec![
        ("files", stats.files.to_string()),
        ("parsed anew", stats.parsed.to_string()),
        ("lines", stats.lines.to_string()),
        ("bytes", stats.bytes.to_string()),
    ];
    rows.extend(stats.contents.iter().map(|(name, count)| (*name, count.to_string())));
    rows.push(("packages judged", stats.judged.to_string()));
    rows.push(("rules run", stats.rules.to_string()));
    rows.push(("states explored", stats.states.to_string()));
    let total: Duration = stats.phases.iter().map(|(_, t)| *t).sum();
    let time = |t: Duration| format!("{:.1} ms", t.as_secs_f64() * 1e3);
    rows.extend(stats.phases.iter().map(|(name, t)| (*name, time(*t))));
    rows.push(("all", time(total)));
    rows.iter().map(|(name, value)| format!("{name:<16} {value:>12}\n")).collect()
}

/// For machines: times in microseconds.
pub(super) fn json(stats: &Stats) -> Value {
    let micros = |t: &Duration| u64::try_from(t.as_micros()).unwrap_or(u64::MAX);
    let contents: Map<String, Value> =
        stats.contents.iter().map(|(name, n)| ((*name).to_owned(), json!(n))).collect();
    let phases: Map<String, Value> =
        stats.phases.iter().map(|(name, t)| ((*name).to_owned(), json!(micros(t)))).collect();
    json!({
        "files": stats.files,
        "parsed": stats.parsed,
        "lines": stats.lines,
        "bytes": stats.bytes,
        "contents": contents,
        "judged": stats.judged,
        "rules": stats.rules,
        "states": stats.states,
        "microseconds": phases,
    })
}
