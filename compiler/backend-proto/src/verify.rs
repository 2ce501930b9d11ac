//! What Protobuf would refuse, found before it is written.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};

use crate::codes::{BAD_NAME, NAME_CLASH, PACKAGE_CYCLE};
use crate::ir::{Enum, File, Head, Message, Service};
use crate::names::clash;
use crate::order::order;

/// Everything that is wrong with the files.
pub(crate) fn verify(files: &[File]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for file in files {
        packages(file, &mut found);
        for head in file.heads() {
            ident(head, &mut found);
        }
        values(file, &mut found);
        for it in &file.enums {
            stripped(it, &mut found);
        }
        for message in &file.messages {
            fields(message, &mut found);
        }
        for service in &file.services {
            methods(service, &mut found);
        }
    }
    found.extend(order(files).err().map(|circle| circle_found(&circle)));
    found
}

/// Whether a name is one in Protobuf.
pub(crate) fn is_ident(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn ident(head: &Head, found: &mut Vec<Diagnostic>) {
    if !is_ident(&head.name) {
        found.push(bad_name(&head.name, head.span));
    }
}

fn bad_name(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(BAD_NAME, span, format!("`{name}` is no name in Protobuf"))
        .help("use letters, digits and underscores, not starting with a digit")
}

fn packages(file: &File, found: &mut Vec<Diagnostic>) {
    if !file.package.split('.').all(is_ident) {
        found.push(bad_name(&file.package, file.span).here("the package's name on the wire"));
    }
}

/// Values of enums share the scope of messages, enums and services.
fn values(file: &File, found: &mut Vec<Diagnostic>) {
    let messages = file.messages.iter().map(|m| &m.head);
    let enums = file.enums.iter().map(|e| &e.head);
    let services = file.services.iter().map(|s| &s.head);
    let mut taken: HashMap<&str, Span> =
        messages.chain(enums).chain(services).map(|h| (h.name.as_str(), h.span)).collect();
    for head in file.enums.iter().flat_map(|e| &e.values).map(|v| &v.head) {
        if let Some(first) = taken.insert(&head.name, head.span) {
            found.push(clash(&head.name, &file.package, head.span, first));
        }
    }
}

/// Values of an enum must differ without its name before them, in the case of types: what many languages call them.
fn stripped(it: &Enum, found: &mut Vec<Diagnostic>) {
    let mut taken: HashMap<String, Span> = HashMap::new();
    for value in &it.values {
        let short = pascal(without(&it.head.name, &value.head.name));
        if let Some(first) = taken.insert(short, value.head.span) {
            found.push(clash(&value.head.name, &it.head.name, value.head.span, first));
        }
    }
}

/// `PENDING` of `ORDER_STATUS_PENDING` in `OrderStatus`; case and underscores do not count.
fn without<'a>(prefix: &str, name: &'a str) -> &'a str {
    let mut rest = name;
    for c in prefix.chars().filter(|c| *c != '_') {
        rest = rest.trim_start_matches('_');
        match rest.chars().next() {
            Some(first) if first.eq_ignore_ascii_case(&c) => rest = &rest[first.len_utf8()..],
            _ => return name,
        }
    }
    let rest = rest.trim_start_matches('_');
    if rest.is_empty() { name } else { rest }
}

/// `A1` of both `A_1` and `A1`.
fn pascal(name: &str) -> String {
    let words = name.split('_').filter(|w| !w.is_empty());
    let word = |w: &str| {
        let (first, rest) = w.split_at(w.chars().next().map_or(0, char::len_utf8));
        first.to_uppercase() + &rest.to_lowercase()
    };
    words.map(word).collect()
}

/// Methods must differ in name.
fn methods(service: &Service, found: &mut Vec<Diagnostic>) {
    let mut taken: HashMap<&str, Span> = HashMap::new();
    for head in service.methods.iter().map(|m| &m.head) {
        if let Some(first) = taken.insert(&head.name, head.span) {
            found.push(clash(&head.name, &service.head.name, head.span, first));
        }
    }
}

/// Fields must differ in name, in JSON name and in number.
fn fields(message: &Message, found: &mut Vec<Diagnostic>) {
    let mut names: HashMap<String, Span> = HashMap::new();
    let mut numbers: HashMap<u32, Span> = HashMap::new();
    for field in &message.fields {
        let json = svckit_backend::naming::json(&field.head.name);
        if let Some(first) = names.insert(json, field.head.span) {
            found.push(clash(&field.head.name, &message.head.name, field.head.span, first));
        }
        if let Some(first) = numbers.insert(field.number, field.head.span) {
            let text =
                format!("two fields of `{}` have number {}", message.head.name, field.number);
            found.push(
                Diagnostic::new(NAME_CLASH, field.head.span, text)
                    .label(first, "the other one")
                    .help("give one of them another number"),
            );
        }
    }
}

fn circle_found(circle: &[&File]) -> Diagnostic {
    let names: Vec<String> =
        circle.iter().chain(circle.first()).map(|f| format!("`{}`", f.package)).collect();
    let text = format!("the types of packages need each other in a circle: {}", names.join(" → "));
    let uses = circle.iter().zip(circle.iter().cycle().skip(1));
    let mut labels = uses.filter_map(|(from, to)| {
        let field = from
            .messages
            .iter()
            .flat_map(|m| &m.fields)
            .find(|f| f.ty.name().is_some_and(|n| n.path == to.path))?;
        Some((field.head.span, format!("`{}` uses a type of `{}`", from.package, to.package)))
    });
    let (span, message) = labels.next().unwrap_or_default();
    let found = Diagnostic::new(PACKAGE_CYCLE, span, text).here(message);
    labels
        .fold(found, |found, (span, message)| found.label(span, message))
        .help("move the types that both need into a package of their own, as `shop.common.v1`")
}
