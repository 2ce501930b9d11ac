//! What the runtime is told of an operation's JSON and of its place on HTTP.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{
    Builtin, Field, HttpBinding, Operation, Record, Request, Response, Type, World,
};

use super::calls::{Call, Way, is_record};
use crate::literal;
use crate::scope::Scope;

/// How deep the fields of records are parameters of their own; what is deeper is JSON text.
const DEPTH: usize = 3;

/// `.codec(…).http(…).cache(…)`.
pub(super) fn http(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    let codec = codec(s, call);
    let binding = call.operation.http.as_ref().map(|binding| {
        let (method, path) = (method(binding), path(s.world(), call.operation, binding));
        quote!(.http(#rt::HttpBinding::new(#rt::Method::#method, #path)))
    });
    let cache = call.operation.cache.map(|nanos| {
        let cache = literal::duration_at(&quote!(#rt), nanos);
        quote!(.cache(#cache))
    });
    quote!(.codec(#codec) #binding #cache)
}

fn method(binding: &HttpBinding) -> Ident {
    format_ident!("{}", naming::camel(&binding.method.to_lowercase()))
}

/// The path, with the names that parameters have on the wire.
fn path(world: &World, operation: &Operation, binding: &HttpBinding) -> String {
    let name = |segment: &str| {
        let param = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))?;
        let field = fields(world, operation).iter().find(|field| field.info.name == param)?;
        Some(format!("{{{}}}", field.info.wire_name()))
    };
    let segments = binding.path.split('/');
    let segments: Vec<_> = segments.map(|s| name(s).unwrap_or_else(|| s.to_owned())).collect();
    segments.join("/")
}

/// The fields of the request's record.
fn fields<'a>(world: &'a World, operation: &Operation) -> &'a [Field] {
    match operation.request {
        Request::Record(id) | Request::Params(id) => &world.records[id].fields,
        _ => &[],
    }
}

fn codec(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    let (request, answer) = (request(s, call), answer(s, call));
    let of = if call.way() == Way::Upload { quote!(upload) } else { quote!(of) };
    let raw = matches!(&call.operation.request, Request::Stream(ty) if is_bytes(s.world(), ty));
    let raw = raw.then(|| quote!(.raw_request()));
    let raw_answer =
        matches!(&call.operation.response, Response::Stream(ty) if is_bytes(s.world(), ty));
    let raw_answer = raw_answer.then(|| quote!(.raw_answer()));
    let accepted = super::is_queued(call.operation).then(|| quote!(.accepted()));
    let (errors, params) = (errors(s, call), params(s, call));
    quote!(#rt::JsonCodec::#of::<#request, #answer>() #raw #raw_answer #accepted #errors #params)
}

fn is_bytes(world: &World, ty: &Type) -> bool {
    world.builtin(ty) == Some(Builtin::Bytes)
}

/// The message of the request, or each of them.
fn request(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    let message = match &call.operation.request {
        Request::Empty => quote!(#rt::Empty),
        Request::Record(id) | Request::Params(id) => s.record(*id),
        Request::Value(ty) | Request::Stream(ty) => message(s, ty),
    };
    match call.operation.response {
        Response::Page(_) => quote!(#rt::Paged<#message>),
        _ => message,
    }
}

/// The message of the answer, or each of them.
fn answer(s: &Scope<'_>, call: &Call<'_>) -> TokenStream {
    let rt = s.rt();
    match &call.operation.response {
        Response::Empty | Response::Queued => quote!(#rt::Empty),
        Response::Value(ty) | Response::Stream(ty) => message(s, ty),
        Response::Optional(ty) => {
            let (option, ty) = (s.std("Option"), crate::types::rust(s, ty));
            quote!(#rt::One<#option<#ty>>)
        }
        Response::Page(ty) => {
            let ty = crate::types::rust(s, ty);
            quote!(#rt::Page<#ty>)
        }
    }
}

fn message(s: &Scope<'_>, ty: &Type) -> TokenStream {
    let (rt, rust) = (s.rt(), crate::types::rust(s, ty));
    if is_record(ty) { rust } else { quote!(#rt::One<#rust>) }
}

/// `.errors(…)`: each declared error once.
fn errors(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    let rt = s.rt();
    let mut seen = Vec::new();
    for used in &call.operation.errors {
        if !seen.contains(&used.error) {
            seen.push(used.error);
        }
    }
    let errors = seen.iter().map(|id| s.record(*id));
    let forms: Vec<_> = errors.map(|ty| quote!(#rt::JsonForm::of::<#ty>())).collect();
    (!forms.is_empty()).then(|| quote!(.errors(const { &[#(#forms),*] })))
}

/// `.params(…)`: what may stand in path or query. Where a body holds the rest, that is what the path names.
fn params(s: &Scope<'_>, call: &Call<'_>) -> Option<TokenStream> {
    let world = s.world();
    let binding = call.operation.http.as_ref();
    let by_query = binding.is_some_and(|b| matches!(b.method.as_str(), "GET" | "DELETE"));
    let all = by_query || call.way() == Way::Upload;
    let in_path = |field: &&Field| {
        binding.is_some_and(|b| b.path.split('/').any(|s| s == format!("{{{}}}", field.info.name)))
    };
    let chosen = fields(world, call.operation).iter().filter(|field| !field.streamed);
    let chosen = chosen.filter(|field| all || in_path(field));
    let mut params: Vec<_> = chosen.map(|field| param(s, field, &mut Vec::new())).collect();
    if let Request::Value(ty) = &call.operation.request
        && (all || binding.is_some_and(|b| b.path.contains("{value}")))
    {
        params.push(named(s, "value", kind(s, ty, &mut Vec::new())));
    }
    if by_query && matches!(call.operation.response, Response::Page(_)) {
        let text = || {
            let rt = s.rt();
            quote!(#rt::ParamKind::Text)
        };
        params.extend(["page_size", "page_token"].map(|name| named(s, name, text())));
    }
    (!params.is_empty()).then(|| quote!(.params(const { &[#(#params),*] })))
}

fn named(s: &Scope<'_>, name: &str, kind: TokenStream) -> TokenStream {
    let (rt, json) = (s.rt(), naming::json(name));
    quote!(#rt::Param::new(#name, #json, #kind))
}

fn param(s: &Scope<'_>, field: &Field, within: &mut Vec<Id<Record>>) -> TokenStream {
    let param = named(s, field.info.wire_name(), kind(s, &field.ty, within));
    if field.sensitive { quote!(#param.sensitive()) } else { param }
}

/// How the text of a value of this type is read.
fn kind(s: &Scope<'_>, ty: &Type, within: &mut Vec<Id<Record>>) -> TokenStream {
    let rt = s.rt();
    let kind = match ty {
        Type::List(item) => match one(s.world(), item) {
            Some("Text") => "Texts",
            Some("Flag") => "Flags",
            Some("Name") => "Names",
            _ => "Json",
        },
        Type::Record(id) if within.len() < DEPTH && !within.contains(id) => {
            within.push(*id);
            let fields: Vec<_> =
                s.world().records[*id].fields.iter().map(|f| param(s, f, within)).collect();
            within.pop();
            return quote!(#rt::ParamKind::Record(const { &[#(#fields),*] }));
        }
        _ => one(s.world(), ty).unwrap_or("Json"),
    };
    let kind = format_ident!("{kind}");
    quote!(#rt::ParamKind::#kind)
}

/// Of one plain value.
fn one(world: &World, ty: &Type) -> Option<&'static str> {
    match (ty, world.builtin(ty)) {
        (Type::Enum(_), _) => Some("Name"),
        (_, Some(Builtin::Bool)) => Some("Flag"),
        (_, Some(Builtin::Json)) | (_, None) => None,
        _ => Some("Text"),
    }
}
