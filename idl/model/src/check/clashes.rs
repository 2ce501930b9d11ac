//! Names that differ in the contract and are one on the wire, in JSON or in Rust.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};

use crate::Id;
use crate::codes::names::{CASE_CLASH, JSON_CLASH, WIRE_CLASH};
use crate::resolve::Context;
use crate::world::*;

/// Judges the names of everything.
pub(crate) fn clashes(cx: &mut Context<'_>) {
    let mut found = Vec::new();
    for (_, record) in cx.world.records.iter() {
        fields(&record.fields, &mut found);
    }
    for (_, union) in cx.world.unions.iter() {
        fields(&union.variants, &mut found);
    }
    for (_, item) in cx.world.enums.iter() {
        values(item, &mut found);
    }
    package_names(&cx.world, &mut found);
    member_names(&cx.world, &mut found);
    package_wires(cx, &mut found);
    cx.out.extend(found);
}

/// Files of one package that give it two names on the wire.
fn package_wires(cx: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let mut names: HashMap<Id<Package>, (&str, Span)> = HashMap::new();
    for scope in &cx.scopes {
        let wire = scope.file.package.as_ref().and_then(|p| p.wire.as_ref());
        let Some(wire) = wire else { continue };
        let (first, span) = *names.entry(scope.package).or_insert((&wire.value, wire.span));
        if first != wire.value {
            let package = &cx.world.packages[scope.package].name;
            let text = format!("package `{package}` has two names on the wire");
            let clash = Diagnostic::new(WIRE_CLASH, wire.span, text)
                .here("this one …")
                .label(span, "… and this one")
                .help("give the same in each file, or in one file alone");
            out.push(clash);
        }
    }
}

/// The second of two names that become one.
fn clash(
    code: svckit_diagnostics::Code,
    (one, first): (&str, Span),
    (other, second): (&str, Span),
    what: &str,
) -> Diagnostic {
    let text = format!("`{one}` and `{other}` are both {what}");
    Diagnostic::new(code, second, text)
        .here("this one …")
        .label(first, "… and this one")
        .help("rename one of them")
}

fn fields(fields: &[Field], out: &mut Vec<Diagnostic>) {
    let mut json: HashMap<String, &Field> = HashMap::with_capacity(fields.len());
    for field in fields {
        let name = json_name(field.info.wire_name());
        match json.get(&name) {
            Some(first) if first.info.name != field.info.name => {
                let same_wire = first.info.wire_name() == field.info.wire_name();
                let (code, what) = if same_wire {
                    (WIRE_CLASH, format!("`{}` on the wire", field.info.wire_name()))
                } else {
                    (JSON_CLASH, format!("`{name}` in JSON"))
                };
                let pair = (
                    (&first.info.name[..], first.info.span),
                    (&field.info.name[..], field.info.span),
                );
                out.push(clash(code, pair.0, pair.1, &what));
            }
            Some(_) => {}
            None => {
                json.insert(name, field);
            }
        }
    }
}

fn values(item: &Enum, out: &mut Vec<Diagnostic>) {
    let zero = format!("{}_UNSPECIFIED", screaming(item.info.wire_name()));
    let mut wire: HashMap<String, &EnumValue> = HashMap::with_capacity(item.values.len());
    for value in &item.values {
        let name = wire_value(item, value);
        if name == zero {
            let text = format!(
                "value `{}` is `{zero}` on the wire, which stands for \"absent\"",
                value.info.name
            );
            let taken = Diagnostic::new(WIRE_CLASH, value.info.span, text).here("taken");
            out.push(taken.help("choose another name"));
        }
        match wire.get(&name) {
            Some(first) if first.info.name != value.info.name => {
                let pair = (
                    (&first.info.name[..], first.info.span),
                    (&value.info.name[..], value.info.span),
                );
                out.push(clash(WIRE_CLASH, pair.0, pair.1, &format!("`{name}` on the wire")));
            }
            Some(_) => {}
            None => {
                wire.insert(name, value);
            }
        }
    }
}

/// `ORDER_STATUS_PENDING`, or what `wire` says.
fn wire_value(item: &Enum, value: &EnumValue) -> String {
    match &value.info.wire {
        Some(wire) => wire.clone(),
        None => format!("{}_{}", screaming(item.info.wire_name()), screaming(&value.info.name)),
    }
}

/// Types and services of one package on the wire: one name space in Protobuf; types and modules in Rust.
fn package_names(world: &World, out: &mut Vec<Diagnostic>) {
    let mut wire: HashMap<(&str, String), &Info> = HashMap::new();
    let mut rust: HashMap<(Id<Package>, bool, String), &Info> = HashMap::new();
    for (info, wire_name, module) in package_items(world) {
        let package = world.packages[info.package].wire_name();
        one_name(
            &mut wire,
            (package, wire_name.clone()),
            info,
            WIRE_CLASH,
            &format!("`{wire_name}` on the wire"),
            out,
        );
        let snake = snake(&info.name);
        let what = if module {
            format!("module `{snake}` in Rust")
        } else {
            "one type in Rust".to_owned()
        };
        one_name(&mut rust, (info.package, module, snake), info, CASE_CLASH, &what, out);
    }
}

fn package_items(world: &World) -> Vec<(&Info, String, bool)> {
    let own = |kind: &RecordKind| matches!(kind, RecordKind::Record | RecordKind::Error(_));
    let plain = |info: &'_ Info| info.wire_name().to_owned();
    let mut all: Vec<(&Info, String, bool)> = Vec::new();
    all.extend(
        world
            .records
            .iter()
            .filter(|(_, r)| own(&r.kind))
            .map(|(_, r)| (&r.info, plain(&r.info), false)),
    );
    all.extend(world.unions.iter().map(|(_, u)| (&u.info, plain(&u.info), false)));
    all.extend(world.enums.iter().map(|(_, e)| (&e.info, plain(&e.info), false)));
    all.extend(world.services.iter().map(|(id, s)| (&s.info, world.service_wire_name(id), true)));
    all
}

/// Operations of a service: one name space on the wire, one of methods in Rust.
fn member_names(world: &World, out: &mut Vec<Diagnostic>) {
    let mut wire: HashMap<(Id<Service>, String), &Info> = HashMap::new();
    let mut rust: HashMap<(Id<Service>, String), &Info> = HashMap::new();
    for (_, operation) in world.operations.iter() {
        let info = &operation.info;
        let wire_name = info.wire_name().to_owned();
        let what = format!("`{wire_name}` on the wire");
        one_name(&mut wire, (operation.service, wire_name), info, WIRE_CLASH, &what, out);
        let method = snake(&info.name);
        let what = format!("method `{method}` in Rust");
        one_name(&mut rust, (operation.service, method), info, CASE_CLASH, &what, out);
    }
}

/// Gives a name to the first that asks; a second one of another name in the contract is reported.
fn one_name<'w, K: std::hash::Hash + Eq>(
    names: &mut HashMap<K, &'w Info>,
    key: K,
    info: &'w Info,
    code: svckit_diagnostics::Code,
    what: &str,
    out: &mut Vec<Diagnostic>,
) {
    let first = *names.entry(key).or_insert(info);
    let same = first.name == info.name && first.package == info.package;
    if first.span != info.span && !same {
        out.push(clash(code, (&first.name, first.span), (&info.name, info.span), what));
    }
}

/// The JSON name that Protobuf gives a field.
fn json_name(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut upper = false;
    for c in field.chars() {
        if c == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// The words of a name in lower case with `_` between: how Rust and Protobuf tell names apart.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().copied().enumerate() {
        let after = i > 0 && (chars[i - 1].is_lowercase() || chars[i - 1].is_ascii_digit());
        let before = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && i > 0 && (after || before) && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}
