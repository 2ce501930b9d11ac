//! The module of a service: its trait, server, client, contexts and errors.

mod auth;
mod calls;
mod client;
mod context;
mod descriptors;
mod emits;
mod errors;
mod http;
mod policies;
mod queued;
mod retain;
mod safeguards;
mod server;
mod shown;
mod subscriptions;
mod traits;
mod upcasts;
mod upload;

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{
    CallUse, Emit, Event, Info, Operation, Request, Response, Schedule, Service, Subscription,
};

use crate::names::{OperationNames, ident};
use crate::scope::Scope;
use crate::{docs, modules, records, render};

/// The constant at the root of the tree that holds the descriptors for reflection.
pub(crate) const DESCRIPTORS: &str = "SVCKIT_DESCRIPTORS";
/// The safe ranges, likewise, and the file that the driver writes them to.
pub(crate) const RANGES: &str = "SVCKIT_RANGES";
pub(crate) const RANGES_FILE: &str = "svckit_ranges.json";

/// The module of a service, as text.
pub(crate) fn module(package: Scope<'_>, id: Id<Service>) -> String {
    let s = package.service(id);
    let service = &s.world().services[id];
    let rt = s.rt();
    let docs = docs::attributes(&service.info);
    let name = ident(&s.all.names.services[&id].module);
    let head = render::items([quote!(#docs pub mod #name {})]);
    let parts = [
        render::items([quote!(use super::#rt;)]),
        render::items(traits::items(&s, id)),
        render::items(server::items(&s, id)),
        render::items(client::items(&s, id)),
        render::items(descriptors::items(&s, id)),
        render::items(messages(&s, service)),
        render::items(members(&s, id)),
    ];
    let inner: Vec<_> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    format!(
        "{}{{\n{}}}\n",
        head.trim_end().trim_end_matches("{}"),
        render::indent(&inner.join("\n"))
    )
}

/// Requests of named parameters, and events.
fn messages(s: &Scope<'_>, service: &Service) -> Vec<TokenStream> {
    let world = s.world();
    let (mut items, mut named) = (Vec::new(), Vec::new());
    for op in &service.operations {
        let Request::Params(id) = world.operations[*op].request else { continue };
        if upload::is_upload(world, *op) {
            items.extend(upload::items(s, *op, id));
        } else {
            items.extend(records::items(s, id));
            named.push(s.all.names.record(world, id));
        }
    }
    for event in &service.events {
        let payload = world.events[*event].payload;
        items.extend(records::items(s, payload));
        named.push(s.all.names.record(world, payload));
    }
    let (views, names) = subscriptions::views(s, service);
    items.extend(views);
    named.extend(names);
    items.extend(modules::serde(s, &named));
    items
}

/// Contexts and errors of operations and handlers.
fn members(s: &Scope<'_>, id: Id<Service>) -> Vec<TokenStream> {
    let mut items = Vec::new();
    for handler in handlers(s, id) {
        items.extend(context::items(s, &handler));
        if let Kind::Operation(op) = handler.kind {
            items.extend(errors::items(s, op));
        }
    }
    items
}

/// What a handler handles.
#[derive(Clone, Copy)]
enum Kind<'a> {
    Operation(Id<Operation>),
    Subscription(&'a Subscription),
    Schedule(&'a Schedule),
}

/// What has a method in a trait, and a context.
struct Handler<'a> {
    kind: Kind<'a>,
    info: &'a Info,
    names: &'a OperationNames,
    calls: &'a [CallUse],
    /// What it may publish, each once.
    emits: Vec<Id<Event>>,
}

/// Every handler of a service: operations, then subscriptions, then schedules.
fn handlers<'a>(s: &Scope<'a>, id: Id<Service>) -> Vec<Handler<'a>> {
    let (world, names) = (s.world(), &s.all.names.services[&id]);
    let service = &world.services[id];
    let mut handlers = Vec::new();
    for op in &service.operations {
        let it = &world.operations[*op];
        let on_errors = it.errors.iter().flat_map(|e| &e.emits);
        handlers.push(Handler {
            kind: Kind::Operation(*op),
            info: &it.info,
            names: &names.operations[op],
            calls: &it.calls,
            emits: events(it.emits.iter().chain(on_errors)),
        });
    }
    for subscription in &service.subscriptions {
        let it = &world.subscriptions[*subscription];
        handlers.push(Handler {
            kind: Kind::Subscription(it),
            info: &it.info,
            names: &names.handlers[&it.info.name],
            calls: &it.calls,
            emits: events(it.emits.iter()),
        });
    }
    for it in &service.schedules {
        handlers.push(Handler {
            kind: Kind::Schedule(it),
            info: &it.info,
            names: &names.handlers[&it.info.name],
            calls: &it.calls,
            emits: events(it.emits.iter()),
        });
    }
    handlers
}

fn events<'a>(emits: impl Iterator<Item = &'a Emit>) -> Vec<Id<Event>> {
    let mut found = Vec::new();
    for event in emits.flat_map(|e| &e.events) {
        if !found.contains(event) {
            found.push(*event);
        }
    }
    found
}

/// Whether an operation is accepted, not answered.
fn is_queued(operation: &Operation) -> bool {
    matches!(operation.response, Response::Queued)
}
