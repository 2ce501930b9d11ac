//! A dead letter as a test: what its contract says of it, without what is sensitive.

use std::path::PathBuf;

use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Map, Value, json};
use svckit_driver::Failure;
use svckit_model::Id;
use svckit_model::world::{Builtin, Field, Record, Type, World};
use svckit_operate::{ContentType, DeadLetter, Envelope, Error};

use super::super::load_all;
use super::failed;

/// The text of the test.
pub(super) fn text(letter: &DeadLetter, contracts: &[PathBuf]) -> Result<String, Failure> {
    for inputs in load_all(contracts)? {
        let checked = svckit_driver::check(inputs);
        let Some((record, message)) = find(&checked.world, &letter.envelope) else { continue };
        let pool = svckit_driver::descriptor_set(&checked.world).map_err(|why| {
            Failure::new(format!("the contract can't be said in Protobuf: {why}"))
        })?;
        let pool = DescriptorPool::decode(pool.as_slice())
            .map_err(|error| Failure::new(format!("the contract's descriptors: {error}")))?;
        let redact =
            |envelope: &Envelope| redacted(&checked.world, record, &pool, &message, envelope);
        return svckit_operate::as_test(letter, redact).map_err(failed);
    }
    Err(Failure::new(format!(
        "no contract here has {} in version {}; name where it is with --contracts PATH",
        letter.envelope.name, letter.envelope.version
    )))
}

/// The record of a message's payload, and its full name in Protobuf.
fn find(world: &World, envelope: &Envelope) -> Option<(Id<Record>, String)> {
    let named = |service, name: &str| {
        format!("{}.{name}", world.qualified(&world.services[service].info)) == *envelope.name
    };
    let event = world.events.iter().find(|(_, event)| {
        event.version == envelope.version && named(event.service, &event.info.name)
    });
    if let Some((_, event)) = event {
        let version = if event.newest { String::new() } else { format!("V{}", event.version) };
        let package = world.packages[event.info.package].wire_name();
        return Some((event.payload, format!("{package}.{}{version}", event.info.wire_name())));
    }
    let (id, operation) =
        world.operations.iter().find(|(_, op)| named(op.service, &op.info.name))?;
    let package = world.packages[operation.info.package].wire_name();
    let name = format!("{package}.{}Request", operation.info.wire_name());
    Some((world.request_record(id)?, name))
}

/// The payload as ProtoJSON, with what is sensitive replaced by something else of its type.
fn redacted(
    world: &World,
    record: Id<Record>,
    pool: &DescriptorPool,
    message: &str,
    envelope: &Envelope,
) -> Result<String, Error> {
    let unreadable = |why: String| {
        Error::invalid_argument(format!(
            "the payload can't be read, so nothing of it is shown: {why}"
        ))
    };
    let mut value: Value = match &envelope.content_type {
        ContentType::Json => {
            serde_json::from_slice(&envelope.payload).map_err(|e| unreadable(e.to_string()))?
        }
        _ => {
            let descriptor = pool
                .get_message_by_name(message)
                .ok_or_else(|| unreadable(format!("there is no message {message}")))?;
            let decoded = DynamicMessage::decode(descriptor, envelope.payload.clone());
            let decoded = decoded.map_err(|e| unreadable(e.to_string()))?;
            serde_json::to_value(decoded).map_err(|e| unreadable(e.to_string()))?
        }
    };
    if let Value::Object(members) = &mut value {
        hide(world, record, members, 0);
    }
    Ok(value.to_string())
}

/// Records within records are looked through so far; what is deeper is left out.
const DEPTH: usize = 32;

fn hide(world: &World, record: Id<Record>, members: &mut Map<String, Value>, depth: usize) {
    if depth > DEPTH {
        members.clear();
        return;
    }
    for field in &world.records[record].fields {
        let names = [
            svckit_backend::naming::json(field.info.wire_name()),
            field.info.wire_name().to_owned(),
        ];
        for name in names {
            let Some(value) = members.get_mut(&name) else { continue };
            if field.sensitive {
                *value = instead(world, field, value);
            } else {
                within(world, &field.ty, value, depth);
            }
        }
    }
}

/// What is sensitive within a value that is not.
fn within(world: &World, ty: &Type, value: &mut Value, depth: usize) {
    match (ty, value) {
        (Type::Record(id) | Type::Patch(id), Value::Object(members)) => {
            hide(world, *id, members, depth + 1)
        }
        (Type::Union(id), Value::Object(members)) => {
            for variant in &world.unions[*id].variants {
                let name = svckit_backend::naming::json(variant.info.wire_name());
                if let Some(value) = members.get_mut(&name) {
                    within(world, &variant.ty, value, depth + 1);
                }
            }
        }
        (Type::List(inner), Value::Array(items)) => {
            items.iter_mut().for_each(|item| within(world, inner, item, depth + 1));
        }
        (Type::Map(_, inner), Value::Object(members)) => {
            members.values_mut().for_each(|value| within(world, inner, value, depth + 1));
        }
        _ => {}
    }
}

/// Something else of the same type.
fn instead(world: &World, field: &Field, value: &Value) -> Value {
    match (world.builtin(&field.ty), value) {
        (Some(Builtin::Uuid), _) => json!("00000000-0000-0000-0000-000000000000"),
        (Some(Builtin::Decimal | Builtin::I64 | Builtin::U64), _) => json!("0"),
        (Some(Builtin::Date), _) => json!("2000-01-01"),
        (Some(Builtin::Timestamp), _) => json!("2000-01-01T00:00:00Z"),
        (Some(Builtin::Duration), _) => json!("0s"),
        (Some(Builtin::Bytes), _) => json!(""),
        (_, Value::String(_)) => json!("redacted"),
        (_, Value::Number(_)) => json!(0),
        (_, Value::Bool(_)) => json!(false),
        (_, Value::Array(_)) => json!([]),
        (_, Value::Object(_)) => json!({}),
        (_, Value::Null) => Value::Null,
    }
}
