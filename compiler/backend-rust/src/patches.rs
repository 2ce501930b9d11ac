//! Patches: a change for each field of a record.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Field, Record};

use crate::debug;
use crate::docs;
use crate::literal;
use crate::messages::{self, Member};
use crate::names::ident;
use crate::rules;
use crate::scope::Scope;
use crate::types;

/// Everything of the patch of one record; `s` is the module of the patch.
pub(crate) fn items(s: &Scope<'_>, id: Id<Record>) -> Vec<TokenStream> {
    let record = &s.world().records[id];
    let name = ident(&s.all.names.patches[&(id, s.package)]);
    let svckit = s.svckit();
    let members = messages::members(&record.fields);
    let lines = members.iter().map(|m| {
        let (docs, ident, ty) = (docs::attributes(&m.field.info), &m.name, types::held(s, m.field));
        quote!(#docs pub #ident: #svckit::Change<#ty>)
    });
    let redacted = debug::is_needed(&record.fields);
    let debug_derived = (!redacted).then(|| quote!(Debug,));
    let title = format!("Changes to [`{}`]: each field is kept, cleared or set.", record.info.name);
    let title = docs::docs(&title);
    let both: Vec<_> = members.iter().map(|m| (m.field, &m.name)).collect();
    let mut items = vec![quote! {
        #title
        #[derive(Clone, #debug_derived Default, PartialEq)]
        pub struct #name { #(#lines),* }
    }];
    items.extend(redacted.then(|| debug::record(&name, &both)));
    items.push(apply(s, &name, id, &members));
    items.push(wire(s, &name, record, &members));
    items
}

fn apply(s: &Scope<'_>, name: &Ident, id: Id<Record>, members: &[Member<'_>]) -> TokenStream {
    let record = s.record(id);
    let lines = members.iter().map(|m| {
        let name = &m.name;
        match &m.field.default {
            _ if m.field.optional => quote!(self.#name.apply_optional(&mut record.#name);),
            Some(default) => {
                let default = literal::lazily(s, m.field, default);
                quote!(self.#name.apply_or(&mut record.#name, #default);)
            }
            None => quote!(self.#name.apply(&mut record.#name);),
        }
    });
    let param = if members.is_empty() { quote!(_record) } else { quote!(record) };
    quote! {
        impl #name {
            /// Makes the changes.
            pub fn apply(self, #param: &mut #record) { #(#lines)* }
        }
    }
}

/// Fields that cannot be cleared unless their type has a zero value.
fn is_required(field: &Field) -> bool {
    !field.optional && field.default.is_none()
}

fn wire(s: &Scope<'_>, name: &Ident, record: &Record, members: &[Member<'_>]) -> TokenStream {
    let rt = s.rt();
    let package = s.world().packages[s.package].wire_name();
    let wire = format!("{package}.{}Patch", record.info.wire_name());
    let judged: Vec<_> = members
        .iter()
        .map(|m| {
            let name = &m.name;
            (m.field, quote!(&self.#name))
        })
        .collect();
    let cleared: Vec<_> = members
        .iter()
        .filter(|m| is_required(m.field))
        .map(|m| {
            let (name, wire) = (&m.name, m.wire);
            quote!(self.#name.not_cleared(#wire, v);)
        })
        .collect();
    let check = messages::check(s, rules::of_fields(s, &judged, &cleared));
    let concealed = messages::concealed(s, &record.fields);
    let (encode, decode) = (encode(s, members), decode(s, members));
    let (to_json, from_json) = (to_json(s, members), from_json(s, members));
    quote! {
        impl #rt::wire::Value for #name {
            type Form = #rt::wire::Message;
        }
        impl #rt::wire::Record for #name {
            const NAME: &'static str = #wire;
            #concealed
            #encode
            #decode
            #check
            #to_json
            #from_json
        }
    }
}

fn encode(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let rt = s.rt();
    let p = unused(members, "p");
    let lines = members.iter().map(|m| {
        let (name, number, wire) = (&m.name, &m.number, m.wire);
        quote!(p.field(#number, #wire, &self.#name);)
    });
    quote! {
        fn encode(&self, w: &mut #rt::wire::Writer) {
            #rt::patch::PatchWriter::write(w, |#p| { #(#lines)* });
        }
    }
}

/// The name of a parameter, with an underscore where there is no field that would use it.
fn unused(members: &[Member<'_>], name: &str) -> Ident {
    if members.is_empty() { ident(&format!("_{name}")) } else { ident(name) }
}

fn decode(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let (rt, ok, some) = (s.rt(), s.std("Ok"), s.std("Some"));
    let wires = members.iter().map(|m| m.wire);
    let slots = messages::slots(s, members, &quote!(&mut r));
    let takes = members.iter().map(|m| {
        let (local, wire) = (&m.local, m.wire);
        quote!(let #local = #local.take(#wire, &r, v)?;)
    });
    let all_there = (!members.is_empty()).then(|| messages::all_there(s, members));
    let inits = members.iter().map(|m| {
        let (name, local, wire) = (&m.name, &m.local, m.wire);
        quote!(#name: p.change(#wire, #local))
    });
    let body = quote! {
        let p = #rt::patch::PatchReader::new(r, &[#(#wires),*], v)?;
        let mut r = p.value()?;
        #slots
        #(#takes)*
        #all_there
        #ok(#some(Self { #(#inits),* }))
    };
    messages::decode_fn(s, &quote!(v), &body)
}

fn to_json(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let rt = s.rt();
    let p = unused(members, "p");
    let lines = members.iter().map(|m| {
        let (name, json) = (&m.name, &m.json);
        quote!(p.field(#json, &self.#name);)
    });
    quote! {
        fn to_json(&self, o: &mut #rt::json::Writer<'_>) {
            #rt::patch::PatchMembers::write(o, |#p| { #(#lines)* });
        }
    }
}

fn from_json(s: &Scope<'_>, members: &[Member<'_>]) -> TokenStream {
    let (rt, some) = (s.rt(), s.std("Some"));
    let pairs = members.iter().map(|m| {
        let (json, wire) = (&m.json, m.wire);
        quote!((#json, #wire))
    });
    let p = unused(members, "p");
    let lines = members.iter().map(|m| {
        let (local, json, wire) = (&m.local, &m.json, m.wire);
        quote!(let #local = p.field(#json, #wire, v);)
    });
    let inits = members.iter().map(|m| {
        let (name, local) = (&m.name, &m.local);
        quote!(#name: #local?)
    });
    let body = quote! {
        let #p = #rt::patch::PatchObject::new(o, &[#(#pairs),*], v)?;
        #(#lines)*
        #some(Self { #(#inits),* })
    };
    messages::from_json_fn(s, false, &body)
}
