//! How messages call things.

use svckit_model::{Id, Operation, Retry, Service, World};

use crate::analysis::calls::{Caller, Edge};

/// `2s`, `150ms`, `1h 30m`: exact, in the units of the language.
#[must_use]
pub fn time(nanos: u64) -> String {
    const UNITS: [(&str, u64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    if nanos == u64::MAX {
        return "for ever".to_owned();
    }
    // Seconds with a fraction read better in one piece than apart.
    if nanos > 1_000_000_000 && nanos < 60_000_000_000 && !nanos.is_multiple_of(1_000_000_000) {
        let fraction = format!("{:09}", nanos % 1_000_000_000);
        return format!("{}.{}s", nanos / 1_000_000_000, fraction.trim_end_matches('0'));
    }
    let mut rest = nanos;
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// A time as a literal of the language, in one unit, rounded up to the millisecond.
#[must_use]
pub fn literal(nanos: u64) -> String {
    const UNITS: [(&str, u64); 5] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ];
    let whole = UNITS.iter().find(|(_, size)| nanos >= *size && nanos.is_multiple_of(*size));
    let (unit, size) = whole.copied().unwrap_or(("ms", 1_000_000));
    format!("{}{unit}", nanos.div_ceil(size))
}

/// As a contract writes it, rounded up: `64KiB`, `1.5MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_024 => return format!("{bytes} bytes"),
        1_024..1_048_576 => (1_024, "KiB"),
        1_048_576..1_073_741_824 => (1_048_576, "MiB"),
        _ => (1_073_741_824, "GiB"),
    };
    let tenths = (u128::from(bytes) * 10).div_ceil(unit);
    match tenths % 10 {
        0 => format!("{}{name}", tenths / 10),
        tenth => format!("{}.{tenth}{name}", tenths / 10),
    }
}

/// A percentage with as many digits as it needs: `99.95%`.
#[must_use]
pub fn percent(value: f64) -> String {
    let text = format!("{value:.6}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 call`, `2 calls`
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `Orders.PlaceOrder`
#[must_use]
pub fn operation(world: &World, id: Id<Operation>) -> String {
    let operation = &world.operations[id];
    format!("{}.{}", world.services[operation.service].info.name, operation.info.name)
}

/// The name of a service.
#[must_use]
pub fn service(world: &World, id: Id<Service>) -> &str {
    &world.services[id].info.name
}

/// `Orders.PlaceOrder`, `Orders.ConfirmOrder`, `Checkout.reserve`: whoever calls.
#[must_use]
pub fn caller(world: &World, caller: Caller) -> String {
    match caller {
        Caller::Operation(id) => operation(world, id),
        Caller::Subscription(id) => {
            let on = &world.subscriptions[id];
            format!("{}.{}", world.services[on.service].info.name, on.info.name)
        }
        Caller::Schedule(id, at) => {
            let service = &world.services[id];
            let name = service.schedules.get(at).map_or("", |s| &s.info.name);
            format!("{}.{name}", service.info.name)
        }
        Caller::Saga(id) => world.sagas[id].info.name.clone(),
    }
}

/// `3 attempts of 800ms and pauses of 50ms and 100ms`
#[must_use]
pub fn attempts(attempts: u32, each: u64, retry: Option<&Retry>) -> String {
    let Some(retry) = retry.filter(|_| attempts > 1) else {
        return format!("1 attempt of {}", time(each));
    };
    let shown = attempts.min(4);
    let mut pauses: Vec<String> = (1..shown).map(|n| time(retry.pause(n))).collect();
    if shown < attempts {
        pauses.push("…".to_owned());
    }
    let pauses = match pauses.as_slice() {
        [one] => format!("a pause of {one}"),
        [init @ .., last] => format!("pauses of {} and {last}", init.join(", ")),
        [] => String::new(),
    };
    format!("{attempts} attempts of {} and {pauses}", time(each))
}

/// `worst case = 60s + max(3s, 9s) = 69s`: of calls one after the other, and of groups at once; nothing where it is that
/// of one call.
#[must_use]
pub fn sum(edges: &[Edge], all: u64) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut groups: Vec<(u32, Vec<String>)> = Vec::new();
    let mut timed = edges.iter().filter(|e| e.time.worst > 0);
    for edge in timed.by_ref().take(12) {
        let one = time(edge.time.worst);
        let part = if edge.times == 1 { one } else { format!("{} · {one}", edge.times) };
        match edge.parallel {
            None => parts.push(part),
            Some(group) => match groups.iter_mut().find(|(g, _)| *g == group) {
                Some((_, members)) => members.push(part),
                None => groups.push((group, vec![part])),
            },
        }
    }
    parts.extend(groups.into_iter().map(|(_, members)| format!("max({})", members.join(", "))));
    if timed.next().is_some() {
        parts.push("…".to_owned());
    }
    let sum = parts.join(" + ");
    (sum != time(all)).then(|| format!("worst case = {sum} = {}", time(all)))
}

/// `` `a`, `b` and `c` ``; beyond six, how many more.
#[must_use]
pub fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().take(7).map(|n| format!("`{}`", n.as_ref())).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        all if names.len() > 7 => {
            format!("{} and {} more", all[..6].join(", "), names.len() - 6)
        }
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_they_are_written() {
        let ms = 1_000_000;
        let known = [
            (0, "0s"),
            (150 * ms, "150ms"),
            (2_000 * ms, "2s"),
            (2_150 * ms, "2.15s"),
            (90_000 * ms, "1m 30s"),
            (86_400_000 * ms, "1d"),
            (1_500, "1us 500ns"),
            (u64::MAX, "for ever"),
        ];
        for (nanos, text) in known {
            assert_eq!(time(nanos), text);
        }
    }

    #[test]
    fn lists_end() {
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed(&["a"; 9]), "`a`, `a`, `a`, `a`, `a`, `a` and 3 more");
        assert_eq!(percent(99.95), "99.95%");
        assert_eq!(percent(100.0), "100%");
    }
}
