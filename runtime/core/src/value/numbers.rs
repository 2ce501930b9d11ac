//! Numbers and bools: absent is zero, and a zero is not written.

use crate::check::Violations;
use crate::json::{self, Node, View};
use crate::wire::{Form, Malformed, Native, Reader, Value, WireType, Writer};

/// A type, its wire type, how it becomes and is made of what the wire holds, and its JSON.
macro_rules! numbers {
    ($($ty:ty, $wire:ident, |$value:ident, $w:ident| $write:expr, |$r:ident| $read:expr, $view:expr, $text:expr, $json:expr
        $(, $scan:expr)?;)*) => {$(
        impl Value for $ty {
            type Form = Native;
        }

        impl Form<$ty> for Native {
            const WIRE: WireType = WireType::$wire;

            #[inline]
            fn write($value: &$ty, $w: &mut Writer) {
                $write;
            }

            #[inline]
            fn read($r: &mut Reader<'_>, _: &mut Violations) -> Result<Option<$ty>, Malformed> {
                Ok(Some($read))
            }

            #[inline]
            fn zero() -> Option<$ty> {
                Some(<$ty>::default())
            }

            #[inline]
            fn is_zero(value: &$ty) -> bool {
                is_zero(*value)
            }

            fn view(value: &$ty) -> View<'_> {
                $view(*value)
            }

            #[inline]
            fn write_json(value: &$ty, out: &mut json::Text<'_>) {
                $text(out, *value);
            }

            fn from_json(json: &Node<'_>, v: &mut Violations) -> Option<$ty> {
                $json(json, v)
            }

            $(
                #[inline]
                fn from_text(scan: &mut json::Scan<'_>) -> Option<$ty> {
                    $scan(scan)
                }
            )?
        }
    )*};
}

/// Zero in every bit: `-0.0` is written, as Protobuf asks.
trait Bits: Copy {
    fn is_zero(self) -> bool;
}

macro_rules! bits {
    ($($ty:ty: |$value:ident| $zero:expr;)*) => {$(
        impl Bits for $ty {
            #[inline]
            fn is_zero(self) -> bool {
                let $value = self;
                $zero
            }
        }
    )*};
}

bits! {
    bool: |value| !value;
    i32: |value| value == 0;
    i64: |value| value == 0;
    u32: |value| value == 0;
    u64: |value| value == 0;
    f32: |value| value.to_bits() == 0;
    f64: |value| value.to_bits() == 0;
}

#[inline]
fn is_zero(value: impl Bits) -> bool {
    value.is_zero()
}

fn text<'a, T: ToString>(value: T) -> View<'a> {
    View::Text(value.to_string().into())
}

/// Writes what a view shows.
fn written<T>(view: impl Fn(T) -> View<'static>) -> impl Fn(&mut json::Text<'_>, T) {
    move |out, value| view(value).write_json(out)
}

fn boolean(json: &Node<'_>, v: &mut Violations) -> Option<bool> {
    json.as_bool().or_else(|| json::mismatch("true or false", json, v))
}

fn single(json: &Node<'_>, v: &mut Violations) -> Option<f32> {
    let value = json::float(json, v)?;
    if value.is_finite() && value.abs() > f64::from(f32::MAX) {
        v.push("", "type", "must fit 32 bits");
        return None;
    }
    Some(value as f32)
}

numbers! {
    bool, Varint, |value, w| w.varint(u64::from(*value)), |r| r.varint()? != 0, View::Bool,
        |out: &mut json::Text<'_>, value| out.raw(if value { b"true" } else { b"false" }), boolean;
    i32, Varint, |value, w| w.varint(i64::from(*value).cast_unsigned()), |r| r.varint()? as i32,
        |value: i32| View::Signed(value.into()), json::Text::integer, json::integer, json::scanned_integer;
    i64, Varint, |value, w| w.varint(value.cast_unsigned()), |r| r.varint()?.cast_signed(), text,
        json::Text::quoted, json::integer, json::scanned_integer;
    u32, Varint, |value, w| w.varint(u64::from(*value)), |r| r.varint()? as u32,
        |value: u32| View::Unsigned(value.into()), json::Text::integer, json::integer, json::scanned_integer;
    u64, Varint, |value, w| w.varint(*value), |r| r.varint()?, text, json::Text::quoted, json::integer, json::scanned_integer;
    f32, Fixed32, |value, w| w.raw(&value.to_le_bytes()), |r| f32::from_bits(r.fixed32()?), View::Single, written(View::Single), single;
    f64, Fixed64, |value, w| w.raw(&value.to_le_bytes()), |r| f64::from_bits(r.fixed64()?), View::Double, written(View::Double), json::float;
}
