//! What an operation answers where it can't be served: `fallback`, `shed above`.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::world::{Fallback, Response};

use super::calls::{Call, is_record};
use crate::literal;
use crate::scope::Scope;

/// `.fallback(…).shed(…)`.
pub(super) fn safeguards(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    let promises = &call.operation.promises;
    let fallback = promises.fallback.as_ref().map(|fallback| {
        let fallback = match fallback {
            Fallback::Cached(nanos) => {
                let time = literal::duration_at(&quote!(#rt), *nanos);
                quote!(Cached(#time))
            }
            Fallback::Value(_) => {
                let answer = value(s, call);
                quote!(Value(|| #rt::wire::Record::to_bytes(&#answer)))
            }
        };
        quote!(.fallback(#rt::Fallback::#fallback))
    });
    let shed = promises.shed.map(|percent| {
        let percent = super::policies::rounded(percent);
        quote!(.shed(#percent))
    });
    quote!(#fallback #shed)
}

/// The answer that stands in, as the message that would have come.
fn value(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    let Some(Fallback::Value(value)) = &call.operation.promises.fallback else {
        return quote!(#rt::Empty {});
    };
    match &call.operation.response {
        Response::Value(ty) if is_record(ty) => literal::value(s, ty, value),
        Response::Optional(ty) => {
            let (some, value) = (s.std("Some"), literal::value(s, ty, value));
            quote!(#rt::One { value: #some(#value) })
        }
        Response::Value(ty) => {
            let value = literal::value(s, ty, value);
            quote!(#rt::One { value: #value })
        }
        // The resolver lets no other operation have one.
        _ => quote!(#rt::Empty {}),
    }
}
