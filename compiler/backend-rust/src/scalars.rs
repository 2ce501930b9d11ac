//! Newtypes.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Builtin, Scalar};

use crate::docs;
use crate::names::{ident, type_name};
use crate::rules;
use crate::scope::Scope;
use crate::types;

/// What a builtin allows a newtype around it to derive.
fn derives(base: Builtin, zero: bool) -> TokenStream {
    use Builtin::{
        Bool, Date, Decimal, Duration, F32, F64, I32, I64, Json, Timestamp, U32, U64, Uuid,
    };
    let copy = match base {
        Bool | I32 | I64 | U32 | U64 | F32 | F64 | Decimal | Uuid | Timestamp | Date | Duration => {
            Some(quote!(Copy,))
        }
        _ => None,
    };
    let rest = match base {
        F32 | F64 => quote!(PartialEq, PartialOrd),
        Json => quote!(PartialEq, Eq),
        _ => quote!(PartialEq, Eq, PartialOrd, Ord, Hash),
    };
    let default = zero.then(|| quote!(Default,));
    quote!(#[derive(Clone, #copy Debug, #default #rest)])
}

/// Whether the zero of a builtin means something, so that a newtype around it may have it by `Default`.
fn has_zero(base: Builtin) -> bool {
    use Builtin::{Bool, Bytes, F32, F64, I32, I64, String, U32, U64};
    matches!(base, Bool | I32 | I64 | U32 | U64 | F32 | F64 | String | Bytes)
}

/// Everything of one scalar.
pub(crate) fn items(s: &Scope<'_>, id: Id<Scalar>) -> Vec<TokenStream> {
    let scalar = &s.world().scalars[id];
    let name = ident(&type_name(&scalar.info.name));
    let zero = scalar.constraints.is_empty() && has_zero(scalar.base);
    let (inner, derives) = (types::builtin(s, scalar.base), derives(scalar.base, zero));
    let attributes = docs::attributes(&scalar.info);
    let mut items = vec![
        quote!(#attributes #derives pub struct #name(#inner);),
        methods(s, scalar, &name, &inner),
        wire(s, scalar, &name, &inner),
    ];
    items.extend(conversions(s, scalar, &name, &inner));
    items
}

fn methods(
    s: &Scope<'_>,
    scalar: &Scalar,
    name: &proc_macro2::Ident,
    inner: &TokenStream,
) -> TokenStream {
    let get = getter(scalar.base, inner);
    let new = constructor(s, scalar, inner);
    quote! {
        impl #name {
            #new
            #get
            /// What it holds, by value.
            #[must_use]
            pub fn into_inner(self) -> #inner { self.0 }
        }
    }
}

fn constructor(s: &Scope<'_>, scalar: &Scalar, inner: &TokenStream) -> TokenStream {
    let (rt, svckit) = (s.rt(), s.svckit());
    let (param, made) = if scalar.base == Builtin::String {
        let into = s.std("Into");
        (quote!(impl #into<#inner>), quote!(Self(value.into())))
    } else {
        (inner.clone(), quote!(Self(value)))
    };
    match rules::said(&scalar.constraints) {
        None => quote! {
            /// Around a value.
            #[must_use]
            pub fn new(value: #param) -> Self { #made }
        },
        Some(rule) => {
            let result = s.std("Result");
            let keeps = docs::docs(&format!("The rule that the value breaks: {rule}."));
            quote! {
                /// Around a value that keeps to the rules of the contract.
                ///
                /// # Errors
                #keeps
                pub fn new(value: #param) -> #result<Self, #svckit::Violation> {
                    #rt::check::newtype(#made)
                }
            }
        }
    }
}

fn getter(base: Builtin, inner: &TokenStream) -> TokenStream {
    use Builtin::{Bytes, Json, String};
    match base {
        String => quote! {
            /// What it holds.
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        },
        Bytes | Json => quote! {
            /// What it holds.
            #[must_use]
            pub fn get(&self) -> &#inner { &self.0 }
        },
        _ => quote! {
            /// What it holds.
            #[must_use]
            pub fn get(self) -> #inner { self.0 }
        },
    }
}

fn wire(
    s: &Scope<'_>,
    scalar: &Scalar,
    name: &proc_macro2::Ident,
    inner: &TokenStream,
) -> TokenStream {
    let rt = s.rt();
    let check = (!scalar.constraints.is_empty()).then(|| {
        let body = rules::of_scalar(s, scalar.base, &scalar.constraints);
        quote!(fn check(&self, v: &mut #rt::check::Violations) { #body })
    });
    quote! {
        impl #rt::wire::Value for #name {
            type Form = #rt::wire::Newtyped;
        }
        impl #rt::wire::Newtype for #name {
            type Inner = #inner;
            fn inner(&self) -> &#inner { &self.0 }
            fn from_wire(inner: #inner) -> Self { Self(inner) }
            #check
        }
    }
}

fn conversions(
    s: &Scope<'_>,
    scalar: &Scalar,
    name: &proc_macro2::Ident,
    inner: &TokenStream,
) -> Vec<TokenStream> {
    let svckit = s.svckit();
    let result = s.std("Result");
    let mut items = vec![if scalar.constraints.is_empty() {
        let from = s.std("From");
        quote! {
            impl #from<#inner> for #name {
                fn from(value: #inner) -> Self { Self(value) }
            }
        }
    } else {
        let try_from = s.std("TryFrom");
        quote! {
            impl #try_from<#inner> for #name {
                type Error = #svckit::Violation;
                fn try_from(value: #inner) -> #result<Self, Self::Error> { Self::new(value) }
            }
        }
    }];
    items.extend(text(s, scalar, name, inner));
    items
}

/// Display and FromStr, where what it holds has them.
fn text(
    s: &Scope<'_>,
    scalar: &Scalar,
    name: &proc_macro2::Ident,
    inner: &TokenStream,
) -> Option<TokenStream> {
    if matches!(scalar.base, Builtin::Bytes | Builtin::Duration) {
        return None;
    }
    let (svckit, result) = (s.svckit(), s.std("Result"));
    let rt = s.rt();
    let parsed = if scalar.base == Builtin::String {
        quote!(#inner::from(text))
    } else {
        quote!(#rt::check::parse::<#inner>(text)?)
    };
    let made = if scalar.constraints.is_empty() {
        let ok = s.std("Ok");
        quote!(#ok(Self(#parsed)))
    } else {
        quote!(Self::new(#parsed))
    };
    Some(quote! {
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }
        impl ::core::str::FromStr for #name {
            type Err = #svckit::Violation;
            fn from_str(text: &str) -> #result<Self, Self::Err> { #made }
        }
    })
}
