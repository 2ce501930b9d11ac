//! Lists: numbers in one run of bytes, all else a field for each element.

use super::{Field, Form, Malformed, Reader, Tag, Value, WireType, Writer};
use crate::check::Violations;
use crate::json;

/// Whether lists of this wire type are one run of bytes.
const fn packs(wire: WireType) -> bool {
    matches!(wire, WireType::Varint | WireType::Fixed32 | WireType::Fixed64)
}

/// Reads one element of a list.
fn element<T: Value>(
    list: &mut Vec<T>,
    r: &mut Reader<'_>,
    name: &str,
    v: &mut Violations,
) -> Result<(), Malformed> {
    let mark = v.mark();
    match T::Form::read(r, v)? {
        Some(value) => list.push(value),
        None => v.element(mark, name, list.len()),
    }
    Ok(())
}

impl<T: Value> Field for Vec<T> {
    type State<'a> = Self;

    #[inline]
    fn write_field(&self, number: u32, w: &mut Writer) {
        if !packs(T::Form::WIRE) {
            for value in self {
                w.always(number, value);
            }
        } else if !self.is_empty() {
            w.tag(number, WireType::Len);
            w.message(|w| self.iter().for_each(|value| T::Form::write(value, w)));
        }
    }

    #[inline]
    fn zero() -> Option<Self> {
        Some(Self::new())
    }

    #[inline]
    fn read_field<'a>(
        list: &mut Self,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        if tag.wire() == T::Form::WIRE {
            if list.capacity() == 0 && T::Form::WIRE == WireType::Len {
                list.reserve_exact(r.run(tag));
            }
            return element(list, r, name, v);
        }
        if !packs(T::Form::WIRE) || tag.wire() != WireType::Len {
            return Err(Malformed::wire_type(name, tag.wire()));
        }
        let mut packed = Reader::new(r.slice()?);
        list.reserve(packed.elements(T::Form::WIRE));
        while !packed.is_empty() {
            element(list, &mut packed, name, v)?;
        }
        Ok(())
    }

    #[inline]
    fn take<'a>(
        list: Self,
        _: &str,
        _: &Reader<'a>,
        _: &mut Violations,
    ) -> Result<Option<Self>, Malformed> {
        Ok(Some(list))
    }

    fn check_field(&self, v: &mut Violations) {
        for (at, value) in self.iter().enumerate() {
            let mark = v.mark();
            T::Form::check(value, v);
            v.index_from(mark, at);
        }
    }

    #[inline]
    fn view(&self) -> json::View<'_> {
        json::View::List(self)
    }

    fn write_json(&self, out: &mut json::Text<'_>) {
        out.list(|out| {
            for value in self {
                T::Form::write_json(value, out);
                out.end();
            }
        });
    }

    fn from_member(json: Option<&json::Node<'_>>, v: &mut Violations) -> Option<Self> {
        let items = match json {
            None | Some(json::Node::Null) => return Some(Self::new()),
            Some(json::Node::Array(items)) => items,
            Some(other) => return json::mismatch("a list", other, v),
        };
        let before = v.mark();
        let mut list = Self::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let mark = v.mark();
            list.extend(json::element::<T>(item, v));
            v.index_from(mark, at);
        }
        (v.mark() == before).then_some(list)
    }

    fn from_text(scan: &mut json::Scan<'_>) -> Option<Self> {
        scan.list(json::scanned_element)
    }
}
