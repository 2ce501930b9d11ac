//! JSON by ProtoJSON's rules.
//!
//! Written straight into text, and read in one pass straight out of it. What is out of the ordinary is read again by way of a
//! [tree](Node), which tells all that is wrong; so one function of a generated type reads both, and says no more than its fields.
//! Other serializers of serde are given views of the values. What differs from ProtoJSON's defaults: nothing is omitted when
//! written, members that are not known are passed over when read (a newer peer may have added them), and a null for a field
//! `json?` is its absence.

mod codec;
mod read;
mod record;
mod scan;
mod text;
mod tree;
mod write;

pub use self::codec::{JsonCodec, JsonForm, RawBody, object};
pub(crate) use self::read::{
    Members as Named, element, float, integer, mismatch, scanned, scanned_element, scanned_integer,
};
pub use self::read::{Object, Slot, deserialize};
pub use self::record::{from_slice, received, received_checked, to_bytes, to_vec};
pub use self::scan::Scan;
pub use self::text::Text;
pub use self::tree::{Node, value};
pub(crate) use self::write::object as write_object;
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
