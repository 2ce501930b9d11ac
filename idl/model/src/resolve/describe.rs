//! How types and values are called in messages.

use svckit_syntax::tree::ExprKind;

use super::context::Cx;
use crate::world::*;

impl Builtin {
    /// Every builtin with its name in the language.
    pub const ALL: [(&'static str, Self); 15] = [
        ("bool", Self::Bool),
        ("i32", Self::I32),
        ("i64", Self::I64),
        ("u32", Self::U32),
        ("u64", Self::U64),
        ("f32", Self::F32),
        ("f64", Self::F64),
        ("decimal", Self::Decimal),
        ("string", Self::String),
        ("bytes", Self::Bytes),
        ("uuid", Self::Uuid),
        ("timestamp", Self::Timestamp),
        ("duration", Self::Duration),
        ("date", Self::Date),
        ("json", Self::Json),
    ];

    /// As written in a contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, b)| *b == self).map_or("", |(name, _)| name)
    }

    /// The builtin of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, b)| *b)
    }

    /// The range of an integer type.
    #[must_use]
    pub fn integer_range(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::I64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            _ => return None,
        })
    }
}

impl Cx<'_> {
    /// `list<Line>`: a type as written in a contract.
    pub(crate) fn type_name(&self, ty: &Type) -> String {
        let world = &self.world;
        match ty {
            Type::Builtin(b) => b.name().to_owned(),
            Type::Scalar(id) => world.scalars[*id].info.name.clone(),
            Type::Enum(id) => world.enums[*id].info.name.clone(),
            Type::Record(id) => world.records[*id].info.name.clone(),
            Type::Union(id) => world.unions[*id].info.name.clone(),
            Type::List(inner) => format!("list<{}>", self.type_name(inner)),
            Type::Map(key, value) => {
                format!("map<{}, {}>", self.type_name(key), self.type_name(value))
            }
            Type::Patch(id) => format!("patch<{}>", world.records[*id].info.name),
        }
    }
}

/// What an expression is, in words.
pub(crate) fn expr_noun(kind: &ExprKind) -> &'static str {
    match kind {
        ExprKind::Bool(_) => "a bool",
        ExprKind::Int(_) => "a whole number",
        ExprKind::Float(_) => "a number with a fraction",
        ExprKind::Str(_) => "a string",
        ExprKind::Duration(_) => "a duration",
        ExprKind::Size(_) => "a size",
        ExprKind::Rate(_) => "a rate",
        ExprKind::Percent(_) => "a percentage",
        ExprKind::Percentile(_) => "a percentile",
        ExprKind::Range(..) => "a range",
        ExprKind::Date(_) => "a date",
        ExprKind::List(_) => "a list",
        ExprKind::Object(_) => "an object",
        ExprKind::Path(_) => "a name",
        ExprKind::Construct(..) => "a construction",
        ExprKind::Key(_) => "a step's key",
        ExprKind::Not(_) | ExprKind::Equal(..) => "a condition",
    }
}

/// `250ms`, `7d`: a duration as a contract writes it.
pub(crate) fn duration(nanos: u64) -> String {
    const UNITS: [(&str, u64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    let whole = UNITS.iter().find(|(_, n)| nanos >= *n && nanos.is_multiple_of(*n));
    whole.map_or_else(|| format!("{nanos}ns"), |(unit, n)| format!("{}{unit}", nanos / n))
}
