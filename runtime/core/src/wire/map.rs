//! Maps: entry messages on the wire, objects in JSON.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::field::Seen;
use super::{Field, Form, Malformed, Newtype, Reader, Tag, Value, WireType, Writer};
use crate::check::Violations;
use crate::json;

/// What can be the key of a map: a bool, an integer, a string, a uuid, or a scalar over one of them.
pub trait MapKey: Value + Ord {
    /// As the name of a JSON member.
    fn to_name(&self) -> String;

    /// Writes it as the name of a JSON member.
    fn write_name(&self, out: &mut json::Text<'_>) {
        out.string(&self.to_name());
    }

    /// From the name of a JSON member.
    fn from_name(name: &str) -> Option<Self>;

    /// As a violation's path shows it: `"a"` or `7`.
    fn to_index(&self) -> String {
        self.to_name()
    }
}

macro_rules! plain_keys {
    ($($key:ty),*) => {$(
        impl MapKey for $key {
            fn to_name(&self) -> String {
                self.to_string()
            }

            fn from_name(name: &str) -> Option<Self> {
                name.parse().ok()
            }
        }
    )*};
}

plain_keys!(bool, i32, i64, u32, u64);

impl MapKey for String {
    fn to_name(&self) -> String {
        self.clone()
    }

    fn write_name(&self, out: &mut json::Text<'_>) {
        out.string(self);
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(name.to_owned())
    }

    fn to_index(&self) -> String {
        format!("{self:?}")
    }
}

impl MapKey for Uuid {
    fn to_name(&self) -> String {
        self.to_string()
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::try_parse(name).ok()
    }

    fn to_index(&self) -> String {
        format!("\"{self}\"")
    }
}

impl<T: Newtype + Value + Ord> MapKey for T
where
    T::Inner: MapKey,
{
    fn to_name(&self) -> String {
        self.inner().to_name()
    }

    fn write_name(&self, out: &mut json::Text<'_>) {
        self.inner().write_name(out);
    }

    fn from_name(name: &str) -> Option<Self> {
        T::Inner::from_name(name).map(T::from_wire)
    }

    fn to_index(&self) -> String {
        self.inner().to_index()
    }
}

/// Reads one entry.
fn entry<K: MapKey, V: Value>(
    map: &mut BTreeMap<K, V>,
    r: &mut Reader<'_>,
    v: &mut Violations,
) -> Result<(), Malformed> {
    let mut entry = r.message()?;
    let (mut key, mut value) = (Seen::Nothing, Seen::Nothing);
    while let Some(tag) = entry.tag()? {
        match tag.number() {
            1 => key.read(tag, &mut entry, "key", v)?,
            2 => value.read(tag, &mut entry, "", v)?,
            _ => entry.skip(tag)?,
        }
    }
    let Some(key) = K::take(key, "key", &entry, v)? else { return Ok(()) };
    let mark = v.mark();
    match V::take(value, "", &entry, v)? {
        Some(value) => drop(map.insert(key, value)),
        None => v.key_from(mark, &key.to_index()),
    }
    Ok(())
}

impl<K: MapKey, V: Value> Field for BTreeMap<K, V> {
    type State<'a> = Self;

    fn write_field(&self, number: u32, w: &mut Writer) {
        for (key, value) in self {
            w.tag(number, WireType::Len);
            w.message(|w| {
                w.always(1, key);
                w.always(2, value);
            });
        }
    }

    #[inline]
    fn zero() -> Option<Self> {
        Some(Self::new())
    }

    fn read_field<'a>(
        map: &mut Self,
        tag: Tag,
        r: &mut Reader<'a>,
        name: &str,
        v: &mut Violations,
    ) -> Result<(), Malformed> {
        if tag.wire() != WireType::Len {
            return Err(Malformed::wire_type(name, tag.wire()));
        }
        let mark = v.mark();
        entry(map, r, v)?;
        v.prefix_from(mark, name);
        Ok(())
    }

    fn take<'a>(
        map: Self,
        _: &str,
        _: &Reader<'a>,
        _: &mut Violations,
    ) -> Result<Option<Self>, Malformed> {
        Ok(Some(map))
    }

    fn check_field(&self, v: &mut Violations) {
        for (key, value) in self {
            let mark = v.mark();
            K::Form::check(key, v);
            V::Form::check(value, v);
            if v.mark() > mark {
                v.key_from(mark, &key.to_index());
            }
        }
    }

    fn view(&self) -> json::View<'_> {
        json::View::Object(self)
    }

    fn write_json(&self, out: &mut json::Text<'_>) {
        out.object(|out| {
            for (key, value) in self {
                key.write_name(out);
                out.colon();
                V::Form::write_json(value, out);
                out.end();
            }
        });
    }

    fn from_member(json: Option<&json::Node<'_>>, v: &mut Violations) -> Option<Self> {
        let members = match json {
            None | Some(json::Node::Null) => return Some(Self::new()),
            Some(json::Node::Object(members)) => members,
            Some(other) => return json::mismatch("an object", other, v),
        };
        let before = v.mark();
        let mut map = Self::new();
        for (name, item) in members {
            let mark = v.mark();
            let value = json::element::<V>(item, v);
            match K::from_name(name) {
                Some(key) => drop(value.map(|value| map.insert(key, value))),
                None => v.push("", "key", "the name of this member is not a key of this map"),
            }
            if v.mark() > mark {
                v.key_from(mark, &format!("{name:?}"));
            }
        }
        (v.mark() == before).then_some(map)
    }

    fn from_text(scan: &mut json::Scan<'_>) -> Option<Self> {
        scan.object(|scan, _| {
            let mut map = Self::new();
            while let Some(name) = scan.name()? {
                let value = (K::from_name(&name)?, json::scanned_element(scan)?);
                // Of two names for one key a tree tells whether they are the same.
                if map.insert(value.0, value.1).is_some() {
                    return None;
                }
            }
            Some(map)
        })
    }
}

impl<K: MapKey, V: Value> json::Members for BTreeMap<K, V> {
    fn members(&self, o: &mut json::Writer<'_>) {
        for (key, value) in self {
            o.view(&key.to_name(), &V::Form::view(value));
        }
    }
}
