use crate::load::{Inputs, Start, load};
use crate::testing::Folder;
use crate::{Session, Watch, check};

fn inputs(folder: &Folder) -> Inputs {
    load(&Start::Loose(vec![folder.path().to_owned()]), folder.path())
}

fn record(name: &str) -> String {
    format!("package a.b.v1\n\nrecord {name} {{\n  id @1: uuid\n}}\n")
}

#[test]
fn only_what_changed_is_parsed_again_and_the_answer_is_the_same() {
    let folder = Folder::new();
    for name in ["A", "B", "C", "D"] {
        folder.write(&format!("{name}.svc"), &record(name));
    }
    let mut session = Session::default();
    let mut parsed = |folder: &Folder| {
        let checked = session.check(inputs(folder));
        assert_eq!(checked.diagnostics, check(inputs(folder)).diagnostics);
        checked.stats.parsed
    };
    assert_eq!(parsed(&folder), 4);
    assert_eq!(parsed(&folder), 0);
    folder.write("B.svc", &record("Unknown").replace("uuid", "Missing"));
    assert_eq!(parsed(&folder), 1);
    folder.write("E.svc", &record("E"));
    assert_eq!(parsed(&folder), 1, "what comes last moves no other");
    std::fs::remove_file(folder.path().join("C.svc")).expect("it is there");
    assert_eq!(parsed(&folder), 2, "those behind it have other numbers");
}

#[test]
fn stats_count_what_is_there() {
    let folder = Folder::new();
    folder.write("a.svc", "package a.b.v1\n\nservice S {\n  query Get() -> bool\n}\n");
    let stats = check(inputs(&folder)).stats;
    assert_eq!((stats.files, stats.parsed, stats.lines), (1, 1, 5));
    let count = |name: &str| stats.contents.iter().find(|(n, _)| *n == name).map(|(_, c)| *c);
    assert_eq!(
        (count("packages"), count("services"), count("operations")),
        (Some(1), Some(1), Some(1))
    );
    let phases: Vec<&str> = stats.phases.iter().map(|(name, _)| *name).collect();
    assert_eq!(phases, ["parse", "resolve", "lint"]);
}

#[test]
fn a_watch_tells_of_files_that_change_come_and_go_and_only_once() {
    let folder = Folder::new();
    folder.write("a.svc", &record("A"));
    let mut watch = Watch::of([&inputs(&folder)]);
    assert_eq!(watch.changed().len(), 0);
    folder.write("a.svc", &record("Longer"));
    assert_eq!(watch.changed(), [folder.path().join("a.svc")]);
    assert_eq!(watch.changed().len(), 0);
    std::fs::remove_file(folder.path().join("a.svc")).expect("it is there");
    assert!(watch.changed().contains(&folder.path().join("a.svc")));
}
