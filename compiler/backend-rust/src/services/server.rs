//! From calls on the wire to the service's methods.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Builtin, Idempotency, Operation, Request, Service, Type};

use super::calls::{Call, Way};
use super::{Handler, Kind, handlers, is_queued, queued, subscriptions};
use crate::names::{self, ident};
use crate::scope::Scope;

/// `fn server`.
pub(super) fn items(s: &Scope<'_>, id: Id<Service>) -> Vec<TokenStream> {
    let (rt, svckit) = (s.rt(), s.svckit());
    let handlers = handlers(s, id);
    let subscribed: Vec<_> =
        handlers.iter().filter(|h| !matches!(h.kind, Kind::Operation(_))).collect();
    let bound =
        if subscribed.is_empty() { quote!(Service) } else { quote!(Service + Subscriptions) };
    let routes = handlers.iter().map(|h| route(s, &subscribed, h));
    vec![quote! {
        /// Serves the service: hand this to the `App`.
        #[must_use]
        pub fn server<S: #bound>(service: S) -> #svckit::ServiceServer {
            #rt::ServiceServer::builder(&DESCRIPTOR, service)
                #(#routes)*
                .build()
        }
    }]
}

fn route(s: &Scope<'_>, all: &[&Handler<'_>], handler: &Handler<'_>) -> TokenStream {
    let (name, context) = (ident(&handler.names.method), ident(&handler.names.context));
    match handler.kind {
        Kind::Operation(id) => operation(s, handler, id),
        Kind::Subscription(it) => subscriptions::route(s, all, handler, it),
        Kind::Schedule(_) => {
            let constant = ident(&handler.names.constant);
            quote! {
                .schedule(&#constant, |s, ctx| async move {
                    S::#name(&s, &mut #context(ctx)).await
                })
            }
        }
    }
}

fn operation(s: &Scope<'_>, handler: &Handler<'_>, id: Id<Operation>) -> TokenStream {
    let (name, context) = (ident(&handler.names.method), ident(&handler.names.context));
    let call = Call::new(s, id);
    let queued = is_queued(call.operation);
    let method = if queued { quote!(queued) } else { call.method() };
    let constant = ident(if queued { &handler.names.queue } else { &handler.names.constant });
    let (received, args, wrapped) = (call.received(), call.args(), call.wrapped());
    let said =
        if queued { queued::priority(s, &call, &constant) } else { keys(s, &call, &constant) };
    let body = quote!(S::#name(&s, &mut #context(ctx), #(#args),*).await #wrapped);
    quote!(#said .#method(&#constant, |s, ctx, #received| async move { #body }))
}

/// Where the requests of a command hold their key, and that of the command that they undo.
fn keys(s: &Scope<'_>, call: &Call<'_>, constant: &Ident) -> Option<TokenStream> {
    if call.operation.is_query() || !matches!(call.way(), Way::Unary) {
        return None;
    }
    let own = match call.operation.idempotency {
        Idempotency::ByField(index) => key(s, call, index),
        _ => None,
    };
    let own = own.map(|key| quote!(.key(&#constant, #key)));
    let undone = call.operation.undoes.as_ref().and_then(|undone| key(s, call, undone.by));
    let undone = undone.map(|key| quote!(.undone(&#constant, #key)));
    Some(quote!(#own #undone))
}

/// From a request to the text of one of its fields.
fn key(s: &Scope<'_>, call: &Call<'_>, index: usize) -> Option<TokenStream> {
    let (Request::Record(id) | Request::Params(id)) = call.operation.request else { return None };
    let fields = &s.world().records[id].fields;
    let name = names::fields(fields).into_iter().nth(index)?;
    let ty = s.record(id);
    let text = fields[index].ty == Type::Builtin(Builtin::String);
    let key = if text {
        quote!(request.#name.clone())
    } else if fields[index].optional {
        quote!(request.#name.as_ref().map(::std::string::ToString::to_string))
    } else {
        quote!(request.#name.to_string())
    };
    Some(quote!(|request: &#ty| #key))
}
