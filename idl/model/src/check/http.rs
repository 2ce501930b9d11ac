//! `http` bindings: paths, their parameters, and that no two of a service answer the same request.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};

use crate::Id;
use crate::codes::services::{BAD_HTTP, HTTP_CLASH};
use crate::resolve::Context;
use crate::world::*;

/// Judges every binding.
pub(crate) fn http(cx: &mut Context<'_>) {
    let mut seen: HashMap<(Id<Service>, String), Span> = HashMap::new();
    for id in cx.world.operations.ids() {
        let Some(binding) = cx.world.operations[id].http.clone() else { continue };
        judge(cx, id, &binding);
        let key = format!("{} {}", binding.method, shape(&binding.path));
        let service = cx.world.operations[id].service;
        if let Some(first) = seen.get(&(service, key.clone())) {
            let text =
                format!("`{} {}` is answered by two operations", binding.method, binding.path);
            let clash = Diagnostic::new(HTTP_CLASH, binding.span, text)
                .here("again here")
                .label(*first, "first here")
                .help("give one of them another path or method");
            cx.report(clash);
        }
        seen.entry((service, key)).or_insert(binding.span);
    }
}

fn judge(cx: &mut Context<'_>, id: Id<Operation>, binding: &HttpBinding) {
    let operation = &cx.world.operations[id];
    if binding.method == "GET" && !operation.is_query() {
        let wrong = Diagnostic::new(
            BAD_HTTP,
            binding.span,
            format!("`GET` for command `{}`", operation.info.name),
        )
        .here("whoever follows a link would change state")
        .help("use POST, PUT, PATCH or DELETE for a command");
        cx.report(wrong);
    }
    let params =
        match path_params(&binding.path) {
            Ok(params) => params,
            Err(why) => {
                let wrong = Diagnostic::new(
                    BAD_HTTP,
                    binding.span,
                    format!("`{}` is not a path", binding.path),
                )
                .here(why);
                cx.report(wrong.help(
                    "a path is written `/v1/orders/{id}`, each parameter a segment of its own",
                ));
                return;
            }
        };
    for param in params {
        if let Some(wrong) = param_of(cx, id, binding, &param) {
            cx.report(wrong);
        }
    }
}

/// What is wrong with a parameter, if anything is.
fn param_of(
    cx: &mut Context<'_>,
    id: Id<Operation>,
    binding: &HttpBinding,
    param: &str,
) -> Option<Diagnostic> {
    let operation = &cx.world.operations[id];
    let fields: &[Field] = match &operation.request {
        Request::Record(record) | Request::Params(record) => &cx.world.records[*record].fields,
        Request::Value(_) if param == "value" => return None,
        _ => &[],
    };
    let Some(field) = fields.iter().find(|f| f.info.name == param) else {
        let names: Vec<String> = fields.iter().map(|f| f.info.name.clone()).collect();
        let text = format!("`{{{param}}}` of the path is no field of the request");
        let wrong = Diagnostic::new(BAD_HTTP, binding.span, text)
            .here("no such field")
            .label(operation.info.span, "the operation");
        return Some(match cx.nearest(param, names.iter().map(String::as_str)) {
            Some(near) => wrong.help(format!("did you mean `{{{near}}}`?")),
            None => wrong.help("a parameter of the path is named after a field of the request"),
        });
    };
    if cx.poisoned.contains(&field.ty_span) {
        return None;
    }
    let plain = match field.ty {
        Type::Enum(_) => true,
        Type::Builtin(_) | Type::Scalar(_) => {
            !matches!(cx.world.builtin(&field.ty), Some(Builtin::Bytes | Builtin::Json))
        }
        _ => false,
    };
    if plain && !field.optional && !field.streamed {
        return None;
    }
    let text = format!("`{{{param}}}` can't stand in a path");
    let wrong = Diagnostic::new(BAD_HTTP, binding.span, text)
        .here("a segment of a path is one plain value")
        .label(field.ty_span, "not one plain value that is always there");
    Some(wrong.help("take it out of the path; it then goes into the query or the body"))
}

/// The path with its parameters alike.
fn shape(path: &str) -> String {
    let segment = |s: &str| if s.starts_with('{') { "{}".to_owned() } else { s.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// The parameters of a path in order.
///
/// # Errors
/// What is wrong with the path.
pub(crate) fn path_params(path: &str) -> Result<Vec<String>, String> {
    let rest = path.strip_prefix('/').ok_or("it does not start with `/`")?;
    let mut params: Vec<String> = Vec::new();
    for segment in rest.split('/') {
        if segment.is_empty() && !rest.is_empty() {
            return Err("it has an empty segment".to_owned());
        }
        if let Some(param) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            let named =
                !param.is_empty() && param.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !named {
                return Err(format!("`{segment}` does not name a parameter"));
            }
            if params.iter().any(|p| p == param) {
                return Err(format!("`{segment}` stands in it twice"));
            }
            params.push(param.to_owned());
        } else if let Some(odd) = segment.chars().find(|c| !plain(*c)) {
            return Err(format!("`{odd}` can't stand in a segment"));
        }
    }
    Ok(params)
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c)
}

#[cfg(test)]
mod tests {
    use super::path_params;

    #[test]
    fn a_path_has_whole_segments_as_parameters() {
        assert_eq!(path_params("/"), Ok(vec![]));
        assert_eq!(
            path_params("/v1/orders/{id}/lines/{line}"),
            Ok(vec!["id".to_owned(), "line".to_owned()])
        );
        for bad in ["", "v1", "/v1//x", "/a{id}", "/{}", "/{a}/{a}", "/a b", "/{a-b}"] {
            assert!(path_params(bad).is_err(), "{bad}");
        }
    }
}
