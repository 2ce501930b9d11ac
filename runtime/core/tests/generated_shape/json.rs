//! JSON by ProtoJSON's rules.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use svckit_core::json::Node;
use svckit_core::page::{One, Page};
use svckit_core::wire::{self, Form as _, Record};
use svckit_core::{check, json as protojson};

use crate::random::Random;
use crate::types::{Everything, Line, Method, OrderId, Sku, Status, Tree};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(seed: u64) {
        let value = Random(seed).everything();
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Everything>(&text).unwrap(), &value);
        let tree = serde_json::to_value(&value).unwrap();
        prop_assert_eq!(&serde_json::from_value::<Everything>(tree).unwrap(), &value);
    }

    #[test]
    fn text_is_what_serde_writes_and_is_read_back(seed: u64) {
        let value = Random(seed).everything();
        let text = protojson::to_vec(&value);
        prop_assert_eq!(String::from_utf8_lossy(&text), serde_json::to_string(&value).unwrap());
        prop_assert_eq!(&protojson::from_slice::<Everything>(&text).unwrap(), &value);
    }

    /// In one pass, or by way of a tree: what is read is the same, and so is what is wrong.
    #[test]
    fn text_is_read_as_its_tree_is(seed: u64, changes in prop::collection::vec(change(), 0..4)) {
        let mut text = protojson::to_vec(&Random(seed).everything());
        for change in changes {
            change.make(&mut text);
        }
        let _ = same::<Everything>(&text);
    }

    #[test]
    fn any_json_is_read_or_refused(seed: u64, at: prop::sample::Index, to: u64) {
        let mut tree = serde_json::to_value(Random(seed).everything()).unwrap();
        let members = tree.as_object_mut().unwrap();
        let name = members.keys().nth(at.index(members.len())).unwrap().clone();
        let other = serde_json::to_value(Random(to).everything()).unwrap();
        let others = other.as_object().unwrap();
        members.insert(name, others.values().nth(to as usize % others.len()).unwrap().clone());
        let _ = serde_json::from_value::<Everything>(tree);
    }
}

/// What happens to a text on its way.
#[derive(Clone, Debug)]
enum Change {
    /// A byte in place of another.
    Byte(prop::sample::Index, u8),
    /// A piece of text in between, at the next place where a value begins.
    Piece(prop::sample::Index, &'static str),
    /// All members the other way round.
    Turned,
    /// White space wherever it may stand.
    Spaced,
    /// Cut off.
    Short(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    const PIECES: &[&str] = &[
        "null,",
        "1,",
        "-0,",
        "01,",
        "1e2,",
        "\"5\",",
        "\"\",",
        "\"\\u00e9\",",
        "\"\\ud800\",",
        "{},",
        "[],",
        "{\"new\":[{\"a\":1,\"b\":[null,true,2.5]}]},",
        "{\"a\":1,\"a\":2},",
        "\"anI32\":1,",
        "\"new\":{},",
        "\"an_i32\":2,",
        "9223372036854775807,",
        "\"-9223372036854775808\",",
        "999999999999999999999,",
        "1e999,",
        ",",
        "{",
        "]",
        "\"",
    ];
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (any::<prop::sample::Index>(), prop::sample::select(PIECES))
            .prop_map(|(at, piece)| Change::Piece(at, piece)),
        Just(Change::Turned),
        Just(Change::Spaced),
        any::<prop::sample::Index>().prop_map(Change::Short),
    ]
}

impl Change {
    fn make(&self, text: &mut Vec<u8>) {
        let begins = |text: &[u8]| -> Vec<usize> {
            let after = |(at, byte): (usize, &u8)| b":,[{".contains(byte).then_some(at + 1);
            text.iter().enumerate().filter_map(after).collect()
        };
        match self {
            Self::Byte(at, byte) if !text.is_empty() => {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            Self::Piece(at, piece) => {
                let places = begins(text);
                if !places.is_empty() {
                    let at = places[at.index(places.len())];
                    text.splice(at..at, piece.bytes());
                }
            }
            Self::Turned => {
                if let Ok(Json::Object(members)) = serde_json::from_slice(text) {
                    let turned = members.iter().rev();
                    let turned: Vec<_> = turned.map(|(n, v)| format!("{:?}:{v}", n)).collect();
                    *text = format!("{{{}}}", turned.join(",")).into_bytes();
                }
            }
            Self::Spaced => {
                if let Ok(value) = serde_json::from_slice::<Json>(text) {
                    *text = serde_json::to_vec_pretty(&value).unwrap();
                }
            }
            Self::Short(at) if !text.is_empty() => text.truncate(at.index(text.len())),
            Self::Byte(..) | Self::Short(_) => {}
        }
    }
}

/// Reads a text in both ways.
fn same<T: Record + wire::Value>(text: &[u8]) -> Result<T, String> {
    let read = protojson::from_slice::<T>(text).map_err(|error| error.to_string());
    let mut v = check::Violations::new();
    let tree = match Node::read(text) {
        Ok(node @ Node::Object(_)) => <T as wire::Value>::Form::from_json(&node, &mut v)
            .filter(|_| v.is_empty())
            .ok_or_else(|| v.to_string()),
        Ok(_) => Err("must be a JSON object, but is".to_owned()),
        Err(error) => Err(format!("must be a JSON object: {error}")),
    };
    let text = String::from_utf8_lossy(text);
    match (&read, &tree) {
        (Err(read), Err(tree)) => assert!(read.starts_with(tree), "{text}: {read}: {tree}"),
        // Shown, for a NaN is not even itself.
        _ => assert_eq!(format!("{read:?}"), format!("{tree:?}"), "{text}"),
    }
    read
}

#[test]
fn what_is_not_written_as_usual_is_read_all_the_same() {
    let price = br#""price":"1""#;
    for (text, read) in [
        (r#"{"sku":"A","price":"1.5","status":"STATUS_DONE","quantity":2}"#, true),
        (r#" { "status" : 7 , "price" : "1" } "#, true),
        (r#"{"\u0073ku":"\u0041\n","price":"1","status":1}"#, true),
        (r#"{"new":{"a":[1,{}]},"price":"1","status":1,"newer":null}"#, true),
        (r#"{"sku":null,"quantity":null,"price":"1","status":1}"#, true),
        (r#"{"quantity":"12","price":"1","status":1}"#, true),
        (r#"{"quantity":1.2e1,"price":"1","status":1}"#, true),
        (r#"{"price":"1","status":1,"new":1,"new":2}"#, false),
        (r#"{"price":"1","status":1,"new":{"a":1,"a":2}}"#, false),
        (r#"{"price":"1","status":1,"price":"1"}"#, false),
        (r#"{"price":"1","status":1,}"#, false),
        (r#"{"price":"1","status":1}x"#, false),
        (r#"{"price":"1" "status":1}"#, false),
        (r#"{,"price":"1","status":1}"#, false),
        (r#"{"price":"1","status":1,"quantity":01}"#, false),
        (r#"{"price":"1","status":1,"quantity":-1}"#, false),
        (r#"{"price":"1","status":1,"quantity":4294967296}"#, false),
        (r#"{"price":null,"status":1}"#, false),
        (r#"{"price":"1","status":1,"sku":"\ud800"}"#, false),
        ("{\"price\":\"1\",\"status\":1,\"sku\":\"\n\"}", false),
        (r#"[{"price":"1","status":1}]"#, false),
        (r#"{"price":"1","status":1"#, false),
        ("", false),
    ] {
        assert_eq!(same::<Line>(text.as_bytes()).is_ok(), read, "{text}");
    }
    for (many, read) in [(10, true), (40, true), (2000, true)] {
        let names: Vec<_> = (0..many).map(|n| format!("\"new{n}\":{n}")).collect();
        let names = names.join(",");
        let text = [b"{", price.as_slice(), b",\"status\":1,", names.as_bytes(), b"}"].concat();
        assert_eq!(same::<Line>(&text).is_ok(), read, "{many}");
    }
    let mut not_utf8 = br#"{"price":"1","status":1,"sku":"A"}"#.to_vec();
    *not_utf8.iter_mut().rev().nth(2).unwrap() = 0xFF;
    assert!(same::<Line>(&not_utf8).is_err());
}

#[test]
fn keys_of_a_map_that_are_one_key_are_told_by_the_tree() {
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    for (first, second, read) in [(id, id, false), (id, &*id.to_uppercase(), true)] {
        let mut value = known();
        value["byId"] = json!({});
        let text = value
            .to_string()
            .replace("\"byId\":{}", &format!("\"byId\":{{\"{first}\":\"x\",\"{second}\":\"y\"}}"));
        assert_eq!(same::<Everything>(text.as_bytes()).is_ok(), read, "{first} {second}");
    }
}

#[test]
fn a_text_may_be_as_deep_as_messages_are_on_the_wire() {
    let deep = |depth: usize| format!("{}{{}}{}", r#"{"left":"#.repeat(depth), "}".repeat(depth));
    for (depth, read, received) in [
        (1, true, true),
        (31, true, true),
        (32, true, true),
        (99, true, true),
        (120, true, false),
        (127, false, false),
    ] {
        let text = deep(depth);
        assert_eq!(same::<Tree>(text.as_bytes()).is_ok(), read, "{depth}");
        assert_eq!(protojson::received::<Tree>(text.as_bytes()).is_ok(), received, "{depth}");
    }
}

/// The texts that the Protobuf documentation gives for each type.
fn known() -> Json {
    json!({
        "aBool": true, "anI32": -1, "anI64": "-9223372036854775808", "aU32": 4294967295_u32,
        "aU64": "18446744073709551615", "anF32": 1.5, "anF64": "NaN", "aString": "a\"b",
        "someBytes": "+/8=", "aUuid": "67e55044-10b1-426f-9247-bb680e5fe0c8", "aDecimal": "12.50",
        "aDate": "2027-03-01", "aTimestamp": "1972-01-01T10:00:20.021Z", "aDuration": "1.000340012s",
        "aJson": {"a": [1, null, 0.5, "x"]}, "aStatus": "STATUS_DONE",
        "aLine": {"sku": "MUG-1", "quantity": 2, "price": "4.50", "status": 9},
        "aMethod": {"wait": "3s"}, "maybeI32": null, "maybeString": "", "maybeStatus": null,
        "maybeLine": null, "maybeDuration": "1.500s", "ints": [0, -5], "floats": [0.5, "Infinity"],
        "flags": [true, false], "statuses": ["STATUS_PENDING"], "tags": [""], "lines": [],
        "ids": [], "times": ["1969-12-31T23:59:59.500Z"], "labels": {}, "counts": {"-3": "7"},
        "byId": {"67e55044-10b1-426f-9247-bb680e5fe0c8": "x"}, "byFlag": {"true": "STATUS_DONE"},
        "tree": {"label": "", "left": null, "children": []}, "maybeJson": null, "singles": [0.1],
        "longs": ["1"], "statusOr": "STATUS_PENDING", "flagOr": false, "textOr": "web",
    })
}

#[test]
fn known_texts_are_read_and_written() {
    let value: Everything = serde_json::from_value(known()).unwrap();
    assert!(value.an_f64.is_nan());
    assert_eq!(value.a_line.status, Status::Unrecognized(9));
    assert_eq!(value.a_timestamp, check::timestamp("1972-01-01T10:00:20.021Z"));
    let text = serde_json::to_string(&value).unwrap();
    assert!(text.contains(r#""singles":[0.1]"#), "{text}");
    let mut written: Json = serde_json::from_str(&text).unwrap();
    written["singles"] = json!([0.1]);
    assert_eq!(written, known());
}

/// The known value with one member changed.
fn with(name: &str, json: Json) -> Result<Everything, String> {
    let mut value = known();
    value[name] = json;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn other_ways_to_write_the_same_are_accepted() {
    assert_eq!(with("anI64", json!(5)).unwrap().an_i64, 5);
    assert_eq!(with("anI64", json!(5.0)).unwrap().an_i64, 5);
    assert_eq!(with("anI32", json!("1e2")).unwrap().an_i32, 100);
    assert_eq!(with("aU64", json!(7)).unwrap().a_u64, 7);
    assert_eq!(with("anF64", json!("-Infinity")).unwrap().an_f64, f64::NEG_INFINITY);
    assert_eq!(with("anF64", json!("1.25")).unwrap().an_f64, 1.25);
    assert_eq!(&with("someBytes", json!("-_8")).unwrap().some_bytes[..], [0xFB, 0xFF]);
    assert_eq!(with("aStatus", json!(1)).unwrap().a_status, Status::Pending);
    assert_eq!(
        with("aTimestamp", json!("1972-01-01T12:00:20.021+02:00")).unwrap().a_timestamp,
        check::timestamp("1972-01-01T10:00:20.021Z")
    );
    assert!(with("lines", json!(null)).unwrap().lines.is_empty());
    assert_eq!(with("anI32", json!(null)).unwrap().an_i32, 0);
    assert!(with("flagOr", json!(null)).unwrap().flag_or);
    assert!(with("unknown", json!({"a": 1})).is_ok());
    let line: Line =
        serde_json::from_str(r#"{"sku":"A","price":"1","status":"STATUS_DONE"}"#).unwrap();
    assert_eq!(line.quantity, 0);
    let mut snake = known();
    snake["a_uuid"] = snake["aUuid"].take();
    snake.as_object_mut().unwrap().remove("aUuid");
    assert!(serde_json::from_value::<Everything>(snake).is_ok());
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    let message = |name: &str, json: Json| with(name, json).unwrap_err();
    assert_eq!(message("anI32", json!("x")), "`an_i32` must be a whole number that fits its type");
    assert_eq!(message("anI32", json!(2_147_483_648_i64)), message("anI32", json!(1.5)));
    assert_eq!(message("aBool", json!(1)), "`a_bool` must be true or false, but is a number");
    assert_eq!(message("aUuid", json!(null)), "`a_uuid` must be there, but is null");
    assert_eq!(
        message("lines", json!([{"sku": "A", "price": 1, "status": "NO"}])),
        "`lines[0].price` must be a string, but is a number; \
         `lines[0].status` must be one of STATUS_PENDING, STATUS_DONE"
    );
    assert_eq!(message("tags", json!(["a", null])), "`tags[1]` must be there, but is null");
    assert_eq!(
        message("counts", json!({"x": 1})),
        "`counts[\"x\"]` the name of this member is not a key of this map"
    );
    assert_eq!(
        message("aMethod", json!({"card": {}, "cash": "1"})),
        "`a_method` must hold one of `card`, `cash`, `wait`, `tree`, but holds several"
    );
    assert!(message("aMethod", json!({})).contains("holds none"));
    assert!(message("aDuration", json!("1.5")).contains("\"1.5s\""));
    assert!(message("aDuration", json!("-1s")).contains("negative"));
    assert!(message("aDate", json!("2027-3-1")).contains("2027-03-01"));
    assert!(message("someBytes", json!("*")).contains("base64"));
    assert!(message("anF32", json!(1e39)).contains("32 bits"));
    let missing = serde_json::from_str::<Line>("{}").unwrap_err().to_string();
    assert_eq!(
        missing,
        "`price` must be there, but is missing; `status` must be there, but is missing"
    );
}

#[test]
fn every_generated_type_is_json_by_itself() {
    let id: OrderId = serde_json::from_str("\"67e55044-10b1-426f-9247-bb680e5fe0c8\"").unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), "\"67e55044-10b1-426f-9247-bb680e5fe0c8\"");
    assert_eq!(serde_json::to_string(&Status::Pending).unwrap(), "\"STATUS_PENDING\"");
    assert_eq!(serde_json::to_string(&Status::Unrecognized(5)).unwrap(), "5");
    assert_eq!(serde_json::from_str::<Sku>("\"A\"").unwrap(), Sku::unchecked("A"));
    let method = Method::Tree(Box::default());
    let text = serde_json::to_string(&method).unwrap();
    assert_eq!(text, r#"{"tree":{"label":"","left":null,"children":[]}}"#);
    assert_eq!(serde_json::from_str::<Method>(&text).unwrap(), method);
    let page = Page { items: vec![7_i64], next_page_token: String::new() };
    let mut out = Vec::new();
    protojson::serialize(&page, &mut serde_json::Serializer::new(&mut out)).unwrap();
    assert_eq!(out, br#"{"items":["7"],"nextPageToken":""}"#);
    let one: One<Option<bool>> =
        protojson::deserialize(&mut serde_json::Deserializer::from_str("{}")).unwrap();
    assert_eq!(one.value, None);
}

#[test]
fn deep_json_is_refused() {
    let text = format!("{}{}", r#"{"left":"#.repeat(5000), "}".repeat(5000));
    assert!(serde_json::from_str::<Tree>(&text).is_err());
}
