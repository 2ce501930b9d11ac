//! What the options change.

mod support;

use support::{generated, try_generated};

const COMMON: &str = "package shop.common.v1\nrecord Money { amount @1: decimal }\n";
const ORDERS: &str = "package shop.orders.v1\nuse shop.common.v1.{Money}\n\
    record Order { total @1: Money }\nservice Orders { query Get() -> Order }\n";

#[test]
fn types_of_another_crate_are_named_and_not_generated() {
    let files = generated(&[COMMON, ORDERS], &[("extern.shop.common.v1", "::shop_common")]);
    assert!(files.get("shop.common.v1.rs").is_none());
    let orders = files.get("shop.orders.v1.rs").expect("the package that is ours");
    assert!(orders.contains("pub total: ::shop_common::shop::common::v1::Money,"), "{orders}");
}

#[test]
fn types_of_another_package_are_reached_by_the_shortest_way_up() {
    let files = generated(&[COMMON, ORDERS], &[]);
    let orders = files.get("shop.orders.v1.rs").expect("a package");
    assert!(orders.contains("pub total: super::super::common::v1::Money,"), "{orders}");
}

#[test]
fn the_runtime_may_stand_elsewhere() {
    let files = generated(&[COMMON], &[("runtime", "crate::reexported")]);
    let text = files.get("shop.common.v1.rs").expect("a package");
    assert!(text.contains("use crate::reexported::generated as rt;"), "{text}");
    assert!(!text.contains("::svckit"), "{text}");
}

#[test]
fn descriptors_are_included_once() {
    let files = generated(&[COMMON, ORDERS], &[("descriptors", "descriptors.bin")]);
    let tree = files.get("svckit_contracts.rs").expect("the tree");
    assert_eq!(tree.matches("include_bytes!(\"descriptors.bin\")").count(), 1, "{tree}");
    let orders = files.get("shop.orders.v1.rs").expect("a package");
    let path = "file_descriptor: Some(super::super::super::super::SVCKIT_DESCRIPTORS)";
    assert!(orders.contains(path), "{orders}");
}

#[test]
fn an_operation_under_a_policy_of_the_contract_knows_its_safe_ranges() {
    let orders = "package shop.orders.v1\npolicy Quick { timeout { attempt 100ms } }\n\
        service Orders { query Get() -> bool policy Quick\nquery Plain() -> bool }\n";
    let files = generated(&[orders], &[("ranges", "true")]);
    let tree = files.get("svckit_contracts.rs").expect("the tree");
    assert_eq!(tree.matches("include_str!(\"svckit_ranges.json\")").count(), 1, "{tree}");
    let text = files.get("shop.orders.v1.rs").expect("a package");
    assert_eq!(text.matches(".safe(").count(), 1, "the one under `standard` has none: {text}");
    assert!(text.contains("\"shop.orders.v1.Quick\""), "{text}");
    let files = generated(&[orders], &[]);
    assert!(!files.get("shop.orders.v1.rs").expect("a package").contains(".safe("));
}

#[test]
fn options_that_make_no_sense_are_refused_with_what_would() {
    for (name, value, hint) in [
        ("layout", "flat", "`include`"),
        ("colour", "red", "`runtime`"),
        ("extern.shop.comon.v1", "::x", "extern.shop.common.v1"),
        ("extern.shop.common.v1", "not a path", "::shop_common"),
        ("runtime", "Vec<u8>", "::shop_common"),
    ] {
        let errors = try_generated(&[COMMON], &[(name, value)]).expect_err(name);
        let text = format!("{:?}", errors[0]);
        assert!(errors.len() == 1 && text.contains(hint), "{name}: {text}");
    }
}
