//! The traits that a service implements.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::Service;

use super::calls::Call;
use super::{Handler, Kind, handlers, subscriptions, upcasts};
use crate::docs;
use crate::names::{home_service, ident};
use crate::scope::Scope;

/// `Service`, and `Subscriptions` where there are any.
pub(super) fn items(s: &Scope<'_>, id: Id<Service>) -> Vec<TokenStream> {
    let service = &s.world().services[id];
    let (operations, others): (Vec<_>, Vec<_>) =
        handlers(s, id).into_iter().partition(|h| matches!(h.kind, Kind::Operation(_)));
    let name = &service.info.name;
    let mut items =
        vec![of(s, "Service", &format!("What {name} does; written with `async fn`."), &operations)];
    if !others.is_empty() {
        let about =
            format!("What {name} does when something happened elsewhere, or when it is time.");
        items.push(of(s, "Subscriptions", &about, &others));
    }
    items
}

fn of(s: &Scope<'_>, name: &str, about: &str, handlers: &[Handler<'_>]) -> TokenStream {
    let (name, about) = (ident(name), docs::docs(about));
    let (send, sync) = (s.std("Send"), s.std("Sync"));
    let methods = handlers.iter().map(|h| method(s, h));
    let upcasts = upcasts::methods(s, &handlers.iter().collect::<Vec<_>>());
    quote! {
        #about
        pub trait #name: #send + #sync + 'static {
            #(#methods)*
            #(#upcasts)*
        }
    }
}

fn method(s: &Scope<'_>, handler: &Handler<'_>) -> TokenStream {
    let (name, context) = (ident(&handler.names.method), ident(&handler.names.context));
    let attributes = docs::attributes(handler.info);
    let (future, send, result) = (s.std("Future"), s.std("Send"), s.std("Result"));
    let svckit = s.svckit();
    let (params, result) = match handler.kind {
        Kind::Operation(id) => {
            let call = Call::new(s, id);
            let (output, error) = (call.output(), call.error());
            (call.params(), quote!(#result<#output, #error>))
        }
        Kind::Subscription(subscription) => {
            let event = subscriptions::handed(s, subscription);
            (vec![quote!(event: #event)], quote!(#svckit::Result<()>))
        }
        Kind::Schedule(_) => (Vec::new(), quote!(#svckit::Result<()>)),
    };
    quote! {
        #attributes
        fn #name(
            &self,
            ctx: &mut #context,
            #(#params,)*
        ) -> impl #future<Output = #result> + #send;
    }
}

/// The type of an event's payload.
pub(super) fn event_type(s: &Scope<'_>, id: Id<svckit_model::world::Event>) -> TokenStream {
    let payload = s.world().events[id].payload;
    debug_assert!(home_service(s.world(), &s.world().records[payload]).is_some());
    s.record(payload)
}
