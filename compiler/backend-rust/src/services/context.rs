//! What a handler is handed: the call, clients for what it calls, publishers for what it emits.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{Builtin, Event, Field, Operation, Type};

use super::calls::Call;
use super::descriptors;
use super::traits::event_type;
use super::{Handler, is_queued, queued};
use crate::docs;
use crate::names::{self, CallNames, Taken, ident};
use crate::scope::Scope;
use crate::types;

/// The context of one handler, and the clients that it gives.
pub(super) fn items(s: &Scope<'_>, handler: &Handler<'_>) -> Vec<TokenStream> {
    let (rt, svckit) = (s.rt(), s.svckit());
    let name = ident(&handler.names.context);
    let about = docs::docs(&format!("Handed to the handler of `{}`.", handler.info.name));
    let mut items = vec![
        quote! {
            #about
            #[derive(Debug)]
            pub struct #name(#rt::Context);
        },
        quote! {
            impl ::core::ops::Deref for #name {
                type Target = #svckit::Context;
                fn deref(&self) -> &Self::Target { &self.0 }
            }
        },
        quote! {
            impl ::core::ops::DerefMut for #name {
                fn deref_mut(&mut self) -> &mut Self::Target { &mut self.0 }
            }
        },
    ];
    let clients = &handler.names.clients;
    let sent = sent(s, handler);
    if !clients.is_empty() || !handler.emits.is_empty() || !sent.is_empty() {
        let accessors = clients.iter().map(|c| accessor(s, c));
        let emits = handler.emits.iter().map(|e| emitter(s, *e));
        let senders = sent.iter().map(|id| queued::sender(s, *id));
        items.push(quote!(impl #name { #(#accessors)* #(#emits)* #(#senders)* }));
    }
    items.extend(clients.iter().flat_map(|c| client(s, c, handler)));
    items
}

/// The queued commands that a handler sends, each once.
fn sent(s: &Scope<'_>, handler: &Handler<'_>) -> Vec<Id<Operation>> {
    let mut sent = Vec::new();
    for call in handler.calls {
        if is_queued(&s.world().operations[call.operation]) && !sent.contains(&call.operation) {
            sent.push(call.operation);
        }
    }
    sent
}

fn accessor(s: &Scope<'_>, client: &CallNames) -> TokenStream {
    let service = &s.world().services[client.service].info;
    let descriptor = s.path(service.package, Some(client.service), "DESCRIPTOR");
    let (method, name) = (ident(&client.accessor), ident(&client.name));
    let about = docs::docs(&format!("What this may call of {}.", service.name));
    quote! {
        #about
        #[must_use]
        pub fn #method(&self) -> #name<'_> {
            #name { stub: self.0.stub(&#descriptor), ctx: ::core::marker::PhantomData }
        }
    }
}

/// The client of one service, narrowed to what is called.
fn client(s: &Scope<'_>, client: &CallNames, handler: &Handler<'_>) -> Vec<TokenStream> {
    let (rt, svckit) = (s.rt(), s.svckit());
    let name = ident(&client.name);
    let service = &s.world().services[client.service].info.name;
    let about = docs::docs(&format!("What `{}` may call of {service}.", handler.info.name));
    let mut taken = Taken::with(["with"]);
    let methods = client.operations.iter().map(|op| {
        let call = Call::new(s, *op);
        let named = handler.calls.iter().find(|c| c.operation == *op).and_then(|c| c.policy);
        let own = named.filter(|policy| *policy != call.operation.policy);
        let own = own.map(|policy| descriptors::under(s, &call, policy));
        call.client_method(&taken.take(call.names.method.as_str()), own)
    });
    vec![
        quote! {
            #about
            #[derive(Clone, Debug)]
            pub struct #name<'a> {
                stub: #rt::Stub,
                ctx: ::core::marker::PhantomData<&'a #rt::Context>,
            }
        },
        quote! {
            impl #name<'_> {
                /// The same client with other options for each call.
                #[must_use]
                pub fn with(self, options: #svckit::CallOptions) -> Self {
                    Self { stub: self.stub.with(options), ..self }
                }
                #(#methods)*
            }
        },
    ]
}

fn emitter(s: &Scope<'_>, id: Id<Event>) -> TokenStream {
    let event = &s.world().events[id];
    let names = &s.all.names.services[&event.service];
    let (ty, type_name) = (event_type(s, id), &names.events[&id]);
    let method = ident(&format!("emit_{}", naming::snake(type_name)));
    let constant = s.path(event.info.package, Some(event.service), &names.event_constants[&id]);
    let about = docs::docs(&format!("Publishes `{type_name}` once the handler has succeeded."));
    let key = key(s, event);
    quote! {
        #about
        pub fn #method(&mut self, event: #ty) {
            self.0.emit(&#constant, #key, &event);
        }
    }
}

/// What orders an event, as something that can be shown.
fn key(s: &Scope<'_>, event: &Event) -> TokenStream {
    let fields = &s.world().records[event.payload].fields;
    let Some(index) = event.key.filter(|i| *i < fields.len()) else { return quote!("") };
    let name = &names::fields(fields)[index];
    match is_shown(s, &fields[index]) {
        false => quote!(format!("{:?}", event.#name)),
        true if types::is_copy(s, &fields[index].ty) => quote!(event.#name),
        true => quote!(&event.#name),
    }
}

/// Whether a field's type has `Display`.
fn is_shown(s: &Scope<'_>, field: &Field) -> bool {
    let base = match &field.ty {
        Type::Builtin(_) | Type::Scalar(_) => s.world().builtin(&field.ty),
        _ => None,
    };
    let without = matches!(base, None | Some(Builtin::Bytes | Builtin::Duration));
    !field.optional && !without
}
