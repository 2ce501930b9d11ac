//! Partial updates.

use prost::Message as _;
use svckit_core::check::Violations;
use svckit_core::patch::Change;
use svckit_core::value::Decimal;
use svckit_core::wire::{DecodeError, Record};

use crate::random::{self, Random};
use crate::twin;
use crate::types::{Line, LinePatch, Sku, Status};

fn patch() -> LinePatch {
    LinePatch {
        sku: Change::Keep,
        quantity: Change::Clear,
        price: Change::Set(Decimal::TEN),
        status: Change::Clear,
    }
}

fn twin_of(value: Option<twin::Line>, mask: Option<&[&str]>) -> LinePatch {
    let update_mask = mask.map(|paths| prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    });
    LinePatch::from_slice(&twin::LinePatch { value, update_mask }.encode_to_vec()).unwrap()
}

#[test]
fn a_patch_is_a_partial_record_and_a_mask() {
    let bytes = patch().to_bytes();
    let read = twin::LinePatch::decode(bytes.clone()).unwrap();
    assert_eq!(read.value, Some(twin::Line { price: "10".into(), ..twin::Line::default() }));
    assert_eq!(read.update_mask.unwrap().paths, ["quantity", "price", "status"]);
    assert_eq!(LinePatch::from_bytes(&bytes).unwrap(), patch());
    let zero = LinePatch { quantity: Change::Set(0), ..LinePatch::default() };
    assert_eq!(LinePatch::from_bytes(&zero.to_bytes()).unwrap(), zero);
    assert_eq!(
        LinePatch::from_bytes(&LinePatch::default().to_bytes()).unwrap(),
        LinePatch::default()
    );
}

#[test]
fn the_mask_decides_what_is_changed() {
    let line = random::line(&Random(4).line());
    let all = twin_of(Some(line.clone()), None);
    assert!(matches!(all.price, Change::Set(_)) && matches!(all.status, Change::Set(_)));
    let one = twin_of(Some(line.clone()), Some(&["price"]));
    assert_eq!(LinePatch { price: Change::Keep, ..one }, LinePatch::default());
    let star = twin_of(Some(twin::Line { sku: "A".into(), ..twin::Line::default() }), Some(&["*"]));
    assert_eq!(star.sku, Change::Set(Sku::unchecked("A")));
    assert_eq!(
        (star.quantity, star.price, star.status),
        (Change::Clear, Change::Clear, Change::Clear)
    );
    assert_eq!(twin_of(None, None), LinePatch::default());
}

#[test]
fn it_is_applied_to_a_record() {
    let mut line = Line { quantity: 5, status: Status::Done, ..Random(2).line() };
    let sku = line.sku.clone();
    patch().apply(&mut line);
    assert_eq!(line, Line { sku, quantity: 0, price: Decimal::TEN, status: Status::Pending });
}

#[test]
fn what_must_be_there_cannot_be_cleared_and_values_keep_to_their_rules() {
    let patch = LinePatch {
        sku: Change::Set(Sku::unchecked("no")),
        quantity: Change::Set(0),
        price: Change::Clear,
        status: Change::Keep,
    };
    let mut v = Violations::new();
    patch.check(&mut v);
    let found: Vec<_> = v.iter().map(|v| (v.path.as_str(), v.rule.as_str())).collect();
    assert_eq!(
        found,
        [
            ("price", "required"),
            ("sku", "len 3..=8"),
            ("sku", "pattern ^[A-Z0-9-]+$"),
            ("quantity", "range 1..=999")
        ]
    );
}

#[test]
fn a_mask_that_names_no_field_is_refused() {
    let update_mask = Some(prost_types::FieldMask { paths: vec!["price.units".into()] });
    let bytes = twin::LinePatch { value: None, update_mask }.encode_to_vec();
    let Err(DecodeError::Invalid(v)) = LinePatch::from_slice(&bytes) else { panic!("it is valid") };
    assert!(v.to_string().contains("`price.units`"), "{v}");
}

#[test]
fn parts_of_a_patch_merge() {
    let part = |sku: &str, quantity| twin::LinePatch {
        value: Some(twin::Line { sku: sku.into(), quantity, ..twin::Line::default() }),
        update_mask: None,
    };
    let bytes = [part("A", 0).encode_to_vec(), part("", 3).encode_to_vec()].concat();
    let read = LinePatch::from_slice(&bytes).unwrap();
    assert_eq!((read.sku, read.quantity), (Change::Set(Sku::unchecked("A")), Change::Set(3)));
}

#[test]
fn it_is_json_with_a_mask_of_json_names() {
    let text = serde_json::to_string(&patch()).unwrap();
    assert_eq!(text, r#"{"value":{"price":"10"},"updateMask":"quantity,price,status"}"#);
    assert_eq!(serde_json::from_str::<LinePatch>(&text).unwrap(), patch());
    assert!(serde_json::from_str::<LinePatch>(r#"{"updateMask":"nope"}"#).is_err());
    let wrong = serde_json::from_str::<LinePatch>(r#"{"value":{"price":1}}"#).unwrap_err();
    assert_eq!(wrong.to_string(), "`price` must be a string, but is a number");
}
