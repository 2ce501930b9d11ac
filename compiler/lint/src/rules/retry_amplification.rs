use svckit_diagnostics::{Diagnostic, Severity};
use svckit_model::{Id, Operation, World};

use crate::analysis::calls::{Calls, Hop, Way};
use crate::rule::rule;
use crate::text::{operation, time};
use crate::{Analysis, Report};

rule! {
    /// Retries of several layers that multiply.
    ///
    /// ## What it does
    /// Follows every way through the calls, and multiplies how often each is attempted; more than 4 attempts for one
    /// call that is meant are a warning, more than 10 an error. A callee that has retried in vain says so, and its
    /// caller does not retry then: of a row of layers, only the lowest one that retries counts. It counts together with
    /// a layer above it where that retries `even_if_retried`; where an attempt of that ends before the callee can have
    /// answered (as many attempts then as begin before the deadline); and where the message of a queued command is
    /// delivered again. How often something is called (`x20`) is not what this is about, but is in the number of calls
    /// that the message gives.
    ///
    /// ## Why is this bad
    /// What fails because it has too much to do gets a multiple of it. Three layers with three attempts each make 27
    /// of one call, and keep the callee down when all else has recovered.
    ///
    /// Reads: `calls`, `with`, `retry { attempts on even_if_retried }`, `timeout`, `queue { attempts }`
    ///
    /// ## Example
    /// ```svc
    /// policy Stubborn { retry { attempts 3  even_if_retried } }
    /// service Front { query Page() -> string   calls Middle.Part with Stubborn }
    /// service Middle { query Part() -> string  calls Store.Read with Stubborn }
    /// ```
    ///
    /// ## Use instead
    /// Retry in one layer: the one right above what fails, as every policy without `even_if_retried` does.
    pub RULE = Warning | Error "retry-amplification" in Calls;
}

const WARNING: u64 = 4;
const ERROR: u64 = 10;

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    let all = calls.amplification(world);
    let mut told = vec![false; world.operations.len()];
    for id in calls.callees_first(world) {
        if std::mem::replace(&mut told[id.index()], true) {
            continue;
        }
        let Some(way) = calls.worst_way(&all, id) else { continue };
        if way.product > WARNING && way.hops.iter().any(|hop| hop.attempts > 1) {
            // What is on the way to it is worse at its end.
            told[way.start.index()] = true;
            for hop in &way.hops {
                told[hop.edge.to.index()] = true;
            }
            judge(world, calls, (id, &way), report);
        }
    }
}

fn judge(world: &World, calls: &Calls, (id, way): (Id<Operation>, &Way<'_>), report: &mut Report) {
    let hops: Vec<&Hop<'_>> = way.hops.iter().filter(|hop| hop.attempts > 1).collect();
    let Some((first, rest)) = hops.split_first() else { return };
    let (name, product) = (operation(world, id), way.product);
    let text = format!(
        "one call of `{name}` may become {}: retries multiply on the way to it",
        number(product)
    );
    let mut found =
        Diagnostic::new(RULE.code, first.edge.span, text).here(why(world, calls, way, first));
    if product > ERROR {
        found.severity = Severity::Error;
    }
    for hop in rest.iter().take(6) {
        found = found.label(hop.edge.span, why(world, calls, way, hop));
    }
    if way.deliveries > 1 {
        let start = &world.operations[way.start].info;
        let text = format!("delivered up to {} times", way.deliveries);
        found = found.label(start.place("queue"), text);
    }
    let found = found
        .label(world.operations[id].info.span, "called by all of them")
        .note(formula(world, way))
        .note(case(way));
    let help = "retry in one layer, right above what fails: leave out `even_if_retried`, give the caller's attempt as much time as the callee needs, or `retry { attempts 1 }` above";
    report.add(first.edge.from.span(world), found.help(help));
}

/// What makes a layer retry although one below it has.
fn why(world: &World, calls: &Calls, way: &Way<'_>, hop: &Hop<'_>) -> String {
    let attempts = hop.attempts;
    let even = hop.edge.retry(world).is_some_and(|r| r.even_if_retried);
    let last = way.hops.last().is_some_and(|last| std::ptr::eq(last.edge, hop.edge));
    match () {
        () if last => format!("{attempts} attempts"),
        () if even => format!("{attempts} attempts, `even_if_retried`"),
        () if way.slow && !calls.covers(hop.edge) => {
            let (attempt, needs) =
                (hop.edge.time.times.attempt, calls.timing.needs_of(hop.edge.to));
            format!(
                "{attempts} attempts: one ends after {}, and the callee may need {}",
                time(attempt),
                time(needs)
            )
        }
        () => format!("{attempts} attempts"),
    }
}

/// `A = 3 (Front.Page → Middle.Part) · 3 (…) = 9`
fn formula(world: &World, way: &Way<'_>) -> String {
    let mut factors = Vec::new();
    if way.deliveries > 1 {
        factors.push(format!("{} (deliveries)", way.deliveries));
    }
    let short = way.hops.len() <= 8;
    for hop in way.hops.iter().filter(|hop| short || hop.attempts > 1).take(8) {
        let step = format!(
            "{} → {}",
            crate::text::caller(world, hop.edge.from),
            operation(world, hop.edge.to)
        );
        factors.push(match hop.edge.times {
            1 => format!("{} ({step})", hop.attempts),
            times => format!("{} of each ({step} x{times})", hop.attempts),
        });
    }
    if !short {
        factors.push(format!("… along {} calls", way.hops.len()));
    }
    let calls = match way.calls() {
        all if all == way.product => String::new(),
        all => format!("; with how often each is called, {} calls", number(all)),
    };
    format!("attempts = {} = {}{calls}", factors.join(" · "), number(way.product))
}

/// A number that may be too large to count.
fn number(n: u64) -> String {
    if n > 1_000_000_000_000 { "more than 10^12".to_owned() } else { n.to_string() }
}

fn case(way: &Way<'_>) -> String {
    match way.slow {
        true => "counted for callees that don't answer: the attempts that begin before the deadline is over".into(),
        false => "counted for callees that fail at once".into(),
    }
}
