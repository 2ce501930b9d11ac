use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{AuthScheme, Block, Idempotency, Info, Policy, World};

use crate::rule::rule;
use crate::text::operation;
use crate::{Analysis, Report};

rule! {
    /// Every safeguard that is left out, with its reason, in one list.
    ///
    /// ## What it does
    /// Lists each `none because "…"`: of blocks of policies, idempotency, authentication and dead letters.
    ///
    /// ## Why is this bad
    /// Nothing is wrong with one. But reasons grow old, and nobody reads them again where they stand: "the callee is in
    /// the same process" was true once. This list is what a review of the system begins with.
    ///
    /// Reads: `none because`
    ///
    /// ## Example
    /// ```svc
    /// policy Local { breaker none because "the callee is in the same process" }
    /// ```
    ///
    /// ## Use instead
    /// The safeguard, once the reason no longer holds. Until then, leave it: this is a note.
    pub RULE = Note "safety-removed" in Calls, listed "safeguards are left out";
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, policy) in world.policies.iter() {
        blocks(policy, report);
    }
    for (id, op) in world.operations.iter() {
        let name = operation(world, id);
        if let Idempotency::None(why) = &op.idempotency {
            removed(&op.info, "idempotent", &format!("the idempotency of `{name}`"), why, report);
        }
        if let Some(why) = &op.promises.no_dead_letter {
            removed(
                &op.info,
                "dead_letter",
                &format!("the store of dead letters of `{name}`"),
                why,
                report,
            );
        }
    }
    for (_, event) in world.events.iter() {
        if let Some(why) = &event.no_dead_letter {
            let what = format!("the store of dead letters of `{}`", event.info.name);
            removed(&event.info, "dead_letter", &what, why, report);
        }
    }
    handlers(world, report);
    schemes(world, report);
}

fn blocks(policy: &Policy, report: &mut Report) {
    let numbers = &policy.numbers;
    let blocks = [
        ("retry", off(&numbers.retry)),
        ("breaker", off(&numbers.breaker)),
        ("bulkhead", off(&numbers.bulkhead)),
        ("limit", off(&numbers.limit)),
        ("hedge", off(&numbers.hedge)),
        ("outlier", off(&numbers.outlier)),
    ];
    for (block, why) in blocks {
        if let (Some(why), true) = (why, policy.info.places.get(block).is_some()) {
            let what = format!("the `{block}` of policy `{}`", policy.info.name);
            removed(&policy.info, block, &what, why, report);
        }
    }
}

fn off<T>(block: &Block<T>) -> Option<&str> {
    match block {
        Block::Off(why) if !why.is_empty() => Some(why),
        _ => None,
    }
}

/// Of an `on`, what it does not have from its event.
fn handlers(world: &World, report: &mut Report) {
    for (_, on) in world.subscriptions.iter() {
        if let (Some(why), Some(_)) = (&on.no_dead_letter, on.info.places.get("dead_letter")) {
            let what = format!("the store of dead letters of `{}`", on.info.name);
            removed(&on.info, "dead_letter", &what, why, report);
        }
    }
}

fn schemes(world: &World, report: &mut Report) {
    let services = world.services.iter().map(|(_, s)| (&s.info, &s.auth));
    let gateways = world.gateways.iter().map(|(_, g)| (&g.info, &g.auth));
    for (info, auth) in services.chain(gateways) {
        if let Some(AuthScheme::None(why)) = auth {
            removed(info, "auth", &format!("the authentication of `{}`", info.name), why, report);
        }
    }
}

fn removed(info: &Info, part: &str, what: &str, why: &str, report: &mut Report) {
    let place: Span = info.place(part);
    let found = Diagnostic::new(RULE.code, place, format!("left out is {what}: \"{why}\""))
        .here(format!("{what}: \"{why}\""));
    report.add(info.span, found);
}
