//! Types and presence.

use svckit_model::Id;
use svckit_model::world::{Builtin, Field, Info, Package, Presence, Type};

use super::Lower;
use crate::ir;
use crate::names::patch_home;

/// What a builtin is on the wire.
pub(crate) fn builtin(b: Builtin) -> ir::Type {
    use ir::Scalar;
    let scalar = match b {
        Builtin::Bool => Scalar::Bool,
        Builtin::I32 => Scalar::Int32,
        Builtin::I64 => Scalar::Int64,
        Builtin::U32 => Scalar::Uint32,
        Builtin::U64 => Scalar::Uint64,
        Builtin::F32 => Scalar::Float,
        Builtin::F64 => Scalar::Double,
        Builtin::String | Builtin::Uuid | Builtin::Decimal | Builtin::Date => Scalar::String,
        Builtin::Bytes => Scalar::Bytes,
        Builtin::Timestamp => {
            return ir::Type::Message(ir::Name::google("timestamp", "Timestamp"));
        }
        Builtin::Duration => return ir::Type::Message(ir::Name::google("duration", "Duration")),
        Builtin::Json => return ir::Type::Message(ir::Name::google("struct", "Value")),
    };
    ir::Type::Scalar(scalar)
}

impl Lower<'_> {
    /// The type of a field of `package`; of a list, that of its items.
    pub(super) fn ty(&self, ty: &Type, package: Id<Package>) -> ir::Type {
        match ty {
            Type::Builtin(b) => builtin(*b),
            Type::Scalar(id) => builtin(self.world.scalars[*id].base),
            Type::Enum(id) => ir::Type::Enum(self.names.enums[id].clone()),
            Type::Record(id) => ir::Type::Message(self.names.records[id].clone()),
            Type::Union(id) => ir::Type::Message(self.names.unions[id].clone()),
            Type::List(inner) => self.ty(inner, package),
            Type::Map(key, value) => {
                ir::Type::Map(self.key(key), Box::new(self.ty(value, package)))
            }
            Type::Patch(id) => {
                let home = patch_home(self.world, *id, package);
                ir::Type::Message(self.names.patches[&(*id, home)].clone())
            }
        }
    }

    /// Keys are builtins or newtypes of such; anything else could not be a key in Protobuf either.
    fn key(&self, ty: &Type) -> ir::Scalar {
        match self.world.builtin(ty).map(builtin) {
            Some(ir::Type::Scalar(scalar)) => scalar,
            _ => ir::Scalar::String,
        }
    }

    pub(super) fn label(&self, field: &Field, ty: &ir::Type) -> ir::Label {
        match (&field.ty, ty) {
            (Type::List(_), _) => ir::Label::Repeated,
            (Type::Map(..), _) | (_, ir::Type::Message(_)) => ir::Label::None,
            _ => match self.world.presence(field) {
                Presence::Optional | Presence::Default => ir::Label::Optional,
                _ => ir::Label::None,
            },
        }
    }

    /// A field that no contract names: what a request or an answer that is not a record consists of.
    pub(super) fn made_up(&self, of: &Info, name: &str, number: u32, ty: Type) -> Field {
        Field::new(Info::new(name, of.package, of.span), number, ty)
    }
}
