use std::collections::HashMap;

use svckit_diagnostics::Diagnostic;
use svckit_model::{Event, Field, Id, Service, Subscription, Type, World};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// Events that belong together under keys that do not.
    ///
    /// ## What it does
    /// Finds three kinds of keys that part what somebody wants in order: an aggregate's event whose key is not the field
    /// of the aggregate's scalar; versions of one event with keys of different types; and events of one service that
    /// another takes `ordered`, each with a key of another type.
    ///
    /// ## Why is this bad
    /// Events of one service reach a subscriber in order if they have the same key. Two keys of different types are never
    /// the same, so between such events there is no order at all, whatever each of the subscriptions says by itself.
    ///
    /// Reads: `key`, `aggregate … by`, `on … ordered`, `event … vN`
    ///
    /// ## Example
    /// ```svc
    /// event Opened { account @1: AccountId  owner @2: OwnerId } key account
    /// event Closed { account @1: AccountId  owner @2: OwnerId } key owner
    /// ```
    /// with `on Opened do Add ordered` and `on Closed do Remove ordered` in one service.
    ///
    /// ## Use instead
    /// ```svc
    /// event Closed { account @1: AccountId  owner @2: OwnerId } key account
    /// ```
    pub RULE = Error "key-mismatch" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    aggregates(world, report);
    versions(world, report);
    subscribers(world, report);
}

/// The key's field.
fn key(world: &World, event: Id<Event>) -> Option<&Field> {
    let event = &world.events[event];
    event.key.and_then(|at| world.records[event.payload].fields.get(at))
}

/// The field of a type, if just one may be a key.
fn field_of<'w>(world: &'w World, event: Id<Event>, ty: &Type) -> Option<&'w Field> {
    let fields = &world.records[world.events[event].payload].fields;
    let mut fit = fields.iter().filter(|f| f.ty == *ty && !f.optional);
    fit.next().filter(|_| fit.next().is_none())
}

/// Writes the right key where there is one.
fn mended(world: &World, event: Id<Event>, ty: &Type, found: Diagnostic) -> Diagnostic {
    let place = world.events[event].info.places.get("key");
    match (field_of(world, event, ty), place) {
        (Some(field), Some(place)) => {
            let name = &field.info.name;
            found.fix(format!("take `{name}`"), place, format!("key {name}")).unsafe_fix()
        }
        _ => found.help("give both a field of the same scalar, and make that the key"),
    }
}

fn aggregates(world: &World, report: &mut Report) {
    for (_, aggregate) in world.aggregates.iter() {
        let by = Type::Scalar(aggregate.by);
        let events = aggregate.handles.iter().flat_map(|(_, emits)| emits).flat_map(|e| &e.events);
        let mut seen = Vec::new();
        for id in events {
            let Some(field) = key(world, *id).filter(|f| f.ty != by) else { continue };
            if seen.contains(id) {
                continue;
            }
            seen.push(*id);
            let event = &world.events[*id].info;
            let scalar = &world.scalars[aggregate.by].info.name;
            let text = format!(
                "aggregate `{}` is kept by `{scalar}`, and its event `{}` is keyed by `{}`",
                aggregate.info.name, event.name, field.info.name
            );
            let found = Diagnostic::new(RULE.code, event.place("key"), text)
                .here(format!("its type is not `{scalar}`"))
                .label(aggregate.info.span, "its events are in order for each of these");
            report.add(event.span, mended(world, *id, &by, found));
        }
    }
}

fn versions(world: &World, report: &mut Report) {
    for (id, event) in world.events.iter().filter(|(_, e)| e.newest && e.version > 1) {
        let Some(newest) = key(world, id) else { continue };
        for old in world.event_versions(id).into_iter().filter(|old| *old != id) {
            let Some(field) = key(world, old).filter(|f| f.ty != newest.ty) else { continue };
            let (name, version) = (&event.info.name, world.events[old].version);
            let text = format!(
                "v{} of event `{name}` is keyed by `{}`, and v{version} by `{}`, of another type",
                event.version, newest.info.name, field.info.name
            );
            let found = Diagnostic::new(RULE.code, event.info.place("key"), text)
                .here("no longer in order with the older ones")
                .label(world.events[old].info.place("key"), format!("v{version}"));
            report.add(event.info.span, mended(world, id, &field.ty, found));
        }
    }
}

/// Per subscribing and publishing service, the ordered subscriptions, in the order of the text.
fn subscribers(world: &World, report: &mut Report) {
    let mut first: HashMap<(Id<Service>, Id<Service>), &Subscription> = HashMap::new();
    for (_, on) in world.subscriptions.iter().filter(|(_, on)| on.ordered) {
        let Some(field) = key(world, on.event) else { continue };
        let publisher = world.events[on.event].service;
        let earlier = *first.entry((on.service, publisher)).or_insert(on);
        let Some(other) = key(world, earlier.event).filter(|f| f.ty != field.ty) else { continue };
        let (this, that) = (&world.events[on.event].info, &world.events[earlier.event].info);
        let text = format!(
            "`{}` takes `{}` and `{}` in order, and their keys `{}` and `{}` are of different types",
            world.services[on.service].info.name,
            that.name,
            this.name,
            other.info.name,
            field.info.name
        );
        let found = Diagnostic::new(RULE.code, on.info.place("ordered"), text)
            .here("in order with its like, not with the other")
            .label(this.place("key"), "one key")
            .label(that.place("key"), "another")
            .label(earlier.info.place("ordered"), "the other one");
        report.add(on.info.span, mended(world, on.event, &other.ty, found));
    }
}
