//! Requests that end in a stream of bytes.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Field, Operation, Record, Request, World};

use crate::names::{self, ident};
use crate::records::{self, Heading, field_attributes};
use crate::scope::Scope;
use crate::{docs, literal, types};

/// Whether one of an operation's parameters is a stream.
pub(crate) fn is_upload(world: &World, id: Id<Operation>) -> bool {
    match world.operations[id].request {
        Request::Params(record) => world.records[record].fields.iter().any(|f| f.streamed),
        _ => false,
    }
}

/// The request, its head as a message, and how they belong together.
pub(super) fn items(s: &Scope<'_>, op: Id<Operation>, id: Id<Record>) -> Vec<TokenStream> {
    let record = &s.world().records[id];
    let operation = &s.world().operations[op];
    let own = &s.all.names.services[&operation.service].operations[&op];
    let (name, head) = (ident(&own.request), ident(&own.head));
    let heading = Heading { attributes: quote!(#[doc(hidden)]), name: &head, default: false };
    let mut items = vec![request(s, record, &name)];
    let wire = records::wire_name(s, record);
    items.extend(records::of_fields(s, &heading, &wire, &record.fields));
    items.extend(parts(s, record, &name, &head));
    items
}

fn request(s: &Scope<'_>, record: &Record, name: &proc_macro2::Ident) -> TokenStream {
    let svckit = s.svckit();
    let attributes = docs::attributes(&record.info);
    let fields = record.fields.iter().zip(names::fields(&record.fields));
    let lines = fields.map(|(field, ident)| {
        let attributes = field_attributes(field);
        let ty = if field.streamed { quote!(#svckit::ByteStream) } else { types::field(s, field) };
        quote!(#attributes pub #ident: #ty)
    });
    quote! {
        #attributes
        #[derive(Debug)]
        pub struct #name { #(#lines),* }
    }
}

fn parts(
    s: &Scope<'_>,
    record: &Record,
    name: &proc_macro2::Ident,
    head: &proc_macro2::Ident,
) -> Option<TokenStream> {
    let (rt, svckit) = (s.rt(), s.svckit());
    let idents = names::fields(&record.fields);
    let at = record.fields.iter().position(|f| f.streamed)?;
    let (field, stream) = (&record.fields[at], &idents[at]);
    let others: Vec<_> =
        idents.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, n)| n).collect();
    let (number, wire) = (literal::uint(field.number.into()), field.info.wire_name());
    let len = len(field);
    // A head without fields is made of nothing.
    let param = if others.is_empty() { quote!(_head) } else { quote!(head) };
    Some(quote! {
        impl #rt::Upload for #name {
            type Head = #head;
            const FIELD: u32 = #number;
            const NAME: &'static str = #wire;
            #len
            fn split(self) -> (#head, #svckit::ByteStream) {
                (#head { #(#others: self.#others),* }, self.#stream)
            }
            fn join(#param: #head, #stream: #svckit::ByteStream) -> Self {
                Self { #(#others: head.#others,)* #stream }
            }
        }
    })
}

fn len(field: &Field) -> Option<TokenStream> {
    let bounds = field.constraints.len.as_ref()?;
    let min = literal::uint(bounds.min.unwrap_or(0));
    let max = bounds.max.map_or_else(|| quote!(u64::MAX), literal::uint);
    Some(quote!(const LEN: (u64, u64) = (#min, #max);))
}
