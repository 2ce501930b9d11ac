//! Google's well-known types, those that contracts lead to: facts of Protobuf, for the descriptors.

use svckit_diagnostics::Span;

use crate::ir::{Enum, EnumValue, Field, File, Head, Label, Message, Name, Reserved, Scalar, Type};

/// All of them.
pub(crate) fn files() -> Vec<File> {
    let seconds = || plain("seconds", 1, Scalar::Int64);
    let nanos = || plain("nanos", 2, Scalar::Int32);
    let paths = Field { label: Label::Repeated, ..plain("paths", 1, Scalar::String) };
    vec![
        file("timestamp", vec![message("Timestamp", vec![seconds(), nanos()])]),
        file("duration", vec![message("Duration", vec![seconds(), nanos()])]),
        file("field_mask", vec![message("FieldMask", vec![paths])]),
        json(),
    ]
}

fn json() -> File {
    let named = |name: &str| Name::google("struct", name);
    let value = || Type::Message(named("Value"));
    let fields = Type::Map(Scalar::String, Box::new(value()));
    let kind = vec![
        field("null_value", 1, Type::Enum(named("NullValue"))),
        plain("number_value", 2, Scalar::Double),
        plain("string_value", 3, Scalar::String),
        plain("bool_value", 4, Scalar::Bool),
        field("struct_value", 5, Type::Message(named("Struct"))),
        field("list_value", 6, Type::Message(named("ListValue"))),
    ];
    let values = Field { label: Label::Repeated, ..field("values", 1, value()) };
    let messages = vec![
        message("Struct", vec![field("fields", 1, fields)]),
        Message { oneof: Some("kind".into()), ..message("Value", kind) },
        message("ListValue", vec![values]),
    ];
    let null = EnumValue { head: head("NULL_VALUE"), number: 0 };
    let null_value =
        Enum { head: head("NullValue"), values: vec![null], reserved: Reserved::default() };
    File { enums: vec![null_value], ..file("struct", messages) }
}

fn file(name: &str, messages: Vec<Message>) -> File {
    let Name { package, path, .. } = Name::google(name, "");
    File { path, package, messages, ..File::default() }
}

fn message(name: &str, fields: Vec<Field>) -> Message {
    Message { head: head(name), fields, ..Message::default() }
}

fn plain(name: &str, number: u32, scalar: Scalar) -> Field {
    field(name, number, Type::Scalar(scalar))
}

fn field(name: &str, number: u32, ty: Type) -> Field {
    Field { head: head(name), number, label: Label::None, ty, redact: false, rules: Vec::new() }
}

fn head(name: &str) -> Head {
    Head { name: name.into(), docs: String::new(), deprecated: false, span: Span::default() }
}
