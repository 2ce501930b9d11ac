//! Bytes: equal to prost's both ways, and never a panic.

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;
use svckit_core::page::{Empty, One, Page, PageRequest, Paged};
use svckit_core::wire::{DecodeError, Record};

use crate::random::{self, Random};
use crate::twin;
use crate::types::{Everything, Line, Method, Status, Tree};

fn invalid<T: Record>(bytes: &[u8]) -> Vec<(String, String)> {
    match T::from_slice(bytes) {
        Err(DecodeError::Invalid(v)) => {
            v.iter().map(|v| (v.path.clone(), v.rule.clone())).collect()
        }
        other => panic!("not invalid: {other:?}"),
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(path, rule)| ((*path).to_owned(), (*rule).to_owned())).collect()
}

fn malformed<T: Record>(bytes: &[u8]) -> String {
    match T::from_slice(bytes) {
        Err(DecodeError::Malformed(malformed)) => malformed.to_string(),
        other => panic!("not malformed: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_are_those_of_prost(seed: u64) {
        let value = Random(seed).everything();
        let twin = random::everything(&value);
        let bytes = value.to_bytes();
        prop_assert_eq!(&bytes, &Bytes::from(twin.encode_to_vec()));
        prop_assert_eq!(value.encoded_len(), bytes.len());
        prop_assert_eq!(&Everything::from_bytes(&bytes).unwrap(), &value);
        prop_assert_eq!(&Everything::from_slice(&bytes).unwrap(), &value);
        prop_assert_eq!(twin::Everything::decode(bytes).unwrap(), twin);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Everything::from_bytes_checked(&Bytes::from(bytes));
    }

    #[test]
    fn changed_bytes_are_read_or_refused(seed: u64, at: prop::sample::Index, to: u8) {
        let mut bytes = Random(seed).everything().to_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(value) = Everything::from_bytes_checked(&Bytes::from(bytes)) {
            prop_assert_eq!(&Everything::from_bytes(&value.to_bytes()).unwrap().to_bytes(), &value.to_bytes());
        }
    }

    #[test]
    fn what_was_merged_is_what_prost_merges(one: u64, two: u64) {
        let (one, two) = (Random(one).everything(), Random(two).everything());
        let mut bytes = random::everything(&one).encode_to_vec();
        bytes.extend(random::everything(&two).encode_to_vec());
        let ours = Everything::from_slice(&bytes).unwrap();
        let theirs = twin::Everything::decode(&bytes[..]).unwrap();
        let merged = random::everything(&ours);
        prop_assert_eq!(merged, theirs);
    }
}

#[test]
fn every_cut_is_refused_or_a_shorter_message() {
    for seed in 0..20 {
        let value = Random(seed).everything();
        let bytes = value.to_bytes();
        for end in 0..bytes.len() {
            let cut = Everything::from_bytes(&bytes.slice(..end));
            let theirs = twin::Everything::decode(bytes.slice(..end));
            assert_eq!(
                matches!(cut, Err(DecodeError::Malformed(_))),
                theirs.is_err(),
                "seed {seed}, {end} of {} bytes: {cut:?}",
                bytes.len()
            );
        }
    }
}

#[test]
fn bytes_share_the_memory_that_they_came_in() {
    let value = Random(3).everything();
    let value = Everything { some_bytes: Bytes::from(vec![7; 1000]), ..value };
    let bytes = value.to_bytes();
    let read = Everything::from_bytes(&bytes).unwrap();
    assert!(bytes.as_ptr_range().contains(&read.some_bytes.as_ptr()));
}

#[test]
fn large_messages_have_their_length_before_them() {
    for len in [0, 1, 126, 127, 128, 129, 16_382, 16_384, 16_385, 2_097_152, 3_000_000] {
        let tree = Tree { label: "x".repeat(len), ..Tree::default() };
        let outer = Tree { left: Some(Box::new(tree)), ..Tree::default() };
        let bytes = outer.to_bytes();
        assert_eq!(&bytes[..], &random::tree(&outer).encode_to_vec()[..], "{len}");
        assert_eq!(Tree::from_bytes(&bytes).unwrap(), outer);
    }
}

#[test]
fn all_that_is_missing_is_reported_at_once() {
    let missing = invalid::<Everything>(&[]);
    let names = [
        "a_uuid",
        "a_decimal",
        "a_date",
        "a_timestamp",
        "a_duration",
        "a_json",
        "a_status",
        "a_line",
        "a_method",
        "tree",
    ];
    assert_eq!(missing, pairs(&names.map(|name| (name, "required"))));
}

#[test]
fn defaults_stand_in_for_what_is_absent() {
    let mut value = random::everything(&Random(1).everything());
    (value.status_or, value.flag_or, value.text_or) = (None, None, None);
    let read = Everything::from_slice(&value.encode_to_vec()).unwrap();
    assert_eq!((read.status_or, read.flag_or, &*read.text_or), (Status::Pending, true, "web"));
    value.flag_or = Some(false);
    assert!(!Everything::from_slice(&value.encode_to_vec()).unwrap().flag_or);
}

#[test]
fn paths_lead_to_what_is_wrong() {
    let mut value = random::everything(&Random(1).everything());
    let good = random::line(&Random(5).line());
    let bad = twin::Line { price: "1.x".into(), status: 0, ..good.clone() };
    value.lines = vec![good.clone(), bad.clone()];
    value.labels = [("a".to_owned(), bad.clone())].into();
    value.ids = vec![String::new(), "nope".into()];
    value.statuses = vec![1, 0];
    value.by_flag = [(true, 0)].into();
    value.a_method = Some(twin::Method { kind: Some(twin::MethodKind::Card(bad)) });
    value.maybe_status = Some(0);
    value.a_date = "2026-02-30".into();
    value.a_timestamp = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    value.a_duration = Some(prost_types::Duration { seconds: -1, nanos: 0 });
    let mut found = invalid::<Everything>(&value.encode_to_vec());
    found.sort();
    let mut expected = pairs(&[
        ("lines[1].price", "decimal"),
        ("lines[1].status", "required"),
        ("labels[\"a\"].price", "decimal"),
        ("labels[\"a\"].status", "required"),
        ("ids[0]", "required"),
        ("ids[0]", "uuid"),
        ("statuses[1]", "required"),
        ("by_flag[true]", "required"),
        ("a_method.card.price", "decimal"),
        ("a_method.card.status", "required"),
        ("a_date", "date"),
        ("a_timestamp", "timestamp"),
        ("a_duration", "duration"),
    ]);
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn unknown_fields_and_numbers_are_survived() {
    let mut bytes = Random(9).line().to_bytes().to_vec();
    let value = Line::from_slice(&bytes).unwrap();
    bytes.extend([0xFA, 0x3F, 2, b'h', b'i']); // 1023: a string
    bytes.extend([0xF8, 0x3F, 1]); // 1023: a number
    bytes.extend([0xFB, 0x3F, 0x0B, 0x08, 1, 0x0C, 0xFC, 0x3F]); // 1023: a group with a group in it
    assert_eq!(Line::from_slice(&bytes).unwrap(), value);
    let known = Line { status: Status::Unrecognized(77), ..value };
    assert_eq!(Line::from_slice(&known.to_bytes()).unwrap(), known);
}

#[test]
fn what_is_not_protobuf_is_malformed() {
    assert!(malformed::<Line>(&[0x08, 1]).contains("`sku` comes as Varint"));
    assert!(malformed::<Line>(&[0x0A, 1, 0xFF]).contains("UTF-8"));
    assert!(malformed::<Line>(&[0x0A, 200]).contains("cut off"));
    assert!(malformed::<Line>(&[0x00]).contains("number that does not exist"));
    assert!(malformed::<Line>(&[0x0F]).contains("wire type that does not exist"));
    assert!(malformed::<Line>(&[0x2C]).contains("group ends"));
    assert!(malformed::<Line>(&[0x2B]).contains("cut off"));
    assert!(
        malformed::<Line>(&[0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2]).contains("64")
    );
    assert!(malformed::<Line>(&[0x2B; 200]).contains("nested"));
}

#[test]
fn messages_nest_a_hundred_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let mut tree = Tree::default();
        for _ in 0..depth {
            tree = Tree { left: Some(Box::new(tree)), ..Tree::default() };
        }
        tree.to_bytes()
    };
    assert!(Tree::from_bytes(&nested(100)).is_ok());
    assert!(malformed::<Tree>(&nested(101)).contains("nested"));
}

#[test]
fn lists_are_read_packed_and_not() {
    let mut bytes = random::everything(&Random(1).everything());
    bytes.ints = Vec::new();
    let mut bytes = bytes.encode_to_vec();
    bytes.extend([0xC0, 1, 5, 0xC2, 1, 2, 6, 7, 0xC0, 1, 8]); // 24: 5, then [6, 7], then 8
    assert_eq!(Everything::from_slice(&bytes).unwrap().ints, [5, 6, 7, 8]);
}

#[test]
fn the_last_member_of_a_union_wins_and_parts_of_one_merge() {
    let line = twin::Line { sku: "A".into(), quantity: 0, price: "1".into(), status: 1 };
    let one = |kind| twin::Method { kind: Some(kind) }.encode_to_vec();
    let cash = one(twin::MethodKind::Cash("x".into()));
    let card = one(twin::MethodKind::Card(line.clone()));
    let Method::Card(read) = Method::from_slice(&[&cash[..], &card].concat()).unwrap() else {
        panic!("not a card");
    };
    assert_eq!(random::line(&read), line);
    let read = Method::from_slice(&[&card[..], &cash].concat()).unwrap();
    assert_eq!(read, Method::Cash("x".into()));
    let part = one(twin::MethodKind::Card(twin::Line { quantity: 4, ..twin::Line::default() }));
    let Method::Card(read) = Method::from_slice(&[&card[..], &part].concat()).unwrap() else {
        panic!("not a card");
    };
    assert_eq!(random::line(&read), twin::Line { quantity: 4, ..line });
    assert_eq!(invalid::<Method>(&[]), pairs(&[("", "required")]));
}

#[test]
fn no_more_than_a_hundred_violations_are_kept() {
    let bytes = [0xEA, 1, 0].repeat(1000); // 29: an empty line, again and again
    let Err(DecodeError::Invalid(v)) = Everything::from_slice(&bytes) else {
        panic!("it is valid")
    };
    assert_eq!(v.iter().count(), 100);
    assert!(v.mark() >= 2000);
    assert!(v.to_string().contains("more"));
}

#[test]
fn single_values_pages_and_nothing() {
    let one = One { value: vec![Status::Done, Status::Pending] };
    assert_eq!(One::from_bytes(&one.to_bytes()).unwrap(), one);
    assert_eq!(One::<Option<String>>::from_slice(&[]).unwrap().value, None);
    assert_eq!(invalid::<One<Line>>(&[]), pairs(&[("value", "required")]));
    assert_eq!(Empty::from_slice(&[0x08, 1]).unwrap(), Empty {});

    let request = Random(2).line();
    let page = PageRequest { size: 20, token: "next".into() };
    let paged = Paged { request: request.clone(), page: page.clone() };
    let read = Paged::<Line>::from_bytes(&paged.to_bytes()).unwrap();
    assert_eq!(read, paged);
    assert_eq!(Line::from_bytes(&paged.to_bytes()).unwrap(), request);
    let negative = [0xC0, 0x3E, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    assert_eq!(invalid::<Paged<Empty>>(&negative), pairs(&[("page_size", "range 0..")]));

    let page = Page { items: vec![request], next_page_token: "more".into() };
    assert_eq!(Page::from_bytes(&page.to_bytes()).unwrap(), page);
}
