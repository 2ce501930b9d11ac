//! Values of every type of a contract, as JSON.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};
use svckit_backend::naming::{json as json_name, screaming};
use svckit_model::world::{Builtin, Field, Type};
use svckit_model::{Id, Record, RecordKind, Union, World};

use crate::contracts::Contract;

/// What the tests of all contracts use.
pub(crate) const HEAD: &str = "\
use serde::Serialize;
use serde::de::DeserializeOwned;
use svckit::generated::wire::Record;

/// From JSON to a value, over the wire and back, over JSON and back, and never a panic on damaged bytes.
fn round_trip<T: Record + PartialEq + Serialize + DeserializeOwned>(json: &str) {
    let value: T = serde_json::from_str(json).unwrap_or_else(|e| panic!(\"{}: {e}: {json}\", T::NAME));
    let bytes = value.to_bytes();
    assert_eq!(value.encoded_len(), bytes.len(), \"{}\", T::NAME);
    let back = T::from_bytes(&bytes).unwrap_or_else(|e| panic!(\"{}: {e}: {json}\", T::NAME));
    assert_eq!(value, back);
    let text = serde_json::to_string(&value).expect(\"JSON\");
    let back: T = serde_json::from_str(&text).unwrap_or_else(|e| panic!(\"{}: {e}: {text}\", T::NAME));
    assert_eq!(value, back);
    assert!(!format!(\"{value:?}\").contains(\"hidden\"), \"{} shows what is sensitive\", T::NAME);
    for end in 0..bytes.len() {
        let _ = T::from_bytes(&bytes.slice(..end));
    }
}
";

/// How deep a value of a recursive type goes.
const DEPTH: usize = 3;

/// A test for each type of a contract.
pub(crate) fn of(contract: &Contract) -> String {
    let world = &contract.world;
    let mut out = String::new();
    let _ = write!(out, "\n#[test]\nfn {}() {{\n", contract.name);
    for (_, package) in world.local_packages() {
        let module = module(&contract.name, &package.name);
        for id in package.records.iter().chain(&package.errors) {
            let name = &world.records[*id].info.name;
            line(&mut out, &format!("{module}::{}", escaped(name)), &record(world, *id, 0));
        }
        for id in &package.unions {
            for at in 0..world.unions[*id].variants.len() {
                let name = &world.unions[*id].info.name;
                line(&mut out, &format!("{module}::{name}"), &union(world, *id, at, 0));
            }
        }
        for id in patched(world) {
            let info = &world.records[id].info;
            if world.packages[info.package].name == package.name {
                let ty = format!("{module}::{}Patch", escaped(&info.name));
                line(&mut out, &ty, &patch(world, id, 0));
                line(&mut out, &ty, &json!({}));
            }
        }
    }
    out.push_str("}\n");
    out
}

fn line(out: &mut String, ty: &str, json: &Json) {
    let _ = writeln!(out, "    round_trip::<{ty}>(r#\"{json}\"#);");
}

fn escaped(name: &str) -> &str {
    if name == "Self" { "Self_" } else { name }
}

fn module(contract: &str, package: &str) -> String {
    format!("crate::{contract}::{}", package.replace('.', "::"))
}

fn patched(world: &World) -> Vec<Id<Record>> {
    let fields = world.records.iter().flat_map(|(_, r)| &r.fields);
    let types =
        fields.map(|f| &f.ty).chain(world.operations.iter().filter_map(
            |(_, o)| match &o.request {
                svckit_model::Request::Value(ty) => Some(ty),
                _ => None,
            },
        ));
    let mut seen = HashSet::new();
    types
        .filter_map(|ty| match ty {
            Type::Patch(id) => Some(*id),
            Type::List(t) | Type::Map(_, t) => match **t {
                Type::Patch(id) => Some(id),
                _ => None,
            },
            _ => None,
        })
        .filter(|id| seen.insert(*id))
        .collect()
}

fn record(world: &World, id: Id<Record>, depth: usize) -> Json {
    let record = &world.records[id];
    assert!(!matches!(record.kind, RecordKind::Fixture));
    let mut members = Map::new();
    for (at, field) in record.fields.iter().enumerate() {
        // Every other default is left to its default.
        let left_out = field.default.is_some() && at % 2 == 0;
        let too_deep = depth >= DEPTH && can_be_absent(field);
        if left_out || too_deep {
            continue;
        }
        members.insert(json_name(field.info.wire_name()), value(world, field, depth));
    }
    Json::Object(members)
}

fn can_be_absent(field: &Field) -> bool {
    field.optional || matches!(field.ty, Type::List(_) | Type::Map(..))
}

fn patch(world: &World, id: Id<Record>, depth: usize) -> Json {
    record(world, id, depth)
}

fn union(world: &World, id: Id<Union>, at: usize, depth: usize) -> Json {
    let variant = &world.unions[id].variants[at];
    json!({ json_name(variant.info.wire_name()): value(world, variant, depth + 1) })
}

fn value(world: &World, field: &Field, depth: usize) -> Json {
    if field.sensitive && world.builtin(&field.ty) == Some(Builtin::String) {
        return json!("hidden");
    }
    of_type(world, &field.ty, depth)
}

fn of_type(world: &World, ty: &Type, depth: usize) -> Json {
    match ty {
        Type::Builtin(b) => builtin(*b),
        Type::Scalar(id) => builtin(world.scalars[*id].base),
        Type::Enum(id) => {
            let it = &world.enums[*id];
            let value = it.values.last().expect("a value");
            let name =
                format!("{}_{}", screaming(it.info.wire_name()), screaming(&value.info.name));
            json!(value.info.wire.clone().unwrap_or(name))
        }
        Type::Record(id) => record(world, *id, depth + 1),
        Type::Union(id) => {
            // A variant that ends, as far down as this.
            let at = if depth >= DEPTH { leaf(world, *id) } else { 0 };
            union(world, *id, at, depth)
        }
        Type::Patch(id) => patch(world, *id, depth + 1),
        Type::List(item) => json!([of_type(world, item, depth + 1)]),
        Type::Map(key, item) => {
            let key = match world.builtin(key) {
                Some(Builtin::Bool) => "true".to_owned(),
                Some(Builtin::Uuid) => UUID.to_owned(),
                Some(Builtin::String) => "a key".to_owned(),
                _ => "7".to_owned(),
            };
            json!({ key: of_type(world, item, depth + 1) })
        }
    }
}

/// A variant without a message in it, else the first.
fn leaf(world: &World, id: Id<Union>) -> usize {
    let variants = &world.unions[id].variants;
    variants.iter().position(|v| world.builtin(&v.ty).is_some()).unwrap_or(0)
}

const UUID: &str = "0190b5a2-7c1e-7d1a-9c55-0d6a3a2f9b11";

fn builtin(b: Builtin) -> Json {
    match b {
        Builtin::Bool => json!(true),
        Builtin::I32 => json!(-3),
        Builtin::I64 => json!("-9007199254740993"),
        Builtin::U32 => json!(7),
        Builtin::U64 => json!("18446744073709551615"),
        Builtin::F32 => json!(0.5),
        Builtin::F64 => json!(-1.25e10),
        Builtin::Decimal => json!("12.50"),
        Builtin::String => json!("a “text”"),
        Builtin::Bytes => json!("AAEC/w=="),
        Builtin::Uuid => json!(UUID),
        Builtin::Timestamp => json!("2027-03-01T12:30:00.5Z"),
        Builtin::Duration => json!("1.500s"),
        Builtin::Date => json!("2027-03-01"),
        Builtin::Json => json!({ "a": [1, null, "x"] }),
    }
}
