//! JSON text as a tree.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Number, Value as Json};

/// The one member of the object by which serde_json hands on a number, where a program has its `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// The value that `text` holds. A member that is there twice is refused: of two readers each would take another one.
///
/// # Errors
/// For what is not one JSON text, nested at most 127 deep, saying where it breaks.
pub fn value(text: &[u8]) -> Result<Json, Error> {
    let mut text = serde_json::Deserializer::from_slice(text);
    let value = Tree.deserialize(&mut text)?;
    text.end()?;
    Ok(value)
}

struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Json, D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Tree)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if name == NUMBER {
                let number = members.next_value::<String>()?.parse::<Number>();
                return number.map(Json::Number).map_err(A::Error::custom);
            }
            if map.contains_key(&name) {
                let name: String = name.chars().take(80).collect();
                return Err(A::Error::custom(format!("`{name}` is there twice")));
            }
            map.insert(name, members.next_value_seed(Tree)?);
        }
        Ok(map.into())
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
        assert_eq!(error.to_string(), "`c` is there twice at line 1 column 21");
    }

    #[test]
    fn it_is_not_nested_without_end() {
        for (depth, read) in [(120, true), (200, false), (1_000_000, false)] {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            assert_eq!(value(text.as_bytes()).is_ok(), read, "{depth}");
        }
    }
}
