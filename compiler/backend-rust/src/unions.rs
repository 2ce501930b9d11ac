//! Unions: an enum with a value in each variant.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Field, Union};

use crate::debug;
use crate::docs;
use crate::literal;
use crate::messages::{self, Member};
use crate::names::{self, ident, type_name};
use crate::records::field_attributes;
use crate::rules;
use crate::scope::Scope;
use crate::types;

/// Everything of one union.
pub(crate) fn items(s: &Scope<'_>, id: Id<Union>) -> Vec<TokenStream> {
    let union = &s.world().unions[id];
    let name = ident(&type_name(&union.info.name));
    let variants = names::variants(union.variants.iter().map(|f| &f.info), &[]);
    let both: Vec<_> = union.variants.iter().zip(&variants).collect();
    let lines = both.iter().map(|(field, variant)| {
        let (attributes, ty) = (field_attributes(field), types::held(s, field));
        quote!(#attributes #variant(#ty))
    });
    let attributes = docs::attributes(&union.info);
    let redacted = debug::is_needed(&union.variants);
    let derived = if redacted { quote!(Clone, PartialEq) } else { quote!(Clone, Debug, PartialEq) };
    let mut items = vec![quote! {
        #attributes
        #[derive(#derived)]
        pub enum #name { #(#lines,)* }
    }];
    items.extend(redacted.then(|| debug::union(&name, &both)));
    items.extend(conversions(s, &name, &both));
    items.push(wire(s, &name, &s.world().wire_qualified(&union.info), &union.variants, &variants));
    items
}

/// `From` for each variant whose type no other variant has.
fn conversions(s: &Scope<'_>, name: &Ident, variants: &[(&Field, &Ident)]) -> Vec<TokenStream> {
    let from = s.std("From");
    let lone = |field: &Field| variants.iter().filter(|(f, _)| f.ty == field.ty).count() == 1;
    let is_own = |field: &Field| {
        use svckit_model::world::Type;
        matches!(field.ty, Type::Record(_) | Type::Union(_) | Type::Scalar(_) | Type::Enum(_))
    };
    let chosen = variants.iter().filter(|(f, _)| lone(f) && is_own(f) && !f.boxed);
    chosen
        .map(|(field, variant)| {
            let ty = types::held(s, field);
            quote! {
                impl #from<#ty> for #name {
                    fn from(value: #ty) -> Self { Self::#variant(value) }
                }
            }
        })
        .collect()
}

fn wire(
    s: &Scope<'_>,
    name: &Ident,
    wire: &str,
    fields: &[Field],
    variants: &[Ident],
) -> TokenStream {
    let rt = s.rt();
    let members = messages::members(fields);
    let numbers: Vec<_> = members.iter().map(|m| &m.number).collect();
    let json: Vec<_> = members.iter().map(|m| &m.json).collect();
    let (judged, others): (Vec<_>, Vec<_>) =
        fields.iter().zip(variants).partition(|(field, _)| judged(s, field));
    let check = (!judged.is_empty()).then(|| {
        let arms = judged.iter().map(|(field, variant)| {
            let body = rules::of_variant(s, field, &quote!(value));
            quote!(Self::#variant(value) => #body)
        });
        let others: Vec<_> = others.iter().map(|(_, variant)| variant).collect();
        let rest = (!others.is_empty()).then(|| quote!(#(Self::#others(_))|* => {}));
        quote!(match self { #(#arms)* #rest })
    });
    let check = messages::check(s, check);
    let concealed = messages::concealed(s, fields);
    let (decode, from_json) = (decode(s, &members, variants), from_json(s, &members, variants));
    quote! {
        impl #rt::wire::Value for #name {
            type Form = #rt::wire::Message;
        }
        impl #rt::wire::Record for #name {
            const NAME: &'static str = #wire;
            #concealed
            fn encode(&self, w: &mut #rt::wire::Writer) {
                match self { #(Self::#variants(value) => w.always(#numbers, value),)* }
            }
            #decode
            #check
            fn to_json(&self, o: &mut #rt::json::Writer<'_>) {
                match self { #(Self::#variants(value) => o.field(#json, value),)* }
            }
            #from_json
        }
    }
}

fn judged(s: &Scope<'_>, field: &Field) -> bool {
    !field.constraints.is_empty() || s.all.analysis.is_checked(s.world(), &field.ty)
}

fn decode(s: &Scope<'_>, members: &[Member<'_>], variants: &[Ident]) -> TokenStream {
    let (rt, ok, some, none) = (s.rt(), s.std("Ok"), s.std("Some"), s.std("None"));
    let numbers: Vec<_> = members.iter().map(|m| &m.number).collect();
    let wires: Vec<_> = members.iter().map(|m| m.wire).collect();
    let known = runs(members);
    let body = quote! {
        let mut member = #rt::wire::Member::new();
        while let #some(tag) = r.tag()? {
            match tag.number() {
                #known => member.read(tag, r)?,
                _ => r.skip(tag)?,
            }
        }
        #ok(match member.number() {
            #(#numbers => member.take(#wires, r, v)?.map(Self::#variants),)*
            _ => {
                v.unset(&[#(#wires),*]);
                #none
            }
        })
    };
    messages::decode_fn(s, &quote!(v), &body)
}

/// The numbers of all members as a pattern, with ranges for three and more in a row.
fn runs(members: &[Member<'_>]) -> TokenStream {
    let mut numbers: Vec<u32> = members.iter().map(|m| m.field.number).collect();
    numbers.sort_unstable();
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).flat_map(|run| match run {
        [first, _, .., last] => {
            let (first, last) = (number(*first), number(*last));
            vec![quote!(#first..=#last)]
        }
        short => short.iter().map(|n| number(*n)).collect(),
    });
    quote!(#(#runs)|*)
}

fn number(n: u32) -> TokenStream {
    literal::uint(n.into())
}

fn from_json(s: &Scope<'_>, members: &[Member<'_>], variants: &[Ident]) -> TokenStream {
    let pairs = members.iter().map(|m| {
        let (json, wire) = (&m.json, m.wire);
        quote!((#json, #wire))
    });
    let last = members.len().saturating_sub(1);
    let arms = members.iter().zip(variants).enumerate().map(|(at, (m, variant))| {
        let (json, wire) = (&m.json, m.wire);
        let at = proc_macro2::Literal::usize_unsuffixed(at);
        let pattern = if at.to_string() == last.to_string() { quote!(_) } else { quote!(#at) };
        quote!(#pattern => o.field(#json, #wire, v).map(Self::#variant))
    });
    let body = if members.len() == 1 {
        let (json, wire, variant) = (&members[0].json, members[0].wire, &variants[0]);
        quote! {
            o.member(&[(#json, #wire)], v)?;
            o.field(#json, #wire, v).map(Self::#variant)
        }
    } else {
        quote!(match o.member(&[#(#pairs),*], v)? { #(#arms,)* })
    };
    messages::from_json_fn(s, false, &body)
}
