//! Constraints: each rule, through everything that can hold a value.

use std::time::Duration;

use svckit_core::check::{self, Violations};
use svckit_core::value::{Bytes, Decimal};
use svckit_core::wire::Record;

use crate::random::Random;
use crate::types::{Everything, Line, Method, Sku, Status, Tree};

fn good() -> Everything {
    let line = Line {
        sku: Sku::new("MUG-1").unwrap(),
        quantity: 1,
        price: Decimal::ONE,
        status: Status::Pending,
    };
    Everything {
        a_status: Status::Done,
        a_line: line.clone(),
        a_method: Method::Cash("x".into()),
        lines: vec![line],
        tags: vec!["äöü!".into()],
        labels: [].into(),
        counts: [(1, 10)].into(),
        tree: Tree::default(),
        some_bytes: Bytes::from_static(b"ab"),
        maybe_string: None,
        an_f64: 1.5,
        a_duration: Duration::from_millis(50),
        a_date: check::date("2020-01-01"),
        a_timestamp: check::timestamp("2030-01-01T00:00:00Z"),
        ..Random(1).everything()
    }
}

fn found(value: &impl Record) -> Vec<String> {
    let mut v = Violations::new();
    value.check(&mut v);
    v.iter().map(|v| format!("{}: {}: {}", v.path, v.rule, v.message)).collect()
}

/// Changes the good value and gives what is then found.
fn after(change: impl FnOnce(&mut Everything)) -> Vec<String> {
    let mut value = good();
    change(&mut value);
    found(&value)
}

#[test]
fn what_keeps_to_the_rules_is_let_through() {
    assert_eq!(found(&good()), Vec::<String>::new());
    assert!(Everything::from_bytes_checked(&good().to_bytes()).is_ok());
}

#[test]
fn each_rule_says_where_and_what() {
    assert_eq!(
        after(|x| x.lines[0].sku = Sku::unchecked("a b")),
        [r"lines[0].sku: pattern ^[A-Z0-9-]+$: must match the pattern ^[A-Z0-9-]+$"]
    );
    assert_eq!(
        after(|x| x.a_line.sku = Sku::unchecked("A")),
        ["a_line.sku: len 3..=8: must have 3 to 8 characters, but has 1"]
    );
    assert_eq!(
        after(|x| x.lines.clear()),
        ["lines: items 1..=100: must have 1 to 100 entries, but has 0"]
    );
    assert_eq!(
        after(|x| x.a_line.quantity = 1000),
        ["a_line.quantity: range 1..=999: must be within 1..=999"]
    );
    assert_eq!(
        after(|x| x.a_line.price = Decimal::ZERO),
        ["a_line.price: range 0.01..: must be within 0.01.."]
    );
    assert_eq!(
        after(|x| x.tags.push("12345".into())),
        ["tags[1]: len ..=4: must have at most 4 characters, but has 5"]
    );
    assert_eq!(
        after(|x| x.counts.extend([(-3, 11)])),
        ["counts[-3]: range ..=10: must be within ..=10"]
    );
    assert_eq!(
        after(|x| x.some_bytes = Bytes::from_static(b"abc")),
        ["some_bytes: len 2..=2: must have 2 bytes, but has 3"]
    );
    assert_eq!(
        after(|x| x.maybe_string = Some("é".into())),
        ["maybe_string: len 2..: must have at least 2 characters, but has 1"]
    );
    assert_eq!(
        after(|x| x.a_duration = Duration::from_micros(1)),
        ["a_duration: range 50ms..=1s: must be within 50ms..=1s"]
    );
    assert_eq!(
        after(|x| x.a_date = check::date("2019-12-31")),
        ["a_date: range 2020-01-01..: must be within 2020-01-01.."]
    );
    assert_eq!(
        after(|x| x.a_timestamp = check::timestamp("2030-01-01T00:00:00.1Z")),
        ["a_timestamp: range ..=2030-01-01T00:00:00Z: must be within ..=2030-01-01T00:00:00Z"]
    );
    assert_eq!(after(|x| x.an_f64 = f64::NAN).len(), 1);
    assert_eq!(after(|x| x.a_status = Status::Unrecognized(0)).len(), 1);
}

#[test]
fn rules_reach_through_maps_unions_and_recursion() {
    let bad = Line { quantity: 0, ..good().a_line };
    assert_eq!(
        after(|x| drop(x.labels.insert("a\"b".into(), bad.clone()))),
        [r#"labels["a\"b"].quantity: range 1..=999: must be within 1..=999"#]
    );
    assert_eq!(
        after(|x| x.a_method = Method::Card(bad)),
        ["a_method.card.quantity: range 1..=999: must be within 1..=999"]
    );
    let leaf = Tree { label: "too long".into(), ..Tree::default() };
    let tree = Tree { children: vec![Tree::default(), leaf], ..Tree::default() };
    assert_eq!(
        after(|x| x.tree.left = Some(Box::new(tree))),
        ["tree.left.children[1].label: len ..=5: must have at most 5 characters, but has 8"]
    );
}

#[test]
fn a_newtype_judges_what_it_is_made_of() {
    let violation = Sku::new("x").unwrap_err();
    assert_eq!((violation.path.as_str(), violation.rule.as_str()), ("", "len 3..=8"));
    assert!(Sku::new("MUG").is_ok());
}
