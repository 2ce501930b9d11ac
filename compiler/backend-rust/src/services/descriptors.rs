//! What the runtime is told of a service: constants.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{Event, Idempotency, Operation, OperationKind, Policy, Request, Service};

use super::calls::{Call, Way};
use super::emits::{emits, event_name};
use super::{
    DESCRIPTORS, RANGES, auth, handlers, http, is_queued, policies, queued, retain, safeguards,
    shown, subscriptions,
};
use crate::docs;
use crate::fingerprint;
use crate::literal;
use crate::names::{self, Taken, ident};
use crate::scope::Scope;

/// Descriptors of the service, its operations, queues and events.
pub(super) fn items(s: &Scope<'_>, id: Id<Service>) -> Vec<TokenStream> {
    let service = &s.world().services[id];
    let name = s.world().qualified(&service.info);
    let mut items = vec![quote!(const SERVICE: &str = #name;), descriptor(s, id)];
    let mut policies = Policies::new(s, id);
    let operations: Vec<_> =
        service.operations.iter().flat_map(|op| operation(s, *op, &mut policies)).collect();
    items.extend(policies.items);
    items.extend(operations);
    items.extend(service.events.iter().map(|e| event(s, *e)));
    items.extend(subscriptions::descriptors(s, &handlers(s, id)));
    items
}

fn descriptor(s: &Scope<'_>, id: Id<Service>) -> TokenStream {
    let rt = s.rt();
    let service = &s.world().services[id];
    let names = &s.all.names.services[&id];
    let package = s.world().packages[service.info.package].wire_name();
    let wire = format!("{package}.{}", s.world().service_wire_name(id));
    let operations = service.operations.iter().map(|op| ident(&names.operations[op].constant));
    let calls = needed(s, id);
    let file_descriptor = match &s.all.settings.descriptors {
        Some(_) => {
            let (some, root) = (s.std("Some"), root(s, DESCRIPTORS));
            quote!(#some(#root))
        }
        None => s.std("None"),
    };
    let auth = auth::auth(s, service);
    let about = docs::docs(&format!("What the runtime knows of {}.", service.info.name));
    quote! {
        #about
        pub static DESCRIPTOR: #rt::ServiceDescriptor = #rt::ServiceDescriptor {
            name: SERVICE,
            wire_name: #wire,
            operations: &[#(&#operations),*],
            calls: &[#(#calls),*],
            auth: #auth,
            file_descriptor: #file_descriptor,
        };
    }
}

/// What is at the root of the tree of modules.
fn root(s: &Scope<'_>, name: &str) -> TokenStream {
    let name = ident(name);
    let depth = names::modules(&s.world().packages[s.package].name).len() + 1;
    let up = std::iter::repeat_n(quote!(super::), depth);
    quote!(#(#up)* #name)
}

/// Services that this one cannot do without.
fn needed(s: &Scope<'_>, id: Id<Service>) -> Vec<String> {
    let mut found = Vec::new();
    for handler in handlers(s, id) {
        for call in handler.calls.iter().filter(|c| !c.optional) {
            let service = s.world().operations[call.operation].service;
            let name = s.world().qualified(&s.world().services[service].info);
            if service != id && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// The constants of policies, each written once.
struct Policies {
    known: Vec<(String, Ident)>,
    taken: Taken,
    items: Vec<TokenStream>,
}

impl Policies {
    fn new(s: &Scope<'_>, id: Id<Service>) -> Self {
        let names = &s.all.names.services[&id];
        let constants = names.operations.values().flat_map(|o| [&o.constant, &o.queue]);
        let taken = constants.chain(names.event_constants.values()).map(String::as_str);
        let taken = Taken::with(taken.chain(["SERVICE", "DESCRIPTOR"]));
        Self { known: Vec::new(), taken, items: Vec::new() }
    }

    /// The constant that holds the policy of an operation.
    fn constant(&mut self, s: &Scope<'_>, id: Id<Operation>) -> Ident {
        let rt = s.rt();
        let operation = &s.world().operations[id];
        let policy = naming::screaming(&s.world().policies[operation.policy].info.name);
        let retry = match policies::retries(s, id) {
            Some(config) => {
                let name =
                    self.named(&format!("{policy}_RETRY"), &quote!(#rt::RetryConfig), &config);
                let some = s.std("Some");
                quote!(#some(#name))
            }
            None => s.std("None"),
        };
        let timeout = policies::timeouts(s, id);
        let numbers = &s.world().policies[operation.policy].numbers;
        let limit = operation.promises.limit.as_ref();
        let config = policies::config(s, numbers, limit, &timeout, &retry);
        let own = naming::screaming(&operation.info.name);
        let as_policy = limit.is_none() && policies::as_policy_says(s.world(), id);
        let base = if as_policy { &policy } else { &own };
        self.named(&format!("{base}_POLICY"), &quote!(#rt::PolicyConfig), &config)
    }

    /// The constant of a value, which is written when it is first asked for.
    fn named(&mut self, wanted: &str, ty: &TokenStream, value: &TokenStream) -> Ident {
        let text = format!("{wanted} {value}");
        if let Some((_, known)) = self.known.iter().find(|(t, _)| *t == text) {
            return known.clone();
        }
        let name = ident(&self.taken.take(wanted));
        self.items.push(quote!(const #name: #ty = #value;));
        self.known.push((text, name.clone()));
        name
    }
}

fn operation(s: &Scope<'_>, id: Id<Operation>, policies: &mut Policies) -> Vec<TokenStream> {
    let rt = s.rt();
    let call = Call::new(s, id);
    let (constant, name) = (ident(&call.names.constant), &call.operation.info.name);
    let policy = policies.constant(s, id);
    let described = described(s, &call, &quote!(SERVICE), &quote!(#policy));
    let safe = safe(s, call.operation.policy);
    let emits = emits(s, &call.operation.emits, &call.operation.errors);
    let (undoes, retain) = (undoes(s, &call), retain::retain(s, id));
    let about = docs::docs(&format!("What the runtime knows of `{name}`."));
    let mut items = vec![quote! {
        #about
        pub static #constant: #rt::Operation = #described #emits #undoes #retain #safe;
    }];
    items.extend(is_queued(call.operation).then(|| queued::descriptor(s, &call)));
    items
}

/// An operation under a policy, as an expression.
fn described(
    s: &Scope<'_>,
    call: &Call<'_>,
    service: &TokenStream,
    policy: &TokenStream,
) -> TokenStream {
    let rt = s.rt();
    let (name, path) = (&call.operation.info.name, s.world().grpc_path(call.id));
    let kind = match call.operation.kind {
        OperationKind::Command => quote!(command),
        OperationKind::Query => quote!(query),
    };
    let shape = shape(call).map(|shape| quote!(.shape(#rt::Shape::#shape)));
    let idempotency = idempotency(s, call).map(|i| quote!(.idempotency(#rt::Idempotency::#i)));
    let http = http::http(s, call);
    let safeguards = safeguards::safeguards(s, call);
    let scopes = auth::scopes(call.operation);
    quote!(#rt::Operation::#kind(#service, #name, #path) #shape #idempotency .policy(#policy) #scopes #http #safeguards)
}

/// An operation as one caller has it: under the policy that it names with its call.
pub(super) fn under(s: &Scope<'_>, call: &Call<'_>, policy: Id<Policy>) -> TokenStream {
    let service = s.world().qualified(&s.world().services[call.operation.service].info);
    let described = described(s, call, &quote!(#service), &policies::with(s, call.id, policy));
    let safe = safe(s, policy);
    quote!(#described #safe)
}

/// `.safe(…)`: the name of a policy that may be overridden. `standard` is what no deployment changes.
fn safe(s: &Scope<'_>, policy: Id<Policy>) -> Option<TokenStream> {
    let policy = &s.world().policies[policy];
    if !s.all.settings.ranges || policy.extends.is_none() {
        return None;
    }
    let (name, root) = (s.world().qualified(&policy.info), root(s, RANGES));
    Some(quote!(.safe(#name, #root)))
}

fn shape(call: &Call<'_>) -> Option<TokenStream> {
    match call.way() {
        Way::Unary => None,
        Way::ServerStream => Some(quote!(ServerStream)),
        Way::ClientStream | Way::Upload => Some(quote!(ClientStream)),
        Way::Bidi => Some(quote!(Bidi)),
    }
}

fn idempotency(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    if call.operation.is_query() {
        return None;
    }
    match &call.operation.idempotency {
        Idempotency::ByCaller => None,
        Idempotency::Natural => Some(quote!(Natural)),
        Idempotency::None(_) => Some(quote!(None)),
        Idempotency::ByField(index) => {
            let (Request::Record(id) | Request::Params(id)) = call.operation.request else {
                return None;
            };
            let field = s.world().records[id].fields.get(*index)?.info.name.as_str();
            Some(quote!(ByField(#field)))
        }
    }
}

/// `.undoes(…)`.
fn undoes(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    let undone = Call::new(s, call.operation.undoes.as_ref()?.operation).descriptor();
    Some(quote!(.undoes(&#undone)))
}

fn event(s: &Scope<'_>, id: Id<Event>) -> TokenStream {
    let rt = s.rt();
    let (event, name) = (&s.world().events[id], event_name(s, id));
    let names = &s.all.names.services[&event.service];
    let constant = format_ident!("{}", names.event_constants[&id]);
    let version = literal::uint(event.version.into());
    let since = readable_since(s, id);
    let since = (since < event.version).then(|| {
        let since = literal::uint(since.into());
        quote!(.readable_since(#since))
    });
    let retain = event.retain.map(|nanos| {
        let retain = literal::duration_at(&quote!(#rt), nanos);
        quote!(.retain(#retain))
    });
    let fingerprint = literal::uint(fingerprint::of(s.world(), event.payload));
    let shown = shown::shown(s, event.payload);
    let about = docs::docs(&format!("What the runtime knows of `{}`.", names.events[&id]));
    quote! {
        #about
        pub static #constant: #rt::EventDescriptor =
            #rt::EventDescriptor::new(#name, #version) #since #retain .fingerprint(#fingerprint) #shown;
    }
}

/// The oldest version whose readers can read this one.
fn readable_since(s: &Scope<'_>, id: Id<Event>) -> u32 {
    let versions = s.world().event_versions(id);
    let version = |id: &Id<Event>| s.world().events[*id].version;
    let own = version(&id);
    let older = versions.iter().rev().filter(|other| version(other) < own);
    let readable = older.take_while(|older| s.world().is_readable_as(id, **older));
    readable.map(version).min().unwrap_or(own)
}
