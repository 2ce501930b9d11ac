//! From calls on the wire to the service's methods.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Idempotency, Operation, Request, Service, When};

use super::calls::{Call, Way};
use super::{Handler, Kind, handlers, is_queued};
use crate::literal;
use crate::names::{self, ident};
use crate::scope::Scope;

/// `fn server`.
pub(super) fn items(s: &Scope<'_>, id: Id<Service>) -> Vec<TokenStream> {
    let (rt, svckit) = (s.rt(), s.svckit());
    let handlers = handlers(s, id);
    let subscribes = handlers.iter().any(|h| !matches!(h.kind, Kind::Operation(_)));
    let bound = if subscribes { quote!(Service + Subscriptions) } else { quote!(Service) };
    let routes = handlers.iter().map(|h| route(s, h));
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

fn route(s: &Scope<'_>, handler: &Handler<'_>) -> TokenStream {
    let (name, context) = (ident(&handler.names.method), ident(&handler.names.context));
    match handler.kind {
        Kind::Operation(id) => operation(s, handler, id),
        Kind::Subscription(subscription) => {
            let event = &s.world().events[subscription.event];
            let names = &s.all.names.services[&event.service];
            let constant = &names.event_constants[&subscription.event];
            let descriptor = s.path(event.info.package, Some(event.service), constant);
            let (rt, title) = (s.rt(), &handler.info.name);
            quote! {
                .on(const { &#rt::SubscriptionDescriptor::new(SERVICE, #title, &#descriptor) }, |s, ctx, event| async move {
                    S::#name(&s, &mut #context(ctx), event).await
                })
            }
        }
        Kind::Schedule(schedule) => {
            let (rt, title) = (s.rt(), &handler.info.name);
            let when = match &schedule.when {
                When::Every(nanos) => {
                    let every = literal::duration(*nanos);
                    quote!(Interval(#every))
                }
                When::Cron(line) => quote!(Cron(#line)),
            };
            quote! {
                .schedule(const { &#rt::ScheduleDescriptor::new(SERVICE, #title, #rt::Every::#when) }, |s, ctx| async move {
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
    let key = key(s, &call, &constant);
    let body = quote!(S::#name(&s, &mut #context(ctx), #(#args),*).await #wrapped);
    quote!(#key .#method(&#constant, |s, ctx, #received| async move { #body }))
}

/// Where the requests of a command hold their key.
fn key(s: &Scope<'_>, call: &Call<'_>, constant: &Ident) -> Option<TokenStream> {
    let Idempotency::ByField(index) = call.operation.idempotency else { return None };
    let (Request::Record(id) | Request::Params(id)) = call.operation.request else { return None };
    if is_queued(call.operation) || !matches!(call.way(), Way::Unary) {
        return None;
    }
    let fields = &s.world().records[id].fields;
    let name = names::fields(fields).into_iter().nth(index)?;
    let ty = s.record(id);
    let key = if fields[index].optional {
        quote!(request.#name.as_ref().map(::std::string::ToString::to_string))
    } else {
        quote!(request.#name.to_string())
    };
    Some(quote!(.key(&#constant, |request: &#ty| #key)))
}
