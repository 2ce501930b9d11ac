//! Values of a contract as people read them in comments.

use svckit_model::World;
use svckit_model::world::Value;

/// How deep values are shown; what is deeper is left out.
const DEPTH: usize = 8;

/// A value as the contract writes it.
pub(crate) fn show(world: &World, value: &Value) -> String {
    show_at(world, value, 0)
}

fn show_at(world: &World, value: &Value, depth: usize) -> String {
    if depth > DEPTH {
        return "…".into();
    }
    let show = |v: &Value| show_at(world, v, depth + 1);
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => format!("{x:?}"),
        Value::Decimal(s) | Value::Date(s) => s.clone(),
        Value::String(s) | Value::Uuid(s) | Value::Timestamp(s) => format!("{s:?}"),
        Value::Bytes(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Value::Duration(ns) => seconds(*ns),
        Value::Enum(id, index) => {
            world.enums[*id].values.get(*index).map(|v| v.info.name.clone()).unwrap_or_default()
        }
        Value::List(items) => in_brackets("[", items.iter().map(show), "]"),
        Value::Map(pairs) => {
            in_brackets("{", pairs.iter().map(|(k, v)| format!("{}: {}", show(k), show(v))), "}")
        }
        Value::Record(id, fields) => {
            let name =
                |i: &usize| world.records[*id].fields.get(*i).map_or("", |f| f.info.name.as_str());
            in_brackets("{", fields.iter().map(|(i, v)| format!("{}: {}", name(i), show(v))), "}")
        }
        Value::Union(id, index, value) => {
            let variant = world.unions[*id].variants.get(*index);
            let name = variant.map_or("", |f| f.info.name.as_str());
            format!("{{ {name}: {} }}", show(value))
        }
        Value::Json(text) => text.clone(),
    }
}

fn in_brackets(open: &str, items: impl Iterator<Item = String>, close: &str) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return format!("{open}{close}");
    }
    format!("{open} {} {close}", items.join(", "))
}

/// `1.5s`
pub(crate) fn seconds(ns: u64) -> String {
    let (whole, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if rest == 0 {
        return format!("{whole}s");
    }
    format!("{whole}.{}s", format!("{rest:09}").trim_end_matches('0'))
}
