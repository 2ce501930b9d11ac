use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::timing::Timing;
use svckit_model::{Id, Operation, SagaStep, Step, World};

use crate::analysis::calls::{Caller, Edge, Kind};
use crate::analysis::redelivery::{Redelivery, explained};
use crate::rule::rule;
use crate::text::{caller, literal, operation, time};
use crate::{Analysis, Report};

rule! {
    /// Recorded answers that are forgotten while somebody may still ask again.
    ///
    /// ## What it does
    /// Compares the `retain` of a keyed command with the longest time for which a caller repeats it: the deadline of a
    /// saga with a step or undo of it (or the step's `retry for`, where the saga has no deadline), the time after which
    /// a queued command that calls it expires, as long as the message of an `on` or a queued command is delivered again
    /// (10 times where nothing else is said, with pauses of up to 30 s, or of the `backoff` of the policy that it names), and the total of a plain call. Without `retain`, answers are kept for 24
    /// hours, or as long as the longest of these.
    ///
    /// ## Why is this bad
    /// A repetition that comes after its record is gone is taken for a new request: the command is carried out twice, by
    /// a caller that did everything right.
    ///
    /// Reads: `retain`, `idempotent by`, `deadline`, `retry for`, `queue { expires attempts }`, `on`, `timeout { total }`
    ///
    /// ## Example
    /// ```svc
    /// command Reserve(order_id @1: uuid)
    ///   idempotent by order_id  retain 1d
    /// saga Checkout of Orders (id @1: uuid) {
    ///   deadline 3d
    ///   step reserve: Reserve { order_id: id }
    /// }
    /// ```
    ///
    /// ## Use instead
    /// `retain 3d` or more; or leave it out, and it will be long enough.
    pub RULE = Error "idempotency-window-short" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, calls) = (analysis.world, analysis.calls());
    for (id, op) in world.operations.iter() {
        let Some(retain) = op.retain else { continue };
        let asked = calls.into(id).filter_map(|edge| horizon(world, &calls.timing, edge));
        let own = calls.timing.of(id).total;
        let own = Horizon {
            nanos: own,
            place: None,
            what: "a call of it is repeated for".into(),
            edge: None,
            note: None,
        };
        let longest = asked.chain([own]).max_by_key(|h| h.nanos);
        if let Some(longest) = longest.filter(|h| h.nanos > retain) {
            judge(world, id, (retain, &longest), report);
        }
    }
}

/// For how long a caller repeats a command.
struct Horizon<'a> {
    nanos: u64,
    place: Option<Span>,
    what: String,
    edge: Option<&'a Edge>,
    /// How the time comes about.
    note: Option<String>,
}

fn horizon<'a>(world: &World, timing: &Timing, edge: &'a Edge) -> Option<Horizon<'a>> {
    let name = caller(world, edge.from);
    let again = match edge.from {
        Caller::Subscription(id) => {
            Redelivery::of_subscription(world, timing, &world.subscriptions[id])
        }
        Caller::Operation(id) => Redelivery::of_queued(world, timing, id)
            .filter(|_| world.operations[id].queue.as_ref().is_some_and(|q| q.expires.is_none())),
        _ => None,
    };
    if let Some(again) = again {
        return Some(Horizon {
            nanos: again.over(),
            place: Some(edge.from.span(world)),
            what: format!("the message of `{name}` may come again for"),
            edge: Some(edge),
            note: Some(explained(&again)),
        });
    }
    let (nanos, place, what) = match (edge.from, edge.kind) {
        (Caller::Saga(id), Kind::Step(at) | Kind::Undo(at)) => {
            let saga = &world.sagas[id];
            let retry_for = || steps(&saga.steps).nth(at).and_then(|s| s.retry_for);
            let longest = saga.deadline.or_else(retry_for)?;
            (longest, Some(saga.info.span), format!("saga `{name}` may ask again for"))
        }
        (Caller::Operation(id), _) => {
            match world.operations[id].queue.as_ref().and_then(|q| q.expires) {
                Some(expires) => {
                    let place = world.operations[id].info.place("queue");
                    (expires, Some(place), format!("the message of `{name}` may come again for"))
                }
                None => {
                    (edge.time.times.total, Some(edge.span), format!("`{name}` repeats it for"))
                }
            }
        }
        _ => (edge.time.times.total, Some(edge.span), format!("`{name}` repeats it for")),
    };
    Some(Horizon { nanos, place, what, edge: Some(edge), note: None })
}

/// Steps in the order of the text, groups opened.
fn steps(all: &[SagaStep]) -> Box<dyn Iterator<Item = &Step> + '_> {
    Box::new(all.iter().flat_map(|step| match step {
        SagaStep::Step(step) => Box::new(std::iter::once(&**step)),
        SagaStep::Parallel(group) => steps(group),
        _ => Box::new(std::iter::empty()) as Box<dyn Iterator<Item = &Step>>,
    }))
}

fn judge(
    world: &World,
    id: Id<Operation>,
    (retain, longest): (u64, &Horizon<'_>),
    report: &mut Report,
) {
    let op = &world.operations[id];
    let name = operation(world, id);
    let text = format!(
        "`{name}` forgets its answers after {}, and {} {}",
        time(retain),
        longest.what,
        time(longest.nanos)
    );
    let place = op.info.place("retain");
    let mut found = Diagnostic::new(RULE.code, place, text).here("too soon");
    if let Some(edge) = longest.edge {
        found = found.label(edge.span, "repeated from here");
        if let Some(place) = longest.place.filter(|p| *p != edge.span) {
            found = found.label(place, time(longest.nanos));
        }
    }
    found.notes.extend(longest.note.clone());
    if let Some(written) = op.info.places.get("retain") {
        found =
            found.fix("keep them as long", written, format!("retain {}", literal(longest.nanos)));
    }
    let found = found.help(
        "without `retain` they are kept for 24h, or as long as the longest of its callers may ask",
    );
    report.add(op.info.span, found);
}
