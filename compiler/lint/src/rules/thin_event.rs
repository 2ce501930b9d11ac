use svckit_diagnostics::Diagnostic;
use svckit_model::{CallUse, Response, Subscription, Type, World};

use crate::analysis::sensitive::Sensitive;
use crate::rule::rule;
use crate::text::operation;
use crate::{Analysis, Report};

rule! {
    /// An event so thin that whoever takes it must ask its publisher.
    ///
    /// ## What it does
    /// Finds each `on` of another service's event that calls a query of that same service. A query whose answer holds
    /// something `sensitive` may well be asked: that must not be in an event.
    ///
    /// ## Why is this bad
    /// The event was to part the two in time, and the question ties them together again: each event costs the publisher
    /// one more call for each subscriber, all at once; while it is away nothing is handled; and it answers with what is
    /// true now, not with what was true when it happened.
    ///
    /// Reads: `on`, `calls`, `query`, `sensitive`
    ///
    /// ## Example
    /// ```svc
    /// service Desk { event Booked { id @1: uuid } key id   query Get(id @1: uuid) -> Booking }
    /// service Mail { on Desk.Booked do Thank  calls Desk.Get }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Desk { event Booked { id @1: uuid  guest @2: string  nights @3: u32 } key id }
    /// service Mail { on Desk.Booked do Thank }
    /// ```
    pub RULE = Warning "thin-event" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, on) in world.subscriptions.iter() {
        // What a service says for all its members is not said of this handler.
        if world.events[on.event].service == on.service || on.info.places.get("calls").is_none() {
            continue;
        }
        for call in on.calls.iter().filter(|c| calls_back(world, analysis.sensitive(), on, c)) {
            judge(world, on, call, report);
        }
    }
}

fn calls_back(world: &World, sensitive: &Sensitive, on: &Subscription, call: &CallUse) -> bool {
    let callee = &world.operations[call.operation];
    if !callee.is_query() || callee.service != world.events[on.event].service {
        return false;
    }
    !match &callee.response {
        Response::Value(ty)
        | Response::Optional(ty)
        | Response::Page(ty)
        | Response::Stream(ty) => is_sensitive(sensitive, ty),
        Response::Empty | Response::Queued => false,
    }
}

fn is_sensitive(sensitive: &Sensitive, ty: &Type) -> bool {
    match ty {
        Type::Record(id) | Type::Patch(id) => sensitive.record(*id),
        Type::List(inner) | Type::Map(_, inner) => is_sensitive(sensitive, inner),
        _ => false,
    }
}

fn judge(world: &World, on: &Subscription, call: &CallUse, report: &mut Report) {
    let event = &world.events[on.event];
    let name = operation(world, call.operation);
    let text = format!(
        "`{}` is handed `{}` and must ask its publisher for the rest",
        on.info.name, event.info.name
    );
    let count = world.records[event.payload].fields.len();
    let found = Diagnostic::new(RULE.code, call.span, text)
        .here(format!("one call of `{name}` more for each event"))
        .label(event.info.span, format!("carries {}", crate::text::counted(count as u64, "field")))
        .help(format!("put into `{}` what `{}` asks for", event.info.name, on.info.name));
    report.add(on.info.span, found);
}
