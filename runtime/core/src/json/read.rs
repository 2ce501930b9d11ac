//! Reading: records by their members, which a text has, or a tree.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed as _, Error as _};

use super::Scan;
use super::tree::{Member, Node, Tree};
use crate::check::Violations;
use crate::wire::{Field, Form, Record, Value};

/// An object that is read: in a text, in one pass, or in a tree, which tells what is wrong.
pub struct Object<'s, 't> {
    source: Source<'s, 't>,
}

enum Source<'s, 't> {
    /// What is out of the ordinary ends all with nothing, whatever the violations are.
    Text {
        scan: &'s mut Scan<'t>,
        start: usize,
    },
    Tree {
        members: &'s [Member<'t>],
        next: usize,
    },
    /// Of a text, but read as a tree.
    Held(Vec<Member<'t>>),
}

impl fmt::Debug for Object<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object")
    }
}

/// A field while its object is read: what was seen of it so far.
pub struct Slot<'s, T>(Seen<'s, T>);

enum Seen<'s, T> {
    Nothing,
    Null,
    Is(T),
    Found(&'s Member<'s>),
    /// By its JSON name and by its Protobuf name.
    Twice(&'s Member<'s>, &'s Member<'s>),
}

impl<T> fmt::Debug for Slot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl<T> Default for Slot<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'s, T> Slot<'s, T> {
    /// Nothing seen yet.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self(Seen::Nothing)
    }

    fn found(&mut self, member: &'s Member<'s>) {
        self.0 = match self.0 {
            Seen::Found(before) => Seen::Twice(before, member),
            _ => Seen::Found(member),
        };
    }
}

impl<T: Field> Slot<'_, T> {
    /// What the field holds; `None` comes with a violation, whose path starts with `name`, its Protobuf name.
    #[inline]
    pub fn take(self, name: &str, v: &mut Violations) -> Option<T> {
        match self.0 {
            Seen::Is(value) => Some(value),
            other => other.read(name, v),
        }
    }
}

impl<T: Value> Slot<'_, T> {
    /// What the field holds, or its default where it is absent or null.
    #[inline]
    pub fn take_or(self, name: &str, v: &mut Violations, default: impl FnOnce() -> T) -> Option<T> {
        match self.0 {
            Seen::Is(value) => Some(value),
            other if other.node(name).is_none_or(Node::is_null) => Some(default()),
            other => other.read(name, v),
        }
    }
}

impl<'s, T: Field> Seen<'s, T> {
    /// What is there; by its JSON name, where it is there by both.
    fn node(&self, name: &str) -> Option<&'s Node<'s>> {
        match self {
            Self::Nothing | Self::Is(_) => None,
            Self::Null => Some(&Node::Null),
            Self::Found((_, node)) => Some(node),
            Self::Twice((first, node), (_, other)) => {
                Some(if first == name { other } else { node })
            }
        }
    }

    fn read(self, name: &str, v: &mut Violations) -> Option<T> {
        let mark = v.mark();
        if let Self::Twice((first, _), (second, _)) = &self {
            let json = if first == name { second } else { first };
            v.push("", "one", format!("is there twice, as `{json}` and as `{name}`"));
        }
        let value = T::from_member(self.node(name), v);
        v.prefix_from(mark, name);
        value
    }
}

impl<'s, 't> Object<'s, 't> {
    /// Of members that were read.
    #[must_use]
    pub(crate) const fn tree(members: &'s [Member<'t>]) -> Self {
        Self { source: Source::Tree { members, next: 0 } }
    }

    /// The name of the next member; nothing at the end.
    #[inline]
    pub fn name(&mut self) -> Option<&'s str> {
        match &mut self.source {
            Source::Text { scan, .. } => match scan.name() {
                Some(Some(Cow::Borrowed(name))) => Some(name),
                Some(None) => None,
                _ => {
                    scan.fail();
                    None
                }
            },
            Source::Tree { members, next } => {
                let members: &'s [Member<'t>] = members;
                let (name, _) = members.get(*next)?;
                *next += 1;
                Some(name)
            }
            Source::Held(_) => None,
        }
    }

    /// Reads the member that was named last.
    #[inline]
    pub fn read<T: Field>(&mut self, slot: &mut Slot<'s, T>) {
        match &mut self.source {
            Source::Text { scan, .. } => match (&slot.0, scan.null()) {
                (Seen::Nothing, Some(true)) => slot.0 = Seen::Null,
                (Seen::Nothing, Some(false)) => match T::from_text(scan) {
                    Some(value) => slot.0 = Seen::Is(value),
                    None => scan.fail(),
                },
                _ => scan.fail(),
            },
            Source::Tree { members, next } => {
                let members: &'s [Member<'t>] = members;
                if let Some(member) = members.get(next.wrapping_sub(1)) {
                    slot.found(member);
                }
            }
            Source::Held(_) => {}
        }
    }

    /// Passes over the member that was named last, as `name`: a newer peer may have added it.
    pub fn skip(&mut self, name: &str) {
        if let Source::Text { scan, start } = &mut self.source
            && scan.other(*start, name).is_none()
        {
            scan.fail();
        }
    }

    /// All members at once.
    pub(crate) fn members(&mut self) -> Members<'_> {
        if let Source::Text { scan, .. } = &mut self.source {
            let members = scan.members().unwrap_or_else(|| {
                scan.fail();
                Vec::new()
            });
            self.source = Source::Held(members);
        }
        match &self.source {
            Source::Tree { members, .. } => Members(members),
            Source::Held(members) => Members(members),
            Source::Text { .. } => Members(&[]),
        }
    }

    /// A field; `None` comes with a violation, whose path starts with `name`.
    pub fn field<T: Field>(&mut self, json: &str, name: &str, v: &mut Violations) -> Option<T> {
        self.members().field(json, name, v)
    }

    /// Which member of a union is there, as an index into `members` (JSON name, Protobuf name).
    pub fn member(&mut self, members: &[(&str, &str)], v: &mut Violations) -> Option<usize> {
        self.members().member(members, v)
    }
}

/// The members of an object, by their names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members<'a>(pub(crate) &'a [Member<'a>]);

impl<'a> Members<'a> {
    /// A member by its JSON name, or by its Protobuf name.
    pub(crate) fn get(self, json: &str, name: &str) -> Option<&'a Node<'a>> {
        self.at(json).or_else(|| if json == name { None } else { self.at(name) })
    }

    fn at(self, name: &str) -> Option<&'a Node<'a>> {
        self.0.iter().find(|(there, _)| there == name).map(|(_, value)| value)
    }

    /// A field; `None` comes with a violation, whose path starts with `name`.
    pub(crate) fn field<T: Field>(self, json: &str, name: &str, v: &mut Violations) -> Option<T> {
        let mut slot = Slot::new();
        for member in self.0.iter().filter(|(there, _)| there == json || there == name) {
            slot.found(member);
        }
        slot.take(name, v)
    }

    fn member(self, members: &[(&str, &str)], v: &mut Violations) -> Option<usize> {
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

/// Reads a record from where an object begins.
#[inline]
pub(crate) fn scanned<T: Record>(scan: &mut Scan<'_>) -> Option<T> {
    scan.object(|scan, start| {
        let mut v = Violations::new();
        let mut object = Object { source: Source::Text { scan, start } };
        T::from_json(&mut object, &mut v).filter(|_| v.is_empty())
    })
}

/// An element of a list or map in a text, where null is not absence.
#[inline]
pub(crate) fn scanned_element<T: Value>(scan: &mut Scan<'_>) -> Option<T> {
    if scan.null()? { T::Form::from_null(&mut Violations::new()) } else { T::Form::from_text(scan) }
}

/// An integer in a text.
#[inline]
pub(crate) fn scanned_integer<T>(scan: &mut Scan<'_>) -> Option<T>
where
    T: TryFrom<i64> + TryFrom<i128>,
{
    match scan.integer()? {
        Some(value) => T::try_from(value).ok(),
        None => integer(&scan.node()?, &mut Violations::new()),
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
