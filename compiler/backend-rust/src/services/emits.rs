//! What a handler publishes, as the runtime checks it.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Emit, ErrorUse, Event};

use crate::records;
use crate::scope::Scope;

/// The full name of an event, whatever its version.
pub(super) fn event_name(s: &Scope<'_>, id: Id<Event>) -> String {
    let event = &s.world().events[id];
    let service = &s.world().services[event.service].info;
    format!("{}.{}", s.world().qualified(service), event.info.name)
}

/// `.emits(…)`; nothing where a handler publishes nothing.
pub(super) fn emits(s: &Scope<'_>, success: &[Emit], errors: &[ErrorUse]) -> Option<TokenStream> {
    let failures: Vec<_> = errors.iter().filter(|used| !used.emits.is_empty()).collect();
    if success.is_empty() && failures.is_empty() {
        return None;
    }
    let rt = s.rt();
    let success = entries(s, success);
    let failures = failures.iter().map(|used| {
        let name = records::wire_name(s, &s.world().records[used.error]);
        let entries = entries(s, &used.emits);
        quote!((#name, &[#(#entries),*]))
    });
    Some(quote! {
        .emits(#rt::Emits { success: &[#(#success),*], failures: &[#(#failures),*] })
    })
}

fn entries(s: &Scope<'_>, emits: &[Emit]) -> Vec<TokenStream> {
    let rt = s.rt();
    let entry = |emit: &Emit| {
        let events = emit.events.iter().map(|event| event_name(s, *event));
        let or_nothing = emit.or_nothing.then(|| quote!(.or_nothing()));
        let many = emit.many.then(|| quote!(.many()));
        quote!(#rt::Emit::one(&[#(#events),*]) #or_nothing #many)
    };
    emits.iter().map(entry).collect()
}
