//! The forms of generated types: messages, newtypes, enums, boxes.

use super::{
    Form, Malformed, Newtype, OpenEnum, Reader, Record, Value, WireType, Writer, concealing,
};
use crate::check::Violations;
use crate::json;

/// The form of what is built in.
#[derive(Clone, Copy, Debug)]
pub struct Native;

/// The form of records and unions: a message.
#[derive(Clone, Copy, Debug)]
pub struct Message;

/// The form of scalars: that of what they are made of.
#[derive(Clone, Copy, Debug)]
pub struct Newtyped;

/// The form of enums: a number, known or not.
#[derive(Clone, Copy, Debug)]
pub struct Open;

/// The form of a box: that of what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Boxed;

impl<T: Record> Form<T> for Message {
    const WIRE: WireType = WireType::Len;
    const MERGES: bool = true;

    #[inline]
    fn write(value: &T, w: &mut Writer) {
        w.message(|w| value.encode(w));
    }

    #[inline]
    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<T>, Malformed> {
        let mut message = r.message()?;
        concealing::<T, _>(v, |v| T::decode(&mut message, v))
    }

    #[inline]
    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<T>, Malformed> {
        concealing::<T, _>(v, |v| T::decode(r, v))
    }

    fn check(value: &T, v: &mut Violations) {
        concealing::<T, _>(v, |v| value.check(v));
    }

    fn view(value: &T) -> json::View<'_> {
        json::View::Object(value)
    }

    #[inline]
    fn write_json(value: &T, out: &mut json::Text<'_>) {
        json::write_object(value, out);
    }

    fn from_json(json: &json::Node<'_>, v: &mut Violations) -> Option<T> {
        match json {
            json::Node::Object(members) => {
                concealing::<T, _>(v, |v| T::from_json(&mut json::Object::tree(members), v))
            }
            other => json::mismatch("an object", other, v),
        }
    }

    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<T> {
        json::scanned(scan)
    }
}

impl<T: Newtype> Form<T> for Newtyped {
    const WIRE: WireType = <<T::Inner as Value>::Form as Form<T::Inner>>::WIRE;
    const MERGES: bool = <<T::Inner as Value>::Form as Form<T::Inner>>::MERGES;

    #[inline]
    fn write(value: &T, w: &mut Writer) {
        <T::Inner as Value>::Form::write(value.inner(), w);
    }

    #[inline]
    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<T>, Malformed> {
        Ok(<T::Inner as Value>::Form::read(r, v)?.map(T::from_wire))
    }

    #[inline]
    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<T>, Malformed> {
        Ok(<T::Inner as Value>::Form::read_body(r, v)?.map(T::from_wire))
    }

    #[inline]
    fn zero() -> Option<T> {
        <T::Inner as Value>::Form::zero().map(T::from_wire)
    }

    #[inline]
    fn is_zero(value: &T) -> bool {
        <T::Inner as Value>::Form::is_zero(value.inner())
    }

    #[inline]
    fn check(value: &T, v: &mut Violations) {
        value.check(v);
    }

    fn view(value: &T) -> json::View<'_> {
        <T::Inner as Value>::Form::view(value.inner())
    }

    #[inline]
    fn write_json(value: &T, out: &mut json::Text<'_>) {
        <T::Inner as Value>::Form::write_json(value.inner(), out);
    }

    fn from_json(json: &json::Node<'_>, v: &mut Violations) -> Option<T> {
        <T::Inner as Value>::Form::from_json(json, v).map(T::from_wire)
    }

    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<T> {
        <T::Inner as Value>::Form::from_text(scan).map(T::from_wire)
    }

    fn from_null(v: &mut Violations) -> Option<T> {
        <T::Inner as Value>::Form::from_null(v).map(T::from_wire)
    }
}

impl<T: OpenEnum> Form<T> for Open {
    const WIRE: WireType = WireType::Varint;

    #[inline]
    fn write(value: &T, w: &mut Writer) {
        w.varint(i64::from(value.number()).cast_unsigned());
    }

    #[inline]
    fn read(r: &mut Reader<'_>, _: &mut Violations) -> Result<Option<T>, Malformed> {
        let number = r.varint()? as i32;
        Ok((number != 0).then(|| T::from_number(number)))
    }

    fn check(value: &T, v: &mut Violations) {
        if value.number() == 0 {
            v.required("");
        }
    }

    fn view(value: &T) -> json::View<'_> {
        let number = value.number();
        match T::VALUES.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => json::View::Text((*name).into()),
            None => json::View::Signed(number.into()),
        }
    }

    fn write_json(value: &T, out: &mut json::Text<'_>) {
        let number = value.number();
        match T::VALUES.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => out.plain(name.as_bytes()),
            None => out.integer(number),
        }
    }

    fn from_json(json: &json::Node<'_>, v: &mut Violations) -> Option<T> {
        let number = match json {
            json::Node::String(name) => T::VALUES
                .iter()
                .find(|(_, known)| *known == name.as_ref())
                .map(|(number, _)| *number),
            json::Node::Number(_) => Some(json::integer::<i32>(json, v)?),
            other => return json::mismatch("the name of a value", other, v),
        };
        match number {
            Some(0) => v.required(""),
            Some(number) => return Some(T::from_number(number)),
            None => {
                let names = T::VALUES.iter().map(|(_, name)| *name).collect::<Vec<_>>();
                v.push("", "enum", format!("must be one of {}", names.join(", ")));
            }
        }
        None
    }
}

impl<T: Value> Value for Box<T> {
    type Form = Boxed;
}

impl<T: Value> Form<Box<T>> for Boxed {
    const WIRE: WireType = T::Form::WIRE;
    const MERGES: bool = T::Form::MERGES;

    #[inline]
    fn write(value: &Box<T>, w: &mut Writer) {
        T::Form::write(value, w);
    }

    #[inline]
    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Box<T>>, Malformed> {
        Ok(T::Form::read(r, v)?.map(Box::new))
    }

    #[inline]
    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Box<T>>, Malformed> {
        Ok(T::Form::read_body(r, v)?.map(Box::new))
    }

    fn zero() -> Option<Box<T>> {
        T::Form::zero().map(Box::new)
    }

    fn is_zero(value: &Box<T>) -> bool {
        T::Form::is_zero(value)
    }

    fn check(value: &Box<T>, v: &mut Violations) {
        T::Form::check(value, v);
    }

    fn view(value: &Box<T>) -> json::View<'_> {
        T::Form::view(value)
    }

    #[inline]
    fn write_json(value: &Box<T>, out: &mut json::Text<'_>) {
        T::Form::write_json(value, out);
    }

    fn from_json(json: &json::Node<'_>, v: &mut Violations) -> Option<Box<T>> {
        T::Form::from_json(json, v).map(Box::new)
    }

    #[inline]
    fn from_text(scan: &mut json::Scan<'_>) -> Option<Box<T>> {
        T::Form::from_text(scan).map(Box::new)
    }

    fn from_null(v: &mut Violations) -> Option<Box<T>> {
        T::Form::from_null(v).map(Box::new)
    }
}
