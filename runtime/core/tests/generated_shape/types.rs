//! Hand-written stand-in for generated code: every kind of field, in the very lines that the Rust backend writes.

use std::collections::BTreeMap;
use std::time::Duration;

use svckit_core::check::{self, Pattern, Violation, Violations};
use svckit_core::json;
use svckit_core::json_serde;
use svckit_core::patch::{self, Change};
use svckit_core::value::{Bytes, Date, Decimal, Json, Timestamp, Uuid};
use svckit_core::wire::{self, Malformed, Reader, Slot, Writer};

static SKU_PATTERN: Pattern = Pattern::new(r"^[A-Z0-9-]+$");

/// `scalar Sku = string where len 3..=8, pattern r"^[A-Z0-9-]+$"`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(String);

impl Sku {
    pub fn new(value: impl Into<String>) -> Result<Self, Violation> {
        check::newtype(Self(value.into()))
    }

    pub fn unchecked(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl wire::Value for Sku {
    type Form = wire::Newtyped;
}

impl wire::Newtype for Sku {
    type Inner = String;

    fn inner(&self) -> &String {
        &self.0
    }

    fn from_wire(inner: String) -> Self {
        Self(inner)
    }

    fn check(&self, v: &mut Violations) {
        check::len("", &self.0, 3..=8, v);
        check::pattern("", &self.0, &SKU_PATTERN, v);
    }
}

/// `scalar OrderId = uuid`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub Uuid);

impl wire::Value for OrderId {
    type Form = wire::Newtyped;
}

impl wire::Newtype for OrderId {
    type Inner = Uuid;

    fn inner(&self) -> &Uuid {
        &self.0
    }

    fn from_wire(inner: Uuid) -> Self {
        Self(inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Pending,
    Done,
    Unrecognized(i32),
}

impl wire::Value for Status {
    type Form = wire::Open;
}

impl wire::OpenEnum for Status {
    const VALUES: &'static [(i32, &'static str)] = &[(1, "STATUS_PENDING"), (2, "STATUS_DONE")];

    fn number(self) -> i32 {
        match self {
            Self::Pending => 1,
            Self::Done => 2,
            Self::Unrecognized(number) => number,
        }
    }

    fn from_number(number: i32) -> Self {
        match number {
            1 => Self::Pending,
            2 => Self::Done,
            number => Self::Unrecognized(number),
        }
    }
}

/// `union Method { card @1: Tree  cash @2: string  wait @3: duration  left @4: Tree }`
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    Card(Line),
    Cash(String),
    Wait(Duration),
    Tree(Box<Tree>),
}

impl wire::Value for Method {
    type Form = wire::Message;
}

impl wire::Record for Method {
    const NAME: &'static str = "shape.v1.Method";

    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Card(x) => w.always(1, x),
            Self::Cash(x) => w.always(2, x),
            Self::Wait(x) => w.always(3, x),
            Self::Tree(x) => w.always(4, x),
        }
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let mut member = wire::Member::new();
        while let Some(tag) = r.tag()? {
            match tag.number() {
                1..=4 => member.read(tag, r)?,
                _ => r.skip(tag)?,
            }
        }
        Ok(match member.number() {
            1 => member.take("card", r, v)?.map(Self::Card),
            2 => member.take("cash", r, v)?.map(Self::Cash),
            3 => member.take("wait", r, v)?.map(Self::Wait),
            4 => member.take("tree", r, v)?.map(Self::Tree),
            _ => {
                v.unset(&["card", "cash", "wait", "tree"]);
                None
            }
        })
    }

    fn check(&self, v: &mut Violations) {
        match self {
            Self::Card(x) => check::field("card", x, v),
            Self::Cash(x) => check::len("cash", x, 1..=5, v),
            Self::Wait(_) => {}
            Self::Tree(x) => check::field("tree", x, v),
        }
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        match self {
            Self::Card(x) => o.field("card", x),
            Self::Cash(x) => o.field("cash", x),
            Self::Wait(x) => o.field("wait", x),
            Self::Tree(x) => o.field("tree", x),
        }
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        match o
            .member(&[("card", "card"), ("cash", "cash"), ("wait", "wait"), ("tree", "tree")], v)?
        {
            0 => o.field("card", "card", v).map(Self::Card),
            1 => o.field("cash", "cash", v).map(Self::Cash),
            2 => o.field("wait", "wait", v).map(Self::Wait),
            _ => o.field("tree", "tree", v).map(Self::Tree),
        }
    }
}

/// `record Tree { label @1: string where len ..=5  left @2: Tree?  children @3: list<Tree> where items ..=3 }`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    pub label: String,
    pub left: Option<Box<Tree>>,
    pub children: Vec<Tree>,
}

impl wire::Value for Tree {
    type Form = wire::Message;
}

impl wire::Record for Tree {
    const NAME: &'static str = "shape.v1.Tree";

    fn encode(&self, w: &mut Writer) {
        w.field(1, &self.label);
        w.field(2, &self.left);
        w.field(3, &self.children);
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let mut label = Slot::new();
        let mut left = Slot::new();
        let mut children = Slot::new();
        while let Some(tag) = r.tag()? {
            match tag.number() {
                1 => label.read(tag, r, "label", v)?,
                2 => left.read(tag, r, "left", v)?,
                3 => children.read(tag, r, "children", v)?,
                _ => r.skip(tag)?,
            }
        }
        let label = label.take("label", r, v)?;
        let left = left.take("left", r, v)?;
        let children = children.take("children", r, v)?;
        let (Some(label), Some(left), Some(children)) = (label, left, children) else {
            return Ok(None);
        };
        Ok(Some(Self { label, left, children }))
    }

    fn check(&self, v: &mut Violations) {
        check::len("label", &self.label, ..=5, v);
        check::field("left", &self.left, v);
        check::field("children", &self.children, v);
        check::items("children", &self.children, ..=3, v);
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        o.field("label", &self.label);
        o.field("left", &self.left);
        o.field("children", &self.children);
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        let mut label = json::Slot::new();
        let mut left = json::Slot::new();
        let mut children = json::Slot::new();
        while let Some(tag) = o.name() {
            match tag {
                "label" => o.read(&mut label),
                "left" => o.read(&mut left),
                "children" => o.read(&mut children),
                _ => o.skip(tag),
            }
        }
        let label = label.take("label", v);
        let left = left.take("left", v);
        let children = children.take("children", v);
        Some(Self { label: label?, left: left?, children: children? })
    }
}

/// `record Line { sku @1: Sku  quantity @2: u32 where 1..=999  price @3: decimal where 0.01..  status @4: Status }`
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub sku: Sku,
    pub quantity: u32,
    pub price: Decimal,
    pub status: Status,
}

impl wire::Value for Line {
    type Form = wire::Message;
}

impl wire::Record for Line {
    const NAME: &'static str = "shape.v1.Line";

    fn encode(&self, w: &mut Writer) {
        w.field(1, &self.sku);
        w.field(2, &self.quantity);
        w.field(3, &self.price);
        w.field(4, &self.status);
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let mut sku = Slot::new();
        let mut quantity = Slot::new();
        let mut price = Slot::new();
        let mut status = Slot::new();
        while let Some(tag) = r.tag()? {
            match tag.number() {
                1 => sku.read(tag, r, "sku", v)?,
                2 => quantity.read(tag, r, "quantity", v)?,
                3 => price.read(tag, r, "price", v)?,
                4 => status.read(tag, r, "status", v)?,
                _ => r.skip(tag)?,
            }
        }
        let sku = sku.take("sku", r, v)?;
        let quantity = quantity.take("quantity", r, v)?;
        let price = price.take("price", r, v)?;
        let status = status.take("status", r, v)?;
        let (Some(sku), Some(quantity), Some(price), Some(status)) = (sku, quantity, price, status)
        else {
            return Ok(None);
        };
        Ok(Some(Self { sku, quantity, price, status }))
    }

    fn check(&self, v: &mut Violations) {
        check::field("sku", &self.sku, v);
        check::range("quantity", &self.quantity, 1..=999, v);
        check::range("price", &self.price, check::decimal("0.01").., v);
        check::field("status", &self.status, v);
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        o.field("sku", &self.sku);
        o.field("quantity", &self.quantity);
        o.field("price", &self.price);
        o.field("status", &self.status);
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        let mut sku = json::Slot::new();
        let mut quantity = json::Slot::new();
        let mut price = json::Slot::new();
        let mut status = json::Slot::new();
        while let Some(tag) = o.name() {
            match tag {
                "sku" => o.read(&mut sku),
                "quantity" => o.read(&mut quantity),
                "price" => o.read(&mut price),
                "status" => o.read(&mut status),
                _ => o.skip(tag),
            }
        }
        let sku = sku.take("sku", v);
        let quantity = quantity.take("quantity", v);
        let price = price.take("price", v);
        let status = status.take("status", v);
        Some(Self { sku: sku?, quantity: quantity?, price: price?, status: status? })
    }
}

/// Declares a record of many fields in the shape above, so that the table of its fields is written once.
macro_rules! record {
    ($name:ident, $full:literal, { $($number:literal $field:ident $json:literal: $ty:ty,)* }
        default { $($dnumber:literal $dfield:ident $djson:literal: $dty:ty = $default:expr,)* }
        check |$this:ident, $v:ident| $check:block) => {
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(pub $field: $ty,)*
            $(pub $dfield: $dty,)*
        }

        impl wire::Value for $name {
            type Form = wire::Message;
        }

        impl wire::Record for $name {
            const NAME: &'static str = $full;

            fn encode(&self, w: &mut Writer) {
                $(w.field($number, &self.$field);)*
                $(w.always($dnumber, &self.$dfield);)*
            }

            fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
                $(let mut $field = Slot::new();)*
                $(let mut $dfield = Slot::new();)*
                while let Some(tag) = r.tag()? {
                    match tag.number() {
                        $($number => $field.read(tag, r, stringify!($field), v)?,)*
                        $($dnumber => $dfield.read(tag, r, stringify!($dfield), v)?,)*
                        _ => r.skip(tag)?,
                    }
                }
                $(let $field = $field.take(stringify!($field), r, v)?;)*
                $(let $dfield = $dfield.take_or(stringify!($dfield), r, v, || $default)?;)*
                let ($(Some($field),)* $(Some($dfield),)*) = ($($field,)* $($dfield,)*) else {
                    return Ok(None);
                };
                Ok(Some(Self { $($field,)* $($dfield,)* }))
            }

            fn check(&self, $v: &mut Violations) {
                let $this = self;
                $check
            }

            fn to_json(&self, o: &mut json::Writer<'_>) {
                $(o.field($json, &self.$field);)*
                $(o.field($djson, &self.$dfield);)*
            }

            fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
                $(let mut $field = json::Slot::new();)*
                $(let mut $dfield = json::Slot::new();)*
                while let Some(tag) = o.name() {
                    match tag {
                        $(name if name == $json || name == stringify!($field) => o.read(&mut $field),)*
                        $(name if name == $djson || name == stringify!($dfield) => o.read(&mut $dfield),)*
                        _ => o.skip(tag),
                    }
                }
                $(let $field = $field.take(stringify!($field), v);)*
                $(let $dfield = $dfield.take_or(stringify!($dfield), v, || $default);)*
                Some(Self { $($field: $field?,)* $($dfield: $dfield?,)* })
            }
        }

        json_serde! { $name }
    };
}

record! { Everything, "shape.v1.Everything", {
    1 a_bool "aBool": bool,
    2 an_i32 "anI32": i32,
    3 an_i64 "anI64": i64,
    4 a_u32 "aU32": u32,
    5 a_u64 "aU64": u64,
    6 an_f32 "anF32": f32,
    7 an_f64 "anF64": f64,
    8 a_string "aString": String,
    9 some_bytes "someBytes": Bytes,
    10 a_uuid "aUuid": OrderId,
    11 a_decimal "aDecimal": Decimal,
    12 a_date "aDate": Date,
    13 a_timestamp "aTimestamp": Timestamp,
    14 a_duration "aDuration": Duration,
    15 a_json "aJson": Json,
    16 a_status "aStatus": Status,
    17 a_line "aLine": Line,
    18 a_method "aMethod": Method,
    19 maybe_i32 "maybeI32": Option<i32>,
    20 maybe_string "maybeString": Option<String>,
    21 maybe_status "maybeStatus": Option<Status>,
    22 maybe_line "maybeLine": Option<Line>,
    23 maybe_duration "maybeDuration": Option<Duration>,
    24 ints "ints": Vec<i32>,
    25 floats "floats": Vec<f64>,
    26 flags "flags": Vec<bool>,
    27 statuses "statuses": Vec<Status>,
    28 tags "tags": Vec<String>,
    29 lines "lines": Vec<Line>,
    30 ids "ids": Vec<OrderId>,
    31 times "times": Vec<Timestamp>,
    32 labels "labels": BTreeMap<String, Line>,
    33 counts "counts": BTreeMap<i32, u64>,
    34 by_id "byId": BTreeMap<OrderId, String>,
    35 by_flag "byFlag": BTreeMap<bool, Status>,
    36 tree "tree": Tree,
    37 maybe_json "maybeJson": Option<Json>,
    38 singles "singles": Vec<f32>,
    39 longs "longs": Vec<u64>,
} default {
    40 status_or "statusOr": Status = Status::Pending,
    41 flag_or "flagOr": bool = true,
    42 text_or "textOr": String = "web".to_owned(),
} check |x, v| {
    check::field("a_status", &x.a_status, v);
    check::field("a_line", &x.a_line, v);
    check::field("a_method", &x.a_method, v);
    check::field("lines", &x.lines, v);
    check::items("lines", &x.lines, 1..=100, v);
    check::len("tags", &x.tags, ..=4, v);
    check::field("labels", &x.labels, v);
    check::items("labels", &x.labels, ..=2, v);
    check::range("counts", &x.counts, ..=10, v);
    check::field("tree", &x.tree, v);
    check::len("some_bytes", &x.some_bytes, 2..=2, v);
    check::len("maybe_string", &x.maybe_string, 2.., v);
    check::range("an_f64", &x.an_f64, 0.0..=1.5, v);
    check::range("a_duration", &x.a_duration, Duration::from_millis(50)..=Duration::from_secs(1), v);
    check::range("a_date", &x.a_date, check::date("2020-01-01").., v);
    check::range("a_timestamp", &x.a_timestamp, ..=check::timestamp("2030-01-01T00:00:00Z"), v);
} }

/// `patch<Tree>`, with a field that must be there and one that has a default beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinePatch {
    pub sku: Change<Sku>,
    pub quantity: Change<u32>,
    pub price: Change<Decimal>,
    pub status: Change<Status>,
}

impl LinePatch {
    pub fn apply(self, record: &mut Line) {
        self.sku.apply(&mut record.sku);
        self.quantity.apply(&mut record.quantity);
        self.price.apply(&mut record.price);
        self.status.apply_or(&mut record.status, || Status::Pending);
    }
}

impl wire::Value for LinePatch {
    type Form = wire::Message;
}

impl wire::Record for LinePatch {
    const NAME: &'static str = "shape.v1.LinePatch";

    fn encode(&self, w: &mut Writer) {
        patch::PatchWriter::write(w, |p| {
            p.field(1, "sku", &self.sku);
            p.field(2, "quantity", &self.quantity);
            p.field(3, "price", &self.price);
            p.field(4, "status", &self.status);
        });
    }

    fn decode(r: &mut Reader<'_>, v: &mut Violations) -> Result<Option<Self>, Malformed> {
        let p = patch::PatchReader::new(r, &["sku", "quantity", "price", "status"], v)?;
        let mut r = p.value()?;
        let mut sku = Slot::new();
        let mut quantity = Slot::new();
        let mut price = Slot::new();
        let mut status = Slot::new();
        while let Some(tag) = r.tag()? {
            match tag.number() {
                1 => sku.read(tag, &mut r, "sku", v)?,
                2 => quantity.read(tag, &mut r, "quantity", v)?,
                3 => price.read(tag, &mut r, "price", v)?,
                4 => status.read(tag, &mut r, "status", v)?,
                _ => r.skip(tag)?,
            }
        }
        let sku = sku.take("sku", &r, v)?;
        let quantity = quantity.take("quantity", &r, v)?;
        let price = price.take("price", &r, v)?;
        let status = status.take("status", &r, v)?;
        let (Some(sku), Some(quantity), Some(price), Some(status)) = (sku, quantity, price, status)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            sku: p.change("sku", sku),
            quantity: p.change("quantity", quantity),
            price: p.change("price", price),
            status: p.change("status", status),
        }))
    }

    fn check(&self, v: &mut Violations) {
        self.sku.not_cleared("sku", v);
        self.quantity.not_cleared("quantity", v);
        self.price.not_cleared("price", v);
        check::field("sku", &self.sku, v);
        check::range("quantity", &self.quantity, 1..=999, v);
        check::range("price", &self.price, check::decimal("0.01").., v);
    }

    fn to_json(&self, o: &mut json::Writer<'_>) {
        patch::PatchMembers::write(o, |p| {
            p.field("sku", &self.sku);
            p.field("quantity", &self.quantity);
            p.field("price", &self.price);
            p.field("status", &self.status);
        });
    }

    fn from_json(o: &mut json::Object<'_, '_>, v: &mut Violations) -> Option<Self> {
        const NAMES: &[(&str, &str)] =
            &[("sku", "sku"), ("quantity", "quantity"), ("price", "price"), ("status", "status")];
        let p = patch::PatchObject::new(o, NAMES, v)?;
        let sku = p.field("sku", "sku", v);
        let quantity = p.field("quantity", "quantity", v);
        let price = p.field("price", "price", v);
        let status = p.field("status", "status", v);
        Some(Self { sku: sku?, quantity: quantity?, price: price?, status: status? })
    }
}

json_serde! { Sku, OrderId, Status, Method, Tree, Line, LinePatch }
