//! JSON by ProtoJSON's rules.
//!
//! Written straight into a serde serializer, from views of the values; read by way of a tree, so that a generated type needs a
//! line for each of its fields and no visitor of its own. What differs from ProtoJSON's defaults: nothing is omitted when
//! written, members that are not known are passed over when read (a newer peer may have added them), and a null for a field
//! `json?` is its absence.

mod codec;
mod read;
mod record;
mod tree;
mod write;

pub use self::codec::{JsonCodec, JsonForm, RawBody, object};
pub use self::read::{Object, deserialize};
pub(crate) use self::read::{element, float, integer, mismatch};
pub use self::record::{from_slice, to_vec};
pub use self::tree::{Node, value};
pub use self::write::{Elements, Members, View, Writer, serialize};

/// Implements serde's `Serialize` and `Deserialize` for the named types by [`serialize`] and [`deserialize`].
#[macro_export]
macro_rules! json_serde {
    ($($name:ident),* $(,)?) => {$(
        impl $crate::json::serde::Serialize for $name {
            fn serialize<S: $crate::json::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::json::serialize(self, serializer)
            }
        }

        impl<'de> $crate::json::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::json::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::json::deserialize(deserializer)
            }
        }
    )*};
}

#[doc(hidden)]
pub use serde;
