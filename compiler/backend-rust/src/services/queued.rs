//! Queued commands: how urgent one is, and how a handler sends one.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::redelivery::Redelivery;
use svckit_model::world::{Operation, Request, Type};

use super::calls::Call;
use super::shown::shown;
use super::subscriptions::{guarantee, redelivery};
use crate::docs;
use crate::literal;
use crate::names::{self, ident};
use crate::scope::Scope;

/// Handlers of a queued command at once, where the contract says nothing.
const CONCURRENCY: u32 = 8;

/// What the runtime is told of a queue.
pub(super) fn descriptor(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    let (constant, operation) = (ident(&call.names.queue), ident(&call.names.constant));
    let queue = call.operation.queue.clone().unwrap_or_default();
    let concurrency = literal::uint(queue.concurrency.unwrap_or(CONCURRENCY).into());
    let timing = &s.all.timing;
    let again =
        Redelivery::of_queued(s.world(), timing, call.id).map(|again| redelivery(s, &again));
    let expires = queue.expires.map(|nanos| {
        let after = literal::duration_at(&quote!(#rt), nanos);
        quote!(.expires(#after))
    });
    let promises = &call.operation.promises;
    let delivery = guarantee(s, promises.delivery);
    let dead = promises.no_dead_letter.is_some().then(|| quote!(.without_dead_letters()));
    let shown = request_shown(s, call);
    let about = docs::docs(&format!("How `{}` is worked off.", call.operation.info.name));
    quote! {
        #about
        pub static #constant: #rt::QueueDescriptor = #rt::QueueDescriptor::new(&#operation)
            .concurrency(#concurrency) #again #expires #delivery #dead #shown;
    }
}

/// `.shown(…)`; nothing where a request has no fields of its own.
fn request_shown(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    match call.operation.request {
        Request::Record(id) | Request::Params(id) => Some(shown(s, id)),
        _ => None,
    }
}

/// `.priority(…)`; nothing where all are alike.
pub(super) fn priority(s: &Scope<'_>, call: &Call<'_>, queue: &Ident) -> Option<TokenStream> {
    let (ty, priority) = (request(s, call)?, urgency(s, call)?);
    Some(quote!(.priority(&#queue, |request: &#ty| #priority)))
}

/// The type of a request that has fields.
fn request(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    match call.operation.request {
        Request::Record(id) | Request::Params(id) => Some(s.record(id)),
        _ => None,
    }
}

/// How urgent `request` is.
fn urgency(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    let (Request::Record(id) | Request::Params(id)) = call.operation.request else { return None };
    let index = call.operation.queue.as_ref()?.priority_by?;
    let fields = &s.world().records[id].fields;
    let (field, name) = (fields.get(index)?, names::fields(fields).into_iter().nth(index)?);
    let rt = s.rt();
    let of = match &field.ty {
        Type::Enum(_) => quote!(#rt::priority::rank),
        _ => quote!(#rt::priority::clamped),
    };
    let inner = matches!(field.ty, Type::Scalar(_)).then(|| quote!(.get()));
    Some(quote!(#of(request.#name #inner)))
}

/// The method of a context that sends a queued command.
pub(super) fn sender(s: &Scope<'_>, id: Id<Operation>) -> TokenStream {
    let call = Call::new(s, id);
    let svckit = s.svckit();
    let name = &call.operation.info.name;
    let method = ident(&format!("send_{}", naming::snake(name)));
    let queue =
        s.path(call.operation.info.package, Some(call.operation.service), &call.names.queue);
    let (params, sent) = (call.params(), call.sent());
    let priority = urgency(s, &call).unwrap_or_else(|| quote!(0));
    let about = docs::docs(&format!("Sends `{name}` once the handler has succeeded."));
    let errors =
        docs::docs("# Errors\n`invalid_argument` if the request breaks a rule of the contract.");
    quote! {
        #about
        ///
        #errors
        pub fn #method(&mut self, #(#params),*) -> #svckit::Result<()> {
            self.0.send(&#queue, #priority, #sent)
        }
    }
}
