//! A proto3 file as data: what the text and the descriptors are both written from.

use std::collections::BTreeSet;

use svckit_diagnostics::Span;

/// One `.proto` file.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// `shop/orders/v1/orders.proto`
    pub(crate) path: String,
    /// Dotted.
    pub(crate) package: String,
    pub(crate) docs: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) services: Vec<Service>,
    /// Comes from another workspace.
    pub(crate) external: bool,
    /// Where its package is declared, as far as that is known.
    pub(crate) span: Span,
}

/// What every named thing has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) name: String,
    /// Lines of comment, without slashes; may be empty.
    pub(crate) docs: String,
    pub(crate) deprecated: bool,
    pub(crate) span: Span,
}

/// A message with at most one oneof.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) head: Head,
    pub(crate) fields: Vec<Field>,
    /// The name of the oneof that holds all of the fields.
    pub(crate) oneof: Option<String>,
    pub(crate) reserved: Reserved,
}

/// Inclusive ranges, sorted and apart from each other, and names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reserved {
    pub(crate) ranges: Vec<(u32, u32)>,
    pub(crate) names: Vec<String>,
}

/// A field of a message.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) head: Head,
    pub(crate) number: u32,
    pub(crate) label: Label,
    pub(crate) ty: Type,
    /// `debug_redact`
    pub(crate) redact: bool,
    pub(crate) rules: Vec<Rule>,
}

/// What stands before a field's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    None,
    Optional,
    Repeated,
}

/// A type on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Scalar(Scalar),
    Message(Name),
    Enum(Name),
    Map(Scalar, Box<Type>),
}

/// Protobuf's own types, those that a contract can lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Float,
    Double,
    String,
    Bytes,
}

impl Scalar {
    /// As it is written.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
        }
    }
}

/// The name of a message or enum, with its package and file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) package: String,
    pub(crate) name: String,
    /// The file to import.
    pub(crate) path: String,
}

impl Name {
    /// A type of `google.protobuf`, defined in `google/protobuf/{file}.proto`.
    pub(crate) fn google(file: &str, name: &str) -> Self {
        Self {
            package: "google.protobuf".into(),
            name: name.into(),
            path: format!("google/protobuf/{file}.proto"),
        }
    }

    /// `.shop.orders.v1.Order`
    pub(crate) fn absolute(&self) -> String {
        format!(".{}.{}", self.package, self.name)
    }
}

/// A rule of `buf.validate`: `string.min_len` and the literal of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Below `(buf.validate.field).`; empty path parts never occur.
    pub(crate) path: String,
    pub(crate) value: String,
}

impl Rule {
    pub(crate) fn new(path: impl Into<String>, value: impl ToString) -> Self {
        Self { path: path.into(), value: value.to_string() }
    }
}

/// An enum.
#[derive(Debug, Clone, Default)]
pub(crate) struct Enum {
    pub(crate) head: Head,
    /// The first one is zero.
    pub(crate) values: Vec<EnumValue>,
    pub(crate) reserved: Reserved,
}

/// A value of an enum.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnumValue {
    pub(crate) head: Head,
    pub(crate) number: i32,
}

/// A service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Service {
    pub(crate) head: Head,
    pub(crate) methods: Vec<Method>,
}

/// A method of a service.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    pub(crate) head: Head,
    pub(crate) request: Name,
    pub(crate) response: Name,
    pub(crate) streams_in: bool,
    pub(crate) streams_out: bool,
    pub(crate) level: Level,
}

/// `idempotency_level`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Unknown,
    NoSideEffects,
    Idempotent,
}

/// The file of the validation rules.
pub(crate) const VALIDATE: &str = "buf/validate/validate.proto";

impl Type {
    /// The message or enum that it names, be it as the value of a map.
    pub(crate) fn name(&self) -> Option<&Name> {
        match self {
            Self::Scalar(_) => None,
            Self::Message(name) | Self::Enum(name) => Some(name),
            Self::Map(_, value) => value.name(),
        }
    }
}

impl File {
    /// Every type that it names.
    fn references(&self) -> impl Iterator<Item = &Name> {
        let fields = self.messages.iter().flat_map(|m| &m.fields).filter_map(|f| f.ty.name());
        let methods = self.services.iter().flat_map(|s| &s.methods);
        fields.chain(methods.flat_map(|m| [&m.request, &m.response]))
    }

    /// Every package that it names, its own included.
    pub(crate) fn packages(&self) -> BTreeSet<&str> {
        let named = self.references().map(|n| n.package.as_str());
        named.chain([self.package.as_str()]).collect()
    }

    /// The paths that it imports, sorted; the validation rules' only where asked for.
    pub(crate) fn imports(&self, rules: bool) -> BTreeSet<&str> {
        let mut imports: BTreeSet<&str> =
            self.references().map(|n| n.path.as_str()).filter(|p| *p != self.path).collect();
        if rules && self.messages.iter().any(Message::has_rules) {
            imports.insert(VALIDATE);
        }
        imports
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.enums.is_empty() && self.services.is_empty()
    }
}

impl Message {
    /// Whether any rule of `buf.validate` is said in it; a oneof always must be set.
    pub(crate) fn has_rules(&self) -> bool {
        self.oneof.is_some() || self.fields.iter().any(|f| !f.rules.is_empty())
    }
}

impl File {
    /// The head of everything that has a name.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &Head> {
        let messages = self.messages.iter();
        let of_messages =
            messages.flat_map(|m| [&m.head].into_iter().chain(m.fields.iter().map(|f| &f.head)));
        let enums = self.enums.iter();
        let of_enums =
            enums.flat_map(|e| [&e.head].into_iter().chain(e.values.iter().map(|v| &v.head)));
        let services = self.services.iter();
        let of_services =
            services.flat_map(|s| [&s.head].into_iter().chain(s.methods.iter().map(|m| &m.head)));
        of_messages.chain(of_enums).chain(of_services)
    }
}
