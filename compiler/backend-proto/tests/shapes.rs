//! Contracts of many shapes, each compiled by protox and judged by buf.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read fixtures and run other people's tools"
)]

mod support;

use support::tools::{accepted, compile, generate};
use support::{B, Build, With, items, len, list, map, pattern, range, ty};
use svckit_model::world::*;

/// Everything that a field can be.
fn types() -> Build {
    let mut b = Build::default();
    let package = b.package("shop.types.v1");
    b.world.packages[package].docs = "Every type.\n\nAnd more.".into();
    let sku =
        b.scalar("Sku", B::String, len(3, 32).with(|c| c.pattern = Some(r"^[A-Z0-9-]+$".into())));
    let id = b.scalar("OrderId", B::Uuid, Constraints::default());
    let color = b.enumeration("Color", &[("red", 1), ("dark_blue", 7)]);
    b.world.enums[color].values[1].info.deprecated = Some("use `red`".into());
    b.world.enums[color].reserved =
        Reserved { numbers: vec![(2, 4), (5, 6)], names: vec!["green".into()] };
    let line = b.record("Line", b.fields(&[("sku", sku.clone()), ("quantity", ty(B::U32))]));
    b.world.records[line].info.docs = "One line.\n\n```\nlet x = 1;\n```".into();
    let pay = b.fields(&[
        ("card", ty(B::String)),
        ("line", Type::Record(line)),
        ("color", Type::Enum(color)),
        ("value", ty(B::Bool)),
    ]);
    let pay = b.union("Payment", pay);
    let builtins = [
        ("a_bool", B::Bool),
        ("an_i32", B::I32),
        ("an_i64", B::I64),
        ("a_u32", B::U32),
        ("a_u64", B::U64),
        ("an_f32", B::F32),
        ("an_f64", B::F64),
        ("a_decimal", B::Decimal),
        ("a_string", B::String),
        ("some_bytes", B::Bytes),
        ("a_uuid", B::Uuid),
        ("a_timestamp", B::Timestamp),
        ("a_duration", B::Duration),
        ("a_date", B::Date),
        ("a_json", B::Json),
    ];
    let mut fields = Vec::new();
    let mut number = 0;
    for (name, builtin) in builtins {
        number += 4;
        fields.push(b.field(name, number, ty(builtin)));
        fields.push(
            b.field(&format!("{name}_or_not"), number + 1, ty(builtin)).with(|f| f.optional = true),
        );
        fields.push(b.field(&format!("{name}_list"), number + 2, list(ty(builtin))));
        fields.push(b.field(
            &format!("{name}_by_key"),
            number + 3,
            map(ty(B::String), ty(builtin)),
        ));
    }
    b.record("Builtins", fields);
    let mut fields = b.fields(&[
        ("id", id.clone()),
        ("line", Type::Record(line)),
        ("color", Type::Enum(color)),
        ("pay", Type::Union(pay)),
        ("lines", list(Type::Record(line))),
        ("colors", list(Type::Enum(color))),
        ("skus", list(sku.clone())),
        ("by_sku", map(sku, Type::Record(line))),
        ("by_id", map(id, Type::Enum(color))),
        ("pays", map(ty(B::I32), Type::Union(pay))),
        ("change", Type::Patch(line)),
        ("wants", ty(B::Bool)),
        ("kind", Type::Enum(color)),
        ("best", Type::Record(line)),
        ("old", ty(B::String)),
        ("secret", ty(B::String)),
        ("maybe", Type::Enum(color)),
        ("maybe_line", Type::Record(line)),
    ]);
    fields[11].default = Some(Value::Bool(true));
    fields[12].default = Some(Value::Enum(color, 0));
    fields[13].default = Some(Value::Record(line, vec![(0, Value::String("MUG-1".into()))]));
    fields[14].info.deprecated = Some("use `secret`".into());
    fields[15].sensitive = true;
    fields[16].optional = true;
    fields[17].optional = true;
    let all = b.record("Everything", fields);
    b.world.records[all].reserved = Reserved {
        numbers: vec![(100, 100), (200, 299), (150, 250)],
        names: vec!["coupon".into(), "not a name".into()],
    };
    let tree = b.record("Tree", Vec::new());
    let children = b.field("children", 1, list(Type::Record(tree)));
    let parent =
        b.field("parent", 2, Type::Record(tree)).with(|f| (f.optional, f.boxed) = (true, true));
    b.world.records[tree].fields = vec![children, parent];
    b.error("OutOfStock", StatusCode::FailedPrecondition, b.fields(&[("sku", ty(B::String))]));
    b.record("Nothing", Vec::new());
    b
}

#[test]
fn every_type() {
    accepted("types", &types().world, true);
}

/// Every constraint on every type that takes it.
fn constraints() -> Build {
    let mut b = Build::default();
    b.package("shop.rules.v1");
    let int = |min, max| range(Some(Value::Int(min)), Some(Value::Int(max)));
    let quantity = b.scalar("Quantity", B::U32, int(1, 999));
    let amount = b.scalar(
        "Amount",
        B::Decimal,
        range(Some(Value::Decimal("-0.50".into())), Some(Value::Decimal("1000000.00".into()))),
    );
    let code = b.scalar("Code", B::String, pattern(r#"^[A-Z]'\d+"$"#));
    let day = b.scalar("Day", B::Date, range(Some(Value::Date("2020-01-01".into())), None));
    let mut fields = b.fields(&[
        ("quantity", quantity.clone()),
        ("fewer", quantity.clone()),
        ("amount", amount.clone()),
        ("code", code.clone()),
        ("short", ty(B::String)),
        ("blob", ty(B::Bytes)),
        ("ratio", ty(B::F64)),
        ("share", ty(B::F32)),
        ("wait", ty(B::Duration)),
        ("since", ty(B::Timestamp)),
        ("day", day.clone()),
        ("amounts", list(amount.clone())),
        ("days", map(day, amount)),
        ("codes", list(code)),
        ("counts", map(ty(B::String), quantity)),
        ("signed", ty(B::I64)),
        ("small", ty(B::I32)),
        ("big", ty(B::U64)),
        ("odd", ty(B::String)),
        ("maybe", ty(B::Decimal)),
    ]);
    fields[1].constraints = int(2, 2000);
    fields[3].constraints = pattern(r"^\p{Greek}?.\d{1,9}");
    fields[4].constraints = len(0, 500);
    fields[5].constraints = len(1, 64 * 1024);
    fields[6].constraints = range(Some(Value::Float(0.0)), Some(Value::Float(1e21)));
    fields[7].constraints = range(Some(Value::Float(-0.25)), None);
    fields[8].constraints =
        range(Some(Value::Duration(50_000_000)), Some(Value::Duration(3_600_000_000_000)));
    fields[9].constraints = range(None, Some(Value::Timestamp("2030-01-01T00:00:00Z".into())));
    fields[11].constraints = items(1, 100);
    fields[12].constraints = items(0, 10);
    fields[15].constraints = int(i128::from(i64::MIN), i128::from(i64::MAX));
    fields[16].constraints = int(-5, 5);
    fields[17].constraints = int(0, i128::from(u64::MAX));
    fields[18].constraints = pattern(r"^[a-z&&[^aeiou]]+$");
    fields[19].optional = true;
    fields[19].constraints = range(Some(Value::Decimal("0.01".into())), None);
    b.record("Ruled", fields);
    let mut exact = b.fields(&[
        ("code", ty(B::String)),
        ("hash", ty(B::Bytes)),
        ("one", ty(B::U32)),
        ("half", ty(B::F64)),
        ("wait", ty(B::Duration)),
        ("day", ty(B::Date)),
        ("pair", list(ty(B::Bool))),
        ("empty", ty(B::String)),
        ("digits", ty(B::String)),
    ]);
    let only = |value: Value| range(Some(value.clone()), Some(value));
    exact[0].constraints = len(2, 2);
    exact[1].constraints = len(32, 32);
    exact[2].constraints = only(Value::Int(1));
    exact[3].constraints = only(Value::Float(0.5));
    exact[4].constraints = only(Value::Duration(1_000_000_000));
    exact[5].constraints = only(Value::Date("2027-03-01".into()));
    exact[6].constraints = items(2, 2);
    exact[7].constraints = len(0, 0);
    exact[8].constraints = pattern(r"^(?i)[^@\s]+\.(\d{2}|x)*?$").with(|c| c.len = len(2, 9).len);
    b.record("Exact", exact);
    let variants = b.fields(&[("short", ty(B::String)), ("id", ty(B::Uuid))]);
    let either = b.union("Either", variants);
    b.world.unions[either].variants[0].constraints = len(1, 9);
    b
}

#[test]
fn every_constraint() {
    accepted("constraints", &constraints().world, true);
}

/// Every form of request and response.
fn operations() -> Build {
    let mut b = Build::default();
    b.package("shop.ops.v1");
    let id = ty(B::Uuid);
    let status = b.enumeration("Status", &[("pending", 1)]);
    let item = b.record("Item", b.fields(&[("id", id.clone()), ("name", ty(B::String))]));
    let put = b.record("PutRequest", b.fields(&[("item", Type::Record(item))]));
    let put_response = b.record("PutResponse", b.fields(&[("status", Type::Enum(status))]));
    let listing = b.record("BrowseRequest", b.fields(&[("prefix", ty(B::String))]));
    let either = b.union("Either", b.fields(&[("item", Type::Record(item)), ("id", id.clone())]));
    let gone = b.error("Gone", StatusCode::NotFound, b.fields(&[("id", id.clone())]));
    let service = b.service("Items");
    b.world.services[service].info.docs = "Keeps items.".into();
    let record = |id| Type::Record(id);
    let put = b.command("Put", Request::Record(put), Response::Value(record(put_response)));
    b.world.operations[put].info.docs = "Puts one.".into();
    let params = b.params("Get", b.fields(&[("id", id.clone())]));
    let get = b.query("Get", params, Response::Value(record(item)));
    b.world.operations[get].errors.push(ErrorUse {
        error: gone,
        span: Default::default(),
        emits: Vec::new(),
    });
    let params = b.params("Find", b.fields(&[("name", ty(B::String))]));
    b.query("Find", params, Response::Optional(record(item)));
    b.query("Count", Request::Empty, Response::Value(ty(B::U64)));
    b.query("Estimate", Request::Empty, Response::Optional(ty(B::U64)));
    b.query("Browse", Request::Record(listing), Response::Page(record(item)));
    let params = b.params("Names", b.fields(&[("like", ty(B::String))]));
    b.query("Names", params, Response::Page(ty(B::String)));
    b.query("Everything", Request::Empty, Response::Value(list(record(item))));
    b.query(
        "ByName",
        Request::Value(list(ty(B::String))),
        Response::Value(map(ty(B::String), record(item))),
    );
    b.query("Choose", Request::Value(Type::Union(either)), Response::Value(Type::Union(either)));
    let params = b.params("Watch", b.fields(&[("id", id.clone())]));
    b.query("Watch", params, Response::Stream(Type::Enum(status)));
    b.query("Follow", Request::Empty, Response::Stream(record(item)));
    let natural = |b: &mut Build, op: svckit_model::Id<Operation>| {
        b.world.operations[op].idempotency = Idempotency::Natural
    };
    let op = b.command("Import", Request::Stream(record(item)), Response::Value(ty(B::U64)));
    natural(&mut b, op);
    b.command("Chat", Request::Stream(ty(B::String)), Response::Stream(ty(B::String)));
    let scan = b
        .field("scan", 2, ty(B::Bytes))
        .with(|f| (f.streamed, f.constraints) = (true, len(0, 20 << 20)));
    let fields = vec![b.field("id", 1, id.clone()), scan];
    let params = b.params("Attach", fields);
    let op = b.command("Attach", params, Response::Empty);
    natural(&mut b, op);
    let params = b.params("Amend", b.fields(&[("id", id.clone()), ("change", Type::Patch(item))]));
    b.command("Amend", params, Response::Value(record(item)));
    b.command("Replace", Request::Value(Type::Patch(item)), Response::Empty);
    let params = b.params("Resize", b.fields(&[("id", id.clone())]));
    let op = b.command("Resize", params, Response::Queued);
    b.world.operations[op].queue = Some(Queue::default());
    let op = b.command("Forget", Request::Empty, Response::Empty);
    b.world.operations[op].info.deprecated = Some("nobody forgets".into());
    b.event("ItemPut", 1, false, b.fields(&[("id", id.clone())]));
    b.event("ItemPut", 2, true, b.fields(&[("id", id), ("status", Type::Enum(status))]));
    b
}

#[test]
fn every_operation() {
    let files = accepted("operations", &operations().world, true);
    let pool = compile("operations-numbers", &files);
    let browse = pool.get_message_by_name("shop.ops.v1.BrowseRequest").expect("emitted once");
    let numbers: Vec<u32> = browse.fields().map(|f| f.number()).collect();
    assert_eq!(numbers, [1, 1000, 1001]);
    let get = pool.get_message_by_name("shop.ops.v1.GetResponse").expect("a message of its own");
    let item = pool.get_message_by_name("shop.ops.v1.Item").expect("the record itself");
    let shape = |m: &prost_reflect::MessageDescriptor| -> Vec<_> {
        m.fields().map(|f| (f.number(), f.name().to_owned())).collect()
    };
    assert_eq!(shape(&get), shape(&item), "a record response is flattened");
}

/// Packages that use each other's types, one of another workspace, and names that look like other scopes.
fn packages() -> Build {
    let mut b = Build::default();
    let common = b.package("shop.common.v1");
    let money =
        b.record("Money", b.fields(&[("currency", ty(B::String)), ("amount", ty(B::Decimal))]));
    let google = b.package("shop.google.v2beta1");
    let stamp = b.record("Stamp", b.fields(&[("at", ty(B::Timestamp))]));
    let other = b.package("common.v1");
    b.world.packages[other].external = true;
    let unit = b.record("Unit", b.fields(&[("name", ty(B::String))]));
    let unused = b.package("unused.v1");
    b.world.packages[unused].external = true;
    b.record("Unused", Vec::new());
    b.package("shop.orders.v1");
    let fields = b.fields(&[
        ("total", Type::Record(money)),
        ("stamp", Type::Record(stamp)),
        ("unit", Type::Record(unit)),
        ("at", ty(B::Timestamp)),
        ("change", Type::Patch(money)),
        ("unit_change", Type::Patch(unit)),
        ("units", map(ty(B::String), Type::Record(unit))),
    ]);
    let order = b.record("Order", fields);
    let entry = b.record("OrderEntry", Vec::new());
    let fields = b.fields(&[
        ("order", map(ty(B::String), Type::Record(order))),
        ("entry", Type::Record(entry)),
    ]);
    b.record("Book", fields);
    b.service("Orders");
    b.query("Total", Request::Empty, Response::Value(Type::Record(money)));
    b.back_to(common);
    b.record("Weight", b.fields(&[("grams", ty(B::U32))]));
    b.back_to(google);
    b
}

#[test]
fn packages_use_each_other() {
    let files = accepted("packages", &packages().world, true);
    assert!(files.get("vendor/common/v1/common.proto").is_some());
    assert!(files.iter().all(|(p, _)| !p.contains("unused")), "nobody imports it");
    assert!(files.get("proto/shop/google/v2beta1/google.proto").is_some());
}

/// The shape of a system that others wrote: packages without a version, names that are not ours to choose.
fn wire_names() -> Build {
    let mut b = Build::default();
    let cart = b.package("boutique.cart.v1");
    b.world.packages[cart].wire = Some("hipstershop".into());
    let item =
        b.record("Item", b.fields(&[("product_id", ty(B::String)), ("quantity", ty(B::I32))]));
    b.world.records[item].info.wire = Some("CartItem".into());
    let fields = b.fields(&[("user", ty(B::String)), ("items", list(Type::Record(item)))]);
    let whole = b.record("Cart", fields);
    b.world.records[whole].fields[0].info.wire = Some("user_id".into());
    let color = b.enumeration("Color", &[("red", 1), ("blue", 2)]);
    b.world.enums[color].info.wire = Some("Paint".into());
    b.world.enums[color].values[1].info.wire = Some("BLUE".into());
    let service = b.service("Carts");
    b.world.services[service].info.wire = Some("CartService".into());
    let params = b.params("Get", b.fields(&[("user", ty(B::String))]));
    let op = b.query("Get", params, Response::Value(Type::Record(whole)));
    b.world.operations[op].info.wire = Some("GetCart".into());
    let ads = b.package("boutique.ads.v1");
    b.world.packages[ads].wire = Some("hipstershop".into());
    let ad = b.record("Ad", b.fields(&[("text", ty(B::String)), ("cart", Type::Record(whole))]));
    let service = b.service("Ads");
    b.world.services[service].info.wire = Some("AdService".into());
    b.query("GetAds", Request::Empty, Response::Value(list(Type::Record(ad))));
    b
}

#[test]
fn names_that_others_know() {
    let b = wire_names();
    let files = accepted("wire_names", &b.world, false);
    let pool = compile("wire_names-pool", &files);
    let paths: Vec<String> = pool
        .services()
        .flat_map(|s| s.methods().map(|m| m.full_name().to_owned()).collect::<Vec<_>>())
        .collect();
    let ours = b.world.operations.ids().map(|op| b.world.grpc_path(op)[1..].replace('/', "."));
    for path in ours {
        assert!(paths.contains(&path), "{path} is missing in {paths:?}");
    }
}

/// Derived names give way to the contract's.
fn taken() -> Build {
    let mut b = Build::default();
    b.package("shop.taken.v1");
    let item = b.record("Item", b.fields(&[("id", ty(B::Uuid))]));
    let get_request = b.record("GetRequest", b.fields(&[("id", ty(B::Uuid))]));
    b.record("GetResponse", b.fields(&[("other", ty(B::String))]));
    b.record("Changed", Vec::new());
    b.record("ItemPatch", b.fields(&[("change", Type::Patch(item))]));
    b.enumeration("Level", &[("unspecified", 1), ("http2_ready", 2)]);
    b.enumeration("HTTPMethod", &[("get", 1)]);
    b.enumeration("OAuth2Kind", &[("v2", 1)]);
    b.enumeration("IPv4Kind", &[("a1_b", 1)]);
    let all = ["value", "kind", "variant", "choice", "one", "which"].map(|n| (n, ty(B::Bool)));
    b.union("Which", b.fields(&all));
    b.service("Left");
    b.query("Get", Request::Record(get_request), Response::Value(Type::Record(item)));
    b.event("Changed", 1, true, Vec::new());
    b.service("RightService");
    let params = b.params("Get", b.fields(&[("name", ty(B::String))]));
    b.query("Get", params, Response::Value(Type::Record(item)));
    b.event("Changed", 1, true, Vec::new());
    b.service("Up");
    b.query("Other", Request::Record(get_request), Response::Empty);
    b
}

#[test]
fn derived_names_give_way() {
    accepted("taken", &taken().world, true);
}

#[test]
fn the_same_world_gives_the_same_text() {
    assert_eq!(generate(&operations().world), generate(&operations().world));
}
