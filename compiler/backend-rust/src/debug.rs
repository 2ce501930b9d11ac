//! Debug that leaves out what is sensitive.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::world::Field;

/// What is shown in place of a sensitive value.
const REDACTED: &str = "<redacted>";

/// Whether a type's Debug must be written out.
pub(crate) fn is_needed(fields: &[Field]) -> bool {
    fields.iter().any(|f| f.sensitive)
}

/// `impl Debug` for a struct.
pub(crate) fn record(name: &Ident, fields: &[(&Field, &Ident)]) -> TokenStream {
    let title = name.to_string();
    let lines = fields.iter().map(|(field, ident)| {
        let shown = ident.to_string();
        let shown = shown.trim_start_matches("r#");
        if field.sensitive {
            quote!(.field(#shown, &format_args!(#REDACTED)))
        } else {
            quote!(.field(#shown, &self.#ident))
        }
    });
    quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(#title) #(#lines)* .finish()
            }
        }
    }
}

/// `impl Debug` for an enum of one value each.
pub(crate) fn union(name: &Ident, variants: &[(&Field, &Ident)]) -> TokenStream {
    let arms = variants.iter().map(|(field, ident)| {
        let shown = ident.to_string();
        if field.sensitive {
            quote!(Self::#ident(_) => f.debug_tuple(#shown).field(&format_args!(#REDACTED)).finish())
        } else {
            quote!(Self::#ident(value) => f.debug_tuple(#shown).field(value).finish())
        }
    });
    quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms,)* }
            }
        }
    }
}
