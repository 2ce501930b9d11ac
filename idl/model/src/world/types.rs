//! Types, fields and values.

use svckit_diagnostics::Span;

use super::{Event, Info, Operation};
use crate::Id;

/// A type that is built in and has no parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// `bool`
    Bool,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `decimal`
    Decimal,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `uuid`
    Uuid,
    /// `timestamp`
    Timestamp,
    /// `duration`
    Duration,
    /// `date`
    Date,
    /// `json`
    Json,
}

/// A resolved type. `T?` is not one: see [`Field::optional`]; neither are `stream` and `page`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Built in.
    Builtin(Builtin),
    /// A newtype.
    Scalar(Id<Scalar>),
    /// An enum.
    Enum(Id<Enum>),
    /// A record or an error.
    Record(Id<Record>),
    /// A union.
    Union(Id<Union>),
    /// `list<T>`; `T` is neither list nor map.
    List(Box<Type>),
    /// `map<K, V>`; `V` is neither list nor map.
    Map(Box<Type>, Box<Type>),
    /// `patch<R>`.
    Patch(Id<Record>),
}

/// `scalar Sku = string where …`.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// Name and docs.
    pub info: Info,
    /// What it is made of; a scalar over a scalar is resolved to the latter's builtin.
    pub base: Builtin,
    /// What its values keep to, those of a scalar below it included.
    pub constraints: Constraints,
}

/// `enum OrderStatus { … }`; open.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Name and docs.
    pub info: Info,
    /// Values in order; none has number 0.
    pub values: Vec<EnumValue>,
    /// Numbers and names that may not be used again.
    pub reserved: Reserved,
}

/// A value of an enum.
#[derive(Debug, Clone)]
pub struct EnumValue {
    /// Name (lower snake) and docs.
    pub info: Info,
    /// On the wire; positive.
    pub number: i32,
}

/// `reserved 7..=9, "coupon"`.
#[derive(Debug, Clone, Default)]
pub struct Reserved {
    /// Inclusive ranges.
    pub numbers: Vec<(u32, u32)>,
    /// Names.
    pub names: Vec<String>,
}

/// All that has numbered fields.
#[derive(Debug, Clone)]
pub struct Record {
    /// Name and docs. Parameters of `GetOrder` are called `GetOrderRequest`; a payload has its event's name.
    pub info: Info,
    /// What it stands for.
    pub kind: RecordKind,
    /// In order of the source.
    pub fields: Vec<Field>,
    /// Numbers and names that may not be used again.
    pub reserved: Reserved,
}

/// What a [`Record`] stands for.
#[derive(Debug, Clone)]
pub enum RecordKind {
    /// `record`.
    Record,
    /// `error … is CODE`.
    Error(ErrorKind),
    /// The named parameters of an operation.
    Params(Id<Operation>),
    /// The payload of an event, of one version.
    Event(Id<Event>),
    /// What a `fixture` is asked for with.
    Fixture,
    /// What a projection holds.
    Projection,
    /// What `abort` is in a saga; nothing is generated for it.
    Abort,
}

/// `is unavailable retryable after 2s`.
#[derive(Debug, Clone)]
pub struct ErrorKind {
    /// Its canonical code.
    pub code: StatusCode,
    /// Whether a caller may try again.
    pub retry: ErrorRetry,
}

/// Whether a caller may try again after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorRetry {
    /// As the code says.
    ByCode,
    /// `retryable`.
    Yes,
    /// `retryable after …`, nanoseconds.
    After(u64),
}

/// gRPC's canonical codes, but for OK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are gRPC's own")]
#[repr(i32)]
pub enum StatusCode {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Name (lower snake) and docs.
    pub info: Info,
    /// On the wire; 1 to 999.
    pub number: u32,
    /// Its type, without the `?`.
    pub ty: Type,
    /// Where the type is written.
    pub ty_span: Span,
    /// `T?`.
    pub optional: bool,
    /// `stream bytes` as a parameter: the body of an upload; `ty` is then `bytes`.
    pub streamed: bool,
    /// `= …`, typed; its type fits `ty`.
    pub default: Option<Value>,
    /// Written at the field itself; those of a scalar type are on the scalar.
    pub constraints: Constraints,
    /// Never in Debug, logs, traces, errors.
    pub sensitive: bool,
    /// Closes a cycle of types that would be infinite in Rust: goes into a `Box`.
    pub boxed: bool,
}

impl Field {
    /// A field that must be there and about which nothing more is said; what no source wrote stands at its name.
    #[must_use]
    pub fn new(info: Info, number: u32, ty: Type) -> Self {
        Self {
            ty_span: info.span,
            info,
            number,
            ty,
            optional: false,
            streamed: false,
            default: None,
            constraints: Constraints::default(),
            sensitive: false,
            boxed: false,
        }
    }
}

/// How the absence of a field is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Number, bool, string, bytes: absent is the zero value, and a zero is not written.
    Zero,
    /// Enum, uuid, decimal, date: proto3 without presence, yet absent is a violation; always written.
    Required,
    /// Message types (record, union, patch, timestamp, duration, json): absent is a violation.
    RequiredMessage,
    /// A field with a default: explicit presence, always written; absent is the default.
    Default,
    /// `T?`.
    Optional,
    /// A list: absent is empty.
    List,
    /// A map: absent is empty.
    Map,
}

/// What a value keeps to (`where …`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// Inclusive bounds of a number, decimal, duration, date or timestamp.
    pub range: Option<Bounds<Value>>,
    /// Characters of a string or bytes of bytes, inclusive.
    pub len: Option<Bounds<u64>>,
    /// Entries of a list or map, inclusive.
    pub items: Option<Bounds<u64>>,
    /// A pattern of the regex crate, found anywhere unless anchored.
    pub pattern: Option<String>,
}

impl Constraints {
    /// Whether anything is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Inclusive bounds; an open end is absent.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds<T> {
    /// From.
    pub min: Option<T>,
    /// To.
    pub max: Option<T>,
}

/// `union PaymentMethod { card @1: Card  … }`.
#[derive(Debug, Clone)]
pub struct Union {
    /// Name and docs.
    pub info: Info,
    /// Its variants: fields that are neither optional nor lists nor maps and have no default.
    pub variants: Vec<Field>,
    /// Numbers and names that may not be used again.
    pub reserved: Reserved,
}

/// A typed literal: of a default, a constraint, an example, a fallback.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true`
    Bool(bool),
    /// Of any integer type, in its range.
    Int(i128),
    /// Of `f32` or `f64`.
    Float(f64),
    /// Of `decimal`: the digits as written.
    Decimal(String),
    /// Of `string`.
    String(String),
    /// Of `bytes`.
    Bytes(Vec<u8>),
    /// Of `uuid`: lower case, with hyphens.
    Uuid(String),
    /// Of `timestamp`: RFC 3339.
    Timestamp(String),
    /// Of `duration`: nanoseconds.
    Duration(u64),
    /// Of `date`: `YYYY-MM-DD`.
    Date(String),
    /// Of an enum: index into its values.
    Enum(Id<Enum>, usize),
    /// Of a list.
    List(Vec<Value>),
    /// Of a map.
    Map(Vec<(Value, Value)>),
    /// Of a record: (index of field, value), in order of the source; not every field need be there in an example.
    Record(Id<Record>, Vec<(usize, Value)>),
    /// Of a union: index of variant.
    Union(Id<Union>, usize, Box<Value>),
    /// Of `json`: its text, normalised.
    Json(String),
}
