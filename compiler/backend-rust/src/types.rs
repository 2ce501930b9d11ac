//! Types of the contract in Rust.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::world::{Builtin, Field, Type};

use crate::scope::Scope;

/// A builtin.
pub(crate) fn builtin(s: &Scope<'_>, b: Builtin) -> TokenStream {
    let svckit = s.svckit();
    match b {
        Builtin::Bool => quote!(bool),
        Builtin::I32 => quote!(i32),
        Builtin::I64 => quote!(i64),
        Builtin::U32 => quote!(u32),
        Builtin::U64 => quote!(u64),
        Builtin::F32 => quote!(f32),
        Builtin::F64 => quote!(f64),
        Builtin::String => s.std("String"),
        Builtin::Bytes => quote!(#svckit::Bytes),
        Builtin::Decimal => quote!(#svckit::Decimal),
        Builtin::Uuid => quote!(#svckit::Uuid),
        Builtin::Timestamp => quote!(#svckit::Timestamp),
        Builtin::Date => quote!(#svckit::Date),
        Builtin::Duration => quote!(::core::time::Duration),
        Builtin::Json => quote!(#svckit::Json),
    }
}

/// A type, without what a field adds to it.
pub(crate) fn rust(s: &Scope<'_>, ty: &Type) -> TokenStream {
    match ty {
        Type::Builtin(b) => builtin(s, *b),
        Type::Scalar(id) => s.scalar(*id),
        Type::Enum(id) => s.enumeration(*id),
        Type::Record(id) => s.record(*id),
        Type::Union(id) => s.union(*id),
        Type::Patch(id) => s.patch(*id),
        Type::List(item) => {
            let (vec, item) = (s.std("Vec"), rust(s, item));
            quote!(#vec<#item>)
        }
        Type::Map(key, value) => {
            let (key, value) = (rust(s, key), rust(s, value));
            quote!(::std::collections::BTreeMap<#key, #value>)
        }
    }
}

/// The type of a field without its `?`.
pub(crate) fn held(s: &Scope<'_>, field: &Field) -> TokenStream {
    let ty = rust(s, &field.ty);
    if !field.boxed {
        return ty;
    }
    let boxed = s.std("Box");
    quote!(#boxed<#ty>)
}

/// The type of a field.
pub(crate) fn field(s: &Scope<'_>, field: &Field) -> TokenStream {
    let held = held(s, field);
    if !field.optional {
        return held;
    }
    let option = s.std("Option");
    quote!(#option<#held>)
}

/// Whether values of a type are copied.
pub(crate) fn is_copy(s: &Scope<'_>, ty: &Type) -> bool {
    let without = matches!(
        s.world().builtin(ty),
        None | Some(Builtin::String | Builtin::Bytes | Builtin::Json)
    );
    matches!(ty, Type::Enum(_)) || !without
}
