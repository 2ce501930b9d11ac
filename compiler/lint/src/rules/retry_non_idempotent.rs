use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Delivery, Id, Idempotency, Operation, Policy, World};

use crate::analysis::calls::{Caller, Edge, Kind};
use crate::analysis::redelivery::DELIVERIES;
use crate::rule::rule;
use crate::text::{caller, operation};
use crate::{Analysis, Report, policies};

rule! {
    /// A command that does harm when it is repeated, and is repeated.
    ///
    /// ## What it does
    /// Finds commands with `idempotent none` that are asked again: by a policy that is written with more than one
    /// attempt (what `standard` says does not count: of such a command it repeats only what never arrived), as a step of
    /// a saga, which is asked again until its outcome is known (of undos speaks `undo-not-idempotent`), from an `on`, a
    /// schedule or a queued command, which may run again for the same message, or as a queued command, whose message may
    /// come twice. Of `effectively_once` speaks `exactly-once-claim`. What only sends it sends it once, when it has succeeded.
    ///
    /// ## Why is this bad
    /// An answer that is lost is no proof that nothing was done. Asked again, the command does it twice: a second
    /// charge, a second parcel.
    ///
    /// Reads: `idempotent none`, `retry { attempts }`, `policy`, `with`, `step`, `on`, `schedule`, `queue`, `delivery`
    ///
    /// ## Example
    /// ```svc
    /// policy Stubborn { retry { attempts 5 } }
    /// command Charge(card @1: string)
    ///   idempotent none because "the bank's interface has no key"
    ///   policy     Stubborn
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command Charge(request_id @1: uuid  card @2: string)
    ///   idempotent by request_id
    ///   policy     Stubborn
    /// ```
    /// Or a policy with `retry none because "…"`, where that is not possible.
    pub RULE = Error "retry-non-idempotent" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (id, op) in world.operations.iter() {
        if matches!(op.idempotency, Idempotency::None(_)) {
            under_policy(world, id, report);
            delivered(world, id, report);
            calls.into(id).for_each(|edge| called(world, edge, report));
        }
    }
}

/// The command's own policy, or its service's.
fn under_policy(world: &World, id: Id<Operation>, report: &mut Report) {
    let op = &world.operations[id];
    if op.queue.is_some() || op.streams_in(world) || op.streams_out() {
        return;
    }
    let Some((place, attempts)) = attempts(world, op.policy) else { return };
    let name = &world.policies[op.policy].info.name;
    let text = format!(
        "`{}` is not idempotent, and `{name}` asks for {attempts} attempts",
        operation(world, id)
    );
    let shown = op.info.places.get("policy").unwrap_or(op.info.span);
    let found =
        Diagnostic::new(RULE.code, shown, text).here("is tried again when an answer is lost");
    finish(world, id, found.label(place, format!("{attempts} attempts")), op.info.span, report);
}

/// The message of a queued command.
fn delivered(world: &World, id: Id<Operation>, report: &mut Report) {
    let op = &world.operations[id];
    let Some(queue) = &op.queue else { return };
    if op.promises.delivery == Delivery::AtMostOnce || queue.attempts == Some(1) {
        return;
    }
    let text = format!(
        "`{}` is not idempotent, and its message may be delivered again",
        operation(world, id)
    );
    let found = Diagnostic::new(RULE.code, op.info.place("queue"), text)
        .here(format!("up to {} deliveries", queue.attempts.unwrap_or(DELIVERIES)));
    finish(world, id, found, op.info.span, report);
}

/// A call that is repeated by what surrounds it.
fn called(world: &World, edge: &Edge, report: &mut Report) {
    let name = operation(world, edge.to);
    let (text, here) = match (edge.from, edge.kind) {
        // That is `undo-not-idempotent`.
        (Caller::Saga(_), Kind::Undo(_)) => return,
        (Caller::Saga(saga), Kind::Step(_)) => {
            let saga = &world.sagas[saga].info.name;
            (
                format!(
                    "`{name}` is not idempotent, and saga `{saga}` asks again until it knows the outcome"
                ),
                "a step whose answer is lost is asked again".to_owned(),
            )
        }
        // It is sent in the handler's transaction.
        (Caller::Subscription(_) | Caller::Schedule(..), _) if !edge.waits => return,
        (Caller::Subscription(on), _)
            if world.subscriptions[on].delivery == Delivery::AtLeastOnce =>
        {
            (
                format!(
                    "`{name}` is not idempotent, and is called for an event that may come twice"
                ),
                format!("`{}` may run again for the same event", world.subscriptions[on].info.name),
            )
        }
        (Caller::Schedule(..), _) => (
            format!(
                "`{name}` is not idempotent, and is called by a schedule whose run may be repeated"
            ),
            format!("`{}` runs again where it was cut off", caller(world, edge.from)),
        ),
        (Caller::Operation(from), _) if edge.waits && may_come_again(world, from) => (
            format!("`{name}` is not idempotent, and is called for a message that may come twice"),
            format!("`{}` may run again for the same message", caller(world, edge.from)),
        ),
        _ => {
            let with = edge.with.and_then(|policy| attempts(world, policy));
            let Some((place, attempts)) = with else { return };
            let policy = &world.policies[edge.time.policy].info.name;
            let text =
                format!("`{name}` is not idempotent, and `{policy}` asks for {attempts} attempts");
            let found = Diagnostic::new(RULE.code, edge.span, text)
                .here("is tried again when an answer is lost")
                .label(place, format!("{attempts} attempts"));
            return finish(world, edge.to, found, edge.from.span(world), report);
        }
    };
    let found = Diagnostic::new(RULE.code, edge.span, text).here(here);
    finish(world, edge.to, found, edge.from.span(world), report);
}

/// Whether it is a queued command that is delivered until it is handled.
fn may_come_again(world: &World, id: Id<Operation>) -> bool {
    let op = &world.operations[id];
    op.promises.delivery == Delivery::AtLeastOnce
        && op.queue.as_ref().is_some_and(|queue| queue.attempts != Some(1))
}

/// Where a policy of the contract asks for more than one attempt.
fn attempts(world: &World, policy: Id<Policy>) -> Option<(Span, u32)> {
    let retry = policies::retry(world, policy).filter(|r| r.attempts > 1)?;
    let place = policies::written(world, policy, "retry.attempts")
        .or_else(|| policies::written(world, policy, "retry"))?;
    Some((place.0, retry.attempts))
}

fn finish(world: &World, id: Id<Operation>, found: Diagnostic, subject: Span, report: &mut Report) {
    let op = &world.operations[id];
    let mut found = found;
    if let Some(place) = op.info.places.get("idempotent") {
        found = found.label(place, "twice is not once");
    }
    let help = "give it a key, `idempotent by FIELD` or `by caller`, so that a repetition gets the recorded answer; or `retry none because \"…\"`";
    report.add(subject, found.help(help));
}
