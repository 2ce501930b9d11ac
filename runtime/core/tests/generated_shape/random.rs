//! Random values, from a seed that proptest draws, and what prost's twins hold for them.

use std::collections::BTreeMap;
use std::time::Duration;

use svckit_core::value::{Bytes, Date, Decimal, Json, Timestamp, Uuid};
use svckit_core::wire::OpenEnum as _;

use crate::twin;
use crate::types::{Everything, Line, Method, OrderId, Sku, Status, Tree};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Numbers of every length, and often zero.
    fn number(&mut self) -> u64 {
        let shift = self.below(65) as u32;
        self.next().checked_shr(shift).unwrap_or(0)
    }

    fn nonzero(&mut self) -> u64 {
        self.number().max(1)
    }

    fn text(&mut self) -> String {
        let len = if self.below(20) == 0 { 200 } else { self.below(8) };
        (0..len).map(|_| ['a', 'ß', '中', '\0', '"', '𝄞'][self.below(6) as usize]).collect()
    }

    fn some_text(&mut self) -> String {
        format!("k{}", self.text())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = if self.below(10) == 0 { 40 } else { self.below(4) };
        (0..len).map(|_| item(self)).collect()
    }

    fn maybe<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| item(self))
    }

    fn float(&mut self) -> f64 {
        match self.below(5) {
            0 => 0.0,
            1 => -0.0,
            2 => self.below(1000) as f64 / 8.0,
            3 => f64::INFINITY,
            _ => f64::from(self.next() as i32) * 1e-7,
        }
    }

    fn status(&mut self) -> Status {
        Status::from_number((self.number() as i32).max(1))
    }

    fn uuid(&mut self) -> OrderId {
        OrderId(Uuid::from_u64_pair(self.next(), self.next()))
    }

    fn decimal(&mut self) -> Decimal {
        Decimal::new(self.next() as i64 >> self.below(60), self.below(20) as u32)
    }

    fn date(&mut self) -> Date {
        Date::new(self.below(9999) as i16 + 1, self.below(12) as i8 + 1, self.below(28) as i8 + 1)
            .unwrap()
    }

    fn timestamp(&mut self) -> Timestamp {
        let second = self.below(200_000_000_000) as i64 - 60_000_000_000;
        Timestamp::new(second, self.nanos() as i32).unwrap()
    }

    fn nanos(&mut self) -> u32 {
        self.below(1000) as u32 * [0, 1, 1_000, 1_000_000][self.below(4) as usize]
    }

    fn duration(&mut self) -> Duration {
        Duration::new(self.below(315_576_000_000) >> self.below(40), self.nanos())
    }

    fn json(&mut self, depth: u32) -> Json {
        match self.below(if depth > 3 { 5 } else { 7 }) {
            0 => Json::Null,
            1 => Json::Bool(self.below(2) == 0),
            2 => Json::from(self.next() as i32),
            3 => Json::from(0.25 + self.below(100) as f64),
            4 => Json::from(self.text()),
            5 => Json::Array(self.list(|r| r.json(depth + 1))),
            _ => self.list(|r| (r.some_text(), r.json(depth + 1))).into_iter().collect(),
        }
    }

    pub fn line(&mut self) -> Line {
        Line {
            sku: Sku::unchecked(&self.text()),
            quantity: self.number() as u32,
            price: self.decimal(),
            status: self.status(),
        }
    }

    pub fn tree(&mut self, depth: u32) -> Tree {
        let more = depth < 4;
        Tree {
            label: self.text(),
            left: self.maybe(|r| more.then(|| Box::new(r.tree(depth + 1)))).flatten(),
            children: if more && self.below(3) == 0 {
                (0..self.below(4)).map(|_| self.tree(depth + 1)).collect()
            } else {
                Vec::new()
            },
        }
    }

    fn method(&mut self) -> Method {
        match self.below(4) {
            0 => Method::Card(self.line()),
            1 => Method::Cash(self.text()),
            2 => Method::Wait(self.duration()),
            _ => Method::Tree(Box::new(self.tree(0))),
        }
    }

    pub fn everything(&mut self) -> Everything {
        Everything {
            a_bool: self.below(2) == 0,
            an_i32: self.number() as i32,
            an_i64: self.number() as i64,
            a_u32: self.number() as u32,
            a_u64: self.number(),
            // prost takes -0.0 for zero and leaves it out, which changes it.
            an_f32: self.float() as f32 + 0.0,
            an_f64: self.float() + 0.0,
            a_string: self.text(),
            some_bytes: Bytes::from(self.list(|r| r.next() as u8)),
            a_uuid: self.uuid(),
            a_decimal: self.decimal(),
            a_date: self.date(),
            a_timestamp: self.timestamp(),
            a_duration: self.duration(),
            a_json: self.json(0),
            a_status: self.status(),
            a_line: self.line(),
            a_method: self.method(),
            maybe_i32: self.maybe(|r| r.number() as i32),
            maybe_string: self.maybe(Self::text),
            maybe_status: self.maybe(Self::status),
            maybe_line: self.maybe(Self::line),
            maybe_duration: self.maybe(Self::duration),
            ints: self.list(|r| r.number() as i32),
            floats: self.list(Self::float),
            flags: self.list(|r| r.below(2) == 0),
            statuses: self.list(Self::status),
            tags: self.list(Self::text),
            lines: self.list(Self::line),
            ids: self.list(Self::uuid),
            times: self.list(Self::timestamp),
            labels: self.list(|r| (r.some_text(), r.line())).into_iter().collect(),
            counts: self.list(|r| (r.nonzero() as i32 | 1, r.nonzero())).into_iter().collect(),
            by_id: self.list(|r| (r.uuid(), r.some_text())).into_iter().collect(),
            by_flag: self.maybe(|r| (true, r.status())).into_iter().collect(),
            tree: self.tree(0),
            // In JSON a null for it is its absence.
            maybe_json: self.maybe(|r| r.json(0)).filter(|json| !json.is_null()),
            singles: self.list(|r| r.float() as f32),
            longs: self.list(Self::number),
            status_or: self.status(),
            flag_or: self.below(2) == 0,
            text_or: self.text(),
        }
    }
}

fn duration(value: Duration) -> prost_types::Duration {
    prost_types::Duration { seconds: value.as_secs() as i64, nanos: value.subsec_nanos() as i32 }
}

fn timestamp(value: &Timestamp) -> prost_types::Timestamp {
    let nanos = value.as_nanosecond();
    prost_types::Timestamp {
        seconds: nanos.div_euclid(1_000_000_000) as i64,
        nanos: nanos.rem_euclid(1_000_000_000) as i32,
    }
}

fn json(value: &Json) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(*value),
        Json::Number(value) => Kind::NumberValue(value.as_f64().unwrap()),
        Json::String(value) => Kind::StringValue(value.clone()),
        Json::Array(items) => {
            Kind::ListValue(prost_types::ListValue { values: items.iter().map(json).collect() })
        }
        Json::Object(members) => Kind::StructValue(prost_types::Struct {
            fields: members.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

pub fn line(value: &Line) -> twin::Line {
    twin::Line {
        sku: svckit_core::wire::Newtype::inner(&value.sku).clone(),
        quantity: value.quantity,
        price: value.price.to_string(),
        status: value.status.number(),
    }
}

pub fn tree(value: &Tree) -> twin::Tree {
    twin::Tree {
        label: value.label.clone(),
        left: value.left.as_ref().map(|left| Box::new(tree(left))),
        children: value.children.iter().map(tree).collect(),
    }
}

fn method(value: &Method) -> twin::Method {
    let kind = match value {
        Method::Card(card) => twin::MethodKind::Card(line(card)),
        Method::Cash(text) => twin::MethodKind::Cash(text.clone()),
        Method::Wait(wait) => twin::MethodKind::Wait(duration(*wait)),
        Method::Tree(left) => twin::MethodKind::Tree(Box::new(tree(left))),
    };
    twin::Method { kind: Some(kind) }
}

fn map<K: Ord, V, L: Ord, W>(
    map: &BTreeMap<K, V>,
    entry: impl Fn(&K, &V) -> (L, W),
) -> BTreeMap<L, W> {
    map.iter().map(|(key, value)| entry(key, value)).collect()
}

pub fn everything(x: &Everything) -> twin::Everything {
    twin::Everything {
        a_bool: x.a_bool,
        an_i32: x.an_i32,
        an_i64: x.an_i64,
        a_u32: x.a_u32,
        a_u64: x.a_u64,
        an_f32: x.an_f32,
        an_f64: x.an_f64,
        a_string: x.a_string.clone(),
        some_bytes: x.some_bytes.clone(),
        a_uuid: x.a_uuid.0.to_string(),
        a_decimal: x.a_decimal.to_string(),
        a_date: x.a_date.to_string(),
        a_timestamp: Some(timestamp(&x.a_timestamp)),
        a_duration: Some(duration(x.a_duration)),
        a_json: Some(json(&x.a_json)),
        a_status: x.a_status.number(),
        a_line: Some(line(&x.a_line)),
        a_method: Some(method(&x.a_method)),
        maybe_i32: x.maybe_i32,
        maybe_string: x.maybe_string.clone(),
        maybe_status: x.maybe_status.map(Status::number),
        maybe_line: x.maybe_line.as_ref().map(line),
        maybe_duration: x.maybe_duration.map(duration),
        ints: x.ints.clone(),
        floats: x.floats.clone(),
        flags: x.flags.clone(),
        statuses: x.statuses.iter().map(|status| status.number()).collect(),
        tags: x.tags.clone(),
        lines: x.lines.iter().map(line).collect(),
        ids: x.ids.iter().map(|id| id.0.to_string()).collect(),
        times: x.times.iter().map(timestamp).collect(),
        labels: map(&x.labels, |key, value| (key.clone(), line(value))),
        counts: x.counts.clone(),
        by_id: map(&x.by_id, |key, value| (key.0.to_string(), value.clone())),
        by_flag: map(&x.by_flag, |key, value| (*key, value.number())),
        tree: Some(tree(&x.tree)),
        maybe_json: x.maybe_json.as_ref().map(json),
        singles: x.singles.clone(),
        longs: x.longs.clone(),
        status_or: Some(x.status_or.number()),
        flag_or: Some(x.flag_or),
        text_or: Some(x.text_or.clone()),
    }
}
