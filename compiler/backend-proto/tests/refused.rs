//! What Protobuf cannot say is told at its place.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read fixtures and run other people's tools"
)]

mod support;

use support::{B, Build, With, ty};
use svckit_backend::{Backend, Options};
use svckit_backend_proto::{ProtoBackend, descriptor_set};
use svckit_diagnostics::{FileId, Span};
use svckit_model::world::*;

fn refused(b: &Build) -> Vec<(&'static str, String)> {
    let found = ProtoBackend.generate(&b.world, &Options::default()).expect_err("is refused");
    assert_eq!(descriptor_set(&b.world).expect_err("is refused"), found);
    found.into_iter().map(|d| (d.code.id, d.message)).collect()
}

#[test]
fn two_things_of_one_name() {
    let mut b = Build::default();
    b.package("a.v1");
    b.record("OrdersService", Vec::new());
    let service = b.service("Orders");
    let here = Span::new(FileId(0), 10, 16);
    b.world.services[service].info.span = here;
    let found = ProtoBackend.generate(&b.world, &Options::default()).expect_err("is refused");
    assert_eq!(found[0].code.id, "E0901");
    assert_eq!(found[0].span(), here);
    assert_eq!(found[0].labels.len(), 2, "both places are shown");
}

#[test]
fn values_of_two_enums_meet() {
    let mut b = Build::default();
    b.package("a.v1");
    b.enumeration("Order", &[("status_pending", 1)]);
    b.enumeration("OrderStatus", &[("pending", 1)]);
    let found = refused(&b);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, "`ORDER_STATUS_PENDING` stands for two things in Protobuf");
}

#[test]
fn values_of_one_enum_meet_without_its_name() {
    let mut b = Build::default();
    b.package("a.v1");
    b.enumeration("Kind", &[("a_1", 1), ("a1", 2), ("ab", 3), ("a_b", 4), ("kind", 5)]);
    assert_eq!(refused(&b), [("E0901", "`KIND_A1` stands for two things in Protobuf".to_owned())]);
}

#[test]
fn fields_that_are_one_in_json() {
    let mut b = Build::default();
    b.package("a.v1");
    b.record("R", b.fields(&[("a_b", ty(B::Bool)), ("a__b", ty(B::Bool))]));
    let twice = b.fields(&[("x", ty(B::Bool)), ("y", ty(B::Bool))]).with(|f| f[1].number = 1);
    b.record("S", twice);
    let found = refused(&b);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].1, "two fields of `S` have number 1");
}

#[test]
fn a_page_token_of_ones_own() {
    let mut b = Build::default();
    b.package("a.v1");
    b.service("S");
    let params = b.params("List", b.fields(&[("page_token", ty(B::String))]));
    b.query("List", params, Response::Page(ty(B::String)));
    assert_eq!(refused(&b)[0].0, "E0901");
}

#[test]
fn names_that_are_none() {
    let mut b = Build::default();
    let package = b.package("a.v1");
    b.world.packages[package].wire = Some("a-b.v1".into());
    let record = b.record("R", b.fields(&[("x", ty(B::Bool))]));
    b.world.records[record].fields[0].info.wire = Some("ünd".into());
    b.enumeration("E", &[("v", 1)]);
    let found = refused(&b);
    assert!(found.iter().all(|(code, _)| *code == "E0902"), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn packages_in_a_circle() {
    let mut b = Build::default();
    let packages = ["a.v1", "b.v1", "c.v1"].map(|p| {
        let package = b.package(p);
        (package, b.record("R", Vec::new()))
    });
    for (i, (package, record)) in packages.iter().enumerate() {
        b.back_to(*package);
        let (_, next) = packages[(i + 1) % 3];
        let field = b.field("next", 1, Type::Record(next)).with(|f| f.optional = true);
        b.world.records[*record].fields.push(field);
    }
    b.package("d.v1");
    let into = b.field("into", 1, Type::Record(packages[0].1));
    b.record("R", vec![into]);
    let found = refused(&b);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "E0903");
    assert!(found[0].1.ends_with("`a.v1` → `b.v1` → `c.v1` → `a.v1`"), "{}", found[0].1);
}

#[test]
fn options_are_judged() {
    let mut b = Build::default();
    b.package("a.v1");
    b.record("R", b.fields(&[("x", ty(B::Uuid))]));
    let mut options = Options::default();
    options.set("validate", "no").set("flavour", "mint");
    let found = ProtoBackend.generate(&b.world, &options).expect_err("is refused");
    assert_eq!(found.len(), 2);
    let mut options = Options::default();
    options.set("validate", "false").set("workspace", "false");
    let files = ProtoBackend.generate(&b.world, &options).expect("is fine");
    let paths: Vec<_> = files.iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["a/v1/a.proto"]);
    assert!(!files.get("a/v1/a.proto").expect("is there").contains("buf.validate"));
}

#[test]
fn two_operations_of_one_name_on_the_wire() {
    let mut b = Build::default();
    b.package("a.v1");
    b.service("S");
    b.query("Get", Request::Empty, Response::Empty);
    let other = b.query("Fetch", Request::Empty, Response::Empty);
    b.world.operations[other].info.wire = Some("Get".into());
    let found = refused(&b);
    assert_eq!(found, [("E0901", "`Get` stands for two things in Protobuf".to_owned())]);
}
