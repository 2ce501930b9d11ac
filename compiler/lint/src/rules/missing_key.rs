use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Event, Id, Type, World};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An event without a key, of which somebody needs the order.
    ///
    /// ## What it does
    /// Finds events without `key` that an `on` takes `ordered`, and those that the state of an aggregate is made of.
    ///
    /// ## Why is this bad
    /// Order is kept among events with the same key, and only there: without one, every event may take a way of its own,
    /// and what was published second may be handled first.
    ///
    /// Reads: `event`, `key`, `on … ordered`, `aggregate`
    ///
    /// ## Example
    /// ```svc
    /// service Desk  { event Moved { parcel @1: uuid  to @2: string } }
    /// service Radar { on Desk.Moved do Show  ordered }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Desk  { event Moved { parcel @1: uuid  to @2: string } key parcel }
    /// ```
    pub RULE = Error "missing-key" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (id, event) in world.events.iter().filter(|(_, e)| e.newest && e.key.is_none()) {
        let ordered =
            flow.subscriptions(id).map(|on| &world.subscriptions[on]).find(|on| on.ordered);
        let all = world.aggregates.iter().filter(|_| flow.is_stored(id));
        let aggregate = all.map(|(_, a)| a).find(|aggregate| {
            aggregate.handles.iter().flat_map(|(_, emits)| emits).any(|e| e.events.contains(&id))
        });
        let (who, place, by) = match (ordered, aggregate) {
            (_, Some(a)) => {
                let who = format!("aggregate `{}` is made of it in order", a.info.name);
                (who, a.info.span, Some(Type::Scalar(a.by)))
            }
            (Some(on), None) => {
                let who = format!("`{}` takes it in order", on.info.name);
                (who, on.info.place("ordered"), None)
            }
            (None, None) => continue,
        };
        let text = format!("event `{}` has no key, and {who}", event.info.name);
        let found = Diagnostic::new(RULE.code, event.info.span, text)
            .here("nothing says which events belong together")
            .label(place, "asks for order");
        report.add(event.info.span, keyed(world, id, by, found));
    }
}

/// With the key that suggests itself: the field of the aggregate's scalar, or the only one that can be.
fn keyed(world: &World, id: Id<Event>, by: Option<Type>, found: Diagnostic) -> Diagnostic {
    let event: &Event = &world.events[id];
    let fields = world.records[event.payload].fields.iter().filter(|f| match &by {
        Some(by) => f.ty == *by && !f.optional,
        None => matches!(f.ty, Type::Scalar(_)) && !f.optional,
    });
    let names: Vec<&str> = fields.map(|f| f.info.name.as_str()).collect();
    let first: Option<Span> =
        event.info.places.iter().map(|(_, span)| span).min_by_key(|s| s.start);
    match (names.as_slice(), first.filter(|s| s.start > event.info.span.end)) {
        ([one], None) => {
            found.help(format!("say which: `event {} {{ … }} key {one}`", event.info.name))
        }
        ([one], Some(_)) => found.help(format!("say which: `key {one}`")),
        _ => found.help("say which field tells them apart: `key FIELD`, behind the fields"),
    }
}
