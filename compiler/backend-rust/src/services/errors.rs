//! What an operation may fail with.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{ErrorUse, Operation, Record};

use super::calls::Call;
use crate::docs;
use crate::names::{Taken, ident};
use crate::scope::Scope;

/// The declared errors with their variants, each once.
fn variants<'a>(s: &Scope<'a>, uses: &'a [ErrorUse]) -> Vec<(&'a ErrorUse, Ident, TokenStream)> {
    let mut taken = Taken::with(["Other"]);
    let mut seen: HashSet<Id<Record>> = HashSet::new();
    let unique = uses.iter().filter(|u| seen.insert(u.error));
    unique
        .map(|u| {
            let name = &s.world().records[u.error].info.name;
            (u, ident(&taken.take(name.as_str())), s.record(u.error))
        })
        .collect()
}

/// The enum of an operation's errors, or another name for the runtime's error where it declares none.
pub(super) fn items(s: &Scope<'_>, id: Id<Operation>) -> Vec<TokenStream> {
    let call = Call::new(s, id);
    let (name, operation) = (ident(&call.names.error), call.operation);
    let svckit = s.svckit();
    let about = docs::docs(&format!("What `{}` may fail with.", operation.info.name));
    if operation.errors.is_empty() {
        return vec![quote!(#about pub type #name = #svckit::Error;)];
    }
    let errors = variants(s, &operation.errors);
    let lines = errors.iter().map(|(used, variant, ty)| {
        let docs = docs::docs(&s.world().records[used.error].info.docs);
        quote!(#docs #variant(#ty))
    });
    let mut items = vec![quote! {
        #about
        #[derive(Clone, Debug)]
        pub enum #name {
            #(#lines,)*
            /// Anything else, also what this operation called.
            Other(#svckit::Error),
        }
    }];
    items.push(operation_error(s, &name, &errors));
    items.push(shown(&name, &errors));
    items.extend(conversions(s, &name, &errors));
    items.extend(from_callees(s, &call, &name));
    items
}

fn operation_error(
    s: &Scope<'_>,
    name: &Ident,
    errors: &[(&ErrorUse, Ident, TokenStream)],
) -> TokenStream {
    let (rt, svckit) = (s.rt(), s.svckit());
    let (ok, err) = (s.std("Ok"), s.std("Err"));
    let variants: Vec<_> = errors.iter().map(|(_, v, _)| v).collect();
    let committing: Vec<_> =
        errors.iter().filter(|(used, ..)| !used.emits.is_empty()).map(|(_, v, _)| v).collect();
    let commits = (!committing.is_empty()).then(|| {
        quote! {
            fn commits(&self) -> bool {
                matches!(self, #(Self::#committing(_))|*)
            }
        }
    });
    quote! {
        impl #rt::OperationError for #name {
            fn from_error(error: #svckit::Error) -> Self {
                #(
                    let error = match error.into_domain() {
                        #ok(known) => return Self::#variants(known),
                        #err(error) => error,
                    };
                )*
                Self::Other(error)
            }
            fn into_error(self) -> #svckit::Error {
                match self {
                    #(Self::#variants(error) => #svckit::Error::domain(&error),)*
                    Self::Other(error) => error,
                }
            }
            #commits
        }
    }
}

fn shown(name: &Ident, errors: &[(&ErrorUse, Ident, TokenStream)]) -> TokenStream {
    let variants = errors.iter().map(|(_, v, _)| v);
    quote! {
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(Self::#variants(error) => ::core::fmt::Display::fmt(error, f),)*
                    Self::Other(error) => ::core::fmt::Display::fmt(error, f),
                }
            }
        }
        impl ::core::error::Error for #name {}
    }
}

fn conversions(
    s: &Scope<'_>,
    name: &Ident,
    errors: &[(&ErrorUse, Ident, TokenStream)],
) -> Vec<TokenStream> {
    let (rt, svckit, from) = (s.rt(), s.svckit(), s.std("From"));
    let declared = errors.iter().map(|(_, variant, ty)| {
        quote! {
            impl #from<#ty> for #name {
                fn from(error: #ty) -> Self { Self::#variant(error) }
            }
        }
    });
    let general = [
        quote! {
            impl #from<#svckit::Error> for #name {
                fn from(error: #svckit::Error) -> Self { Self::Other(error) }
            }
        },
        quote! {
            impl #from<#name> for #svckit::Error {
                fn from(error: #name) -> Self { #rt::OperationError::into_error(error) }
            }
        },
    ];
    declared.chain(general).collect()
}

/// Errors of what is called, so that `?` works: one that this operation declares too stays what it is, any other is its
/// `Other`.
fn from_callees(s: &Scope<'_>, call: &Call<'_>, name: &Ident) -> Vec<TokenStream> {
    let mut seen = HashSet::from([call.id]);
    let called = call.operation.calls.iter().map(|c| c.operation);
    let called = called.filter(|op| seen.insert(*op));
    let declaring = called.filter(|op| !s.world().operations[*op].errors.is_empty());
    declaring.map(|op| from_callee(s, call, name, &Call::new(s, op))).collect()
}

fn from_callee(s: &Scope<'_>, call: &Call<'_>, name: &Ident, callee: &Call<'_>) -> TokenStream {
    let (svckit, from, error) = (s.svckit(), s.std("From"), callee.error());
    let own = variants(s, &call.operation.errors);
    let theirs = variants(s, &callee.operation.errors);
    let shared: Vec<_> = theirs
        .iter()
        .filter_map(|(used, theirs, _)| {
            let (_, ours, _) = own.iter().find(|(own, ..)| own.error == used.error)?;
            Some(quote!(#error::#theirs(error) => Self::#ours(error),))
        })
        .collect();
    let other = quote!(Self::Other(#svckit::Error::from(error).from_callee()));
    let body = match shared.len() {
        0 => other,
        all if all == theirs.len() => quote! {
            match error { #(#shared)* #error::Other(error) => Self::Other(error.from_callee()), }
        },
        _ => quote!(match error { #(#shared)* error => #other, }),
    };
    quote! {
        impl #from<#error> for #name {
            fn from(error: #error) -> Self { #body }
        }
    }
}
