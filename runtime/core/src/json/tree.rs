//! JSON text as a tree that borrows from it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Number, Value as Json};

/// The one member of the object by which serde_json hands on a number, where a program has its `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// Up to so many members are looked through one by one for a name that is there already.
const FEW: usize = 32;

/// A value in a JSON text. Strings without escapes are those of the text; members stand in the order in which they came,
/// each name once.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// A member of an object.
pub(super) type Member<'a> = (Cow<'a, str>, Node<'a>);

impl<'a> Node<'a> {
    /// Reads `text`. A member that is there twice is refused: of two readers each would take another one.
    ///
    /// # Errors
    /// For what is not one JSON text, nested at most 127 deep, saying where it breaks.
    pub fn read(text: &'a [u8]) -> Result<Self, Error> {
        let mut text = serde_json::Deserializer::from_slice(text);
        let value = Tree.deserialize(&mut text)?;
        text.end()?;
        Ok(value)
    }

    /// The string that it is.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The truth that it is.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl<'a> From<&'a Json> for Node<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.clone()),
            Json::String(text) => Self::String(text.into()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(members) => Self::Object(borrowed(members)),
        }
    }
}

impl From<Node<'_>> for Json {
    fn from(node: Node<'_>) -> Self {
        match node {
            Node::Null => Self::Null,
            Node::Bool(value) => Self::Bool(value),
            Node::Number(number) => Self::Number(number),
            Node::String(text) => Self::String(text.into_owned()),
            Node::Array(items) => items.into_iter().map(Self::from).collect(),
            Node::Object(members) => {
                let own = |(name, value): (Cow<'_, str>, Node<'_>)| {
                    (name.into_owned(), Self::from(value))
                };
                Self::Object(members.into_iter().map(own).collect())
            }
        }
    }
}

/// The members of an object.
pub(super) fn borrowed(members: &serde_json::Map<String, Json>) -> Vec<(Cow<'_, str>, Node<'_>)> {
    members.iter().map(|(name, value)| (Cow::from(name), Node::from(value))).collect()
}

/// The value that `text` holds, as [`Node::read`] reads it.
///
/// # Errors
/// As there.
pub fn value(text: &[u8]) -> Result<Json, Error> {
    Node::read(text).map(Json::from)
}

/// Reads a value of any kind.
pub(super) struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Node<'de>, D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Owned(value)))
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Tree)? {
            list.push(item);
        }
        Ok(Node::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        let mut all = Vec::new();
        let mut many = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            if name == NUMBER {
                let number = members.next_value::<String>()?.parse::<Number>();
                return number.map(Node::Number).map_err(A::Error::custom);
            }
            if is_there(&all, &name, &mut many) {
                // The name may be a key of a map that is sensitive: line and column tell it as well.
                return Err(A::Error::custom("a member is there twice"));
            }
            all.push((name, members.next_value_seed(Tree)?));
        }
        Ok(Node::Object(all))
    }
}

/// Whether a member is there already. Beyond a few, names are looked up in `many`, which is empty until then.
pub(super) fn is_there(all: &[Member<'_>], name: &str, many: &mut HashSet<Box<str>>) -> bool {
    if all.len() < FEW {
        return all.iter().any(|(there, _)| there == name);
    }
    if many.is_empty() {
        many.extend(all.iter().map(|(there, _)| Box::from(&**there)));
    }
    !many.insert(name.into())
}

/// The name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Cow<'de, str>, D::Error> {
        text.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }

    fn visit_string<E>(self, name: String) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_serde_json_reads() {
        for text in [
            r#"{"a":[1,-2,2.5,18446744073709551615,1e3,true,null,"x"],"b":{"c":{}}}"#,
            "[]",
            "\"\\u00e9\\ud83d\\ude00\"",
            " null ",
            "-0.0",
        ] {
            let theirs: Json = serde_json::from_str(text).unwrap();
            assert_eq!(value(text.as_bytes()).unwrap(), theirs, "{text}");
        }
        for text in ["", "{", "1 2", "[1,]", "\"\\ud800\"", "NaN", "1e999", "{\"a\":1,}"] {
            let theirs = serde_json::from_str::<Json>(text).unwrap_err();
            assert_eq!(value(text.as_bytes()).unwrap_err().to_string(), theirs.to_string());
        }
    }

    #[test]
    fn a_member_is_there_once() {
        let error = value(br#"{"a":1,"b":{"c":1,"c":1}}"#).unwrap_err();
        assert_eq!(error.to_string(), "a member is there twice at line 1 column 21");
    }

    #[test]
    fn many_members_are_there_once_too() {
        let members = |names: &[usize]| {
            let members: Vec<_> = names.iter().map(|n| format!("\"m\\u005f{n}\":{n}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let mut names: Vec<_> = (0..FEW * 3).collect();
        let read = value(members(&names).as_bytes()).unwrap();
        assert_eq!(read.as_object().unwrap().len(), names.len());
        for (twice, at) in [(0, FEW), (FEW, FEW + 1), (FEW - 1, FEW * 3), (FEW * 3 - 1, FEW * 3)] {
            names.insert(at, twice);
            let error = value(members(&names).as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("a member is there twice"), "{twice}: {error}");
            names.remove(at);
        }
    }

    #[test]
    fn what_has_no_escapes_is_borrowed() {
        let text = br#"{"a":"b","c\n":"d\t"}"#;
        let Node::Object(members) = Node::read(text).unwrap() else { panic!("an object") };
        let borrowed = |text: &Cow<'_, str>| matches!(text, Cow::Borrowed(_));
        let seen: Vec<_> = members
            .iter()
            .map(|(name, value)| match value {
                Node::String(text) => (borrowed(name), borrowed(text)),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(seen, [(true, true), (false, false)]);
    }

    #[test]
    fn it_is_not_nested_without_end() {
        for (depth, read) in [(120, true), (200, false), (1_000_000, false)] {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            assert_eq!(value(text.as_bytes()).is_ok(), read, "{depth}");
        }
    }
}
