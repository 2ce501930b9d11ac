//! Who may call: `auth`, `tenant`, `auth scope`.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::world::{AuthScheme, Operation, Service};

use crate::scope::Scope;

/// How callers of a service show who they are.
pub(super) fn auth(s: &Scope<'_>, service: &Service) -> TokenStream {
    let rt = s.rt();
    let scheme = match &service.auth {
        None => quote!(DEPLOYMENT),
        Some(AuthScheme::None(_)) => quote!(NONE),
        Some(AuthScheme::ApiKey) => quote!(API_KEY),
        Some(AuthScheme::Mtls) => quote!(MTLS),
        Some(AuthScheme::Jwt(settings)) => jwt(settings),
    };
    let tenant = service.tenant_claim.as_ref().map(|claim| quote!(.tenant(#claim)));
    quote!(#rt::Auth::#scheme #tenant)
}

fn jwt(settings: &[(String, String)]) -> TokenStream {
    let setting = |name| settings.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
    let listed = |name| {
        let words: Vec<_> = setting(name).unwrap_or_default().split_whitespace().collect();
        (!words.is_empty()).then(|| quote!(&[#(#words),*]))
    };
    let issuer = setting("issuer").unwrap_or_default();
    let audience = listed("audience").map(|words| quote!(.audience(#words)));
    let jwks = setting("jwks").map(|url| quote!(.jwks(#url)));
    let algorithms = listed("algorithms").map(|words| quote!(.algorithms(#words)));
    quote!(jwt(#issuer) #audience #jwks #algorithms)
}

/// `.scopes(…)`.
pub(super) fn scopes(operation: &Operation) -> Option<TokenStream> {
    let scopes = &operation.scopes;
    (!scopes.is_empty()).then(|| quote!(.scopes(&[#(#scopes),*])))
}
