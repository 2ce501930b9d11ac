use std::fs;

use super::*;
use crate::load::{Start, load};
use crate::testing::Folder;

fn inputs(folder: &Folder) -> Inputs {
    load(&Start::Loose(vec![folder.path().to_owned()]), folder.path())
}

fn fixed(text: &str) -> (Fixed, String) {
    let folder = Folder::new();
    folder.write("a.svc", text);
    let fixed = fix(inputs(&folder));
    fixed.write().expect("a folder of the test's own");
    let now = fs::read_to_string(folder.path().join("a.svc")).expect("it is still there");
    (fixed, now)
}

#[test]
fn one_fix_makes_room_for_the_next_and_the_layout_stays() {
    let text = "package a.b.v1\n\nrecord Order {\n  id: uuid\n  Note: string\n}\n";
    let (fixed, now) = fixed(text);
    assert_eq!(now, "package a.b.v1\n\nrecord Order {\n  id @1: uuid\n  note @2: string\n}\n");
    assert!(!fixed.checked.has_errors(), "{}", fixed.checked.rendered(false));
    assert!(fixed.applied >= 3, "{}", fixed.applied);
    assert!(fixed.files[0].to_string().contains("-  id: uuid"), "{}", fixed.files[0]);
}

#[test]
fn what_was_not_formatted_is_left_so() {
    let (_, now) = fixed("package a.b.v1\nrecord   Order { id: uuid }\n");
    assert!(now.starts_with("package a.b.v1\nrecord   Order { id @1"), "{now}");
}

#[test]
fn what_needs_a_person_is_left_alone() {
    let text = "package a.b.v1\n\nrecord Order {\n  id @1: Unknown\n}\n";
    let (fixed, now) = fixed(text);
    assert_eq!((fixed.applied, now.as_str()), (0, text));
    assert!(fixed.checked.has_errors());
}

#[test]
fn a_file_that_somebody_else_changed_meanwhile_is_not_written_nor_any_other() {
    let folder = Folder::new();
    let broken = "package a.b.v1\n\nrecord A {\n  id: uuid\n}\n";
    folder.write("a.svc", broken);
    folder.write("b.svc", &broken.replace("record A", "record B"));
    let fixed = fix(inputs(&folder));
    assert_eq!(fixed.files.len(), 2);
    folder.write("b.svc", "package other.v1\n");
    let failure = fixed.write().expect_err("it was changed").to_string();
    assert!(failure.contains("b.svc was changed by somebody else"), "{failure}");
    assert_eq!(fs::read_to_string(folder.path().join("a.svc")).expect("text"), broken);
}

#[test]
fn contracts_of_dependencies_are_left_alone() {
    let folder = Folder::new();
    folder.write(
        "svckit.toml",
        "version = 1\nsources = [\"c\"]\n[dependencies]\nd = { path = \"d\" }\n",
    );
    folder.write("c/a.svc", "package a.b.v1\n\nrecord A {\n  id: uuid\n}\n");
    folder.write("d/svckit.toml", "version = 1\n");
    folder.write("d/d.svc", "package d.v1\n\nrecord D {\n  id: uuid\n}\n");
    let fixed = fix(load(&Start::Workspace(folder.path().to_owned()), folder.path()));
    let shown: Vec<&str> = fixed.files.iter().map(|f| f.shown.as_str()).collect();
    assert_eq!(shown, ["c/a.svc"]);
}
