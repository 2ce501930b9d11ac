//! Records, unions, enums and patches.

use svckit_backend::naming;
use svckit_model::Id;
use svckit_model::world::{
    Enum, Field, Info, Package, Presence, Record, RecordKind, Reserved, StatusCode, Union,
};

use super::operations::page_request;
use super::{Lower, append, head, values};
use crate::ir;
use crate::verify::is_ident;

/// The greatest number that a field may have.
const MAX_FIELD: u32 = (1 << 29) - 1;

/// Names for a union's oneof: the first that no variant has.
const ONEOFS: &[&str] = &["value", "kind", "variant", "choice", "one", "which"];

impl Lower<'_> {
    /// Everything of a package but its services and their requests and responses.
    pub(super) fn types(&self, id: Id<Package>, package: &Package, file: &mut ir::File) {
        file.messages.extend(package.records.iter().map(|r| self.record(*r)));
        file.messages.extend(package.unions.iter().map(|u| self.union(*u)));
        file.messages.extend(package.errors.iter().map(|e| self.record(*e)));
        for service in &package.services {
            let events = self.world.services[*service].events.iter();
            file.messages.extend(events.map(|e| self.event(*e)));
        }
        let patches = self.names.patches.iter().filter(|((_, home), _)| *home == id);
        file.messages.extend(patches.map(|((record, _), name)| self.patch(*record, name)));
        file.enums.extend(package.enums.iter().map(|e| self.enumeration(*e)));
    }

    fn record(&self, id: Id<Record>) -> ir::Message {
        let record = &self.world.records[id];
        let mut message = self.flat(id, head(&record.info, self.names.records[&id].name.as_str()));
        if let RecordKind::Error(kind) = &record.kind {
            append(&mut message.head.docs, &format!("An error: {}.", code(kind.code)));
        }
        if let Some(op) = self.names.paged.get(&id) {
            message.fields.extend(page_request(&self.world.operations[*op]));
        }
        message
    }

    /// A message of a record's fields under a name of its own.
    pub(super) fn flat(&self, id: Id<Record>, head: ir::Head) -> ir::Message {
        let record = &self.world.records[id];
        ir::Message {
            head,
            fields: record.fields.iter().map(|f| self.field(f)).collect(),
            oneof: None,
            reserved: ir::Reserved {
                ranges: ranges(&record.reserved, 1, MAX_FIELD),
                names: idents(&record.reserved),
            },
        }
    }

    fn event(&self, id: Id<svckit_model::world::Event>) -> ir::Message {
        let event = &self.world.events[id];
        let mut head = head(&event.info, self.names.events[&id].name.as_str());
        append(&mut head.docs, &format!("An event, version {}.", event.version));
        self.flat(event.payload, head)
    }

    fn union(&self, id: Id<Union>) -> ir::Message {
        let union = &self.world.unions[id];
        let fields: Vec<ir::Field> = union.variants.iter().map(|f| self.variant(f)).collect();
        let is_free = |name: &&&str| fields.iter().all(|f| f.head.name != **name);
        let oneof = ONEOFS.iter().find(is_free).map_or_else(
            || format!("{}_oneof", naming::snake(&union.info.name)),
            |name| (*name).to_owned(),
        );
        ir::Message {
            head: head(&union.info, self.names.unions[&id].name.as_str()),
            fields,
            oneof: Some(oneof),
            reserved: ir::Reserved {
                ranges: ranges(&union.reserved, 1, MAX_FIELD),
                names: idents(&union.reserved),
            },
        }
    }

    fn variant(&self, field: &Field) -> ir::Field {
        let said = self.variant_rules(field);
        ir::Field { label: ir::Label::None, rules: said.rules, ..self.bare(field, &said.notes) }
    }

    /// A field with all that the contract says of it.
    pub(super) fn field(&self, field: &Field) -> ir::Field {
        let said = self.rules(field);
        ir::Field { rules: said.rules, ..self.bare(field, &said.notes) }
    }

    /// A field without its rules.
    pub(super) fn bare(&self, field: &Field, notes: &[String]) -> ir::Field {
        let ty = self.ty(&field.ty, field.info.package);
        let mut head = head(&field.info, field.info.wire_name());
        if let (Some(value), Presence::Default) = (&field.default, self.world.presence(field)) {
            append(&mut head.docs, &format!("Default: {}", values::show(self.world, value)));
        }
        for note in notes {
            append(&mut head.docs, note);
        }
        ir::Field {
            head,
            number: field.number,
            label: self.label(field, &ty),
            ty,
            redact: field.sensitive,
            rules: Vec::new(),
        }
    }

    fn patch(&self, id: Id<Record>, name: &ir::Name) -> ir::Message {
        let record = &self.world.records[id];
        let of = self.names.records.get(&id).map_or(record.info.wire_name(), |n| n.name.as_str());
        let info = Info { docs: String::new(), deprecated: None, ..record.info.clone() };
        let mut head = head(&info, name.name.as_str());
        append(&mut head.docs, &format!("A partial update of `{of}`."));
        let mut value = self.made_up(&info, "value", 1, svckit_model::world::Type::Record(id));
        value.info.docs = "Holds the fields that are set; the others are not looked at.".into();
        let mut mask = self.bare(&value, &[]);
        mask.head.name = "update_mask".into();
        mask.head.docs = "What is set, or cleared where `value` does not hold it.".into();
        mask.number = 2;
        mask.ty = ir::Type::Message(ir::Name::google("field_mask", "FieldMask"));
        let mut value = self.bare(&value, &[]);
        value.rules.push(ir::Rule::new("ignore", "IGNORE_ALWAYS"));
        ir::Message { head, fields: vec![value, mask], ..ir::Message::default() }
    }

    fn enumeration(&self, id: Id<Enum>) -> ir::Enum {
        let it = &self.world.enums[id];
        let name = &self.names.enums[&id].name;
        let prefix = naming::screaming(name);
        let mut values: Vec<ir::EnumValue> = it
            .values
            .iter()
            .map(|v| ir::EnumValue {
                head: head(&v.info, value_name(&prefix, &v.info)),
                number: v.number,
            })
            .collect();
        values.insert(0, zero(&prefix, &values, it));
        let names = idents(&it.reserved);
        let names = names.iter().map(|n| format!("{prefix}_{}", naming::screaming(n)));
        ir::Enum {
            head: head(&it.info, name.as_str()),
            values,
            reserved: ir::Reserved {
                ranges: ranges(&it.reserved, 1, i32::MAX.unsigned_abs()),
                names: names.collect(),
            },
        }
    }
}

/// `ORDER_STATUS_PENDING`, or the name that others know.
fn value_name(prefix: &str, info: &Info) -> String {
    match &info.wire {
        Some(wire) => wire.clone(),
        None => format!("{prefix}_{}", naming::screaming(&info.name)),
    }
}

/// The zero that every enum of Protobuf starts with.
fn zero(prefix: &str, values: &[ir::EnumValue], it: &Enum) -> ir::EnumValue {
    let is_free = |name: &String| values.iter().all(|v| v.head.name != *name);
    let short = format!("{prefix}_UNSPECIFIED");
    let name = Some(short).filter(is_free).unwrap_or(format!("{prefix}_ZERO_UNSPECIFIED"));
    let docs = "Not a value: nothing was said.".to_owned();
    let head = ir::Head { name, docs, deprecated: false, span: it.info.span };
    ir::EnumValue { head, number: 0 }
}

/// Reserved names, but for those that nothing could have, each once.
fn idents(reserved: &Reserved) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in reserved.names.iter().filter(|n| is_ident(n)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Reserved numbers within bounds, sorted, those that touch made one.
fn ranges(reserved: &Reserved, min: u32, max: u32) -> Vec<(u32, u32)> {
    let clipped = reserved.numbers.iter().map(|(from, to)| ((*from).max(min), (*to).min(max)));
    let mut sorted: Vec<(u32, u32)> = clipped.filter(|(from, to)| from <= to).collect();
    sorted.sort_unstable();
    let mut merged: Vec<(u32, u32)> = Vec::with_capacity(sorted.len());
    for (from, to) in sorted {
        match merged.last_mut() {
            Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// `failed_precondition`
fn code(code: StatusCode) -> String {
    naming::snake(&format!("{code:?}"))
}
