//! Records, and what is made of them: errors, requests, events.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{ErrorKind, ErrorRetry, Field, Record, RecordKind, StatusCode};

use crate::debug;
use crate::docs;
use crate::literal;
use crate::messages;
use crate::names::{self, ident};
use crate::rules;
use crate::scope::Scope;
use crate::types;

/// A struct of a record, and how it is written and read.
pub(crate) fn items(s: &Scope<'_>, id: Id<Record>) -> Vec<TokenStream> {
    let record = &s.world().records[id];
    let name = ident(&s.all.names.record(s.world(), id));
    let attributes = docs::attributes(&record.info);
    let has_default = s.all.analysis.has_default(id);
    let written_out = record.fields.iter().any(|f| f.default.is_some());
    let heading = Heading { attributes, name: &name, default: has_default && !written_out };
    let mut items = of_fields(s, &heading, &wire_name(s, record), &record.fields);
    if has_default && written_out {
        items.push(default(s, &name, &record.fields));
    }
    if let RecordKind::Error(kind) = &record.kind {
        items.push(error(s, &name, &record.info.name, kind));
    }
    items
}

/// What stands before the fields of a struct.
pub(crate) struct Heading<'a> {
    pub(crate) attributes: TokenStream,
    pub(crate) name: &'a Ident,
    /// Whether it derives `Default`.
    pub(crate) default: bool,
}

/// A struct of fields; those that are streamed are left out.
pub(crate) fn of_fields(
    s: &Scope<'_>,
    heading: &Heading<'_>,
    wire: &str,
    fields: &[Field],
) -> Vec<TokenStream> {
    let Heading { attributes, name, default } = heading;
    let idents = names::fields(fields);
    let shown: Vec<_> = fields.iter().zip(&idents).filter(|(f, _)| !f.streamed).collect();
    let lines = shown.iter().map(|(field, ident)| declared(s, field, ident));
    let redacted = debug::is_needed(fields);
    let debug = (!redacted).then(|| quote!(Debug,));
    let default = default.then(|| quote!(Default,));
    let mut items = vec![quote! {
        #attributes
        #[derive(Clone, #debug #default PartialEq)]
        pub struct #name { #(#lines),* }
    }];
    items.extend(redacted.then(|| debug::record(name, &shown)));
    items.push(messages::record(s, name, wire, fields));
    items
}

/// A field of a struct with its documents.
fn declared(s: &Scope<'_>, field: &Field, ident: &Ident) -> TokenStream {
    let (attributes, ty) = (field_attributes(field), types::field(s, field));
    quote!(#attributes pub #ident: #ty)
}

/// Docs of a field, with its constraints.
pub(crate) fn field_attributes(field: &Field) -> TokenStream {
    let mut text = field.info.docs.trim_end().to_owned();
    if let Some(rule) = rules::said(&field.constraints) {
        let gap = if text.is_empty() { "" } else { "\n\n" };
        text = format!("{text}{gap}Rule: {rule}.");
    }
    let (docs, deprecated) = (docs::docs(&text), docs::deprecated(&field.info));
    quote!(#docs #deprecated)
}

/// The full name on the wire.
pub(crate) fn wire_name(s: &Scope<'_>, record: &Record) -> String {
    let world = s.world();
    let package = world.packages[record.info.package].wire_name();
    let name = match record.kind {
        RecordKind::Params(op) => format!("{}Request", world.operations[op].info.wire_name()),
        RecordKind::Event(event) => {
            let event = &world.events[event];
            let version = if event.newest { String::new() } else { format!("V{}", event.version) };
            format!("{}{version}", event.info.wire_name())
        }
        _ => record.info.wire_name().to_owned(),
    };
    format!("{package}.{name}")
}

/// `impl Default` where a field has a default of its own.
fn default(s: &Scope<'_>, name: &Ident, fields: &[Field]) -> TokenStream {
    let default = s.std("Default");
    let lines = fields.iter().zip(names::fields(fields)).map(|(field, ident)| {
        let value = literal::left_out(s, field);
        quote!(#ident: #value)
    });
    quote! {
        impl #default for #name {
            fn default() -> Self { Self { #(#lines),* } }
        }
    }
}

/// What makes a record an error.
fn error(s: &Scope<'_>, name: &Ident, contract: &str, kind: &ErrorKind) -> TokenStream {
    let rt = s.rt();
    let code = code(kind.code);
    let retry = match kind.retry {
        ErrorRetry::ByCode if by_code(kind.code) => quote!(Yes),
        ErrorRetry::ByCode => quote!(No),
        ErrorRetry::Yes => quote!(Yes),
        ErrorRetry::After(nanos) => {
            let after = literal::duration(nanos);
            quote!(After(#after))
        }
    };
    let message = naming::snake(contract).replace('_', " ");
    quote! {
        impl #rt::DomainError for #name {
            const CODE: #rt::Code = #rt::Code::#code;
            const RETRY: #rt::Retry = #rt::Retry::#retry;
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(#message)
            }
        }
        impl ::core::error::Error for #name {}
    }
}

/// A canonical code by the runtime's name.
pub(crate) fn code(code: StatusCode) -> Ident {
    format_ident!("{code:?}")
}

/// Codes that say of themselves that another try may succeed.
fn by_code(code: StatusCode) -> bool {
    matches!(code, StatusCode::Unavailable | StatusCode::Aborted | StatusCode::ResourceExhausted)
}
