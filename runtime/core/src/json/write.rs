//! Writing: values straight into text; and views of them for other serializers of serde, walked once for each serializer
//! and not once for each type.

use std::borrow::Cow;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::Text;
use crate::wire::{Field, Form, Record, Value};

/// What a value looks like in JSON.
#[derive(Clone)]
pub enum View<'a> {
    /// `null`
    Null,
    /// `true`
    Bool(bool),
    /// A number: `i32`, or an enum value that has no name here.
    Signed(i64),
    /// A number: `u32`.
    Unsigned(u64),
    /// A number with the digits that `f32` needs.
    Single(f32),
    /// A number.
    Double(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// Any JSON.
    Any(&'a serde_json::Value),
    /// An array.
    List(&'a dyn Elements),
    /// An object.
    Object(&'a dyn Members),
}

impl View<'_> {
    /// Writes it as text.
    pub fn write_json(&self, out: &mut Text<'_>) {
        match self {
            Self::Null => out.raw(b"null"),
            Self::Bool(true) => out.raw(b"true"),
            Self::Bool(false) => out.raw(b"false"),
            Self::Signed(value) => out.integer(*value),
            Self::Unsigned(value) => out.integer(*value),
            Self::Text(text) => out.string(text),
            Self::Any(value) => out.serde(value),
            Self::Single(_) | Self::Double(_) => out.serde(self),
            Self::List(list) => out.list(|out| {
                list.elements(&mut |view| {
                    view.write_json(out);
                    out.end();
                });
            }),
            Self::Object(object) => {
                out.object(|out| object.members(&mut Writer { to: To::Text(out.again()) }));
            }
        }
    }
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("View")
    }
}

/// What has elements.
pub trait Elements {
    /// How many.
    fn count(&self) -> usize;

    /// Shows each, in order.
    fn elements(&self, visit: &mut dyn FnMut(View<'_>));
}

impl<T: Value> Elements for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn elements(&self, visit: &mut dyn FnMut(View<'_>)) {
        for value in self {
            visit(T::Form::view(value));
        }
    }
}

/// What has members.
pub trait Members {
    /// Writes each, in order.
    fn members(&self, o: &mut Writer<'_>);
}

impl<T: Record> Members for T {
    fn members(&self, o: &mut Writer<'_>) {
        self.to_json(o);
    }
}

/// Where the members of an object are written to.
pub struct Writer<'a> {
    to: To<'a>,
}

/// What the members are written as.
enum To<'a> {
    Text(Text<'a>),
    Views(&'a mut dyn FnMut(&str, &View<'_>)),
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer<'_> {
    /// A field, under its JSON name, in which nothing needs an escape.
    #[inline]
    pub fn field<T: Field>(&mut self, name: &str, value: &T) {
        match &mut self.to {
            To::Text(out) => {
                out.name(name);
                value.write_json(out);
                out.end();
            }
            To::Views(member) => member(name, &value.view()),
        }
    }

    /// A member that is viewed already, under any name.
    pub fn view(&mut self, name: &str, view: &View<'_>) {
        match &mut self.to {
            To::Text(out) => {
                out.string(name);
                out.colon();
                view.write_json(out);
                out.end();
            }
            To::Views(member) => member(name, view),
        }
    }
}

/// Writes a record as an object.
#[inline]
pub(crate) fn object<T: Record>(record: &T, out: &mut Text<'_>) {
    out.object(|out| record.to_json(&mut Writer { to: To::Text(out.again()) }));
}

/// Writes a value by ProtoJSON's rules.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Field, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.view().serialize(serializer)
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => s.serialize_unit(),
            Self::Bool(value) => s.serialize_bool(*value),
            Self::Signed(value) => s.serialize_i64(*value),
            Self::Unsigned(value) => s.serialize_u64(*value),
            Self::Single(value) if value.is_finite() => s.serialize_f32(*value),
            Self::Single(value) => s.serialize_str(not_finite(f64::from(*value))),
            Self::Double(value) if value.is_finite() => s.serialize_f64(*value),
            Self::Double(value) => s.serialize_str(not_finite(*value)),
            Self::Text(text) => s.serialize_str(text),
            Self::Any(value) => value.serialize(s),
            Self::List(list) => serialize_list(*list, s),
            Self::Object(object) => serialize_object(*object, s),
        }
    }
}

fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn serialize_list<S: Serializer>(list: &dyn Elements, s: S) -> Result<S::Ok, S::Error> {
    let mut seq = s.serialize_seq(Some(list.count()))?;
    let mut result = Ok(());
    list.elements(&mut |view| {
        if result.is_ok() {
            result = seq.serialize_element(&view);
        }
    });
    result?;
    seq.end()
}

fn serialize_object<S: Serializer>(object: &dyn Members, s: S) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(None)?;
    let mut result = Ok(());
    let mut member = |name: &str, view: &View<'_>| {
        if result.is_ok() {
            result = map.serialize_entry(name, view);
        }
    };
    object.members(&mut Writer { to: To::Views(&mut member) });
    result?;
    map.end()
}
