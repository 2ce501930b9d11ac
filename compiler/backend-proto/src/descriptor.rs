//! Descriptors, as gRPC reflection serves them.
//!
//! They are made from the same data as the text, and hold what protoc would put there but for comments, `debug_redact`
//! and the options of `buf.validate`.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_types::descriptor_proto::ReservedRange;
use prost_types::enum_descriptor_proto::EnumReservedRange;
use prost_types::field_descriptor_proto as field;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto, EnumValueOptions,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileDescriptorSet, MessageOptions,
    MethodDescriptorProto, MethodOptions, OneofDescriptorProto, ServiceDescriptorProto,
    ServiceOptions,
};
use svckit_backend::naming;

use crate::ir::{
    Enum, EnumValue, Field, File, Label, Level, Message, Method, Reserved, Scalar, Service, Type,
};
use crate::order::order;
use crate::print::entry;
use crate::wellknown;

/// The files and the well-known ones that they import, encoded; a file stands after those that it
/// imports. Files that import each other were refused before.
pub(crate) fn set(files: &[File]) -> Vec<u8> {
    let known = wellknown::files();
    let used: BTreeSet<&str> = files.iter().flat_map(|f| f.imports(false)).collect();
    let known = known.iter().filter(|f| used.contains(f.path.as_str()));
    let ours = order(files).unwrap_or_default();
    let file = known.chain(ours).map(file).collect();
    FileDescriptorSet { file }.encode_to_vec()
}

fn file(file: &File) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(file.path.clone()),
        package: Some(file.package.clone()),
        dependency: file.imports(false).into_iter().map(str::to_owned).collect(),
        message_type: file.messages.iter().map(|m| message(m, &file.package)).collect(),
        enum_type: file.enums.iter().map(enumeration).collect(),
        service: file.services.iter().map(service).collect(),
        syntax: Some("proto3".into()),
        ..FileDescriptorProto::default()
    }
}

fn message(message: &Message, package: &str) -> DescriptorProto {
    let within = format!(".{package}.{}", message.head.name);
    let mut out = DescriptorProto {
        name: Some(message.head.name.clone()),
        reserved_range: reserved_ranges(&message.reserved),
        reserved_name: message.reserved.names.clone(),
        options: message
            .head
            .deprecated
            .then(|| MessageOptions { deprecated: Some(true), ..MessageOptions::default() }),
        ..DescriptorProto::default()
    };
    if let Some(oneof) = &message.oneof {
        out.oneof_decl.push(OneofDescriptorProto { name: Some(oneof.clone()), options: None });
    }
    for it in &message.fields {
        let mut made = plain(it);
        if let Type::Map(key, value) = &it.ty {
            let nested = entry(&it.head.name);
            set_type(&mut made, &format!("{within}.{nested}"), field::Type::Message);
            made.set_label(field::Label::Repeated);
            out.nested_type.push(map_entry(nested, *key, value));
        }
        made.oneof_index = message.oneof.as_ref().map(|_| 0);
        if it.label == Label::Optional {
            made.proto3_optional = Some(true);
            made.oneof_index = i32::try_from(out.oneof_decl.len()).ok();
            let name = Some(format!("_{}", it.head.name));
            out.oneof_decl.push(OneofDescriptorProto { name, options: None });
        }
        out.field.push(made);
    }
    out
}

fn plain(it: &Field) -> FieldDescriptorProto {
    let mut made = named(&it.head.name, it.number, &it.ty);
    if it.label == Label::Repeated {
        made.set_label(field::Label::Repeated);
    }
    made.options = it
        .head
        .deprecated
        .then(|| FieldOptions { deprecated: Some(true), ..FieldOptions::default() });
    made
}

fn named(name: &str, number: u32, ty: &Type) -> FieldDescriptorProto {
    let mut made = FieldDescriptorProto {
        name: Some(name.to_owned()),
        json_name: Some(naming::json(name)),
        number: i32::try_from(number).ok(),
        ..FieldDescriptorProto::default()
    };
    made.set_label(field::Label::Optional);
    match ty {
        Type::Scalar(it) => made.set_type(scalar(*it)),
        Type::Message(name) => set_type(&mut made, &name.absolute(), field::Type::Message),
        Type::Enum(name) => set_type(&mut made, &name.absolute(), field::Type::Enum),
        Type::Map(..) => {}
    }
    made
}

fn set_type(field: &mut FieldDescriptorProto, name: &str, ty: field::Type) {
    field.set_type(ty);
    field.type_name = Some(name.to_owned());
}

fn map_entry(name: String, key: Scalar, value: &Type) -> DescriptorProto {
    DescriptorProto {
        name: Some(name),
        field: vec![named("key", 1, &Type::Scalar(key)), named("value", 2, value)],
        options: Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() }),
        ..DescriptorProto::default()
    }
}

fn scalar(it: Scalar) -> field::Type {
    match it {
        Scalar::Bool => field::Type::Bool,
        Scalar::Int32 => field::Type::Int32,
        Scalar::Int64 => field::Type::Int64,
        Scalar::Uint32 => field::Type::Uint32,
        Scalar::Uint64 => field::Type::Uint64,
        Scalar::Float => field::Type::Float,
        Scalar::Double => field::Type::Double,
        Scalar::String => field::Type::String,
        Scalar::Bytes => field::Type::Bytes,
    }
}

/// A message's ranges end before their end, an enum's at it.
fn reserved_ranges(reserved: &Reserved) -> Vec<ReservedRange> {
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let range = |(from, to): &(u32, u32)| ReservedRange {
        start: Some(number(*from)),
        end: Some(number(to.saturating_add(1))),
    };
    reserved.ranges.iter().map(range).collect()
}

fn enumeration(it: &Enum) -> EnumDescriptorProto {
    let number = |n: u32| Some(i32::try_from(n).unwrap_or(i32::MAX));
    let range =
        |(from, to): &(u32, u32)| EnumReservedRange { start: number(*from), end: number(*to) };
    EnumDescriptorProto {
        name: Some(it.head.name.clone()),
        value: it.values.iter().map(value).collect(),
        options: it
            .head
            .deprecated
            .then(|| EnumOptions { deprecated: Some(true), ..EnumOptions::default() }),
        reserved_range: it.reserved.ranges.iter().map(range).collect(),
        reserved_name: it.reserved.names.clone(),
    }
}

fn value(it: &EnumValue) -> EnumValueDescriptorProto {
    EnumValueDescriptorProto {
        name: Some(it.head.name.clone()),
        number: Some(it.number),
        options: it
            .head
            .deprecated
            .then(|| EnumValueOptions { deprecated: Some(true), ..EnumValueOptions::default() }),
    }
}

fn service(it: &Service) -> ServiceDescriptorProto {
    ServiceDescriptorProto {
        name: Some(it.head.name.clone()),
        method: it.methods.iter().map(method).collect(),
        options: it
            .head
            .deprecated
            .then(|| ServiceOptions { deprecated: Some(true), ..ServiceOptions::default() }),
    }
}

fn method(it: &Method) -> MethodDescriptorProto {
    let level = match it.level {
        Level::Unknown => None,
        Level::NoSideEffects => Some(IdempotencyLevel::NoSideEffects as i32),
        Level::Idempotent => Some(IdempotencyLevel::Idempotent as i32),
    };
    let options = (it.head.deprecated || level.is_some()).then(|| MethodOptions {
        deprecated: it.head.deprecated.then_some(true),
        idempotency_level: level,
        ..MethodOptions::default()
    });
    MethodDescriptorProto {
        name: Some(it.head.name.clone()),
        input_type: Some(it.request.absolute()),
        output_type: Some(it.response.absolute()),
        options,
        client_streaming: it.streams_in.then_some(true),
        server_streaming: it.streams_out.then_some(true),
    }
}
