//! Fingerprints of schemas: the same for the same fields, whatever else changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use svckit_model::Id;
use svckit_model::world::{Record, Type, World};

/// The fingerprint of a record and of all that it is made of: FNV-1a, 64 bits, over numbers, types and presence.
pub(crate) fn of(world: &World, id: Id<Record>) -> u64 {
    let mut text = String::new();
    let mut seen = BTreeSet::new();
    describe(world, id, &mut seen, &mut text);
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn describe(world: &World, id: Id<Record>, seen: &mut BTreeSet<String>, text: &mut String) {
    let record = &world.records[id];
    if !seen.insert(world.wire_qualified(&record.info)) {
        return;
    }
    let mut fields: Vec<_> = record.fields.iter().collect();
    fields.sort_by_key(|field| field.number);
    for field in fields {
        // A text takes all that is written.
        let _ = write!(text, "{}{:?}:", field.number, world.presence(field));
        of_type(world, &field.ty, seen, text);
    }
}

fn of_type(world: &World, ty: &Type, seen: &mut BTreeSet<String>, text: &mut String) {
    match ty {
        Type::List(inner) => {
            text.push('*');
            of_type(world, inner, seen, text);
        }
        Type::Map(key, value) => {
            text.push('%');
            of_type(world, key, seen, text);
            of_type(world, value, seen, text);
        }
        Type::Record(id) => {
            text.push('{');
            describe(world, *id, seen, text);
            text.push('}');
        }
        Type::Union(id) => {
            if !seen.insert(world.wire_qualified(&world.unions[*id].info)) {
                return;
            }
            for member in &world.unions[*id].variants {
                let _ = write!(text, "|{}", member.number);
                of_type(world, &member.ty, seen, text);
            }
        }
        Type::Enum(_) => text.push('e'),
        other => {
            let _ = write!(text, "{:?};", world.builtin(other));
        }
    }
}
