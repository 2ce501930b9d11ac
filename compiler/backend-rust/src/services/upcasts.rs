//! How handlers come to read versions of an event that are older than the newest.
//!
//! Where the change only adds what may be absent, the bytes of the old version are read as the newest and nothing is
//! generated. Else the service supplies a function per version; a version whose bytes can be read as one that has a
//! function goes through that one. What the contract gives no way for is refused when it comes.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{Event, Subscription, World};

use super::emits::event_name;
use super::subscriptions::handed;
use super::traits::event_type;
use super::{Handler, Kind};
use crate::docs;
use crate::literal;
use crate::names::{self, Taken};
use crate::scope::Scope;

/// How one older version is read.
#[derive(Clone, Copy)]
struct Older {
    version: u32,
    /// As this version, which a function of the service brings to the newest; `None`: not at all.
    by: Option<Id<Event>>,
}

/// The functions that a service supplies, by the newest version and the one that they take.
type Functions = BTreeMap<(Id<Event>, Id<Event>), Ident>;

/// The older versions that can't be read as the newest by themselves, the newest of them first.
fn older(world: &World, newest: Id<Event>) -> Vec<Older> {
    let own = world.events[newest].version;
    let reached = reached(world, newest);
    let mut with_functions: Vec<Id<Event>> = Vec::new();
    let mut found = Vec::new();
    for old in world.event_versions(newest).into_iter().rev() {
        let version = world.events[old].version;
        if version >= own || world.upcast_is_derived(old, newest) {
            continue;
        }
        let mut by = None;
        if reached.contains(&version) {
            let read_as = |later: &&Id<Event>| world.upcast_is_derived(old, **later);
            by = Some(*with_functions.iter().find(read_as).unwrap_or(&old));
            if by == Some(old) {
                with_functions.push(old);
            }
        }
        found.push(Older { version, by });
    }
    found
}

/// The versions to which `upcasts` leads, from the newest on: `v3 upcasts v2` and `v2 upcasts v1` make v1 readable.
fn reached(world: &World, newest: Id<Event>) -> BTreeSet<u32> {
    let mut reached = BTreeSet::from([world.events[newest].version]);
    // A version names older ones alone, so one pass from the newest down sees each before those that it names.
    for id in world.event_versions(newest).into_iter().rev() {
        let event = &world.events[id];
        if reached.contains(&event.version) {
            reached.extend(&event.upcasts);
        }
    }
    reached
}

/// The functions of a service, named so that no two and no handler are called alike.
fn functions(s: &Scope<'_>, handlers: &[&Handler<'_>]) -> Functions {
    let mut taken = Taken::with(handlers.iter().map(|handler| handler.names.method.as_str()));
    let mut functions = Functions::new();
    for handler in handlers {
        let Kind::Subscription(it) = handler.kind else { continue };
        let event = naming::snake(&s.world().events[it.event].info.name);
        for old in older(s.world(), it.event).iter().filter_map(|older| older.by) {
            let version = s.world().events[old].version;
            functions.entry((it.event, old)).or_insert_with(|| {
                format_ident!("{}", taken.take(format!("{event}_from_v{version}")))
            });
        }
    }
    functions
}

/// The methods of the trait that bring older versions of events to the newest, each once.
pub(super) fn methods(s: &Scope<'_>, handlers: &[&Handler<'_>]) -> Vec<TokenStream> {
    let method = |((newest, old), function): ((Id<Event>, Id<Event>), Ident)| {
        let text = format!(
            "What version {} of `{}` says, in the words of the newest version.",
            s.world().events[old].version,
            event_name(s, newest)
        );
        let (about, old, new) = (docs::docs(&text), event_type(s, old), event_type(s, newest));
        quote!(#about fn #function(old: #old) -> #new;)
    };
    functions(s, handlers).into_iter().map(method).collect()
}

/// The readers of older versions that a subscription is registered with.
pub(super) fn readers(
    s: &Scope<'_>,
    handlers: &[&Handler<'_>],
    it: &Subscription,
) -> Vec<TokenStream> {
    let all = older(s.world(), it.event);
    if all.is_empty() {
        return Vec::new();
    }
    let functions = functions(s, handlers);
    let (rt, handed) = (s.rt(), handed(s, it));
    let reader = |older: Older| {
        let version = literal::uint(older.version.into());
        let by = older.by.and_then(|old| Some((old, functions.get(&(it.event, old))?)));
        match by {
            Some((old, function)) => reader(s, it, &version, old, function),
            None => quote!(#rt::refused::<#handed>(#version)),
        }
    };
    all.into_iter().map(reader).collect()
}

fn reader(
    s: &Scope<'_>,
    it: &Subscription,
    version: &TokenStream,
    old: Id<Event>,
    function: &Ident,
) -> TokenStream {
    let (rt, old) = (s.rt(), event_type(s, old));
    let Some(reads) = &it.reads else {
        return quote!(#rt::older::<#old, _>(#version, S::#function));
    };
    let fields = &s.world().records[s.world().events[it.event].payload].fields;
    let all = names::fields(fields);
    let kept = reads.iter().filter_map(|i| all.get(*i));
    let (view, kept) = (handed(s, it), kept.map(|name| quote!(#name: event.#name)));
    quote! {
        #rt::older(#version, |old: #old| {
            let event = S::#function(old);
            #view { #(#kept),* }
        })
    }
}
