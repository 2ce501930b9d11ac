//! Reading, by way of a tree.

use std::borrow::Cow;

use serde::Deserializer;
use serde::de::{DeserializeSeed as _, Error as _};

use crate::check::Violations;
use crate::wire::{Field, Form, Value};

use super::tree::{Node, Tree};

/// The members of an object.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    members: &'a [(Cow<'a, str>, Node<'a>)],
}

impl<'a> Object<'a> {
    /// Of a parsed object.
    #[must_use]
    pub const fn new(members: &'a [(Cow<'a, str>, Node<'a>)]) -> Self {
        Self { members }
    }

    /// A member by its JSON name, or by its Protobuf name.
    #[must_use]
    pub fn get(&self, json: &str, name: &str) -> Option<&'a Node<'a>> {
        self.at(json).or_else(|| if json == name { None } else { self.at(name) })
    }

    fn at(&self, name: &str) -> Option<&'a Node<'a>> {
        self.members.iter().find(|(there, _)| there == name).map(|(_, value)| value)
    }

    /// A field; `None` comes with a violation, whose path starts with `name`.
    pub fn field<T: Field>(&self, json: &str, name: &str, v: &mut Violations) -> Option<T> {
        let mark = v.mark();
        let (by_json, by_name) = (self.at(json), if json == name { None } else { self.at(name) });
        if by_json.is_some() && by_name.is_some() {
            v.push("", "one", format!("is there twice, as `{json}` and as `{name}`"));
        }
        let value = T::from_member(by_json.or(by_name), v);
        v.prefix_from(mark, name);
        value
    }

    /// A field that has a default.
    pub fn default<T: Value>(
        &self,
        json: &str,
        name: &str,
        v: &mut Violations,
        default: impl FnOnce() -> T,
    ) -> Option<T> {
        match self.get(json, name) {
            None | Some(Node::Null) => Some(default()),
            Some(_) => self.field(json, name, v),
        }
    }

    /// Which member of a union is there, as an index into `members` (JSON name, Protobuf name).
    pub fn member(&self, members: &[(&str, &str)], v: &mut Violations) -> Option<usize> {
        let present =
            |(json, name): &(&str, &str)| self.get(json, name).is_some_and(|j| !j.is_null());
        let mut found = members.iter().enumerate().filter(|(_, names)| present(names));
        let names = || members.iter().map(|(_, name)| *name).collect::<Vec<_>>();
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Some(at),
            (None, _) => {
                v.unset(&names());
                None
            }
            (Some(_), Some(_)) => {
                let names = names().join("`, `");
                v.push("", "one", format!("must hold one of `{names}`, but holds several"));
                None
            }
        }
    }
}

/// Reads a value by ProtoJSON's rules; constraints are not judged.
///
/// # Errors
/// Those of the deserializer, and every field that is missing or of another type, by its path.
pub fn deserialize<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let json = Tree.deserialize(deserializer)?;
    let mut v = Violations::new();
    match T::from_member(Some(&json), &mut v) {
        Some(value) if v.is_empty() => Ok(value),
        _ => Err(D::Error::custom(v)),
    }
}

/// An element of a list or map, where null is not absence.
pub(crate) fn element<T: Value>(json: &Node<'_>, v: &mut Violations) -> Option<T> {
    if json.is_null() { T::Form::from_null(v) } else { T::Form::from_json(json, v) }
}

/// Reports a value of another type.
pub(crate) fn mismatch<T>(expected: &str, found: &Node<'_>, v: &mut Violations) -> Option<T> {
    let found = match found {
        Node::Null => "null",
        Node::Bool(_) => "a bool",
        Node::Number(_) => "a number",
        Node::String(_) => "a string",
        Node::Array(_) => "a list",
        Node::Object(_) => "an object",
    };
    v.push("", "type", format!("must be {expected}, but is {found}"));
    None
}

/// An integer: a number, also `1e3` or `1.0`, or the same in a string.
pub(crate) fn integer<T: TryFrom<i128>>(json: &Node<'_>, v: &mut Violations) -> Option<T> {
    let whole = match json {
        Node::Number(number) => whole(number),
        Node::String(text) => {
            text.parse::<i128>().ok().or_else(|| text.parse().ok().as_ref().and_then(whole))
        }
        other => return mismatch("an integer", other, v),
    };
    let value = whole.and_then(|whole| T::try_from(whole).ok());
    if value.is_none() {
        v.push("", "type", "must be a whole number that fits its type");
    }
    value
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    if let Some(whole) = number.as_i128() {
        return Some(whole);
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < 1e20).then_some(float as i128)
}

/// A number, or one of the words for those that JSON has no number for.
pub(crate) fn float(json: &Node<'_>, v: &mut Violations) -> Option<f64> {
    let value = match json {
        Node::Number(number) => number.as_f64(),
        Node::String(text) => match text.as_ref() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse::<f64>().ok().filter(|value| value.is_finite()),
        },
        other => return mismatch("a number", other, v),
    };
    if value.is_none() {
        v.push("", "type", "must be a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
    }
    value
}
