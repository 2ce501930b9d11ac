use svckit_diagnostics::Diagnostic;

use crate::analysis::saga::{Part, parts, worst};
use crate::text::{literal, time};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A saga whose steps and undos do not fit its deadline.
    ///
    /// ## What it does
    /// Adds up the worst case: max over k of the times of steps 1 to k and of the undos of 1 to k. A call takes what
    /// its policy allows, and before the pivot `retry for` besides (10 m where it does not say), for so long is an
    /// unknown outcome asked for; a wait takes its `within`; of a `parallel { … }` the longest counts. Nothing is
    /// undone from the pivot on.
    ///
    /// ## Why is this bad
    /// At its deadline a saga is aborted or parked. One that needs longer, with every part keeping to what was
    /// promised, fails on the day on which everything is slow.
    ///
    /// Reads: `deadline`, `step`, `undo`, `retry for`, `wait … within`, `sleep`, `parallel`, `timeout`
    ///
    /// ## Example
    /// ```svc
    /// saga Buy of Shop (order @1: uuid) {
    ///   deadline 1h
    ///   wait paid: Paid where order == order within 2d else abort
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// saga Buy of Shop (order @1: uuid) {
    ///   deadline 3d
    ///   wait paid: Paid where order == order within 2d else abort
    /// }
    /// ```
    pub RULE = Error "saga-deadline-overrun" in Saga;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, saga) in analysis.world.sagas.iter() {
        let Some(deadline) = saga.deadline else { continue };
        let parts = parts(analysis.world, analysis.calls(), saga);
        let worst = worst(&parts);
        if worst.total <= deadline {
            continue;
        }
        let way = &parts[..worst.parts];
        let text = format!(
            "saga `{}` may take {}, and has {}",
            saga.info.name,
            time(worst.total),
            time(deadline)
        );
        let mut found =
            Diagnostic::new(RULE.code, saga.info.span, text).here("more work than time");
        let mut longest: Vec<&Part> = way.iter().filter(|p| p.takes > 0).collect();
        longest.sort_by_key(|p| std::cmp::Reverse(p.takes));
        for part in longest.iter().take(3) {
            if let Some(span) = part.span {
                found = found.label(span, format!("up to {}", time(part.takes)));
            }
        }
        let ahead = terms(way, |p| p.takes);
        let back = terms(way, |p| p.undo);
        found = found.note(match worst.undos {
            0 => format!("worst case = {ahead} = {}", time(worst.total)),
            _ => format!("worst case = ({ahead}) + back ({back}) = {}", time(worst.total)),
        });
        for part in longest.iter().filter(|p| p.again > 0 && p.again < p.takes).take(3) {
            found = found.note(format!(
                "`{}` = {} for a call + {} of asking again",
                part.name,
                time(part.takes - part.again),
                time(part.again)
            ));
        }
        if let Some(place) = saga.info.places.get("deadline") {
            let longer = format!("deadline {}", literal(rounded(worst.total)));
            found = found.fix("give it as long", place, longer).unsafe_fix();
        }
        let found = found.help("give it a longer `deadline`, or its steps a shorter `retry for`; do at once what can be (`parallel { … }`)");
        report.add(saga.info.span, found);
    }
}

/// Up to the next full minute, hour or day, as a person would write it.
fn rounded(nanos: u64) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let units = [86_400 * SECOND, 3_600 * SECOND, 60 * SECOND];
    let unit = units.into_iter().find(|unit| nanos >= *unit).unwrap_or(SECOND);
    nanos.div_ceil(unit).saturating_mul(unit)
}

/// `ask 10m + max(hold 2h, pay 3s)`
fn terms(parts: &[Part], of: fn(&Part) -> u64) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let group = parts[at].group;
        let size = match group {
            None => 1,
            Some(_) => parts[at..].iter().take_while(|p| p.group == group).count(),
        };
        let timed = parts[at..at + size].iter().filter(|p| of(p) > 0);
        let times: Vec<String> = timed.map(|p| format!("{} {}", p.name, time(of(p)))).collect();
        match times.as_slice() {
            [] => {}
            [one] => out.push(one.clone()),
            all => out.push(format!("max({})", all.join(", "))),
        }
        at += size;
    }
    out.join(" + ")
}
