//! The messages that are not records of a contract: single values, nothing, pages.

use crate::check::{self, Violations};
use crate::json;
use crate::wire::{Field, Malformed, Message, Reader, Record, Slot, Value, Writer};

/// The message around an answer that is not a record: field 1, `value`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct One<T> {
    /// The answer.
    pub value: T,
}

impl<T: Field + Clone + std::fmt::Debug + Send + Sync + 'static> Value for One<T> {
    type Form = Message;
}

impl<T: Field + Clone + std::fmt::Debug + Send + Sync + 'static> Record for One<T> {
    const NAME: &'static str = "svckit.One";

    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.field(1, &self.value);
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let mut value = Slot::new();
        while let Some(tag) = r.tag()? {
            match tag.number() {
                1 => value.read(tag, r, "value", v)?,
                _ => r.skip(tag)?,
            }
        }
        Ok(value.take("value", r, v)?.map(|value| Self { value }))
    }

    fn check(&self, v: &mut Violations) {
        check::field("value", &self.value, v);
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        o.field("value", &self.value);
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        let mut value = json::Slot::new();
        while let Some(name) = o.name() {
            match name {
                "value" => o.read(&mut value),
                other => o.skip(other),
            }
        }
        value.take("value", v).map(|value| Self { value })
    }
}

/// The message without fields: a request without parameters, an answer that says no more than that it worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty {}

impl Value for Empty {
    type Form = Message;
}

impl Record for Empty {
    const NAME: &'static str = "svckit.Empty";

    #[inline]
    fn encode(&self, _: &mut Writer) {}

    fn decode(r: &mut Reader<'_>, _: &mut Violations) -> Result<Option<Self>, Malformed> {
        while let Some(tag) = r.tag()? {
            r.skip(tag)?;
        }
        Ok(Some(Self {}))
    }

    fn to_json(&self, _: &mut json::Writer<'_>) {}

    fn from_json(_: &mut json::Object<'_, '_>, _: &mut Violations) -> Option<Self> {
        Some(Self {})
    }
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items at most; 0 leaves it to the service.
    pub size: u32,
    /// The token that came with the page before; empty for the first page.
    pub token: String,
}

impl PageRequest {
    /// Items on a page where the caller leaves that to the service.
    const USUAL: u32 = 100;
    /// Items on a page at most, however many are asked for.
    const MOST: u32 = 1000;

    /// Cuts the page that is asked for out of `items`, which come in the order of what `token` makes of each: those
    /// past this request's token, 100 of them unless it asks for another number, and never more than 1000. For lists
    /// that are at hand; a store pages with a query of its own.
    pub fn cut<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        token: impl Fn(&T) -> String,
    ) -> Page<T> {
        let size = if self.size == 0 { Self::USUAL } else { self.size.min(Self::MOST) } as usize;
        let past = |item: &T| self.token.is_empty() || token(item) > self.token;
        let mut items: Vec<T> = items.into_iter().filter(past).take(size + 1).collect();
        let more = items.len() > size;
        items.truncate(size);
        let last = items.last().filter(|_| more).map(token);
        Page { items, next_page_token: last.unwrap_or_default() }
    }
}

/// The request of a paged operation: its own fields, then `page_size` 1000 and `page_token` 1001.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paged<R> {
    /// What is asked for.
    pub request: R,
    /// Which page of it.
    pub page: PageRequest,
}

impl<R: Record> Value for Paged<R> {
    type Form = Message;
}

impl<R: Record> Record for Paged<R> {
    const NAME: &'static str = R::NAME;

    fn encode(&self, w: &mut Writer) {
        self.request.encode(w);
        w.field(1000, &self.page.size);
        w.field(1001, &self.page.token);
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let mut size = Slot::<i64>::new();
        let mut token = Slot::new();
        let mut again = r.clone();
        while let Some(tag) = again.tag()? {
            match tag.number() {
                1000 => size.read(tag, &mut again, "page_size", v)?,
                1001 => token.read(tag, &mut again, "page_token", v)?,
                _ => again.skip(tag)?,
            }
        }
        let size = size.take("page_size", r, v)?.and_then(|size| page_size(size, v));
        let token = token.take("page_token", r, v)?;
        let request = R::decode(r, v)?;
        let (Some(size), Some(token), Some(request)) = (size, token, request) else {
            return Ok(None);
        };
        Ok(Some(Self { request, page: PageRequest { size, token } }))
    }

    fn check(&self, v: &mut Violations) {
        self.request.check(v);
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        self.request.to_json(o);
        o.field("pageSize", &self.page.size);
        o.field("pageToken", &self.page.token);
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        let members = o.members();
        let request = R::from_json(&mut json::Object::tree(members.0), v);
        let size = members.field("pageSize", "page_size", v);
        let token = members.field("pageToken", "page_token", v);
        Some(Self { request: request?, page: PageRequest { size: size?, token: token? } })
    }
}

/// The size as a number, which peers may write as a negative one.
fn page_size(size: i64, v: &mut Violations) -> Option<u32> {
    let size = u32::try_from(size).ok();
    if size.is_none() {
        v.push("page_size", "range 0..", "must not be negative");
    }
    size
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// What to ask the next page with; empty on the last one.
    pub next_page_token: String,
}

impl<T: Value + std::fmt::Debug> Value for Page<T> {
    type Form = Message;
}

impl<T: Value + std::fmt::Debug> Record for Page<T> {
    const NAME: &'static str = "svckit.Page";

    #[inline]
    fn encode(&self, w: &mut Writer) {
        w.field(1, &self.items);
        w.field(2, &self.next_page_token);
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let mut items = Slot::new();
        let mut next_page_token = Slot::new();
        while let Some(tag) = r.tag()? {
            match tag.number() {
                1 => items.read(tag, r, "items", v)?,
                2 => next_page_token.read(tag, r, "next_page_token", v)?,
                _ => r.skip(tag)?,
            }
        }
        let items = items.take("items", r, v)?;
        let next_page_token = next_page_token.take("next_page_token", r, v)?;
        let (Some(items), Some(next_page_token)) = (items, next_page_token) else {
            return Ok(None);
        };
        Ok(Some(Self { items, next_page_token }))
    }

    fn check(&self, v: &mut Violations) {
        check::field("items", &self.items, v);
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        o.field("items", &self.items);
        o.field("nextPageToken", &self.next_page_token);
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        let (mut items, mut next_page_token) = (json::Slot::new(), json::Slot::new());
        while let Some(name) = o.name() {
            match name {
                "items" => o.read(&mut items),
                "nextPageToken" | "next_page_token" => o.read(&mut next_page_token),
                other => o.skip(other),
            }
        }
        let items = items.take("items", v);
        let next_page_token = next_page_token.take("next_page_token", v);
        Some(Self { items: items?, next_page_token: next_page_token? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(size: u32, token: &str) -> (Vec<char>, String) {
        let page = PageRequest { size, token: token.into() }.cut('a'..='e', char::to_string);
        (page.items, page.next_page_token)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        assert_eq!(cut(2, ""), (vec!['a', 'b'], "b".into()));
        assert_eq!(cut(2, "b"), (vec!['c', 'd'], "d".into()));
        assert_eq!(cut(2, "d"), (vec!['e'], String::new()));
        assert_eq!(cut(5, ""), (('a'..='e').collect(), String::new()));
        assert_eq!(cut(0, "c"), (vec!['d', 'e'], String::new()));
        assert_eq!(cut(3, "z"), (vec![], String::new()));
    }

    #[test]
    fn no_page_is_larger_than_a_thousand() {
        let page = PageRequest { size: u32::MAX, token: String::new() };
        let page = page.cut((0..2000).map(|n| format!("{n:04}")), String::clone);
        assert_eq!((page.items.len(), page.next_page_token.as_str()), (1000, "0999"));
    }
}
