//! Enums: a variant for each value, and one for numbers that are not known here.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{Enum, EnumValue};

use crate::docs;
use crate::literal;
use crate::names::{self, ident, type_name};
use crate::scope::Scope;

/// The name of a value in Protobuf and JSON: `ORDER_STATUS_PENDING`.
fn wire_name(it: &Enum, value: &EnumValue) -> String {
    match &value.info.wire {
        Some(wire) => wire.clone(),
        None => {
            let prefix = naming::screaming(it.info.wire_name());
            format!("{prefix}_{}", naming::screaming(&value.info.name))
        }
    }
}

/// Everything of one enum.
pub(crate) fn items(s: &Scope<'_>, id: Id<Enum>) -> Vec<TokenStream> {
    let it = &s.world().enums[id];
    let rt = s.rt();
    let name = ident(&type_name(&it.info.name));
    let variants = names::variants(it.values.iter().map(|v| &v.info), &["Unrecognized"]);
    let numbers: Vec<_> = it.values.iter().map(|v| literal::int(v.number.into())).collect();
    let values = it.values.iter().map(|v| wire_name(it, v));
    let attributes = docs::attributes(&it.info);
    let documented = it.values.iter().zip(&variants).map(|(value, variant)| {
        let attributes = docs::attributes(&value.info);
        quote!(#attributes #variant)
    });
    vec![
        quote! {
            #attributes
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub enum #name {
                #(#documented,)*
                /// A value that this version of the contract does not know.
                Unrecognized(i32),
            }
        },
        quote! {
            impl #rt::wire::Value for #name {
                type Form = #rt::wire::Open;
            }
        },
        quote! {
            impl #rt::wire::OpenEnum for #name {
                const VALUES: &'static [(i32, &'static str)] = &[#((#numbers, #values)),*];
                fn number(self) -> i32 {
                    match self {
                        #(Self::#variants => #numbers,)*
                        Self::Unrecognized(number) => number,
                    }
                }
                fn from_number(number: i32) -> Self {
                    match number {
                        #(#numbers => Self::#variants,)*
                        _ => Self::Unrecognized(number),
                    }
                }
            }
        },
    ]
}
