//! Any JSON: `google.protobuf.Value`.

use serde_json::{Map, Number, Value as Json};

use crate::check::Violations;
use crate::json::{Node, View};
use crate::wire::{Form, Malformed, Native, Reader, Value, WireType, Writer};

/// Whole numbers up to here are the same as an `f64`, which is what the wire has.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Value for Json {
    type Form = Native;
}

impl Form<Json> for Native {
    const WIRE: WireType = WireType::Len;
    const MERGES: bool = true;

    fn write(value: &Json, w: &mut Writer) {
        w.message(|w| write(value, w));
    }

    fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Json>, Malformed> {
        read(&mut r.message()?, v)
    }

    fn read_body(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Json>, Malformed> {
        read(r, v)
    }

    fn view(value: &Json) -> View<'_> {
        View::Any(value)
    }

    fn from_json(json: &Node<'_>, _: &mut Violations) -> Option<Json> {
        Some(json.clone().into())
    }

    fn from_text(scan: &mut crate::json::Scan<'_>) -> Option<Json> {
        scan.node().map(Json::from)
    }

    fn from_null(_: &mut Violations) -> Option<Json> {
        Some(Json::Null)
    }
}

fn write(value: &Json, w: &mut Writer) {
    match value {
        Json::Null => w.always(1, &0_i32),
        Json::Number(number) => w.always(2, &number.as_f64().unwrap_or_default()),
        Json::String(text) => w.always(3, text),
        Json::Bool(value) => w.always(4, value),
        Json::Object(members) => {
            w.tag(5, WireType::Len);
            w.message(|w| members.iter().for_each(|(name, value)| member(name, value, w)));
        }
        Json::Array(items) => {
            w.tag(6, WireType::Len);
            w.message(|w| items.iter().for_each(|item| w.always(1, item)));
        }
    }
}

/// An entry of `google.protobuf.Struct`.
fn member(name: &String, value: &Json, w: &mut Writer) {
    w.tag(1, WireType::Len);
    w.message(|w| {
        w.always(1, name);
        w.always(2, value);
    });
}

fn read(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Json>, Malformed> {
    let mut value = None;
    let mark = v.mark();
    while let Some(tag) = r.tag()? {
        value = match (tag.number(), tag.wire()) {
            (1, WireType::Varint) => r.varint().map(|_| Some(Json::Null))?,
            (2, WireType::Fixed64) => number(f64::from_bits(r.fixed64()?), v),
            (3, WireType::Len) => Some(Json::String(r.text()?.to_owned())),
            (4, WireType::Varint) => Some(Json::Bool(r.varint()? != 0)),
            (5, WireType::Len) => object(&mut r.message()?, value, v)?,
            (6, WireType::Len) => list(&mut r.message()?, value, v)?,
            (1..=6, wire) => return Err(Malformed::wire_type("value", wire)),
            _ => {
                r.skip(tag)?;
                continue;
            }
        };
    }
    if value.is_none() && v.mark() == mark {
        v.push("", "json", "must hold a value, but is empty");
    }
    Ok(value)
}

/// A whole number stays one, as far as an `f64` can tell.
fn number(value: f64, v: &mut Violations) -> Option<Json> {
    if value.fract() == 0.0 && value.abs() <= EXACT && (value != 0.0 || value.is_sign_positive()) {
        return Some(Json::from(value as i64));
    }
    let number = Number::from_f64(value).map(Json::Number);
    if number.is_none() {
        v.push("", "json", "must not be NaN or infinite: JSON has no number for them");
    }
    number
}

fn object(
    r: &mut Reader<'_>,
    seen: Option<Json>,
    v: &mut Violations,
) -> Result<Option<Json>, Malformed> {
    let mut members = match seen {
        Some(Json::Object(members)) => members,
        _ => Map::new(),
    };
    while let Some(tag) = r.tag()? {
        match (tag.number(), tag.wire()) {
            (1, WireType::Len) => entry(&mut r.message()?, &mut members, v)?,
            (1, wire) => return Err(Malformed::wire_type("fields", wire)),
            _ => r.skip(tag)?,
        }
    }
    Ok(Some(Json::Object(members)))
}

fn entry(
    r: &mut Reader<'_>,
    members: &mut Map<String, Json>,
    v: &mut Violations,
) -> Result<(), Malformed> {
    let mut name = String::new();
    let mut value = None;
    let mark = v.mark();
    while let Some(tag) = r.tag()? {
        match (tag.number(), tag.wire()) {
            (1, WireType::Len) => r.text()?.clone_into(&mut name),
            (2, WireType::Len) => value = read(&mut r.message()?, v)?,
            (1 | 2, wire) => return Err(Malformed::wire_type("entry", wire)),
            _ => r.skip(tag)?,
        }
    }
    if v.mark() > mark {
        v.key_from(mark, &format!("{name:?}"));
    }
    members.insert(name, value.unwrap_or(Json::Null));
    Ok(())
}

fn list(
    r: &mut Reader<'_>,
    seen: Option<Json>,
    v: &mut Violations,
) -> Result<Option<Json>, Malformed> {
    let mut items = match seen {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    while let Some(tag) = r.tag()? {
        match (tag.number(), tag.wire()) {
            (1, WireType::Len) => {
                let mark = v.mark();
                items.extend(read(&mut r.message()?, v)?);
                v.index_from(mark, items.len());
            }
            (1, wire) => return Err(Malformed::wire_type("values", wire)),
            _ => r.skip(tag)?,
        }
    }
    Ok(Some(Json::Array(items)))
}
